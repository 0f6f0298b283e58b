"""The worker: every job once in effect, one failure stops no other."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from gateway.errors import ThrottledError, UnreachableError
from gateway.jobs import ledger, queue
from gateway.jobs.worker import Task, work
from gateway.store.engine import writing

if TYPE_CHECKING:
    from collections.abc import Sequence

    import sqlalchemy as sa

    from gateway.jobs.queue import Job


def put(store: sa.Engine, *keys: str, kind: str = "a") -> None:
    with writing(store) as connection:
        queue.enqueue(connection, kind, keys)


def states(store: sa.Engine) -> dict[str, str]:
    with store.connect() as connection:
        return {str(one.key): one.state for one in ledger.jobs(connection)}


def idle(store: sa.Engine, **tasks: Task) -> int:
    return work(store, tasks, threading.Event(), until_idle=True)


def finishing(seen: list[list[str | None]]) -> Any:
    def run(engine: sa.Engine, jobs: Sequence[Job]) -> None:
        seen.append([job.key for job in jobs])
        with writing(engine) as connection:
            queue.finish(connection, jobs)

    return run


def test_jobs_go_in_batches_of_their_kind(store: sa.Engine) -> None:
    put(store, "1", "2", "3")
    put(store, "x", kind="b")
    seen: list[list[str | None]] = []
    assert idle(store, a=Task(finishing(seen), 2), b=Task(finishing(seen))) == 4
    assert seen == [["1", "2"], ["x"], ["3"]]
    assert set(states(store).values()) == {"done"}


def test_one_bad_job_of_a_batch_stops_no_other(store: sa.Engine) -> None:
    put(store, "1", "bad", "3")
    seen: list[list[str | None]] = []
    good = finishing(seen)

    def run(engine: sa.Engine, jobs: Sequence[Job]) -> None:
        if any(job.key == "bad" for job in jobs):
            raise KeyError("Maija")
        good(engine, jobs)

    idle(store, a=Task(run, 3))
    assert states(store) == {"1": "done", "bad": "queued", "3": "done"}
    with store.connect() as connection:
        (failed,) = ledger.jobs(connection, ["queued"])
    assert failed.last_error == "unexpected KeyError"


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (UnreachableError("away"), 2_000),
        (ThrottledError("later", retry_after=90.0), 90_000),
    ],
)
def test_a_failure_waits_as_long_as_it_should(
    store: sa.Engine, error: Exception, wait: int
) -> None:
    put(store, "1")

    def run(_engine: sa.Engine, _jobs: Sequence[Job]) -> None:
        raise error

    idle(store, a=Task(run))
    with store.connect() as connection:
        (failed,) = ledger.jobs(connection, ["queued"])
    assert failed.run_after - failed.created_at == pytest.approx(wait, abs=1_500)
    assert failed.last_error == str(error)


def test_a_stopped_worker_takes_nothing_more(store: sa.Engine) -> None:
    put(store, "1", "2")
    stopped = threading.Event()
    seen: list[list[str | None]] = []
    good = finishing(seen)

    def run(engine: sa.Engine, jobs: Sequence[Job]) -> None:
        good(engine, jobs)
        stopped.set()

    work(store, {"a": Task(run)}, stopped)
    assert states(store) == {"1": "done", "2": "queued"}


def test_a_job_taken_meanwhile_is_left_to_its_taker(store: sa.Engine) -> None:
    put(store, "1")

    def run(engine: sa.Engine, jobs: Sequence[Job]) -> None:
        with writing(engine) as connection:
            queue.take(connection, [job.id for job in jobs])
        with writing(engine) as connection:
            queue.finish(connection, jobs)

    idle(store, a=Task(run))
    assert states(store) == {"1": "leased"}
