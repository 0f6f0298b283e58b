"""The flow over all sources, side by side: pull, assess, write back, in two processes."""

from __future__ import annotations

import gc
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING

from gateway.cli._demo.processes import Child, start
from gateway.errors import GatewayError, UnreachableError
from gateway.flow import partners
from gateway.flow.pushing import push
from gateway.flow.reports import pull_and_assess
from gateway.store.engine import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import sqlalchemy as sa

    from gateway.flow.progress import Step
    from gateway.flow.pushing import PushReport
    from gateway.store.assessments import Figures

PROCESSES = 2
"""One interpreter uses one core; two use both, with the servers' waiting in between."""


@dataclass(frozen=True, slots=True)
class Done:
    """What was done at one source; `problem` if it could not be."""

    source: str
    figures: Figures | None = None
    push: PushReport | None = None
    problem: str | None = None

    @property
    def written(self) -> int:
        """Return how many resources were written, of every type."""
        return self.push.written + self.push.others_written if self.push else 0


@dataclass(slots=True)
class Crew:
    """Processes that do one source at a time."""

    store_url: str
    children: list[Child] = field(default_factory=list)

    def open(self) -> None:
        """Start the processes."""
        self.children = [start(live, self.store_url) for _ in range(PROCESSES)]

    def round(self, names: Sequence[str], progress: Callable[[Step], None]) -> dict[str, Done]:
        """Do all sources once; return what was done at each."""
        waiting = list(names)
        busy = {child.pipe: child for child in self.children}
        done: dict[str, Done] = {}
        for pipe in [*busy]:
            hand_out(pipe, waiting, busy)
        while busy:
            for pipe in ready([*busy]):
                told = heard(pipe)
                if isinstance(told, Done):
                    done[told.source] = told
                    hand_out(pipe, waiting, busy)
                else:
                    progress(told)
        return done

    def close(self) -> None:
        """End the processes."""
        for child in self.children:
            child.close()
        self.children.clear()


def heard(pipe: Connection) -> Done | Step:
    """Return what a process tells.

    Raises:
        UnreachableError: it is gone.
    """
    try:
        told: Done | Step = pipe.recv()
    except EOFError:
        raise UnreachableError("a process of the demonstration has died") from None
    return told


def ready(pipes: list[Connection]) -> list[Connection]:
    """Return the pipes that have something to say, once one has."""
    return [pipe for pipe in wait(pipes) if isinstance(pipe, Connection)]


def hand_out(pipe: Connection, waiting: list[str], busy: dict[Connection, Child]) -> None:
    """Give the next source to a process; with none left it has nothing to do."""
    if waiting:
        pipe.send(waiting.pop(0))
    else:
        del busy[pipe]


def live(pipe: Connection, store_url: str) -> None:
    """Do sources as they are handed out, until the parent lets go."""
    gc.freeze()
    gc.disable()  # a short life of small objects without cycles: a quarter of the time is saved
    engine = open_store(store_url)
    while name := pipe.recv():
        pipe.send(do(engine, name, pipe.send))
    engine.dispose()


def do(engine: sa.Engine, name: str, progress: Callable[[Step], None]) -> Done:
    """Pull, assess and write back at one source."""
    try:
        source = partners.known(engine, name)
        with partners.connect(source.settings) as client:
            pulled = pull_and_assess(engine, source, client, progress=progress)
            pushed = push(engine, partners.known(engine, name), client, progress=progress)
    except GatewayError as error:
        return Done(name, problem=error.text)
    except Exception as error:  # noqa: BLE001 - told as this source's, the others go on
        return Done(name, problem=f"unexpected {type(error).__name__}")
    problem = "; ".join(pulled.failures) or None
    return Done(name, pulled.figures, pushed, problem)
