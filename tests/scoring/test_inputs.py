from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from scoring.cards import card
from scoring.explain import score_row
from scoring.inputs import inputs_for, instant

if TYPE_CHECKING:
    from collections.abc import Callable

    from terminology.records import FeatureRow, Measurement

Rows = "Callable[..., FeatureRow]"
DAY = date(2026, 11, 25)
WARD = {
    "respiratory_rate": (22.0, "/min"),
    "spo2": (95.0, "%"),
    "systolic_bp": (119.6, "mm[Hg]"),
    "heart_rate": (90.0, "/min"),
    "body_temperature": (37.2, "Cel"),
    "consciousness_acvpu": ("A", None),
    "supplemental_oxygen": (0.0, "L/min"),
}


@pytest.mark.parametrize(
    ("birth", "age", "said"),
    [
        pytest.param("1971-11-25", 55, False, id="the birthday"),
        pytest.param("1971-11-26", 54, False, id="the day before"),
        pytest.param("1971-12", 54, True, id="a month counts from its middle"),
        pytest.param("1971", 55, True, id="a year from its middle"),
        pytest.param("", None, False, id="unknown"),
        pytest.param("about 1971", None, False, id="no date"),
    ],
)
def test_age(birth: str, age: int | None, said: bool, a_row: Callable[..., FeatureRow]) -> None:
    found = inputs_for(card("score2"), a_row(birth=birth), DAY)
    assert found.values.get("age") == age
    assert any(text.startswith("age:") for text in found.assumptions) is said


@pytest.mark.parametrize("sex", ["other", "unknown", None])
def test_a_sex_that_the_score_does_not_know_is_missing(
    sex: str | None, a_row: Callable[..., FeatureRow]
) -> None:
    assert score_row(card("score2"), a_row(sex=sex), DAY).missing == ("sex",)


@pytest.mark.parametrize(
    ("answer", "smoker"),
    [
        ("current", True),
        ("current_some_days", True),
        ("former", False),
        ("never", False),
        ("unknown", None),
    ],
)
def test_smoking(
    answer: str,
    smoker: bool | None,
    a_row: Callable[..., FeatureRow],
    a_measurement: Callable[..., Measurement],
) -> None:
    found = inputs_for(card("score2"), a_row(a_measurement("smoking_status", answer)), DAY)
    assert found.values.get("current_smoker") is smoker
    assert [item.reason for item in found.findings] == (
        [] if smoker is not None else ["value-type"]
    )


def test_a_bounded_value_never_enters(
    a_row: Callable[..., FeatureRow], a_measurement: Callable[..., Measurement]
) -> None:
    row = a_row(a_measurement("hdl_cholesterol", 0.5, "mmol/L", comparator="<"))
    found = score_row(card("score2"), row, DAY)
    assert found.missing == ("hdl_cholesterol_mmol_l",)
    assert [(item.feature, item.reason) for item in found.findings] == [
        ("hdl_cholesterol", "comparator")
    ]


def test_too_old_is_missing_and_told_old_is_used_and_told(
    a_row: Callable[..., FeatureRow], a_measurement: Callable[..., Measurement]
) -> None:
    ancient = a_measurement("systolic_bp", 140.0, "mm[Hg]", effective="2016-01-01")
    found = score_row(card("score2"), a_row(ancient), DAY)
    assert (found.reason, [item.reason for item in found.findings]) == (
        "missing_input",
        ["too-old"],
    )
    aged = a_measurement("systolic_bp", 140.0, "mm[Hg]", effective="2020-06-01")
    found = score_row(card("score2"), a_row(aged), DAY)
    assert found.applicable
    assert "systolic blood pressure: the newest value is of 2020-06-01" in found.assumptions


def test_known_absence_counts_and_silence_is_told(
    a_row: Callable[..., FeatureRow], a_measurement: Callable[..., Measurement]
) -> None:
    told = score_row(card("score2"), a_row(a_measurement("diabetes", False)), DAY)
    assert told.basis[-1].feature == "diabetes"
    assert not any(text.startswith("diabetes") for text in told.assumptions)
    ill = score_row(card("score2"), a_row(a_measurement("diabetes", True)), DAY)
    assert ill.reason == "diabetes_use_score2_diabetes"
    known = score_row(card("score2"), a_row(a_measurement("prior_cvd", True)), DAY)
    assert known.reason == "known_cvd"


