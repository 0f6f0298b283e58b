"""Best and worst cases: exact where a card allows them, nothing where it does not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scoring.applicability import inside
from scoring.cards import Card, CardError, card, load, parse
from scoring.engine import score
from scoring.interval import MOST, score_range
from terminology import analytes, units

SCORE2: dict[str, Any] = {
    "age": 50, "sex": "male", "risk_region": "low", "sbp_mmhg": 140,
    "total_cholesterol_mmol_l": 5.5, "hdl_cholesterol_mmol_l": 1.3, "current_smoker": True,
}  # fmt: skip
PREVENT: dict[str, Any] = {
    "age": 55, "sex": "male", "total_cholesterol_mmol_l": 5.0, "hdl_cholesterol_mmol_l": 1.3,
    "sbp_mmhg": 130, "bmi_kg_m2": 27, "egfr_ml_min_1_73m2": 90, "diabetes": False,
    "current_smoker": False, "bp_treated": False, "statin": False,
}  # fmt: skip
OPEN = [
    (model, name)
    for model in load().values()
    for name, what in model.inputs.items()
    if what.span is not None
]


def without(inputs: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in inputs.items() if name not in names}


def test_a_number_that_works_one_way_has_its_extremes_at_the_ends_bit_for_bit() -> None:
    found = score_range(card("score2"), without(SCORE2, "sbp_mmhg"))
    assert found is not None
    low, high = (
        score(card("score2"), {**SCORE2, "sbp_mmhg": end}).outputs["cvd_10y"] for end in (70, 220)
    )
    assert found.ranges == {"cvd_10y": (low, high)}
    assert (found.applicable, found.reason, found.missing) == (
        False,
        "missing_input",
        ("sbp_mmhg",),
    )
    assert found.outputs == {}
    (span,) = found.spans
    assert (span.input, span.low, span.high, span.unit) == ("sbp_mmhg", 70, 220, "mm[Hg]")
    assert "diabetes: not given, taken as no" in found.assumptions


def test_a_spline_has_its_lowest_point_at_the_knot() -> None:
    found = score_range(card("prevent_base"), without(PREVENT, "sbp_mmhg"))
    assert found is not None
    at_knot = score(card("prevent_base"), {**PREVENT, "sbp_mmhg": 110}).outputs
    for name, (low, _) in found.ranges.items():
        assert low == at_knot[name]


def test_a_square_has_its_lowest_point_within() -> None:
    inputs = {
        **SCORE2, "diabetes": True, "age_at_diabetes_diagnosis": 45, "hba1c_mmol_mol": 50,
    }  # fmt: skip
    found = score_range(card("score2_diabetes"), inputs)
    assert found is not None
    points = np.linspace(5, 140, 4001)
    values = [
        score(card("score2_diabetes"), {**inputs, "egfr_ml_min_1_73m2": float(point)})
        for point in points
    ]
    risks = [float(one.outputs["cvd_10y"]) for one in values]
    low, high = found.ranges["cvd_10y"]
    assert low <= min(risks) + 1e-12
    assert high == max(risks)


@pytest.mark.parametrize(
    ("model", "name"), OPEN, ids=[f"{model.id}-{name}" for model, name in OPEN]
)
def test_a_span_is_what_is_plausible_within_the_published_range(model: Card, name: str) -> None:
    what = model.inputs[name]
    assert what.span is not None
    assert model.models, "only regressions may be left open"
    assert all(inside(end, limits) for end in what.span for limits in (what.range, what.guard))
    if what.range is not None:
        assert what.span == what.range
        return
    analyte = analytes.load()[what.feature or ""]
    assert analyte.plausible is not None
    assert what.unit is not None
    for end, plausible in zip(what.span, analyte.plausible, strict=True):
        found = units.convert(float(plausible), analyte.canonical, what.unit, what.feature)
        assert end == pytest.approx(found.value, rel=0.02)


@pytest.mark.parametrize(
    "model", [m for m in load().values() if m.examples and m.models], ids=lambda model: model.id
)
@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_nothing_within_the_span_lies_outside_the_interval(model: Card, data: Any) -> None:
    spans = {name: what.span for name, what in model.inputs.items() if what.span is not None}
    if not spans:
        pytest.skip("the card leaves nothing open")
    inputs = dict(model.examples[0].inputs)
    names = data.draw(st.sets(st.sampled_from(sorted(spans)), min_size=1, max_size=MOST))
    found = score_range(model, without(inputs, *names))
    assert found is not None
    assert {span.input for span in found.spans} == names
    for _ in range(5):
        tried = {name: data.draw(st.floats(*spans[name])) for name in names}
        for name, value in score(model, {**inputs, **tried}).outputs.items():
            low, high = found.ranges[name]
            assert low - 1e-9 <= float(value) <= high + 1e-9


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        pytest.param("score2", SCORE2, id="nothing is missing"),
        pytest.param("score2", without(SCORE2, "age"), id="never the age"),
        pytest.param("score2", without(SCORE2, "sex"), id="never the sex"),
        pytest.param("score2", without(SCORE2, "current_smoker"), id="no number"),
        pytest.param("score2", without(SCORE2, "sbp_mmhg", "current_smoker"), id="and no number"),
        pytest.param(
            "score2",
            without(SCORE2, "sbp_mmhg", "total_cholesterol_mmol_l", "hdl_cholesterol_mmol_l"),
            id="three",
        ),
        pytest.param(
            "score2", without({**SCORE2, "prior_cvd": True}, "sbp_mmhg"), id="not for this person"
        ),
        pytest.param("score2", without({**SCORE2, "age": 39}, "sbp_mmhg"), id="too young"),
        pytest.param(
            "score2",
            without({**SCORE2, "hdl_cholesterol_mmol_l": 50}, "sbp_mmhg"),
            id="another value is out of range",
        ),
        pytest.param(
            "score2", without({**SCORE2, "hdl_cholesterol_mmol_l": "x"}, "sbp_mmhg"), id="no value"
        ),
        pytest.param(
            "kfre_4v",
            {"age": 60, "sex": "male", "egfr_ml_min_1_73m2": 35, "kfre_region": "other"},
            id="the card does not allow it",
        ),
        pytest.param("news2", {"age": 60, "sbp_mmhg": 120}, id="points"),
        pytest.param("qrisk3_2017", {}, id="no numbers at all"),
    ],
)
def test_no_interval(name: str, inputs: dict[str, Any]) -> None:
    assert score_range(card(name), inputs) is None


def test_a_category_only_where_all_of_it_lies_in_one_band() -> None:
    frail = {**SCORE2, "age": 69, "risk_region": "very_high"}
    found = score_range(card("score2"), without(frail, "hdl_cholesterol_mmol_l"))
    assert found is not None
    assert found.ranges["cvd_10y"][0] > 0.1
    assert (found.category, found.categories) == ("very_high", {"cvd_10y": "very_high"})
    wide = score_range(card("score2"), without(SCORE2, "sbp_mmhg"))
    assert wide is not None
    assert (wide.category, wide.categories) == (None, {})


def test_country_and_date_stand_in_as_for_a_score() -> None:
    from datetime import date

    inputs = without(SCORE2, "sbp_mmhg", "age", "risk_region") | {"birth_date": "1976-01-01"}
    found = score_range(card("score2"), inputs, country="FR", date=date(2026, 1, 1))
    assert found is not None
    assert found.ranges == score_range(card("score2"), without(SCORE2, "sbp_mmhg")).ranges  # type: ignore[union-attr]


TEXT = """
id = "x"
title = "x"
version = "1"
domain = "x"
runtime = "algebraic"
citation = ["x"]
licence = "x"
verified = "x"
setting = "x"
[inputs.y]
label = "y"
{lines}
[outputs.z]
kind = "value"
label = "z"
[values]
z = "y"
"""


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ('type = "number"\nspan = [5, 2]', "the wrong way round"),
        ('type = "number"\nspan = [0, 20]\nrange = [1, 10]', "reaches beyond"),
        ('type = "number"\nspan = [0, 20]\nrequired = false', "only for a required"),
        ('type = "number"\nspan = [0, 20]\nsource = "age"', "only for a required"),
        ('type = "integer"\nspan = [0, 20]', "only for a required"),
    ],
)
def test_a_span_that_cannot_be_is_an_error_of_the_card(lines: str, told: str) -> None:
    with pytest.raises(CardError, match=told):
        parse(TEXT.format(lines=lines), "x.toml")
