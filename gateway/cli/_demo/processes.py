"""Child processes that live as long as their parent: they speak through a pipe, and end with it.

They are forked before any thread is started, so that they share what is loaded already. A parent
that is killed closes its end of the pipe; its children notice, and end too.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkProcess

FORK = multiprocessing.get_context("fork")
PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class Child:
    """A process, and the parent's end of its pipe."""

    process: ForkProcess
    pipe: Connection

    def close(self) -> None:
        """Tell the process to end, by None; one that does not is ended.

        Closing the pipe would not tell it: children that were forked later hold the end as well.
        """
        with suppress(OSError):
            self.pipe.send(None)
        self.process.join(PATIENCE_S)
        if self.process.is_alive():
            self.process.terminate()
            self.process.join(PATIENCE_S)
        self.pipe.close()


def start(live: Callable[..., None], *arguments: Any) -> Child:  # noqa: ANN401
    """Return a child that runs `live(pipe, *arguments)` and then ends."""
    ours, theirs = FORK.Pipe()
    process = FORK.Process(target=run, args=(live, ours, theirs, arguments), daemon=True)
    process.start()
    theirs.close()
    return Child(process, ours)


def run(
    live: Callable[..., None], ours: Connection, theirs: Connection, arguments: tuple[Any, ...]
) -> None:
    """Live in the child; the parent alone hears of the keyboard."""
    ours.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        live(theirs, *arguments)
    except (EOFError, BrokenPipeError):  # the parent is gone, or has let go
        pass
    finally:
        os._exit(0)
