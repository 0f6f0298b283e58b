"""How often a source is pulled by itself: ``15m``, ``6h``, ``1d``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import sqlalchemy as sa

from gateway.errors import ConfigurationError
from gateway.jobs.queue import enqueue
from gateway.store import sources
from gateway.store.engine import reading, writing
from gateway.store.instants import now
from gateway.store.tables import job

if TYPE_CHECKING:
    from gateway.store.sources import Known

PULL = "pull"
"""The kind of job that pulls one source; its key is the source."""

PROBE = "probe"
"""The kind of job that asks one source's server what it can do; its key is the source."""

EVERY = re.compile(r"(?P<number>[1-9]\d{0,5})\s*(?P<unit>[smhd])\Z")
MILLISECONDS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def interval_ms(source: str, schedule: str) -> int:
    """Return how often that is.

    >>> interval_ms("fi", "15m")
    900000

    Raises:
        ConfigurationError: it says no interval.
    """
    match = EVERY.match(schedule)
    if match is None:
        raise ConfigurationError(
            f"source {source}: schedule {schedule!r} is no interval such as 15m, 6h or 1d"
        )
    return int(match["number"]) * MILLISECONDS[match["unit"]]


def enqueue_due(engine: sa.Engine) -> int:
    """Enqueue a pull of each source whose time has come; return how many."""
    with reading(engine) as connection:
        late = [one.name for one in sources.every(connection) if is_due(connection, one)]
    if not late:
        return 0
    with writing(engine) as connection:
        return enqueue(connection, PULL, late)


def is_due(connection: sa.Connection, source: Known) -> bool:
    """Tell whether a source's last pull, done or tried, is longer ago than its interval."""
    schedule = source.settings.schedule
    if not schedule:
        return False
    tried = connection.scalar(
        sa.select(sa.func.max(job.c.created_at)).where(job.c.kind == PULL, job.c.key == source.name)
    )
    last = max(tried or 0, source.last_pull_at or 0)
    return now() - last >= interval_ms(source.name, schedule)
