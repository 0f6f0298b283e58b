from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest

from scoring import cards
from scoring.batch import score_batch
from scoring.training import algorithms
from scoring.training.fit import fit
from scoring.training.recipe import Name
from scoring.training.run import SEPARATED, train

NAMES = get_args(Name)


@pytest.mark.parametrize("algorithm", NAMES)
def test_the_same_data_and_seed_give_the_same_bytes_and_the_estimators_numbers(
    made: Any, algorithm: Name, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = algorithms.grid(made.recipe(), algorithm)[:1]
    monkeypatch.setitem(algorithms.GRIDS, algorithm, first)
    table, recipe = made.usual(60), made.recipe()
    one, other = (train(recipe, table, algorithm, seed=7, stem="m") for _ in range(2))
    assert (one.card, one.file) == (other.card, other.file)
    assert (one.file is None) == (algorithm in algorithms.LINEAR)
    if one.file:
        (made.folder / one.file[0]).write_bytes(one.file[1])
    (made.folder / "card.toml").write_text(one.card)
    card = cards.read(made.folder / "card.toml")
    fitted = fit(recipe, table, algorithm, setting=one.report["setting"], seed=7)
    found = score_batch(card, table.columns).outputs["outcome"]
    assert np.abs(found - fitted.probabilities(table)).max() < 1e-12


def test_another_seed_may_give_another_model(made: Any) -> None:
    table, recipe = made.usual(60), made.recipe()
    assert train(recipe, table, "svm", seed=1).card != train(recipe, table, "svm", seed=2).card


def test_a_model_with_rows_of_patients_says_that_it_stays(
    made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(algorithms.GRIDS, "svm-rbf", algorithms.GRIDS["svm-rbf"][:1])
    found = train(made.recipe(), made.usual(60), "svm-rbf").card
    assert "never leaves its site" in found
    assert "leaves_site = false" in found


def test_the_report_tells_what_the_data_hold(made: Any) -> None:
    made.usual(60)
    (made.folder / "south.csv").write_text("id\n")
    report = train(made.recipe(), made.table()).report
    assert report["data"]["left_out"] == ["south.csv: there is no column years"]
    assert [(site["name"], site["country"], site["rows"]) for site in report["data"]["sites"]] == [
        ("north", "FI", 60)
    ]
    assert report["remarks"] == []


def test_separable_data_are_told(made: Any) -> None:
    made.write(
        ["id,years,chol,ill,place", *(f"{n},{n},{n}0,{'NY'[n > 50]},x" for n in range(31, 70))]
    )
    report = train(made.recipe(), made.table()).report
    assert report["remarks"] == [SEPARATED]
