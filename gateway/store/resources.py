"""Resources in the store: put, read, delete, history; many at once, in one transaction.

Two ways in. `put` mirrors what was pulled: raw bytes as received, the same bytes again change
nothing. `write` stores what this server is asked to keep: it stamps ``meta.versionId`` and
``meta.lastUpdated`` into the bytes and makes a version each time.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from gateway.store import instants
from gateway.store.bulk import Item, Owner, allocate, index, record, store, supersede
from gateway.store.identity import Place, gid_of
from gateway.store.rows import (
    CHUNK,
    COLUMNS,
    Key,
    Known,
    Row,
    by_type,
    of_patient,
    present,
    read,
    read_many,
)
from gateway.store.tables import resource, source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from terminology.records import JSON, Resource

__all__ = [
    "CHUNK",
    "COLUMNS",
    "Key",
    "Known",
    "Received",
    "Row",
    "Stored",
    "Write",
    "by_type",
    "delete",
    "of_patient",
    "present",
    "put",
    "read",
    "read_many",
    "write",
]

BASE = sa.select(source.c.base_url).where(source.c.name == sa.bindparam("name"))

CONCLUSIONS = ("Provenance", "Device")
"""Types whose coming and going touches nothing that is said of a patient."""


@dataclass(frozen=True, slots=True)
class Received:
    """A resource as a source sent it."""

    type: str
    id: str
    raw: bytes
    resource: Resource
    version: str | None = None
    """``meta.versionId`` there."""
    last_updated: str | None = None


@dataclass(frozen=True, slots=True)
class Write:
    """A resource that this server is to keep; `stamped` makes the bytes of a version."""

    type: str
    gid: str
    resource: Resource
    stamped: Callable[[int, str], bytes]
    """Version and FHIR instant to the bytes that are stored and served."""
    method: str = "PUT"
    digest: bytes = b""
    unless_same: bool = False
    """Whether a present version of the same digest is left as it is."""


class Standing(NamedTuple):
    """The present version of a resource."""

    version: int
    instant: int
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class Stored:
    """What a bulk write did, each tuple in the order given."""

    new: tuple[Key, ...] = ()
    changed: tuple[Key, ...] = ()
    unchanged: tuple[Key, ...] = ()
    patients: frozenset[str] = frozenset()
    """Gids of the Patients that new and changed data are, are about, or were about until now."""
    standing: Mapping[Key, Standing] = field(default_factory=dict)
    """How each resource now stands."""


def put(
    conn: sa.Connection, name: str, received: Sequence[Received], *, country: str | None = None
) -> Stored:
    """Store what a source sent, each resource once (of several the last); same bytes, no change.

    Without a `name` the bytes are this server's own, and so is the time that they tell.
    """
    owner = Owner(name, place_of(conn, name), country)
    items = [
        Item(
            one.type,
            one.id,
            gid_of(name, one.id),
            one.resource,
            lambda _version, _instant, raw=one.raw: raw,  # type: ignore[misc]
            "PUT",
            hashlib.sha256(one.raw).digest(),
            source_version=one.version,
            instant=told_instant(one) if not name else None,
        )
        for one in received
    ]
    return keep(conn, items, owner)


def write(
    conn: sa.Connection,
    writes: Sequence[Write],
    *,
    bases: tuple[str, ...] = (),
    name: str = "",
    known: Mapping[Key, Known] | None = None,
) -> Stored:
    """Store what callers of this server sent; `bases` are the base URLs that mean this server.

    `known` is what is there, held, when the caller has looked already.
    """
    items = [
        Item(
            one.type,
            one.gid,
            one.gid,
            one.resource,
            one.stamped,
            one.method,
            one.digest,
            one.unless_same,
        )
        for one in writes
    ]
    return keep(conn, items, Owner(name, Place("", bases)), known)


def keep(
    conn: sa.Connection,
    items: Iterable[Item],
    owner: Owner,
    known: Mapping[Key, Known] | None = None,
) -> Stored:
    """Insert and update in bulk; return what was new, changed and unchanged."""
    wanted = {Key(item.type, item.gid): item for item in items}
    if known is None:
        known = present(conn, wanted, hold=True)
    same = {
        key
        for key, item in wanted.items()
        if key in known
        and item.unless_same
        and known[key].digest == item.digest
        and not known[key].deleted
    }
    changed = [key for key in wanted if key in known and key not in same]
    new = [key for key in wanted if key not in known]
    supersede(conn, [known[key].seq for key in changed])
    at = instants.now()
    seqs = dict(zip(new, allocate(conn, len(new)), strict=True))
    seqs |= {key: known[key].seq for key in changed}
    records = {
        key: record(wanted[key], seqs[key], known.get(key), at, owner) for key in (*new, *changed)
    }
    store(conn, [records[key] for key in new], [records[key] for key in changed])
    index(conn, ((seqs[key], wanted[key].resource) for key in records), owner.place)
    return Stored(
        tuple(new),
        tuple(changed),
        tuple(key for key in wanted if key in same),
        frozenset(
            patient
            for key, one in records.items()
            for patient in (one["patient"], known[key].patient if key in known else None)
            if patient and key.type not in CONCLUSIONS
        ),
        {key: standing(one) for key, one in records.items()}
        | {key: unchanged(wanted[key], known[key]) for key in same},
    )


def standing(one: dict[str, JSON]) -> Standing:
    """Return how a row stands that was written."""
    return Standing(one["version"], one["last_updated"], one["raw"])


def unchanged(item: Item, known: Known) -> Standing:
    """Return how a resource stands that was left as it is."""
    at = instants.written(known.last_updated)
    return Standing(known.version, known.last_updated, item.stamped(known.version, at))


def told_instant(received: Received) -> int | None:
    """Return the instant that a resource itself tells."""
    ends = instants.interval(received.last_updated or "")
    return ends[0] if ends else None


def place_of(conn: sa.Connection, name: str) -> Place:
    """Return where references of a source stand; its base URL means the source itself."""
    base = conn.scalar(BASE, {"name": name}) if name else None
    return Place(name, (base.rstrip("/"),) if base else ())


def delete(conn: sa.Connection, keys: Sequence[Key]) -> Stored:
    """Delete what is there of the keys: the raw bytes go to the history, a mark stays."""
    known = {key: one for key, one in present(conn, keys, hold=True).items() if not one.deleted}
    seqs = [one.seq for one in known.values()]
    supersede(conn, seqs)
    at = instants.now()
    patients: set[str] = set()
    for start in range(0, len(seqs), CHUNK):
        those = resource.c.seq.in_(seqs[start : start + CHUNK])
        whose = sa.select(resource.c.patient).where(those, resource.c.type.not_in(CONCLUSIONS))
        patients.update(filter(None, conn.scalars(whose)))
        conn.execute(
            resource.update()
            .where(those)
            .values(
                version=resource.c.version + 1,
                last_updated=at,
                deleted=True,
                raw=b"",
                sha256=b"",
                method="DELETE",
            )
        )
    now = {key: Standing(one.version + 1, at) for key, one in known.items()}
    return Stored(changed=tuple(known), patients=frozenset(patients), standing=now)
