"""Progress on standard error: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import TaskID

    from gateway.flow.progress import Step

EVERY_S = 2.0
"""How often a plain line tells of one stage, its first time apart."""


@contextmanager
def shown(stream: TextIO | None = None) -> Iterator[Callable[[Step], None]]:
    """Give the function that draws steps; several threads may call it."""
    to = stream or sys.stderr
    if not to.isatty():
        yield Lines(to).step
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(file=to), transient=True) as drawn:
        yield Bars(drawn).step


@dataclass(slots=True)
class Bars:
    """One bar a source and stage."""

    drawn: Progress
    tasks: dict[tuple[str, str], TaskID] = field(default_factory=dict)

    def step(self, step: Step) -> None:
        """Draw a step."""
        key = step.source, step.stage
        if key not in self.tasks:
            self.tasks[key] = self.drawn.add_task(f"{step.source} {step.stage}", total=step.total)
        self.drawn.update(self.tasks[key], completed=step.done, total=step.total)


@dataclass(slots=True)
class Lines:
    """A line when a stage begins, and then now and again."""

    stream: TextIO
    last: dict[tuple[str, str], float] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def step(self, step: Step) -> None:
        """Write a step, unless one of the same stage was written just now."""
        key, now = (step.source, step.stage), time.monotonic()
        with self.lock:
            if now - self.last.get(key, -EVERY_S) < EVERY_S:
                return
            self.last[key] = now
        of = f" of {step.total}" if step.total else ""
        click.echo(f"{step.source}: {step.stage} {step.done}{of}", file=self.stream)
