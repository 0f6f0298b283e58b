"""The worker: takes jobs on lease, runs the function of their kind, notes failures.

It knows nothing of what jobs do: `Task` says how many of a kind go together and what runs them. The
function finishes its jobs itself, in the transaction of their effect (`queue.finish`). While it
runs the leases are renewed, so that only those of a dead process end.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.errors import GatewayError, ThrottledError
from gateway.jobs import queue
from gateway.jobs.queue import LEASE_MS, LostLeaseError
from gateway.store.engine import writing
from gateway.watch.logs import log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import sqlalchemy as sa

    from gateway.jobs.queue import Job

IDLE_S = 0.5
"""How long to wait when there is nothing to do."""


@dataclass(frozen=True, slots=True)
class Task:
    """What runs jobs of one kind, and how many at once."""

    run: Callable[[sa.Engine, Sequence[Job]], None]
    at_once: int = 1


def work(
    engine: sa.Engine,
    tasks: Mapping[str, Task],
    stopped: threading.Event,
    *,
    between: Callable[[sa.Engine], None] | None = None,
    until_idle: bool = False,
    idle_s: float = IDLE_S,
) -> int:
    """Run jobs until `stopped`, or until there are none with `until_idle`; return how many.

    `between` is called before each round, such as to enqueue what a schedule says.
    """
    done = 0
    while not stopped.is_set():
        if between is not None:
            between(engine)
        ran = one_round(engine, tasks, stopped)
        done += ran
        if not ran and until_idle:
            break
        if not ran:
            stopped.wait(idle_s)
    return done


def one_round(engine: sa.Engine, tasks: Mapping[str, Task], stopped: threading.Event) -> int:
    """Take and run one batch of each kind; return how many jobs that were."""
    done = 0
    for kind, task in tasks.items():
        if stopped.is_set():
            break
        with writing(engine) as connection:
            jobs = queue.claim(connection, [kind], task.at_once)
        if jobs:
            run(engine, task, jobs)
            done += len(jobs)
    return done


def run(engine: sa.Engine, task: Task, jobs: Sequence[Job]) -> None:
    """Run jobs on lease; of a batch that fails, each by itself, so that one stops no other."""
    try:
        with kept_alive(engine, jobs):
            task.run(engine, jobs)
    except LostLeaseError:
        log().warning("lease lost", kind=jobs[0].kind)
    except GatewayError as error:
        failed(engine, task, jobs, error.text, wait_of(error))
    except Exception as error:  # noqa: BLE001 - a job must not end the worker, whatever it does
        log().error("job failed", kind=jobs[0].kind, error=type(error).__name__)
        failed(engine, task, jobs, f"unexpected {type(error).__name__}", None)


def failed(
    engine: sa.Engine, task: Task, jobs: Sequence[Job], text: str, wait_ms: int | None
) -> None:
    """Run jobs that failed together one by one; note the failure of a single one."""
    if len(jobs) > 1:
        for job in jobs:
            run(engine, task, [job])
        return
    try:
        with writing(engine) as connection:
            queue.fail(connection, jobs[0], text, wait_ms=wait_ms)
    except LostLeaseError:
        log().warning("lease lost", kind=jobs[0].kind)


def wait_of(error: GatewayError) -> int | None:
    """Return the wait that a server asked for, in milliseconds."""
    asked = error.retry_after if isinstance(error, ThrottledError) else None
    return None if asked is None else int(asked * 1000)


@contextmanager
def kept_alive(engine: sa.Engine, jobs: Sequence[Job]) -> Iterator[None]:
    """Renew the leases three times as often as they end, for as long as the block runs."""
    over = threading.Event()

    def renew() -> None:
        while not over.wait(LEASE_MS / 3000):
            try:
                with writing(engine) as connection:
                    queue.renew(connection, jobs)
            except LostLeaseError:
                return

    heart = threading.Thread(target=renew, name="leases", daemon=True)
    heart.start()
    try:
        yield
    finally:
        over.set()
        heart.join()
