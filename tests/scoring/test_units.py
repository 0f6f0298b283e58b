"""The same patient in other units is the same patient, to the last digit, at limits too."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from scoring.applicability import inside
from scoring.cards import Card, Input, load
from scoring.explain import score_row
from scoring.inputs import feature_of, inputs_for
from terminology import analytes, units
from terminology.records import FeatureRow, Measurement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DAY = date(2026, 11, 25)
CARDS = sorted(
    (card for card in load().values() if card.runtime != "withheld"), key=lambda card: card.id
)


def values_of(name: str, given: Input) -> list[float]:
    """Round values that the input may have, its limits among them."""
    low, high = given.range or given.span or given.guard or (1, 100)
    ends = [end for end in (low, high) if end is not None]
    analyte = analytes.load()[feature_of(name, given)]
    assert analyte.plausible is not None
    assert given.unit is not None
    limits = [
        units.convert(float(end), analyte.canonical, given.unit, analyte.key).value
        for end in analyte.plausible
    ]
    within = [end for end in ends if limits[0] <= end <= limits[1]]  # type: ignore[operator]
    middle = sum(limits) / 2  # type: ignore[arg-type]
    return [*within, *(round(middle * part, 1) for part in (0.5, 0.8, 1.0))]


def kept(name: str, given: Input, value: float, unit: str) -> Measurement:
    """What the mapper keeps of a value in some unit: the canonical one."""
    analyte = analytes.load()[feature_of(name, given)]
    found = units.canonical(analyte.key, value, unit)
    assert found.value is not None, found
    return Measurement(
        feature=analyte.key, value=found.value, unit=analyte.canonical, at="Observation",
        resource=f"Observation/{analyte.key}", effective="2026-11-25T08:00:00Z",
    )  # fmt: skip


def measured(card: Card) -> Iterator[tuple[str, Input]]:
    """The inputs that are a measured quantity of a feature."""
    for name, given in card.inputs.items():
        known = analytes.load().get(feature_of(name, given))
        if given.type == "number" and given.unit and not given.source and known and not given.ratio:
            yield name, given


CASES = [(card, name) for card in CARDS for name, _ in measured(card)]


@pytest.mark.parametrize(("card", "name"), CASES, ids=[f"{card.id}-{name}" for card, name in CASES])
def test_a_value_in_any_unit_enters_as_the_same_number(card: Card, name: str) -> None:
    given = card.inputs[name]
    assert given.unit is not None
    analyte = analytes.load()[feature_of(name, given)]
    for value in values_of(name, given):
        entered = set()
        for unit in {one.unit for one in analyte.accepted}:
            there = units.convert(value, given.unit, unit, analyte.key).value
            if there is None:  # a text that stands for a unit, not one itself
                continue
            row = FeatureRow("Patient/p", features={analyte.key: kept(name, given, there, unit)})
            entered.add(inputs_for(card, row, DAY).values.get(name))
        if given.unit == analyte.canonical:
            assert all(number == pytest.approx(value, rel=1e-15) for number in entered)
        else:
            assert entered == {value}


def test_the_same_patient_in_mg_dl_and_mmol_l_has_the_same_scores(
    a_row: Callable[..., FeatureRow],
) -> None:
    more = {"bmi": (27, "kg/m2"), "egfr": (88, "mL/min/{1.73_m2}"), "triglycerides": (150, "mg/dL"),
            "glucose_fasting": (100, "mg/dL"), "total_cholesterol": (213, "mg/dL"),
            "hdl_cholesterol": (50, "mg/dL"), "creatinine": (1.1, "mg/dL"),
            "bilirubin_total": (1.2, "mg/dL"), "albumin": (3.1, "g/dL"), "hba1c": (7.0, "%"),
            "urine_acr": (100, "mg/g"), "waist_circumference": (95, "cm"),
            "diastolic_bp": (82, "mm[Hg]"), "systolic_bp": (141, "mm[Hg]")}  # fmt: skip
    other = {"triglycerides": "mmol/L", "glucose_fasting": "mmol/L", "total_cholesterol": "mmol/L",
             "hdl_cholesterol": "mmol/L", "creatinine": "umol/L", "bilirubin_total": "umol/L",
             "albumin": "g/L", "hba1c": "mmol/mol", "urine_acr": "mg/mmol",
             "waist_circumference": "m", "diastolic_bp": "kPa", "systolic_bp": "kPa"}  # fmt: skip
    one, two = a_row(country="US"), a_row(country="US")
    rows = [dict(one.features), dict(two.features)]
    for feature, (value, unit) in more.items():
        there = units.convert(value, unit, other.get(feature, unit), feature).value
        assert there is not None
        for row, (number, its) in zip(
            rows, ((value, unit), (there, other.get(feature, unit))), strict=True
        ):
            row[feature] = kept(feature, Input("number", feature), number, its)
    told: dict[str, list[Any]] = {}
    for features in rows:
        for card in CARDS:
            found = score_row(card, replace(one, features=features), DAY)
            told.setdefault(card.id, []).append((dict(found.outputs), found.category, found.reason))
    assert sum(bool(first[0]) for first, _ in told.values()) >= 8
    for name, (first, second) in told.items():
        assert first[1:] == second[1:], name
        assert first[0].keys() == second[0].keys()
        for output, value in first[0].items():
            same = value if isinstance(value, str) else pytest.approx(value, rel=1e-13)
            assert second[0][output] == same, (name, output)


@pytest.mark.parametrize(
    ("name", "feature", "value", "fits"),
    [
        ("prevent_base", "hdl_cholesterol", 20, True),
        ("prevent_base", "hdl_cholesterol", 19, False),
        ("prevent_base", "hdl_cholesterol", 100, True),
        ("prevent_base", "total_cholesterol", 130, True),
        ("prevent_base", "total_cholesterol", 320, True),
        ("prevent_base", "total_cholesterol", 129, False),
        ("prevent_base", "total_cholesterol", 321, False),
        ("pce_2013", "hdl_cholesterol", 20, True),
        ("pce_2013", "hdl_cholesterol", 100, True),
        ("pce_2013", "total_cholesterol", 130, True),
        ("pce_2013", "total_cholesterol", 320, True),
        ("pce_2013", "total_cholesterol", 321, False),
    ],
)
def test_published_limits_hold_in_the_mg_dl_they_were_published_in(
    name: str, feature: str, value: float, fits: bool
) -> None:
    card = load()[name]
    place, given = next(pair for pair in measured(card) if pair[1].feature == feature)
    row = FeatureRow("Patient/p", features={feature: kept(feature, given, value, "mg/dL")})
    assert inside(float(inputs_for(card, row, DAY).values[place]), given.range) is fits