def test_silence_about_diabetes_is_not_diabetes(a_row: Callable[..., FeatureRow]) -> None:
    assert score_row(card("score2_diabetes"), a_row(), DAY).reason == "no_diabetes_use_score2"


def test_a_ratio_takes_both_in_one_unit(
    a_row: Callable[..., FeatureRow], a_measurement: Callable[..., Measurement]
) -> None:
    row = a_row(a_measurement("hdl_cholesterol", 1.25 * 38.665, "mg/dL"))
    found = inputs_for(card("nz_predict_2018"), row, DAY)
    assert found.values["tc_hdl_ratio"] == pytest.approx(4.4)
    assert {item.feature for item in found.basis} >= {"total_cholesterol", "hdl_cholesterol"}
    assert found.values["ex_smoker"] is False


def ward(
    a_row: Callable[..., FeatureRow],
    a_measurement: Callable[..., Measurement],
    **changed: Measurement,
) -> FeatureRow:
    vitals = {
        name: a_measurement(name, value, unit, effective="2026-11-24T08:00:00Z")
        for name, (value, unit) in WARD.items()
    }
    return a_row(*(vitals | changed).values())


def test_a_ward_score_is_about_its_moment(
    a_row: Callable[..., FeatureRow], a_measurement: Callable[..., Measurement]
) -> None:
    found = score_row(card("news2"), ward(a_row, a_measurement), DAY)
    assert found.outputs == {"points": 3}
    assert found.inputs["sbp_mmhg"] == 120
    assert found.inputs["supplemental_oxygen"] is False
    assert found.effective == "2026-11-24T08:00:00Z"


def test_vitals_of_another_day_do_not_mix(
    a_row: Callable[..., FeatureRow], a_measurement: Callable[..., Measurement]
) -> None:
    old = a_measurement("spo2", 95.0, "%", effective="2026-11-22T08:00:00Z")
    found = score_row(card("news2"), ward(a_row, a_measurement, spo2=old), DAY)
    assert (found.missing, [item.reason for item in found.findings]) == (
        ("spo2_percent",),
        ["too-old"],
    )


def test_oxygen_is_given_when_it_flows(
    a_row: Callable[..., FeatureRow], a_measurement: Callable[..., Measurement]
) -> None:
    for value, unit, given in ((2.0, "L/min", True), (True, None, True), (False, None, False)):
        oxygen = a_measurement("supplemental_oxygen", value, unit, effective="2026-11-24T08:00:00Z")
        row = ward(a_row, a_measurement, supplemental_oxygen=oxygen)
        assert inputs_for(card("news2"), row, DAY).values["supplemental_oxygen"] is given


def test_fasting_glucose_is_compared_in_its_own_unit(
    a_row: Callable[..., FeatureRow], a_measurement: Callable[..., Measurement]
) -> None:
    for value, above in ((6.6, False), (6.7, True)):
        row = a_row(a_measurement("glucose_fasting", value, "mmol/L"))
        found = inputs_for(card("heart_core10"), row, DAY)
        assert found.values["fasting_glucose_above_120"] is above


def test_a_unit_that_does_not_fit_is_told(
    a_row: Callable[..., FeatureRow], a_measurement: Callable[..., Measurement]
) -> None:
    row = a_row(a_measurement("hdl_cholesterol", 50.0, "kg"))
    found = inputs_for(card("score2"), row, DAY)
    assert "hdl_cholesterol_mmol_l" not in found.values
    assert [item.reason for item in found.findings] == ["unit-incompatible"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024", "2024-12-31T23:59:59+00:00"),
        ("2024-02", "2024-02-29T23:59:59+00:00"),
        ("2024-02-03", "2024-02-03T23:59:59+00:00"),
        ("2024-02-03T10:00:00+02:00", "2024-02-03T08:00:00+00:00"),
        ("2024-02-03T10:00:00", "2024-02-03T10:00:00+00:00"),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999", None),
        ("2024-13", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_the_last_moment_a_date_can_mean(text: str | None, expected: str | None) -> None:
    found = instant(text)
    assert (found.isoformat() if found else None) == expected
