"""The lease table: work that survives the worker, on the same database as the data.

A job is enqueued in the transaction of the data it is about, so neither exists without the other.
A worker takes jobs on lease, and finishes them in the transaction that holds their effect, fenced
by the lease's token: a worker that was too slow, and whose job another has taken, changes nothing.
A lease that ends unfinished is taken again; too many attempts make a dead letter, told to people.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import sqlalchemy as sa

from gateway.store.instants import now
from gateway.store.tables import job

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

LEASE_MS = 60_000
ATTEMPTS = 8
"""After so many, a job is dead until someone looks at it."""

FIRST_WAIT_MS = 2_000
LONGEST_WAIT_MS = 3_600_000


class LostLeaseError(Exception):
    """The lease ended and someone else has the job: undo what was done for it."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job on lease, or as it stands in the table."""

    id: int
    kind: str
    key: str | None
    payload: Mapping[str, Any] = field(default_factory=dict)
    state: str = "leased"
    attempts: int = 1
    run_after: int = 0
    lease_until: int | None = None
    lease_token: str | None = None
    last_error: str | None = None
    created_at: int = 0


def enqueue(
    connection: sa.Connection,
    kind: str,
    keys: Iterable[str],
    payload: Mapping[str, Any] | None = None,
    *,
    after_ms: int = 0,
) -> int:
    """Add a job for each key, unless one is waiting for it already; return how many were added.

    One that is on lease does not count: it may have read the data before this change.
    """
    wanted = list(dict.fromkeys(keys))
    waiting = set(waiting_keys(connection, kind, wanted))
    moment = now()
    rows = [
        {
            "kind": kind,
            "key": key,
            "payload": dict(payload or {}),
            "state": "queued",
            "run_after": moment + after_ms,
            "created_at": moment,
        }
        for key in wanted
        if key not in waiting
    ]
    if rows:
        connection.execute(sa.insert(job), rows)
    return len(rows)


def waiting_keys(connection: sa.Connection, kind: str, keys: Sequence[str]) -> list[str]:
    """Return those of `keys` for which a job of that kind is queued."""
    found: list[str] = []
    for start in range(0, len(keys), 500):
        query = sa.select(job.c.key).where(
            job.c.kind == kind, job.c.state == "queued", job.c.key.in_(keys[start : start + 500])
        )
        found += connection.scalars(query)
    return found


def queued(connection: sa.Connection, kind: str, keys: Sequence[str]) -> list[int]:
    """Return the ids of the jobs that wait for these keys.

    Who then does their work without a lease finishes them with `finish_queued`.
    """
    found: list[int] = []
    for start in range(0, len(keys), 500):
        query = sa.select(job.c.id).where(
            job.c.kind == kind, job.c.state == "queued", job.c.key.in_(keys[start : start + 500])
        )
        found += connection.scalars(query)
    return found


def finish_queued(connection: sa.Connection, ids: Sequence[int]) -> None:
    """Mark jobs done that nobody has taken meanwhile."""
    for start in range(0, len(ids), 500):
        those = sa.and_(job.c.id.in_(ids[start : start + 500]), job.c.state == "queued")
        connection.execute(sa.update(job).where(those).values(state="done"))


def claim(
    connection: sa.Connection, kinds: Sequence[str], limit: int = 50, *, lease_ms: int = LEASE_MS
) -> list[Job]:
    """Take up to `limit` jobs of some kinds that are due, oldest first, each on one lease.

    Commit the transaction before working, so that others see the lease.
    """
    moment = now()
    bury_exhausted(connection, moment)
    due = sa.or_(
        sa.and_(job.c.state == "queued", job.c.run_after <= moment),
        sa.and_(job.c.state == "leased", job.c.lease_until < moment),
    )
    ids = sa.select(job.c.id).where(job.c.kind.in_(kinds), due)
    ids = ids.order_by(job.c.id).limit(limit).with_for_update(skip_locked=True)
    return lease(connection, job.c.id.in_(ids), lease_ms)


