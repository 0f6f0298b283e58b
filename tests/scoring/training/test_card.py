from __future__ import annotations

import subprocess
import sys
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np
import pytest

from scoring.cards import card, parse
from scoring.engine import score
from scoring.tables import inputs_of, read_sheet
from scoring.training.card import card_text
from scoring.training.fit import fit
from scoring.training.recipe import TrainingError, load
from scoring.training.run import train
from scoring.training.table import read_table
from scoring.training.validate import metrics

if TYPE_CHECKING:
    from pathlib import Path

    from scoring.cards import Card
    from scoring.training.fit import Fitted
    from scoring.training.run import Trained
    from scoring.training.table import Table

EXACT = 1e-12


def invented(path: Path, rows: int = 60) -> None:
    """Write a file of the data set's shape with made-up rows, gaps and a zero cholesterol."""
    draw = np.random.default_rng(5)
    lines = []
    for place in range(rows):
        ill = int(place % 3 == 0)
        cells = [
            draw.integers(30, 75), draw.integers(0, 2), draw.integers(1, 5), 120 + 10 * ill,
            0 if place % 7 == 0 else draw.integers(150, 300), draw.integers(0, 2),
            draw.integers(0, 3), 160 - 20 * ill + draw.integers(0, 9), ill,
            round(draw.random() * 3, 1), "?", "?", "?", ill,
        ]  # fmt: skip
        lines.append(",".join(map(str, cells)))
    lines[4] = lines[4].replace(lines[4].split(",")[3], "?", 1)
    path.write_text("\n".join([*lines, lines[-1], ""]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("heart")
    invented(made / "processed.cleveland.data")
    return made


def probabilities(model: Card, folder: Path) -> list[float]:
    """What the card says of each row of the recipe's files, repetitions dropped."""
    recipe = load("heart")
    rows: dict[str, dict[str, object]] = {}
    for path in sorted(folder.iterdir()):
        if path.name in recipe.data.sites.values():
            sheet = read_sheet(path.read_bytes(), recipe.data, path.name)
            pairs = zip(sheet.rows, inputs_of(sheet, recipe.layout), strict=True)
            rows |= {f"{path.name}{cells}": inputs for cells, inputs in pairs if inputs}
    return [float(score(model, row).outputs["coronary_disease"]) for row in rows.values()]


def refitted(folder: Path) -> tuple[Table, Fitted]:
    recipe = load("heart")
    table = read_table(recipe, folder)
    return table, fit(recipe, table)


def trained(folder: Path) -> Trained:
    recipe = load("heart")
    return train(recipe, read_table(recipe, folder))


def test_the_card_equals_predict_proba(folder: Path) -> None:
    table, fitted = refitted(folder)
    model = parse(card_text(load("heart"), table, fitted, {}), "made.toml")
    found = probabilities(model, folder)
    assert len(found) == len(table.truth) == 60
    assert np.abs(np.array(found) - fitted.probabilities(table)).max() <= EXACT


def test_one_file_of_four_is_enough_and_says_how_well_it_does(folder: Path) -> None:
    model = parse(trained(folder).card, "made.toml")
    assert model.training is not None
    assert model.training.rows == 60
    assert 0.5 < model.training.metrics["cv_auc"] <= 1
    assert "left_out_auc" not in model.training.metrics


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no row says"),
        ("63,1,1,145,233,1,2,150,0,2.3,3,0,6,0\n" * 3, "needs rows with and without"),
        ("63,1,9,145,233,1,2,150,0,2.3,3,0,6,0\n63,1,1,145,233,1,2,150,0,2.3,3,0,6,1\n", "cp: "),
        ("63,1,x,145,233,1,2,150,0,2.3,3,0,6,0\n63,1,1,145,233,1,2,150,0,2.3,3,0,6,1\n", "cp: "),
    ],
)
def test_data_that_cannot_be_trained_on(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "processed.va.data").write_text(text)
    with pytest.raises(TrainingError, match=told):
        trained(tmp_path)


def test_scikit_learn_waits_until_it_is_needed() -> None:
    program = "import sys, scoring.training.run, scoring.choose; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_shipped_card_is_what_the_recipe_gives(shared: Path) -> None:
    data = shared / "data" / "heart-disease"
    table, fitted = refitted(data)
    shipped = card("heart_core10")
    assert shipped.training is not None
    assert (shipped.training.sha256, shipped.training.rows) == (table.sha256, len(table.truth))
    coefficients = dict(zip(fitted.terms.names, fitted.estimator.coef_[0].tolist(), strict=True))
    assert shipped.models[0].coefficients == pytest.approx(coefficients, abs=1e-9)
    found = np.array(probabilities(shipped, data))
    assert np.abs(found - fitted.probabilities(table)).max() <= EXACT


@pytest.mark.slow
def test_the_heart_model_reaches_its_bars(shared: Path) -> None:
    recipe = load("heart")
    table = read_table(recipe, shared / "data" / "heart-disease")
    found = metrics(recipe, table)
    assert found["cv_auc"] >= 0.876
    assert found["cv_brier"] <= 0.140
    assert found["left_out_auc"] >= 0.845
    assert found["recalibrated_zurich_basel_ece"] <= 0.10
    assert found["recalibrated_zurich_basel_brier"] <= 0.09
    shipped = card("heart_core10").training
    assert shipped is not None
    assert shipped.metrics == pytest.approx(
        {key: value for key, value in found.items() if isfinite(value)}, abs=6e-5
    )
