from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scoring.training.recipe import Recipe, load
from scoring.training.table import Table, read_table
from tests.scoring.federated.centres import written

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def recipe() -> Recipe:
    return load("heart")


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return written(tmp_path_factory.mktemp("centres"))


@pytest.fixture(scope="session")
def pooled(recipe: Recipe, files: dict[str, Path]) -> Table:
    """The rows of all centres together."""
    return read_table(recipe, files)
