"""What people ask of the queue: how much waits, what is dead and why, try again, tidy up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from gateway.jobs.queue import Job
from gateway.store.instants import now
from gateway.store.tables import job

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

STATES = ("queued", "leased", "done", "dead")


def jobs(
    connection: sa.Connection, states: Sequence[str] = STATES, *, limit: int = 100
) -> list[Job]:
    """Return the newest jobs in those states."""
    query = sa.select(job).where(job.c.state.in_(states)).order_by(job.c.id.desc()).limit(limit)
    return [Job(**row) for row in connection.execute(query).mappings()]


def find(connection: sa.Connection, id_: int) -> Job | None:
    """Return one job."""
    row = connection.execute(sa.select(job).where(job.c.id == id_)).mappings().first()
    return Job(**row) if row else None


def counts(connection: sa.Connection) -> Mapping[str, int]:
    """Return how many jobs are in each state."""
    query = sa.select(job.c.state, sa.func.count()).group_by(job.c.state)
    found = {row[0]: int(row[1]) for row in connection.execute(query)}
    return {state: found.get(state, 0) for state in STATES}


def retry(connection: sa.Connection, ids: Sequence[int] | None = None) -> int:
    """Queue dead jobs again, all or those of `ids`, with all their attempts before them."""
    query = sa.update(job).where(job.c.state == "dead")
    if ids is not None:
        query = query.where(job.c.id.in_(ids))
    return connection.execute(query.values(state="queued", attempts=0, run_after=now())).rowcount


def purge(connection: sa.Connection, states: Sequence[str], *, older_ms: int = 0) -> int:
    """Delete jobs in those states that were made longer than `older_ms` ago."""
    old = job.c.created_at <= now() - older_ms
    return connection.execute(sa.delete(job).where(job.c.state.in_(states), old)).rowcount
