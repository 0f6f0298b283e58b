from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from scoring.choose import choose, choose_for_inputs

if TYPE_CHECKING:
    from collections.abc import Callable

    from terminology.records import FeatureRow, Measurement

DAY = date(2026, 11, 25)
US = {
    "bmi": (27.0, "kg/m2"),
    "egfr": (88.0, "mL/min/{1.73_m2}"),
}


def ids(row: FeatureRow) -> list[str]:
    return [choice.card.id for choice in choose(row, DAY)]


@pytest.mark.parametrize(
    ("told", "without", "card", "reason"),
    [
        pytest.param({}, (), "score2", None, id="Finland"),
        pytest.param({"birth": "1950-01-01"}, (), "score2_op", None, id="an old person"),
        pytest.param(
            {}, ("hdl_cholesterol",), "who_cvd_2019_lab", None, id="no HDL: the next that applies"
        ),
        pytest.param({"country": "GB"}, (), "score2", None, id="a licensed score is passed over"),
        pytest.param({"country": "TH"}, (), "thai_cv_risk", None, id="Thailand"),
        pytest.param({"country": "KE"}, (), "who_cvd_2019_lab", None, id="the default"),
        pytest.param({"country": "US"}, (), "framingham_2008_lipid", None, id="US without BMI"),
        pytest.param(
            {"country": "US"},
            ("systolic_bp",),
            "prevent_base",
            "missing_input",
            id="US, no pressure",
        ),
        pytest.param({"country": "CA"}, (), "framingham_2008_lipid", None, id="Canada"),
        pytest.param(
            {"birth": "1996-01-01"}, (), "score2", "age_below_min", id="too young everywhere"
        ),
        pytest.param({"country": None}, (), "who_cvd_2019_lab", "missing_input", id="no country"),
        pytest.param(
            {"country": "HK"}, (), "who_cvd_2019_lab", "country_without_who_region", id="no region"
        ),
    ],
)
def test_prevention_card(
    told: dict[str, Any],
    without: tuple[str, ...],
    card: str,
    reason: str | None,
    a_row: Callable[..., FeatureRow],
) -> None:
    first = choose(a_row(without=without, **told), DAY)[0]
    assert (first.card.id, first.reason, first.context) == (card, reason, "prevention")
    assert first.why


def test_the_non_laboratory_model_only_without_cholesterol(
    a_row: Callable[..., FeatureRow], a_measurement: Callable[..., Measurement]
) -> None:
    bmi = a_measurement("bmi", 27.0, "kg/m2")
    without = a_row(bmi, without=("total_cholesterol",), country="KE")
    assert ids(without) == ["who_cvd_2019_nonlab"]
    absurd = a_row(bmi, a_measurement("total_cholesterol", 29.0, "mmol/L"), country="KE")
    first = choose(absurd, DAY)[0]
    assert (first.card.id, first.reason) == ("who_cvd_2019_lab", "total_cholesterol_out_of_range")


def test_a_condition_is_told_before_an_age(
    a_row: Callable[..., FeatureRow], a_measurement: Callable[..., Measurement]
) -> None:
    first = choose(a_row(a_measurement("prior_cvd", True)), DAY)[0]
    assert first.reason == "known_cvd"


def test_diabetes_leads_to_its_own_card(
    a_row: Callable[..., FeatureRow], a_measurement: Callable[..., Measurement]
) -> None:
    ill = a_measurement("diabetes", True)
    complete = a_row(
        ill,
        a_measurement("hba1c", 7.0, "%"),
        a_measurement("egfr", 80.0, "mL/min/{1.73_m2}"),
        a_measurement("age_at_diabetes_diagnosis", 48.0, "a"),
    )
    assert ids(complete)[0] == "score2_diabetes"
    assert ids(a_row(ill))[0] == "who_cvd_2019_lab"


def test_why_says_what_one_more_input_would_change(a_row: Callable[..., FeatureRow]) -> None:
    first = choose(a_row(without=("hdl_cholesterol",)), DAY)[0]
    assert "SCORE2 does not apply (missing_input)" in first.why
    assert "with HDL cholesterol SCORE2 would be used" in first.why


def test_united_states(
    a_row: Callable[..., FeatureRow], a_measurement: Callable[..., Measurement]
) -> None:
    more = [a_measurement(name, value, unit) for name, (value, unit) in US.items()]
    assert ids(a_row(*more, country="US")) == ["prevent_base"]


def test_contexts_add_their_cards(
    a_row: Callable[..., FeatureRow], a_measurement: Callable[..., Measurement]
) -> None:
    vitals = [
        a_measurement("respiratory_rate", 18.0, "/min"),
        a_measurement("spo2", 96.0, "%"),
        a_measurement("heart_rate", 80.0, "/min"),
        a_measurement("body_temperature", 37.0, "Cel"),
        a_measurement("consciousness_acvpu", "A"),
        a_measurement("supplemental_oxygen", False),
    ]
    assert ids(a_row(*vitals)) == ["score2", "news2"]
    assert ids(a_row(*vitals[:-1])) == ["score2"]
    liver = [
        a_measurement("ast", 40.0, "U/L"),
        a_measurement("alt", 40.0, "U/L"),
        a_measurement("platelets", 200.0, "10*9/L"),
    ]
    assert ids(a_row(*liver)) == ["score2", "fib4"]
    heart = [
        a_measurement("chest_pain_type", "asymptomatic"),
        a_measurement("max_heart_rate", 120.0, "/min"),
    ]
    assert ids(a_row(*heart)) == ["score2", "heart_core10"]
    rhythm = a_measurement("atrial_fibrillation", True)
    assert ids(a_row(rhythm))[1:] == ["cha2ds2_va"]
    assert ids(a_row(rhythm, country="US"))[1:] == ["cha2ds2_vasc"]
    assert ids(a_row(a_measurement("atrial_fibrillation", False))) == ["score2"]


@pytest.mark.parametrize(("egfr", "card"), [(45.0, "kfre_4v"), (75.0, "kdigo_ga")])
def test_kidneys(
    egfr: float,
    card: str,
    a_row: Callable[..., FeatureRow],
    a_measurement: Callable[..., Measurement],
) -> None:
    row = a_row(
        a_measurement("egfr", egfr, "mL/min/{1.73_m2}"), a_measurement("urine_acr", 100.0, "mg/g")
    )
    assert ids(row)[1:] == [card]


def test_cards_that_are_asked_for_come_as_asked(a_row: Callable[..., FeatureRow]) -> None:
    asked = choose(a_row(), DAY, ("news2", "score2", "auto"))
    assert [choice.card.id for choice in asked] == ["news2", "score2"]
    with pytest.raises(ValueError, match="no card 'x'"):
        choose(a_row(), DAY, ("x",))


def test_plain_inputs_choose_by_the_same_policy() -> None:
    inputs = {
        "birth_date": "1971-02-03", "sex": "male", "sbp_mmhg": 140, "current_smoker": False,
        "total_cholesterol_mmol_l": 5.5, "hdl_cholesterol_mmol_l": 1.3,
    }  # fmt: skip
    first = choose_for_inputs(inputs, "FI", DAY)[0]
    assert (first.card.id, first.reason) == ("score2", None)
    assert choose_for_inputs({}, None)[0].reason == "missing_input"
    assert choose_for_inputs({"age": float("nan")}, "FI")[0].reason is not None
