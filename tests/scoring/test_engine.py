from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from scoring.cards import card
from scoring.engine import completed_years, score

SCORE2: dict[str, Any] = {
    "age": 50, "sex": "male", "risk_region": "low", "sbp_mmhg": 140,
    "total_cholesterol_mmol_l": 5.5, "hdl_cholesterol_mmol_l": 1.3, "current_smoker": True,
}  # fmt: skip
NEWS2: dict[str, Any] = {
    "age": 60, "respiratory_rate_min": 18, "spo2_percent": 97, "supplemental_oxygen": False,
    "sbp_mmhg": 120, "heart_rate_min": 80, "consciousness": "A", "temperature_c": 37.0,
}  # fmt: skip
LIVER: dict[str, Any] = {"age": 50, "ast_u_l": 40, "alt_u_l": 40, "platelets_10e9_l": 200}
KIDNEY: dict[str, Any] = {
    "age": 60, "sex": "male", "egfr_ml_min_1_73m2": 35, "uacr_mg_g": 100, "kfre_region": "other",
}  # fmt: skip

REASONS = {
    "too young": ("score2", SCORE2, {"age": 39}, "age_below_min"),
    "a day too old": ("score2", SCORE2, {"age": 69.01}, "age_above_max"),
    "a negative age": ("score2", SCORE2, {"age": -50}, "age_below_min"),
    "an age that is no number": ("score2", SCORE2, {"age": float("nan")}, "age_not_finite"),
    "an endless age": ("score2", SCORE2, {"age": float("inf")}, "age_not_finite"),
    "an age beyond floats": ("score2", SCORE2, {"age": 10**400}, "age_not_finite"),
    "an age in a text": ("score2", SCORE2, {"age": "50"}, "age_not_a_number"),
    "an age that is a truth": ("score2", SCORE2, {"age": True}, "age_not_a_number"),
    "a list": ("score2", SCORE2, {"age": [50]}, "age_not_a_number"),
    "an unknown sex": ("score2", SCORE2, {"sex": "unknown"}, "sex_unknown"),
    "an unknown region": ("score2", SCORE2, {"risk_region": "atlantis"}, "risk_region_unknown"),
    "a region that is a number": ("score2", SCORE2, {"risk_region": 1}, "risk_region_unknown"),
    "smoking as a number": (
        "score2",
        SCORE2,
        {"current_smoker": 1},
        "current_smoker_not_a_truth_value",
    ),
    "mg/dL where mmol/L belongs": (
        "score2",
        SCORE2,
        {"total_cholesterol_mmol_l": 212},
        "total_cholesterol_out_of_range",
    ),
    "kPa where mmHg belongs": ("score2", SCORE2, {"sbp_mmhg": 18.7}, "sbp_out_of_range"),
    "a missing number": ("score2", SCORE2, {"sbp_mmhg": None}, "missing_input"),
    "diabetes": ("score2", SCORE2, {"diabetes": True}, "diabetes_use_score2_diabetes"),
    "known disease": ("score2", SCORE2, {"prior_cvd": True}, "known_cvd"),
    "age before what is missing": (
        "score2",
        SCORE2,
        {"age": 30, "sbp_mmhg": None},
        "age_below_min",
    ),
    "a condition before what is missing": (
        "score2",
        SCORE2,
        {"diabetes": True, "sbp_mmhg": None},
        "diabetes_use_score2_diabetes",
    ),
    "one parameter of seven": ("news2", NEWS2, {"temperature_c": None}, "missing_input"),
    "oxygen that nobody wrote down": (
        "news2",
        NEWS2,
        {"supplemental_oxygen": None},
        "missing_input",
    ),
    "a scale that there is not": ("news2", NEWS2, {"spo2_scale": 3}, "spo2_scale_out_of_range"),
    "half a scale": ("news2", NEWS2, {"spo2_scale": 1.5}, "spo2_scale_not_a_whole_number"),
    "Fahrenheit": ("news2", NEWS2, {"temperature_c": 98.6}, "temperature_out_of_range"),
    "a child": ("news2", NEWS2, {"age": 15}, "age_below_min"),
    "pregnancy": ("news2", NEWS2, {"pregnancy": True}, "pregnancy"),
    "no albumin at all": ("kfre_4v", KIDNEY, {"uacr_mg_g": 0}, "uacr_not_positive"),
    "kidneys too good": ("kfre_4v", KIDNEY, {"egfr_ml_min_1_73m2": 60}, "egfr_out_of_range"),
    "a division by zero": ("fib4", LIVER, {"alt_u_l": 0}, "alt_not_positive"),
    "platelets per microlitre": (
        "fib4",
        LIVER,
        {"platelets_10e9_l": 200_000},
        "platelets_out_of_range",
    ),
    "a child, though age is no input": (
        "bmi_class",
        {"bmi_kg_m2": 20},
        {"age": 12},
        "age_below_min",
    ),
    "numbers under licence": ("qrisk3_2017", {}, {}, "licence_numbers_withheld"),
}


@pytest.mark.parametrize(("name", "inputs", "change", "reason"), REASONS.values(), ids=REASONS)
def test_reason_and_no_number(
    name: str, inputs: dict[str, Any], change: dict[str, Any], reason: str
) -> None:
    found = score(card(name), {**inputs, **change})
    assert (found.applicable, found.reason, found.outputs) == (False, reason, {})


