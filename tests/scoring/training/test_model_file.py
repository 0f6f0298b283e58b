from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from scoring.batch import score_batch
from scoring.cards import read
from scoring.exchange.handing import matrix
from scoring.exchange.rows import invented
from scoring.training.card import card_text
from scoring.training.fit import fit
from scoring.training.model_file import keep
from scoring.training.recipe import TrainingError, load
from scoring.training.table import Table, read_table
from tests.fakes.heart import invented_files

if TYPE_CHECKING:
    from pathlib import Path

    from scoring.cards import Card
    from scoring.training.fit import Fitted

RECIPE = load("heart")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    folder = tmp_path_factory.mktemp("invented")
    invented_files(folder)
    return read_table(RECIPE, folder)


def written(folder: Path, table: Table, fitted: Fitted, *, onnx: bool = False) -> Card:
    keys, raw = keep(fitted, "heart", table if onnx else None)
    (folder / keys["model_file"]["path"]).write_bytes(raw)
    (folder / "heart.toml").write_text(card_text(RECIPE, table, fitted, {}, filed=keys))
    return read(folder / "heart.toml")


def difference(card: Card, fitted: Fitted) -> float:
    """The largest difference between the card and scikit-learn on invented rows with gaps."""
    columns = invented(card, 1000, 3)
    numbers = dict(zip(columns, matrix(card, columns).T, strict=True))
    nothing = np.zeros(1000, dtype=np.int64)
    wanted = fitted.probabilities(Table(numbers, nothing > 0, nothing, ("x",), "", {}))
    found = score_batch(card, columns)
    assert found.applicable.sum() > 800
    return float(np.nanmax(np.abs(found.outputs["coronary_disease"] - wanted)))


@pytest.mark.parametrize("algorithm", ["svm-rbf", "boosting", "network"])
def test_the_card_says_what_the_fitted_model_says(
    algorithm: Any, table: Table, tmp_path: Path
) -> None:
    fitted = fit(RECIPE, table, algorithm)
    card = written(tmp_path, table, fitted)
    assert difference(card, fitted) <= 1e-12
    assert card.model_file is not None
    assert card.model_file.leaves_site == (algorithm != "svm-rbf")


def test_a_network_is_kept_as_onnx_too(table: Table, tmp_path: Path) -> None:
    fitted = fit(RECIPE, table, "network")
    card = written(tmp_path, table, fitted, onnx=True)
    assert card.runtime == "onnx"
    assert difference(card, fitted) <= 1e-6


@pytest.mark.parametrize(
    ("algorithm", "told"),
    [("boosting", "cannot be converted to ONNX"), ("svm-rbf", "would hand on rows of patients")],
)
def test_what_is_not_kept_as_onnx(algorithm: Any, told: str, table: Table) -> None:
    with pytest.raises(TrainingError, match=told):
        keep(fit(RECIPE, table, algorithm), "heart", table)
