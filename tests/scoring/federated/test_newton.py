"""What comes from sums is what comes from the rows; where they lie does not matter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.federated.answers import answer
from scoring.federated.averaging import averaging
from scoring.federated.newton import newton, scaled_by
from scoring.federated.questions import Moments, Newton
from scoring.federated.sums import FederatedError, decoded, encoded, total
from scoring.training.design import filled, scales, terms_of
from scoring.training.fit import fit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.federated.newton import Course, Joint
    from scoring.training.recipe import Recipe
    from scoring.training.table import Table


def silent(_: int) -> np.ndarray:
    raise AssertionError("no noise was asked for")


def run(course: Course, recipe: Recipe, sites: Sequence[Table]) -> tuple[Joint, int]:
    """The model, and the number of rounds."""
    rounds, question = 0, next(course)
    try:
        while True:
            rounds += 1
            each = [encoded(answer(question, recipe, site, silent)) for site in sites]
            question = course.send(decoded(total(each)))
    except StopIteration as ended:
        return ended.value, rounds


def spread(pooled: Table, places: np.ndarray) -> list[Table]:
    return [pooled.part(np.flatnonzero(places == one)) for one in np.unique(places)]


def test_sums_of_centres_give_the_pooled_model(recipe: Recipe, pooled: Table) -> None:
    joint, rounds = run(newton(recipe), recipe, spread(pooled, pooled.site))
    fitted = fit(recipe, pooled)
    assert rounds <= 8
    assert joint.impute == pytest.approx(fitted.impute, abs=1e-12)
    assert joint.means == pytest.approx(fitted.means, abs=1e-11)
    assert joint.deviations == pytest.approx(fitted.deviations, rel=1e-12)
    assert joint.coefficients == pytest.approx(fitted.estimator.coef_[0], abs=1e-9)
    assert joint.intercept == pytest.approx(fitted.estimator.intercept_[0], abs=1e-9)
    assert joint.rows == len(pooled.truth)


@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_it_does_not_matter_where_rows_lie(
    data: st.DataObject, recipe: Recipe, pooled: Table
) -> None:
    """Any spread, by chance or by the outcome: sites of one row and of one outcome among them."""
    rows = len(pooled.truth)
    places = np.array(data.draw(st.lists(st.integers(0, 6), min_size=rows, max_size=rows)))
    if data.draw(st.booleans()):
        places = places * 2 + pooled.truth
    alone, _ = run(newton(recipe), recipe, [pooled])
    joint, _ = run(newton(recipe), recipe, spread(pooled, places))
    assert np.abs(joint.coefficients - alone.coefficients).max() < 1e-11
    assert abs(joint.intercept - alone.intercept) < 1e-11


def test_moments_add_up_as_chan_merges_them(recipe: Recipe, pooled: Table) -> None:
    """Chan, Golub and LeVeque 1983: counts, means and sums of squares of parts, merged pairwise."""
    terms = terms_of(recipe)
    impute = {name: float(np.nanmin(column)) for name, column in pooled.columns.items()}
    parts = [terms.design(filled(site.columns, impute)) for site in spread(pooled, pooled.site)]
    count, mean, squares = (
        len(parts[0]),
        parts[0].mean(axis=0),
        parts[0].var(axis=0) * len(parts[0]),
    )
    for part in parts[1:]:
        apart, both = part.mean(axis=0) - mean, count + len(part)
        squares = squares + part.var(axis=0) * len(part) + apart**2 * count * len(part) / both
        mean = mean + apart * len(part) / both
        count = both
    pivot = parts[0][0]
    asked = Moments(impute, tuple(pivot.tolist()))
    each = [encoded(answer(asked, recipe, site, silent)) for site in spread(pooled, pooled.site)]
    found = scaled_by(decoded(total(each)), terms, pivot)
    assert found.means[terms.scaled] == pytest.approx(mean[terms.scaled], rel=1e-12)
    deviations = np.sqrt(squares / count)
    assert found.deviations[terms.scaled] == pytest.approx(deviations[terms.scaled], rel=1e-12)
    assert found.means == pytest.approx(scales(np.vstack(parts), terms.scaled)[0], rel=1e-12)


def test_the_first_step_is_that_of_a_round_at_zero(recipe: Recipe, pooled: Table) -> None:
    course = newton(recipe)
    sent = decoded(encoded(answer(next(course), recipe, pooled, silent)))
    moments = course.send(sent)
    assert isinstance(moments, Moments)
    total_ = answer(moments, recipe, pooled, silent)
    terms = terms_of(recipe)
    found = scaled_by(total_, terms, np.array(moments.pivot))
    nought = Newton(
        moments.impute, tuple(found.means), tuple(found.deviations), (0.0,) * (len(terms.names) + 1)
    )
    told = answer(nought, recipe, pooled, silent)
    assert found.start.loss == pytest.approx(told[0])
    assert found.start.gradient == pytest.approx(told[1 : len(terms.names) + 2], abs=1e-9)
    upper = found.start.hessian[np.triu_indices(len(terms.names) + 1)]
    assert upper == pytest.approx(told[len(terms.names) + 2 :], abs=1e-9)


def test_a_constant_term_and_an_input_nobody_knows_do_no_harm(
    recipe: Recipe, pooled: Table
) -> None:
    columns = {**pooled.columns}
    columns["sbp_mmhg"] = np.full(len(pooled.truth), 120.1)
    columns["total_cholesterol_mg_dl"] = np.full(len(pooled.truth), np.nan)
    flat = pooled.part(np.arange(len(pooled.truth)))
    flat.columns.update(columns)  # type: ignore[attr-defined]
    joint, _ = run(newton(recipe), recipe, spread(flat, flat.site))
    named = joint.named()
    assert named["sbp"] == pytest.approx(0, abs=1e-9)
    assert named["cholesterol"] == pytest.approx(0, abs=1e-9)


def test_separable_data_have_an_answer_by_the_penalty(recipe: Recipe, pooled: Table) -> None:
    split = pooled.part(np.arange(len(pooled.truth)))
    split.truth[:] = split.columns["age"] > 54
    joint, rounds = run(newton(recipe), recipe, spread(split, split.site))
    assert rounds <= 10
    assert joint.coefficients == pytest.approx(fit(recipe, split).estimator.coef_[0], abs=1e-8)


@pytest.mark.parametrize("outcome", [True, False])
def test_an_outcome_that_does_not_vary_is_told(
    outcome: bool, recipe: Recipe, pooled: Table
) -> None:
    same = pooled.part(np.flatnonzero(pooled.truth == outcome))
    with pytest.raises(FederatedError, match="does not vary"):
        run(newton(recipe), recipe, [same])


def test_averaging_comes_near(recipe: Recipe, pooled: Table) -> None:
    sites = spread(pooled, pooled.site)
    joint, rounds = run(averaging(recipe, rounds=60, steps=10), recipe, sites)
    exact, _ = run(newton(recipe), recipe, sites)
    assert rounds == 62
    assert 1e-4 < np.abs(joint.coefficients - exact.coefficients).max() < 0.5
    alone, _ = run(averaging(recipe, rounds=300, steps=20), recipe, [pooled])
    assert alone.coefficients == pytest.approx(exact.coefficients, abs=1e-3)


@pytest.mark.parametrize("wrong", ["impute", "means", "coefficients"])
def test_a_question_that_does_not_fit_is_refused(wrong: str, recipe: Recipe, pooled: Table) -> None:
    many = len(recipe.terms)
    told = {
        "impute": dict.fromkeys(recipe.inputs, 0.0),
        "means": (0.0,) * many,
        "deviations": (1.0,) * many,
        "coefficients": (0.0,) * (many + 1),
    }
    told[wrong] = {} if wrong == "impute" else (0.0,)
    with pytest.raises(FederatedError, match=r"recipe"):
        answer(Newton(**told), recipe, pooled, silent)  # type: ignore[arg-type]
