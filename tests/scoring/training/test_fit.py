from __future__ import annotations

import itertools
from typing import Any, get_args

import numpy as np
import pytest

from scoring.training import algorithms
from scoring.training.fit import Fitted, constant, fit, separated
from scoring.training.recipe import Name, TrainingError
from scoring.training.validate import chosen, left_out_sites, metrics, split

NAMES = get_args(Name)


@pytest.mark.parametrize("algorithm", NAMES)
def test_probabilities_follow_the_outcome(made: Any, algorithm: Name) -> None:
    table = made.usual()
    fitted = fit(made.recipe(), table, algorithm)
    found = fitted.probabilities(table)
    assert ((found > 0) & (found < 1)).all()
    assert found[table.truth].mean() > found[~table.truth].mean() + 0.2


@pytest.mark.parametrize("algorithm", algorithms.LINEAR)
def test_a_linear_model_is_its_coefficients(made: Any, algorithm: Name) -> None:
    table = made.usual()
    fitted = fit(made.recipe(), table, algorithm)
    linear = algorithms.linear(fitted.estimator)
    odds = fitted.design(table) @ linear.coefficients + linear.intercept
    assert np.abs(1 / (1 + np.exp(-odds)) - fitted.probabilities(table)).max() < 1e-12


def test_isotonic_calibration_is_a_recipes_choice(made: Any) -> None:
    table, isotonic = made.usual(), ("grid", 'calibration = "isotonic"\ngrid')
    found = fit(made.recipe(isotonic), table, "svm-rbf").probabilities(table)
    assert len(np.unique(found)) < len(found) / 2


def test_sites_have_intercepts_of_their_own_while_slopes_are_fitted(made: Any) -> None:
    table = made.usual(400)
    truth = table.truth | ((table.site == 1) & (np.arange(len(table.site)) % 3 > 0))
    columns = {**table.columns, "age": table.columns["age"] - 15.0 * table.site}
    skewed = type(table)(columns, truth, table.site, table.sites, "", {})
    plain = fit(made.recipe(), skewed).estimator.coef_[0]
    recipe = made.recipe(("grid", "site_spread = 2.0\ngrid"))
    fitted = fit(recipe, skewed)
    assert fitted.estimator.coef_[0][0] > plain[0]
    assert fitted.probabilities(skewed).mean() == pytest.approx(truth.mean(), abs=1e-9)
    assert fit(recipe, skewed, by_site=False).estimator.coef_[0] == pytest.approx(plain)


@pytest.mark.parametrize("algorithm", NAMES)
@pytest.mark.parametrize("outcome", [True, False])
def test_an_outcome_that_does_not_vary_is_told(made: Any, algorithm: Name, outcome: bool) -> None:
    table = made.usual()
    with pytest.raises(TrainingError, match="needs rows with and without the outcome"):
        fit(made.recipe(), table.part(table.truth == outcome), algorithm)


def test_separable_rows_converge_by_the_penalty(made: Any) -> None:
    made.write(
        ["id,years,chol,ill,place", *(f"{n},{n},200,{'NY'[n > 50]},x" for n in range(30, 71))]
    )
    table = made.table()
    fitted = fit(made.recipe(), table)
    assert separated(table, fitted)
    assert np.isfinite(fitted.estimator.coef_).all()
    assert constant(table) == ("cholesterol_mmol_l",)
    assert fitted.estimator.coef_[0][1] == pytest.approx(0, abs=1e-12)
    assert fitted.deviations[1] == 1


def test_what_does_not_converge_is_told(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from sklearn.linear_model import LogisticRegression

    few = LogisticRegression(max_iter=1)
    monkeypatch.setitem(algorithms.MAKERS, "logistic", lambda *_: few)
    with pytest.raises(TrainingError, match="does not converge"):
        fit(made.recipe(), made.usual())


def test_the_setting_is_chosen_by_inner_folds(made: Any) -> None:
    table = made.usual()
    assert chosen(made.recipe(), table, "logistic") in ({"c": 0.1}, {"c": 1.0})
    hopeless = made.recipe(("grid = [0.1, 1.0]", "grid = [1e-9, 1.0]"))
    assert chosen(hopeless, table, "logistic") == {"c": 1.0}
    assert chosen(made.recipe(("grid = [0.1, 1.0]", "")), table, "logistic") == {"c": 1.0}


def test_too_few_rows_for_inner_folds_take_the_usual_setting(made: Any) -> None:
    table = made.usual()
    few = np.concatenate([np.flatnonzero(table.truth)[:2], np.flatnonzero(~table.truth)[:9]])
    for rows, name in itertools.product((few, few[:2]), NAMES):
        usual = algorithms.usual(made.recipe(), name)
        assert chosen(made.recipe(), table.part(rows), name) == usual


def test_a_site_has_no_say_in_the_model_that_judges_it(made: Any) -> None:
    table = made.usual()
    found = left_out_sites(made.recipe(), table)
    assert found is not None
    truth = np.where(table.site == 1, ~table.truth, table.truth)
    other = type(table)(table.columns, truth, table.site, table.sites, "", {})
    again = left_out_sites(made.recipe(), other)
    assert again is not None
    assert again[table.site == 1] == pytest.approx(found[table.site == 1], abs=0)
    assert again[table.site == 0] != pytest.approx(found[table.site == 0], abs=0.01)


def test_folds_hold_each_row_back_once_and_spread_small_strata() -> None:
    strata = np.array([0] * 20 + [1] * 20 + [2] * 2 + [3])
    held = [rows for _, rows in split(strata, 5, 0)]
    assert sorted(np.concatenate(held).tolist()) == list(range(len(strata)))
    assert all(len(rows) >= 8 for rows in held)


def test_figures_of_all_ways_to_judge(made: Any) -> None:
    table, told = made.usual(), []
    found = metrics(made.recipe(), table, tell=lambda *step: told.append(step))
    wanted = {"cv_auc", "left_out_brier", "left_out_north_ece", "recalibrated_south_brier"}
    assert wanted <= found.keys()
    assert 0.6 < found["cv_auc"] < 0.95
    assert told == [
        *(("folds", n, 3) for n in (1, 2, 3)), *(("sites left out", n, 2) for n in (1, 2)),
    ]  # fmt: skip


def test_a_radial_kernel_takes_so_many_rows(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scoring.training.fit.KERNEL_ROWS", 50)
    fitted: Fitted = fit(made.recipe(), made.usual(), "svm-rbf")
    assert fitted.drawn == 50