def lease(connection: sa.Connection, which: sa.ColumnElement[bool], lease_ms: int) -> list[Job]:
    """Put jobs on a new lease; return them, oldest first."""
    taken = (
        sa.update(job)
        .where(which)
        .values(
            state="leased",
            attempts=job.c.attempts + 1,
            lease_until=now() + lease_ms,
            lease_token=uuid4().hex,
        )
        .returning(*job.c)
    )
    rows = connection.execute(taken).mappings()
    return sorted((Job(**row) for row in rows), key=lambda one: one.id)


def unfinished(connection: sa.Connection, kind: str, key_prefix: str) -> list[int]:
    """Return the ids of all jobs of a kind that are due or on lease, oldest first.

    Args:
        connection: In any transaction.
        kind: Of this kind.
        key_prefix: Only jobs whose key begins so.
    """
    due = sa.or_(
        job.c.state == "leased", sa.and_(job.c.state == "queued", job.c.run_after <= now())
    )
    named = job.c.key.startswith(key_prefix, autoescape=True)
    query = sa.select(job.c.id).where(job.c.kind == kind, named, due).order_by(job.c.id)
    return list(connection.scalars(query))


def take(connection: sa.Connection, ids: Sequence[int], *, lease_ms: int = LEASE_MS) -> list[Job]:
    """Take just these jobs, those on somebody's lease too: a dead worker's need not be waited for.

    A worker that lives loses its lease, and with it nothing but its pains.
    """
    which = sa.and_(job.c.id.in_(ids), job.c.state.in_(("queued", "leased")))
    return lease(connection, which, lease_ms)


def bury_exhausted(connection: sa.Connection, moment: int) -> None:
    """Declare dead what has cost a worker its life, or its lease, too often."""
    connection.execute(
        sa.update(job)
        .where(job.c.state == "leased", job.c.lease_until < moment, job.c.attempts >= ATTEMPTS)
        .values(state="dead", lease_token=None, last_error="its worker did not come back")
    )


def renew(connection: sa.Connection, jobs: Sequence[Job], *, lease_ms: int = LEASE_MS) -> None:
    """Prolong the leases, while work goes on.

    Raises:
        LostLeaseError: one of them is someone else's by now.
    """
    change(connection, jobs, {"lease_until": now() + lease_ms})


def finish(connection: sa.Connection, jobs: Sequence[Job]) -> None:
    """Mark the jobs done, in the transaction that holds their effect.

    Raises:
        LostLeaseError: one of them is someone else's by now; the transaction must not commit.
    """
    change(connection, jobs, {"state": "done", "lease_token": None, "last_error": None})


def fail(
    connection: sa.Connection,
    one: Job,
    error: str,
    *,
    wait_ms: int | None = None,
    final: bool = False,
) -> None:
    """Put the job back for later, or among the dead when it is `final` or was tried often.

    Args:
        connection: In a write transaction.
        one: The job, on lease.
        error: What happened, without patient data.
        wait_ms: When to try again; grows with the attempts when not given.
        final: Whether trying again is pointless.
    """
    wait = min(FIRST_WAIT_MS * 2 ** (one.attempts - 1), LONGEST_WAIT_MS)
    state = "dead" if final or one.attempts >= ATTEMPTS else "queued"
    later = now() + (wait if wait_ms is None else wait_ms)
    values = {"state": state, "run_after": later, "lease_token": None, "last_error": error}
    change(connection, [one], values)


def change(connection: sa.Connection, jobs: Sequence[Job], values: Mapping[str, Any]) -> None:
    """Change jobs that are on lease, each only under its own token."""
    for start in range(0, len(jobs), 500):
        part = jobs[start : start + 500]
        held = sa.tuple_(job.c.id, job.c.lease_token).in_(
            [(one.id, one.lease_token) for one in part]
        )
        changed = connection.execute(
            sa.update(job).where(held, job.c.state == "leased").values(values)
        )
        if changed.rowcount != len(part):
            raise LostLeaseError
