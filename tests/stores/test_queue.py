"""The lease table: nothing lost, nothing finished twice."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from gateway.jobs import ledger, queue
from gateway.store.engine import reading, writing

if TYPE_CHECKING:
    from collections.abc import Iterator

    import sqlalchemy as sa

START = 1_700_000_000


@pytest.fixture
def clock() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


def claimed(engine: sa.Engine, limit: int = 10, **options: Any) -> list[queue.Job]:
    with writing(engine) as connection:
        return queue.claim(connection, ["assess"], limit, **options)


def put(engine: sa.Engine, *keys: str, **options: Any) -> int:
    with writing(engine) as connection:
        return queue.enqueue(connection, "assess", keys, **options)


def test_a_job_comes_once_and_in_order(store: sa.Engine) -> None:
    assert put(store, "p1", "p2", "p3") == 3
    assert [job.key for job in claimed(store, 2)] == ["p1", "p2"]
    assert [job.key for job in claimed(store, 2)] == ["p3"]
    assert claimed(store) == []


def test_a_key_waits_once_but_again_when_it_is_on_lease(store: sa.Engine) -> None:
    assert put(store, "p1", "p1") == 1
    assert put(store, "p1") == 0
    claimed(store)
    assert put(store, "p1") == 1


def test_a_job_undone_with_its_data_was_never_there(store: sa.Engine) -> None:
    def fails() -> None:
        with writing(store) as connection:
            queue.enqueue(connection, "assess", ["p1"])
            raise LookupError

    with pytest.raises(LookupError):
        fails()
    assert claimed(store) == []


def test_jobs_of_a_prefix_are_found_and_a_wildcard_is_a_letter(store: sa.Engine) -> None:
    put(store, "fi/1", "f%/1", "de/1")
    with reading(store) as connection:
        assert queue.unfinished(connection, "assess", "fi/") == [1]
        assert queue.unfinished(connection, "assess", "f%/") == [2]


def test_who_cannot_wait_takes_a_job_from_its_worker_who_then_changes_nothing(
    store: sa.Engine,
) -> None:
    put(store, "p1", "p2")
    first = claimed(store, 1)
    with writing(store) as connection:
        ids = queue.unfinished(connection, "assess", "")
        taken = queue.take(connection, ids)
    assert [job.key for job in taken] == ["p1", "p2"]
    with pytest.raises(queue.LostLeaseError), writing(store) as connection:
        queue.finish(connection, first)
    with writing(store) as connection:
        queue.finish(connection, taken)
        assert queue.take(connection, ids) == []


def test_a_lease_that_ends_is_taken_again_and_the_late_worker_is_fenced(
    store: sa.Engine, clock: time_machine.Coordinates
) -> None:
    put(store, "p1")
    first = claimed(store, lease_ms=5_000)
    clock.shift(6)
    second = claimed(store)
    assert second[0].id == first[0].id
    assert second[0].attempts == 2
    with pytest.raises(queue.LostLeaseError), writing(store) as connection:
        queue.finish(connection, first)
    with writing(store) as connection:
        queue.finish(connection, second)
    assert claimed(store) == []


def test_a_renewed_lease_lasts(store: sa.Engine, clock: time_machine.Coordinates) -> None:
    put(store, "p1")
    jobs = claimed(store, lease_ms=5_000)
    clock.shift(4)
    with writing(store) as connection:
        queue.renew(connection, jobs, lease_ms=5_000)
    clock.shift(4)
    assert claimed(store) == []


def test_failures_wait_longer_and_longer_and_end_among_the_dead(
    store: sa.Engine, clock: time_machine.Coordinates
) -> None:
    put(store, "p1")
    waits = []
    for _ in range(queue.ATTEMPTS):
        (job,) = claimed(store)
        with writing(store) as connection:
            queue.fail(connection, job, "the server is away")
        with reading(store) as connection:
            job = ledger.find(connection, job.id)
        waits.append((job.run_after - queue.now()) // 1000)
        clock.shift(waits[-1] - 1)
        assert claimed(store) == []
        clock.shift(1)
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256]
    assert job.state == "dead"
    assert job.last_error == "the server is away"
    assert claimed(store) == []


def test_a_worker_that_never_comes_back_is_told(
    store: sa.Engine, clock: time_machine.Coordinates
) -> None:
    put(store, "p1")
    for _ in range(queue.ATTEMPTS):
        assert claimed(store)
        clock.shift(61)
    assert claimed(store) == []
    with reading(store) as connection:
        (dead,) = ledger.jobs(connection, ["dead"])
    assert dead.last_error == "its worker did not come back"


def test_the_dead_can_be_tried_again_and_tidied_away(store: sa.Engine) -> None:
    put(store, "p1", "p2")
    jobs = claimed(store)
    with writing(store) as connection:
        for job in jobs:
            queue.fail(connection, job, "no", final=True)
        assert ledger.retry(connection, [jobs[0].id]) == 1
        assert ledger.counts(connection) == {"queued": 1, "leased": 0, "done": 0, "dead": 1}
        assert ledger.purge(connection, ["dead"]) == 1
    assert [job.key for job in claimed(store)] == ["p1"]


def test_workers_side_by_side_share_and_never_double(store: sa.Engine) -> None:
    put(store, *(f"p{n}" for n in range(60)))
    seen: list[str | None] = []

    def work() -> None:
        while jobs := claimed(store, 7):
            with writing(store) as connection:
                queue.finish(connection, jobs)
            seen.extend(job.key for job in jobs)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(seen) == sorted(f"p{n}" for n in range(60))
