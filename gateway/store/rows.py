"""Rows of `resource`: what a resource's row says, and reading rows by key or by Patient."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from gateway.store.tables import resource

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

CHUNK = 500
"""How many keys one statement names."""


class Key(NamedTuple):
    """How a resource is addressed here."""

    type: str
    gid: str


class Row(NamedTuple):
    """One version of one resource."""

    seq: int
    source: str
    type: str
    id: str
    gid: str
    version: int
    last_updated: int
    deleted: bool
    raw: bytes
    patient: str | None = None
    method: str = "PUT"
    source_version: str | None = None

    @property
    def mirrored(self) -> bool:
        """Whether the bytes are a source's own, with its ids and references."""
        return self.gid != self.id


class Known(NamedTuple):
    """What is already there under a key."""

    seq: int
    version: int
    digest: bytes
    deleted: bool
    last_updated: int
    id: str
    patient: str | None


COLUMNS = (
    resource.c.seq,
    resource.c.source,
    resource.c.type,
    resource.c.id,
    resource.c.gid,
    resource.c.version,
    resource.c.last_updated,
    resource.c.deleted,
    resource.c.raw,
    resource.c.patient,
    resource.c.method,
    resource.c.source_version,
)
"""The columns of `Row`, in its order."""


BY_KEYS = (
    resource.c.type.in_(sa.bindparam("kinds", expanding=True)),
    resource.c.gid.in_(sa.bindparam("gids", expanding=True)),
)
PRESENT = sa.select(
    resource.c.type,
    resource.c.gid,
    resource.c.seq,
    resource.c.version,
    resource.c.sha256,
    resource.c.deleted,
    resource.c.last_updated,
    resource.c.id,
    resource.c.patient,
).where(*BY_KEYS)
HELD = PRESENT.order_by(resource.c.type, resource.c.gid).with_for_update()
ONE = sa.select(*COLUMNS).where(
    resource.c.type == sa.bindparam("kind"), resource.c.gid == sa.bindparam("gid")
)
MANY = sa.select(*COLUMNS).where(*BY_KEYS, ~resource.c.deleted)
"""Statements made once: making them takes longer than running them."""


def read(conn: sa.Connection, kind: str, gid: str) -> Row | None:
    """Return the present version, which may be a deletion; None when there never was one."""
    found = conn.execute(ONE, {"kind": kind, "gid": gid}).one_or_none()
    return Row(*found) if found else None


def read_many(conn: sa.Connection, keys: Iterable[Key]) -> dict[Key, Row]:
    """Return the present versions of the keys that are there and not deleted."""
    wanted = set(keys)
    rows = (Row(*row) for part in parts(wanted) for row in conn.execute(MANY, part))
    return {key: row for row in rows if (key := Key(row.type, row.gid)) in wanted}


def present(conn: sa.Connection, keys: Iterable[Key], *, hold: bool = False) -> dict[Key, Known]:
    """Return what is there of the keys, deleted resources too.

    With `hold` nobody else changes it until the transaction ends (SQLite has one writer anyway).
    """
    wanted = set(keys)
    statement = HELD if hold else PRESENT
    rows = (row for part in parts(wanted) for row in conn.execute(statement, part))
    return {key: Known(*rest) for kind, gid, *rest in rows if (key := Key(kind, gid)) in wanted}


def parts(keys: Iterable[Key]) -> Iterator[dict[str, list[str]]]:
    """Yield types and gids for statements by `BY_KEYS`, which may find a little more."""
    listed = list(keys)
    for start in range(0, len(listed), CHUNK):
        part = listed[start : start + CHUNK]
        kinds, gids = {key.type for key in part}, {key.gid for key in part}
        yield {"kinds": sorted(kinds), "gids": sorted(gids)}


def by_type(keys: Iterable[Key]) -> Iterator[tuple[str, list[str]]]:
    """Yield type and gids, at most `CHUNK` at a time."""
    sorted_out: dict[str, list[str]] = {}
    for key in keys:
        sorted_out.setdefault(key.type, []).append(key.gid)
    for kind, gids in sorted_out.items():
        for start in range(0, len(gids), CHUNK):
            yield kind, gids[start : start + CHUNK]


def of_patient(conn: sa.Connection, gid: str, kinds: Sequence[str] = ()) -> list[Row]:
    """Return all resources that are, or are about, a Patient, oldest first; of `kinds` if given."""
    query = sa.select(*COLUMNS).where(resource.c.patient == gid, ~resource.c.deleted)
    if kinds:
        query = query.where(resource.c.type.in_(kinds))
    return [Row(*row) for row in conn.execute(query.order_by(resource.c.seq))]
