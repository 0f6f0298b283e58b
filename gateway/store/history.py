"""Earlier versions: one by its number, or all of a resource, a type or the whole store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from gateway.store.resources import Row
from gateway.store.tables import resource, resource_version

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMES = (
    "seq",
    "source",
    "type",
    "id",
    "gid",
    "version",
    "last_updated",
    "deleted",
    "raw",
    "method",
    "source_version",
)


class Asked(NamedTuple):
    """Whose history: of one resource, of a type, or of everything; how much, and since when."""

    type: str | None = None
    gid: str | None = None
    since: int | None = None
    limit: int = 100


class Before(NamedTuple):
    """The last version told: a page goes on with the next older one."""

    last_updated: int
    seq: int
    version: int


def vread(conn: sa.Connection, kind: str, gid: str, version: int) -> Row | None:
    """Return one version of a resource, which may be a deletion."""
    for table in (resource, resource_version):
        query = sa.select(*columns(table)).where(
            table.c.type == kind, table.c.gid == gid, table.c.version == version
        )
        found = conn.execute(query).one_or_none()
        if found:
            return row(found)
    return None


def history(
    conn: sa.Connection, asked: Asked, before: Before | None = None
) -> tuple[list[Row], bool]:
    """Return versions, newest first, and whether there are older ones."""
    both = sa.union_all(*(versions(table, asked) for table in (resource, resource_version)))
    found = both.subquery()
    order = (found.c.last_updated, found.c.seq, found.c.version)
    query = sa.select(found).order_by(*(column.desc() for column in order))
    if before:
        query = query.where(sa.tuple_(*order) < sa.tuple_(*before))
    rows = [row(one) for one in conn.execute(query.limit(asked.limit + 1))]
    return rows[: asked.limit], len(rows) > asked.limit


def size(conn: sa.Connection, asked: Asked) -> int:
    """Return how many versions there are."""
    counts = (
        sa.select(sa.func.count()).select_from(table).where(*wanted(table, asked))
        for table in (resource, resource_version)
    )
    return sum(conn.scalar(query) or 0 for query in counts)


def versions(table: sa.Table, asked: Asked) -> sa.Select[Any]:
    """Return the versions in one of the two tables."""
    return sa.select(*columns(table)).where(*wanted(table, asked))


def wanted(table: sa.Table, asked: Asked) -> list[sa.ColumnElement[bool]]:
    """Return what must hold of the versions asked for."""
    where: list[sa.ColumnElement[bool]] = []
    if asked.type is not None:
        where.append(table.c.type == asked.type)
    if asked.gid is not None:
        where.append(table.c.gid == asked.gid)
    if asked.since is not None:
        where.append(table.c.last_updated >= asked.since)
    return where


def columns(table: sa.Table) -> Sequence[sa.Column[Any]]:
    """Return the columns that both tables have."""
    return [table.c[name] for name in NAMES]


def row(found: sa.Row[Any]) -> Row:
    """Return the row as a record; whose Patient it was is not kept for earlier versions."""
    return Row(**dict(zip(NAMES, found, strict=True)))
