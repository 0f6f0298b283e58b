"""A pretend Finnish server, a store, and the whole chain between them."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from gateway.config import Source
from gateway.fhir.patience import Patience
from gateway.flow import partners
from gateway.flow.pushing import push
from gateway.flow.reports import pull_and_assess
from gateway.sandbox.server import create_sandbox, serve
from gateway.store import sources
from gateway.store.engine import open_store, writing
from gateway.store.tables import assessment, finding, outbox, refusal, resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from gateway.flow.pushing import PushReport
    from gateway.flow.reports import PullReport
    from gateway.sandbox.server import Sandbox

MOMENT = datetime(2026, 11, 1, 12, tzinfo=UTC)
PEOPLE = 12
SEED = 7


@dataclass(slots=True)
class Chain:
    """One source between its server and our store."""

    engine: sa.Engine
    sandbox: Sandbox
    name: str = "fi"

    def go(self, *, full: bool = False) -> tuple[PullReport, PushReport]:
        """Pull, assess and write back."""
        patience = Patience(attempts=8, sleep=lambda _: None)
        source = partners.known(self.engine, self.name)
        with partners.connect(source.settings, patience) as client:
            pulled = pull_and_assess(self.engine, source, client, full=full)
            pushed = push(self.engine, partners.known(self.engine, self.name), client)
        return pulled, pushed

    def state(self) -> dict[str, Any]:
        """Return everything that a disturbance must not change."""
        with self.engine.connect() as connection:
            return {
                "resources": everything(connection, resource, "type", "gid", "deleted"),
                "assessments": everything(
                    connection, assessment, "identifier", "patient", "card", "status", "probability"
                ),
                "refusals": everything(connection, refusal, "patient", "card", "reason"),
                "findings": everything(
                    connection,
                    finding,
                    "type",
                    "gid",
                    "at",
                    "reason",
                    where=finding.c.reason != "malformed",
                ),
                "outbox": everything(connection, outbox, "kind", "target_id"),
                "there": self.there(),
            }

    def there(self) -> list[tuple[Any, ...]]:
        """Return what of ours is on the server, with the number of its versions."""
        ours = resource.c.type.in_(("RiskAssessment", "Device", "Provenance"))
        with self.sandbox.engine.connect() as connection:
            return everything(connection, resource, "type", "id", "version", where=ours)

    def page_findings(self) -> list[tuple[Any, ...]]:
        """Return what could not be kept of pages."""
        bad = finding.c.reason == "malformed"
        with self.engine.connect() as connection:
            return everything(connection, finding, "type", "reason", where=bad)


def everything(
    connection: sa.Connection, table: sa.Table, *names: str, where: Any = None
) -> list[tuple[Any, ...]]:
    """Return the rows of a table in these columns, sorted."""
    query = sa.select(*(table.c[name] for name in names))
    if where is not None:
        query = query.where(where)
    return sorted(tuple(row) for row in connection.execute(query))


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated store, to be copied."""
    place = tmp_path_factory.mktemp("store") / "empty.db"
    open_store(f"sqlite:///{place}").dispose()
    return place


@contextmanager
def chained(empty: Path, folder: Path, *faults: str, **settings: Any) -> Iterator[Chain]:
    """Give a chain of its own, the server with faults."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(empty, folder / "store.db")
    engine = open_store(f"sqlite:///{folder}/store.db", durable=False)
    sandbox = create_sandbox("FI", patients=PEOPLE, seed=SEED, faults=faults, now=MOMENT)
    running = serve(sandbox)
    told = {"country": "FI", "write_back": "auto", **settings}
    with writing(engine) as connection:
        sources.keep(connection, Source("fi", running.url, **told))
    try:
        yield Chain(engine, sandbox)
    finally:
        running.close()
        sandbox.close()
        engine.dispose()


@pytest.fixture
def chain(empty_store: Path, tmp_path: Path) -> Iterator[Callable[..., Chain]]:
    """Give chains; each call another store and another server."""
    opened: list[Any] = []

    def start(*faults: str, **settings: Any) -> Chain:
        one = chained(empty_store, tmp_path / str(len(opened)), *faults, **settings)
        opened.append(one)
        return one.__enter__()

    yield start
    for one in opened:
        one.__exit__(None, None, None)


@pytest.fixture(scope="session")
def undisturbed(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a chain without any disturbance ends with."""
    with chained(empty_store, tmp_path_factory.mktemp("undisturbed")) as one:
        one.go()
        return one.state()
