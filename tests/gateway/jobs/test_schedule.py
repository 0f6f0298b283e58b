"""Schedules: what an interval is, and when a pull is due."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import time_machine

from gateway.config import Source
from gateway.errors import ConfigurationError
from gateway.jobs import ledger, queue
from gateway.jobs.schedule import enqueue_due, interval_ms
from gateway.store import sources
from gateway.store.engine import open_store, writing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import sqlalchemy as sa


@pytest.fixture
def store(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = open_store(f"sqlite:///{tmp_path}/store.db", durable=False)
    yield engine
    engine.dispose()


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("15m", 900), ("6h", 21_600), ("1d", 86_400), ("2 h", 7_200)]
)
def test_intervals(text: str, seconds: int) -> None:
    assert interval_ms("fi", text) == seconds * 1000


@pytest.mark.parametrize("text", ["", "15", "m", "0m", "-5m", "1w", "1.5h", "15m ", "* * * * *"])
def test_what_is_no_interval_names_its_source(text: str) -> None:
    with pytest.raises(ConfigurationError, match="source fi"):
        interval_ms("fi", text)


def keys(store: sa.Engine) -> list[str | None]:
    with store.connect() as connection:
        return [one.key for one in ledger.jobs(connection, ["queued"])]


def test_a_pull_is_due_when_its_interval_is_over(store: sa.Engine) -> None:
    with time_machine.travel("2026-11-25T00:00:00Z", tick=False) as clock:
        with writing(store) as connection:
            sources.keep(connection, Source("fi", "http://fi.example", schedule="1h"))
            sources.keep(connection, Source("de", "http://de.example"))
        assert enqueue_due(store) == 1
        assert keys(store) == ["fi"]
        assert enqueue_due(store) == 0
        with writing(store) as connection:
            queue.finish(connection, queue.claim(connection, ["pull"]))
            sources.pulled(connection, "fi", {})
        clock.shift(3_599)
        assert enqueue_due(store) == 0
        clock.shift(1)
        assert enqueue_due(store) == 1
