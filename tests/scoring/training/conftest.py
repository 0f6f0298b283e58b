"""A recipe of three columns and rows to go with it, made up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from scoring.training.recipe import read
from scoring.training.table import read_table

if TYPE_CHECKING:
    from pathlib import Path

    from scoring.training.recipe import Recipe
    from scoring.training.table import Table

RECIPE = """
id = "made_up"
title = "Made up"
version = "1"
domain = "none"
setting = "Nobody"
outcome = "An outcome"
output = "outcome"
label = "probability"
citation = ["none"]
licence = "none"
disclaimer = "none"
ages = [0, 120]

[data]
header = true
columns = ["id", "years", "chol", "ill", "place"]
missing = ["NA"]
zero_is_missing = ["chol"]
apart_from = ["id"]

[data.label]
column = "ill"
yes = ["Y"]
no = ["N"]

[data.sites]
north = "north.csv"
south = "south.csv"

[data.countries]
north = "FI"
south = "IT"

[algorithm]
c = 1.0
grid = [0.1, 1.0]

[validation]
folds = 3
inner_folds = 3

[inputs.age]
column = "years"
type = "number"
label = "age"
unit = "a"
source = "age"

[inputs.cholesterol_mmol_l]
column = "chol"
type = "number"
label = "total cholesterol"
unit = "mmol/L"
file_unit = "mg/dL"
feature = "total_cholesterol"
guard = [1, 20]
required = false
unknown = ["C"]

[terms]
age = "age"
cholesterol = "cholesterol_mmol_l"
age_x_cholesterol = "age * cholesterol_mmol_l"
"""
HEADING = "id,years,chol,ill,place"


@dataclass(frozen=True)
class Made:
    """A folder for a recipe and its rows."""

    folder: Path

    def recipe(self, *changes: tuple[str, str]) -> Recipe:
        """The recipe with words replaced."""
        text = RECIPE
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        path = self.folder / "made_up.toml"
        path.write_text(text)
        return read(path)

    def rows(self, count: int, seed: int = 0) -> list[str]:
        """Rows whose outcome depends on age and cholesterol, under a heading."""
        draw = np.random.default_rng(seed)
        age, cholesterol = draw.integers(30, 80, count), draw.normal(200, 40, count).round(1)
        odds = (age - 55) / 8 + (cholesterol - 200) / 40
        ill = draw.random(count) < 1 / (1 + np.exp(-odds))
        cells = zip(range(count), age, cholesterol, np.where(ill, "Y", "N"), strict=True)
        return [HEADING, *(",".join(map(str, [*row, "x"])) for row in cells)]

    def write(self, north: list[str], south: list[str] | None = None) -> None:
        """Write the files of the sites."""
        (self.folder / "north.csv").write_text("\n".join(north) + "\n")
        if south is not None:
            (self.folder / "south.csv").write_text("\n".join(south) + "\n")

    def table(self, *changes: tuple[str, str]) -> Table:
        """The table of the files that were written."""
        return read_table(self.recipe(*changes), self.folder)

    def usual(self, count: int = 120) -> Table:
        """The table of two sites with rows enough."""
        self.write(self.rows(count), self.rows(count, 1))
        return self.table()


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path)
