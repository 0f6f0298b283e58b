"""A pretend server in one process, the flow in others, which can be killed at a chosen moment."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from gateway.config import Source
from gateway.fhir.transport import Transport
from gateway.flow import partners
from gateway.flow.pushing import push
from gateway.flow.reports import pull_and_assess
from gateway.sandbox.server import create_sandbox, serve
from gateway.store import sources
from gateway.store.engine import open_store, writing
from gateway.store.tables import assessment, finding, job, measurement, outbox, refusal, resource

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection
    from pathlib import Path

FORK = multiprocessing.get_context("fork")
MOMENT = datetime(2026, 11, 1, 12, tzinfo=UTC)
PEOPLE = 6
CONCLUSIONS = ("RiskAssessment", "Device", "Provenance")


def pretend(pipe: Connection, url: str) -> None:
    """Serve until told to end."""
    sandbox = create_sandbox("FI", patients=PEOPLE, seed=5, now=MOMENT, url=url)
    running = serve(sandbox)
    pipe.send(running.url)
    pipe.recv()
    os._exit(0)


class Countdown:
    """Kills its own process at the n-th moment: a statement, a commit, a request or an answer."""

    def __init__(self, at: int | None) -> None:
        self.at = at
        self.seen = 0

    def tick(self, *_: Any) -> None:
        """Count one moment."""
        self.seen += 1
        if self.seen == self.at:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, engine: sa.Engine) -> None:
        """Count what the flow does to the store and on the wire."""
        for event in ("before_cursor_execute", "after_cursor_execute", "commit"):
            sa.event.listen(engine, event, self.tick)
        send = Transport._send

        def counted(*arguments: Any) -> Any:
            self.tick()
            answer = send(*arguments)
            self.tick()
            return answer

        Transport._send = counted  # type: ignore[method-assign]


def flow(pipe: Connection, url: str, at: int | None) -> None:
    """Pull, assess and write back; tell how many moments that had."""
    engine = open_store(url)
    countdown = Countdown(at)
    countdown.watch(engine)
    source = partners.known(engine, "fi")
    with partners.connect(source.settings) as client:
        pull_and_assess(engine, source, client)
        push(engine, partners.known(engine, "fi"), client)
    pipe.send(countdown.seen)
    os._exit(0)


@dataclass(frozen=True, slots=True)
class Scene:
    """A server, a store, and what runs between them."""

    here: str
    there: str

    def run(self, kill_at: int | None = None) -> int | None:
        """Run the flow in a process; return its number of moments, None when it was killed."""
        ours, theirs = FORK.Pipe()
        process = FORK.Process(target=flow, args=(theirs, self.here, kill_at))
        process.start()
        theirs.close()
        process.join(120)
        assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
        return ours.recv() if process.exitcode == 0 else None

    def state(self) -> dict[str, Any]:
        """Return everything that must not depend on what was killed."""
        here = {
            "resources": columns(self.here, resource, "type", "gid", "version", "deleted"),
            "measurements": columns(self.here, measurement, "gid", "feature", "value_number"),
            "findings": columns(self.here, finding, "gid", "at", "reason"),
            "assessments": columns(
                self.here, assessment, "identifier", "patient", "card", "status", "probability"
            ),
            "refusals": columns(self.here, refusal, "patient", "card", "reason"),
            "outbox": columns(self.here, outbox, "kind", "target_id"),
            "open": [
                one for one in columns(self.here, job, "kind", "key", "state") if one[2] != "done"
            ],
        }
        there = columns(self.there, resource, "type", "id", "version", "deleted")
        return {**here, "there": [one for one in there if one[0] in CONCLUSIONS]}


def columns(url: str, table: sa.Table, *names: str) -> list[tuple[Any, ...]]:
    """Return the rows of a table in these columns, sorted by their texts."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        rows = connection.execute(sa.select(*(table.c[name] for name in names)))
        found = sorted((tuple(row) for row in rows), key=repr)
    engine.dispose()
    return found


@contextmanager
def staged(empty: Path, folder: Path) -> Iterator[Scene]:
    """Give a scene: a new server and a new store."""
    folder.mkdir(parents=True, exist_ok=True)
    here, there = f"sqlite:///{folder}/here.db", f"sqlite:///{folder}/there.db"
    shutil.copyfile(empty, folder / "here.db")
    ours, theirs = FORK.Pipe()
    server = FORK.Process(target=pretend, args=(theirs, there))
    server.start()
    theirs.close()
    engine = open_store(here)
    with writing(engine) as connection:
        sources.keep(connection, Source("fi", ours.recv(), "FI", write_back="auto"))
    engine.dispose()
    try:
        yield Scene(here, there)
    finally:
        ours.send(None)
        server.join()


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated store, to be copied."""
    place = tmp_path_factory.mktemp("store") / "empty.db"
    open_store(f"sqlite:///{place}").dispose()
    return place


@pytest.fixture(scope="session")
def undisturbed(
    empty_store: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[int, dict[str, Any]]:
    """How many moments an undisturbed flow has, and what it ends with."""
    with staged(empty_store, tmp_path_factory.mktemp("undisturbed")) as scene:
        moments = scene.run()
        assert moments
        return moments, scene.state()


@pytest.fixture
def scene(empty_store: Path, tmp_path: Path) -> Iterator[Scene]:
    """A scene of its own."""
    with staged(empty_store, tmp_path) as one:
        yield one
