"""An empty store for the rooms of the gateway."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from gateway.store.engine import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import sqlalchemy as sa


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite store, to be copied: migrating takes longer."""
    place = tmp_path_factory.mktemp("store") / "empty.db"
    open_store(f"sqlite:///{place}").dispose()
    return place


@pytest.fixture
def store(empty: Path, tmp_path: Path) -> Iterator[sa.Engine]:
    """A store with empty tables."""
    shutil.copyfile(empty, tmp_path / "store.db")
    engine = open_store(f"sqlite:///{tmp_path}/store.db", durable=False)
    yield engine
    engine.dispose()