def test_what_is_missing_is_named_in_order() -> None:
    found = score(card("score2"), {"age": 50, "sex": "male", "current_smoker": False})
    assert found.missing == (
        "risk_region",
        "sbp_mmhg",
        "total_cholesterol_mmol_l",
        "hdl_cholesterol_mmol_l",
    )


def test_the_country_gives_the_region_unless_the_inputs_do() -> None:
    asked = {key: value for key, value in SCORE2.items() if key != "risk_region"}
    assert score(card("score2"), asked, country="FI").inputs["risk_region"] == "moderate"
    assert score(card("score2"), SCORE2, country="BG").inputs["risk_region"] == "low"
    assert score(card("score2"), asked, country="MC").reason == "country_without_risk_region"
    assert score(card("score2"), asked).missing == ("risk_region",)


def test_a_birth_date_gives_the_age_in_completed_years() -> None:
    asked = {**SCORE2, "age": None, "birth_date": "1976-03-02"}
    assert score(card("score2"), asked, date=date(2026, 3, 1)).inputs["age"] == 49
    assert score(card("score2"), asked, date=date(2026, 3, 2)).inputs["age"] == 50
    assert score(card("score2"), {**asked, "birth_date": "?"}, date=date(2026, 3, 2)).missing


@pytest.mark.parametrize(
    ("born", "on", "age"),
    [
        ("2000-02-29", date(2026, 2, 28), 25),
        ("2000-02-29", date(2026, 3, 1), 26),
        ("1980-05-12", date(2026, 5, 12), 46),
        ("1980", date(2026, 5, 12), None),
    ],
)
def test_completed_years(born: str, on: date, age: int | None) -> None:
    assert completed_years(born, on) == age


def test_defaults_are_said() -> None:
    found = score(card("score2"), SCORE2)
    assert "diabetes: not given, taken as no" in found.assumptions
    assert "known cardiovascular disease: not given, taken as no" in found.assumptions


@pytest.mark.parametrize(
    ("name", "inputs", "category"),
    [
        pytest.param(
            "score2", {**SCORE2, "age": 49}, "high", id="below fifty the limits are lower"
        ),
        pytest.param("news2", NEWS2, "low", id="nothing scores"),
        pytest.param(
            "news2", {**NEWS2, "sbp_mmhg": 85}, "low_medium", id="one parameter scores three"
        ),
        pytest.param(
            "news2", {**NEWS2, "sbp_mmhg": 85, "heart_rate_min": 120}, "medium", id="five"
        ),
        pytest.param(
            "news2",
            {**NEWS2, "sbp_mmhg": 85, "heart_rate_min": 140, "temperature_c": 39.5},
            "high",
            id="seven and more",
        ),
        pytest.param(
            "kdigo_ga", {"egfr_ml_min_1_73m2": 50, "uacr_mg_g": 300}, "high", id="G3a, A2"
        ),
        pytest.param(
            "bmi_class", {"bmi_kg_m2": 27.5, "bmi_reference": "asian"}, "high_risk", id="Asia"
        ),
    ],
)
def test_category(name: str, inputs: dict[str, Any], category: str) -> None:
    assert score(card(name), inputs).category == category


@pytest.mark.parametrize(
    ("change", "points"),
    [
        pytest.param({"heart_rate_min": 90.4}, 0, id="a rate is rounded to a whole number"),
        pytest.param({"heart_rate_min": 90.5}, 1, id="halves go up"),
        pytest.param({"sbp_mmhg": 219.6}, 3, id="no gap between the steps"),
        pytest.param({"temperature_c": 35.04}, 3, id="a temperature is rounded to a tenth"),
        pytest.param({"temperature_c": 35.05}, 1, id="tenths go up"),
        pytest.param({"temperature_c": 38.05}, 1, id="as the digits say, not as binary holds them"),
        pytest.param(
            {"spo2_percent": 97, "supplemental_oxygen": True}, 2, id="scale 1 with oxygen"
        ),
        pytest.param(
            {"spo2_scale": 2, "spo2_percent": 97, "supplemental_oxygen": True},
            5,
            id="scale 2 with oxygen",
        ),
        pytest.param({"spo2_scale": 2, "spo2_percent": 97}, 0, id="scale 2 on air"),
    ],
)
def test_rounding_before_points(change: dict[str, Any], points: int) -> None:
    assert score(card("news2"), {**NEWS2, **change}).outputs["points"] == points


def test_thirty_years_only_while_young_enough() -> None:
    inputs = {
        "age": 60, "sex": "male", "total_cholesterol_mmol_l": 5.0, "hdl_cholesterol_mmol_l": 1.3,
        "sbp_mmhg": 130, "bmi_kg_m2": 27, "egfr_ml_min_1_73m2": 90, "diabetes": False,
        "current_smoker": False, "bp_treated": False, "statin": False,
    }  # fmt: skip
    ten = {"total_cvd_10y", "ascvd_10y", "heart_failure_10y"}
    assert set(score(card("prevent_base"), inputs).outputs) == ten
    younger = score(card("prevent_base"), {**inputs, "age": 59}).outputs
    assert set(younger) == ten | {"total_cvd_30y", "ascvd_30y", "heart_failure_30y"}
