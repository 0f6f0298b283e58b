"""Bulk writing: rows made of resources, and sent to the driver many at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from gateway.store import instants
from gateway.store.index import rows as index_rows
from gateway.store.rows import CHUNK
from gateway.store.tables import resource, resource_version, search_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from gateway.store.identity import Place
    from gateway.store.rows import Known
    from terminology.records import JSON, Resource

PATIENT_ELEMENTS = ("subject", "patient", "beneficiary", "individual", "for", "target")
"""Where resources say which Patient they are about."""


INSERTED = (
    "seq", "source", "type", "id", "gid", "version", "source_version", "last_updated", "deleted",
    "sha256", "raw", "patient", "country", "method",
)  # fmt: skip
"""Columns of a new row, in the order of `record`."""


def inserting(table: str, columns: Sequence[str]) -> dict[str, str]:
    """Return by dialect the statement that inserts rows given as tuples.

    What comes in bulk goes to the driver as it is, past SQLAlchemy's work on each row.
    """
    return {
        name: f"INSERT INTO {table} ({', '.join(columns)}) "  # noqa: S608 - names of ours
        f"VALUES ({', '.join([mark] * len(columns))})"
        for name, mark in (("sqlite", "?"), ("postgresql", "%s"))
    }


INSERTING = inserting("resource", INSERTED)
INDEXING = inserting("search_value", search_value.c.keys())
NUMBERED = {
    "sqlite": sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'resource'"),
    "postgresql": sa.text(
        "SELECT nextval(pg_get_serial_sequence('resource', 'seq')) FROM generate_series(1, :count)"
    ),
}


class Item(NamedTuple):
    """A resource on its way into the store, whichever way it came."""

    type: str
    id: str
    gid: str
    resource: Resource
    stamped: Callable[[int, str], bytes]
    method: str
    digest: bytes
    unless_same: bool = True
    source_version: str | None = None
    instant: int | None = None
    """When it came to be, if that is told; else it is now."""


class Owner(NamedTuple):
    """Whose resources are stored, and what their references mean."""

    name: str
    place: Place
    country: str | None = None


def allocate(conn: sa.Connection, count: int) -> list[int]:
    """Return `count` new numbers for `resource.seq`, so that rows can be sent in bulk."""
    if not count:
        return []
    numbers = NUMBERED[conn.dialect.name]
    if conn.dialect.name == "sqlite":
        last = conn.scalar(numbers) or 0
        return list(range(last + 1, last + 1 + count))
    return list(conn.scalars(numbers, {"count": count}))


def record(item: Item, seq: int, known: Known | None, at: int, owner: Owner) -> dict[str, JSON]:
    """Return the columns of the row that an item becomes."""
    version = known.version + 1 if known else 1
    return {
        "seq": seq,
        "source": owner.name,
        "type": item.type,
        "id": item.id,
        "gid": item.gid,
        "version": version,
        "source_version": item.source_version,
        "last_updated": item.instant or at,
        "deleted": False,
        "sha256": item.digest,
        "raw": item.stamped(version, instants.written(at)),
        "patient": patient_of(item, owner.place),
        "country": owner.country,
        "method": item.method,
    }


def patient_of(item: Item, place: Place) -> str | None:
    """Return the gid of the Patient that a resource is, or is about."""
    if item.type == "Patient":
        return item.gid
    for name in PATIENT_ELEMENTS:
        value = item.resource.get(name)
        for one in value if isinstance(value, list) else (value,):
            text = one.get("reference") if isinstance(one, dict) else None
            kind, _, gid = (
                place.localise(text).rpartition("/") if isinstance(text, str) else ("",) * 3
            )
            if kind == "Patient":
                return gid
    return None


def supersede(conn: sa.Connection, seqs: Sequence[int]) -> None:
    """Copy present versions to the history, and take their index rows away."""
    for start in range(0, len(seqs), CHUNK):
        part = seqs[start : start + CHUNK]
        names = [column.name for column in resource_version.c]
        old = sa.select(*(resource.c[name] for name in names)).where(resource.c.seq.in_(part))
        conn.execute(resource_version.insert().from_select(names, old))
        conn.execute(search_value.delete().where(search_value.c.resource.in_(part)))


def store(
    conn: sa.Connection, new: Sequence[dict[str, JSON]], changed: Sequence[dict[str, JSON]]
) -> None:
    """Insert and update rows, each kind in one statement sent in bulk."""
    if new:
        values = [tuple(one[name] for name in INSERTED) for one in new]
        conn.exec_driver_sql(INSERTING[conn.dialect.name], values)
    if changed:
        conn.execute(
            resource.update().where(resource.c.seq == sa.bindparam("of")),
            [{**one, "of": one["seq"]} for one in changed],
        )


def index(conn: sa.Connection, resources: Iterable[tuple[int, Resource]], place: Place) -> None:
    """Insert the index rows of resources."""
    values = [
        (seq, one["resourceType"], *value)
        for seq, one in resources
        for value in index_rows(one, place.localise)
    ]
    if conn.dialect.name == "postgresql":
        values = [without_nulls(value) for value in values]
    if values:
        conn.exec_driver_sql(INDEXING[conn.dialect.name], values)


def without_nulls(value: tuple[JSON, ...]) -> tuple[JSON, ...]:
    """Return an index row without the sign U+0000, which PostgreSQL takes in no text."""
    return tuple(
        part.replace("\0", "") if isinstance(part, str) and "\0" in part else part for part in value
    )
