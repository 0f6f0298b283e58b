"""The ledger of what partners' servers are to get, and have got.

A row is due when its content is to be written; then ``written``, ``unchanged`` (it was there
already), ``refused`` (the server said no: told to people, not tried again), ``omitted`` (the server
takes no resource of that type) or ``failed`` (tried again later, after a growing wait). It is
``held`` while nothing is to be written at the source.

Where another resource stands for a RiskAssessment at the server, a row of the kind ``form:TYPE``,
in the state ``noted``, says which; what becomes of the assessment later is written there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from gateway.store.instants import now
from gateway.store.tables import outbox

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

KINDS = ("DocumentReference", "Device", "RiskAssessment", "Provenance")
"""What is written, in the order in which each refers to those before."""

OPEN = ("due", "failed")
CLOSED = ("refused", "failed", "omitted")
"""States that people may have tried again."""

FORM = "form:"
NOTED = "noted"
AT_ONCE = 500
FIRST_WAIT_MS = 5_000
LONGEST_WAIT_MS = 3_600_000


class Parcel(NamedTuple):
    """A resource to be written at a source."""

    kind: str
    target_id: str
    body: bytes
    identifier: str | None = None
    attempts: int = 0
    written_at: int | None = None
    """When it, with this content or an earlier one, was last found or written there."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a parcel."""

    kind: str
    target_id: str
    state: str
    etag: str | None = None
    error: str | None = None
    unsupported: bool = False
    """Whether the server said, by its refusal, that it does not take the type."""


def post(
    conn: sa.Connection, source: str, parcels: Sequence[Parcel], *, held: bool = False
) -> None:
    """Have resources written: new ones, and those whose content is another than the ledger's.

    What is there with the same bytes stays as it is, written or not. While nothing is to be written
    at the source they are ``held``.
    """
    state = "held" if held else "due"
    latest = {(one.kind, one.target_id): one for one in parcels}
    known = present(conn, source, list(latest))
    fresh = [one for key, one in latest.items() if key not in known]
    changed = [one for key, one in latest.items() if key in known and known[key] != one.body]
    if fresh:
        rows = [{**values(one, state), "source": source} for one in fresh]
        conn.execute(sa.insert(outbox), rows)
    for one in changed:
        conn.execute(sa.update(outbox).where(place(source, one)).values(**values(one, state)))


def values(one: Parcel, state: str) -> dict[str, Any]:
    """Return the columns of a row that waits."""
    return {
        "kind": one.kind,
        "target_id": one.target_id,
        "identifier": one.identifier,
        "body": one.body,
        "state": state,
        "attempts": 0,
        "next_attempt": None,
        "last_error": None,
    }


def release(conn: sa.Connection, source: str) -> None:
    """Have what was held written, now that the source says so."""
    held = sa.and_(outbox.c.source == source, outbox.c.state == "held")
    conn.execute(sa.update(outbox).where(held).values(state="due"))


def place(source: str, one: Parcel | Receipt) -> sa.ColumnElement[bool]:
    """Return the condition that finds the row."""
    return sa.and_(
        outbox.c.source == source, outbox.c.kind == one.kind, outbox.c.target_id == one.target_id
    )


def present(
    conn: sa.Connection, source: str, keys: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], bytes]:
    """Return the content of the rows that are there."""
    found: dict[tuple[str, str], bytes] = {}
    columns = (outbox.c.kind, outbox.c.target_id, outbox.c.body)
    for kind in KINDS:
        ids = [target for of, target in keys if of == kind]
        for part in parts(ids):
            query = sa.select(*columns).where(
                outbox.c.source == source, outbox.c.kind == kind, outbox.c.target_id.in_(part)
            )
            found |= {(row.kind, row.target_id): row.body for row in conn.execute(query)}
    return found


def parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield ids, as many at a time as one statement names."""
    yield from (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))


def forms(conn: sa.Connection, source: str, ids: Sequence[str]) -> dict[str, str]:
    """Return the type of what stands for assessments at the server, where it is another."""
    found: dict[str, str] = {}
    for part in parts(ids):
        query = sa.select(outbox.c.target_id, outbox.c.kind).where(
            outbox.c.source == source, outbox.c.state == NOTED, outbox.c.target_id.in_(part)
        )
        found |= {row.target_id: row.kind.removeprefix(FORM) for row in conn.execute(query)}
    return found


def note_forms(conn: sa.Connection, source: str, found: Mapping[str, str]) -> None:
    """Note what stands for assessments at the server."""
    known = forms(conn, source, list(found))
    rows = [
        {"source": source, "kind": f"{FORM}{kind}", "target_id": id_, "state": NOTED}
        for id_, kind in found.items()
        if known.get(id_) != kind
    ]
    if rows:
        conn.execute(sa.insert(outbox), rows)


def refused(conn: sa.Connection, source: str, kind: str, ids: Sequence[str]) -> frozenset[str]:
    """Return those of the ids that the server refused as resources of that kind."""
    found: set[str] = set()
    for part in parts(ids):
        query = sa.select(outbox.c.target_id).where(
            outbox.c.source == source,
            outbox.c.kind == kind,
            outbox.c.state == "refused",
            outbox.c.target_id.in_(part),
        )
        found |= set(conn.scalars(query))
    return frozenset(found)


def waiting(conn: sa.Connection, source: str, kind: str, limit: int) -> list[Parcel]:
    """Return what is to be written of one kind, and may be tried now."""
    columns = [outbox.c[name] for name in Parcel._fields]
    query = (
        sa.select(*columns)
        .where(
            outbox.c.source == source,
            outbox.c.kind == kind,
            outbox.c.state.in_(OPEN),
            sa.or_(outbox.c.next_attempt.is_(None), outbox.c.next_attempt <= now()),
        )
        .order_by(outbox.c.target_id)
        .limit(limit)
    )
    return [Parcel(*row) for row in conn.execute(query)]


def number_waiting(conn: sa.Connection, source: str) -> dict[str, int]:
    """Return kind to how many are to be written, whether they may be tried now or not."""
    query = (
        sa.select(outbox.c.kind, sa.func.count())
        .where(outbox.c.source == source, outbox.c.state.in_(OPEN))
        .group_by(outbox.c.kind)
    )
    return {row[0]: int(row[1]) for row in conn.execute(query)}


def settle(
    conn: sa.Connection, source: str, sent: Sequence[Parcel], receipts: Iterable[Receipt]
) -> None:
    """Note what became of the parcels.

    A row whose content has changed since it was sent stays due: what arrived is out of date.
    """
    bodies = {(one.kind, one.target_id): one for one in sent}
    at = now()
    rows: list[Mapping[str, Any]] = []
    for receipt in receipts:
        parcel = bodies[receipt.kind, receipt.target_id]
        done = receipt.state in ("written", "unchanged")
        wait = min(FIRST_WAIT_MS * 2**parcel.attempts, LONGEST_WAIT_MS)
        rows.append(
            {
                "of_source": source,
                "of_kind": receipt.kind,
                "of_target": receipt.target_id,
                "of_body": parcel.body,
                "state": receipt.state,
                "etag": receipt.etag,
                "last_error": receipt.error,
                "attempts": parcel.attempts + 1,
                "written_at": at if done else None,
                "next_attempt": at + wait if receipt.state == "failed" else None,
            }
        )
    if rows:
        conn.execute(
            sa.update(outbox).where(
                outbox.c.source == sa.bindparam("of_source"),
                outbox.c.kind == sa.bindparam("of_kind"),
                outbox.c.target_id == sa.bindparam("of_target"),
                outbox.c.body == sa.bindparam("of_body"),
            ),
            rows,
        )


def problems(conn: sa.Connection, source: str, limit: int = 100) -> list[Receipt]:
    """Return what was refused or has failed, with the reason."""
    columns = (outbox.c.kind, outbox.c.target_id, outbox.c.state, outbox.c.etag)
    query = (
        sa.select(*columns, outbox.c.last_error)
        .where(outbox.c.source == source, outbox.c.state.in_(("refused", "failed")))
        .order_by(outbox.c.kind, outbox.c.target_id)
        .limit(limit)
    )
    return [Receipt(*row) for row in conn.execute(query)]


def retry(conn: sa.Connection, source: str) -> int:
    """Have everything that was not written tried again, now; return how much that is."""
    return conn.execute(
        sa.update(outbox)
        .where(outbox.c.source == source, outbox.c.state.in_(CLOSED))
        .values(state="due", attempts=0, next_attempt=None)
    ).rowcount
