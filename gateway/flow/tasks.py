"""What runs each kind of job. A new kind is one function and one entry of the table here."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from gateway.errors import UnreachableError
from gateway.flow import assessing, partners
from gateway.flow.intake import ASSESS, PUSH
from gateway.flow.pulling import pull
from gateway.flow.pushing import push
from gateway.flow.receiving import home
from gateway.jobs import queue
from gateway.jobs.schedule import PROBE, PULL
from gateway.jobs.worker import Task
from gateway.store.engine import reading, writing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import sqlalchemy as sa

    from gateway.jobs.queue import Job


def assess(engine: sa.Engine, jobs: Sequence[Job]) -> None:
    """Assess the patients of jobs, source by source."""
    by_source: dict[str, list[Job]] = {}
    for job in jobs:
        by_source.setdefault((job.key or "").partition("/")[0], []).append(job)
    for name, of in by_source.items():
        with reading(engine) as connection:
            source = home(connection, name)
        assessing.assess(engine, source, assessing.patients_of(of), of)


def push_source(engine: sa.Engine, jobs: Sequence[Job]) -> None:
    """Write back what is due at a source."""
    for job in jobs:
        source = partners.known(engine, job.key or "")
        if source.settings.write_back != "off":
            with partners.connect(source.settings) as client:
                push(engine, source, client)
        with writing(engine) as connection:
            queue.finish(connection, [job])


def pull_source(engine: sa.Engine, jobs: Sequence[Job]) -> None:
    """Bring what is new at a source; whom it is about has jobs of their own."""
    for job in jobs:
        source = partners.known(engine, job.key or "")
        with partners.connect(source.settings) as client:
            pull(engine, source, client)
        with writing(engine) as connection:
            queue.finish(connection, [job])


def probe_source(engine: sa.Engine, jobs: Sequence[Job]) -> None:
    """Ask a source's server what it can do; that it does not answer is noted, and an answer too."""
    for job in jobs:
        source = partners.known(engine, job.key or "")
        with suppress(UnreachableError), partners.connect(source.settings) as client:
            partners.probe(engine, source, client)
        with writing(engine) as connection:
            queue.finish(connection, [job])


TASKS: Mapping[str, Task] = {
    ASSESS: Task(assess, assessing.AT_ONCE),
    PUSH: Task(push_source),
    PULL: Task(pull_source),
    PROBE: Task(probe_source),
}
"""Kind to what runs it, the most urgent first."""
