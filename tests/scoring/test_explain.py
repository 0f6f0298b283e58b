from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from scoring.cards import card
from scoring.engine import score
from scoring.explain import baseline, contributions, explained, score_row, shapley, what_if

if TYPE_CHECKING:
    from collections.abc import Callable

    from terminology.records import FeatureRow, Measurement

DAY = date(2026, 11, 25)
SMOKER: dict[str, Any] = {
    "age": 50, "sex": "male", "risk_region": "low", "sbp_mmhg": 140,
    "total_cholesterol_mmol_l": 5.5, "hdl_cholesterol_mmol_l": 1.3, "current_smoker": True,
}  # fmt: skip


def test_shapley_shares_a_product_evenly_and_adds_up() -> None:
    values, at_reference = {"a": 3.0, "b": 5.0, "c": 1.0}, {"a": 0.0, "b": 0.0, "c": 1.0}
    found = shapley(lambda a, b, c: (a * b * c,), ("a", "b", "c"), values, at_reference)
    assert found == {"a": 7.5, "b": 7.5}


def test_contributions_name_what_a_clinician_thinks_in() -> None:
    found = {item.input: item for item in explained(card("score2"), SMOKER)}
    smoking = found["current_smoker"]
    assert (smoking.label, smoking.value, smoking.unit) == ("current smoking", True, None)
    assert smoking.effect > 0 > found["age"].effect
    assert found["sbp_mmhg"].unit == "mm[Hg]"
    assert "sex" not in found
    assert "risk_region" not in found


def test_no_contributions_where_there_is_no_score() -> None:
    assert explained(card("score2"), {**SMOKER, "age": 20}) == ()
    inputs = score(
        card("fib4"), {"age": 50, "ast_u_l": 4, "alt_u_l": 4, "platelets_10e9_l": 9}
    ).inputs
    assert contributions(card("fib4"), inputs) == ()
    assert baseline(card("fib4"), inputs) == {}


def test_what_if_changes_one_input_and_keeps_the_rest() -> None:
    now = score(card("score2"), SMOKER)
    then = what_if(card("score2"), now.inputs, {"current_smoker": False})
    assert then.outputs["cvd_10y"] < now.outputs["cvd_10y"]
    assert then.inputs == {**now.inputs, "current_smoker": False}
    assert what_if(card("score2"), SMOKER, {"sbp_mmhg": None}).missing == ("sbp_mmhg",)
    assert what_if(card("score2"), SMOKER, {"age": 75}).reason == "age_above_max"


def test_a_row_is_scored_with_all_that_it_rests_on(a_row: Callable[..., FeatureRow]) -> None:
    found = score_row(card("score2"), a_row(), DAY)
    assert found.applicable
    assert found.inputs["age"] == 55
    assert found.inputs["risk_region"] == "moderate"
    assert [item.feature for item in found.basis] == [
        "systolic_bp",
        "total_cholesterol",
        "hdl_cholesterol",
        "smoking_status",
    ]
    assert "diabetes: not in the record, taken as no" in found.assumptions
    assert found.baseline["cvd_10y"] < found.outputs["cvd_10y"]
    assert found.facts is not None
    assert found.facts.id == "score2"


def test_a_row_without_an_input_tells_what_is_missing(a_row: Callable[..., FeatureRow]) -> None:
    found = score_row(card("score2"), a_row(without=("hdl_cholesterol",)), DAY)
    assert (found.reason, found.missing) == ("missing_input", ("hdl_cholesterol_mmol_l",))
    assert found.contributions == ()


@pytest.mark.parametrize("name", ["score2", "framingham_2008_lipid", "heart_core10"])
def test_the_unit_that_was_sent_changes_nothing(
    name: str,
    a_row: Callable[..., FeatureRow],
    a_measurement: Callable[..., Measurement],
) -> None:
    molar = a_row(a_measurement("total_cholesterol", 5.0, "mmol/L"), *exercise(a_measurement))
    mass = a_row(
        a_measurement("total_cholesterol", 5.0 * 38.665, "mg/dL"), *exercise(a_measurement)
    )
    one, other = (score_row(card(name), row, DAY).outputs for row in (molar, mass))
    assert one
    assert other == pytest.approx(one, rel=1e-12)


def exercise(a_measurement: Callable[..., Measurement]) -> tuple[Measurement, ...]:
    return (
        a_measurement("chest_pain_type", "asymptomatic"),
        a_measurement("max_heart_rate", 130.0, "/min"),
    )
