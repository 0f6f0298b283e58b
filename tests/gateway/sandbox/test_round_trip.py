"""What was drawn comes back: written in the country's words, mapped again, within 0.1 %.

The units are checked against factors written down here, so that a wrong factor in the terminology,
which both ways use, does not pass.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gateway.sandbox.dialects import load
from gateway.sandbox.people import cohort
from mappers import countries
from mappers.document import Context, map_resources
from tests import roundtrip

if TYPE_CHECKING:
    from datetime import datetime


PEOPLE = 25
"""Some 700 resources of each country and version."""
FACTORS = {
    "mm[Hg]": 1,
    "/min": 1,
    "%": 1,
    "cm": 1,
    "[in_i]": 2.54,
    "kg": 1,
    "g": 0.001,
    "[lb_av]": 0.45359237,
    "kg/m2": 1,
    "mmol/L": 1,
    "umol/L": 1,
    "mL/min/{1.73_m2}": 1,
    "mm": 1,
    "L/min": 1,
}
TEXTS = {
    "mmHg": "mm[Hg]",
    "°C": "Cel",
    "µmol/L": "umol/L",
    "kg/m²": "kg/m2",
    "mL/min/1.73m2": "mL/min/{1.73_m2}",
    "mg/dl": "mg/dL",
}
"""What some countries send without a code."""
MASS = {
    "total_cholesterol": 1 / 38.665,
    "hdl_cholesterol": 1 / 38.665,
    "ldl_cholesterol": 1 / 38.665,
    "triglycerides": 1 / 88.54,
    "glucose_fasting": 1 / 18.0156,
    "creatinine": 88.402,
}
"""mg/dL to the canonical unit: molar masses 386.65, 885.4, 180.156 and 113.12 g/mol."""


@pytest.mark.parametrize(("country", "version"), roundtrip.EVERY)
def test_what_was_drawn_comes_back_and_nothing_else(country: str, version: str) -> None:
    back = roundtrip.there_and_back(country, version, PEOPLE)
    assert len(back.made.drawn) > 300
    assert list(roundtrip.faults(back)) == []


def test_what_does_not_come_back_is_told() -> None:
    made, found, refused = roundtrip.there_and_back("FI", "R4", 5)
    (key, one), *_ = found.items()
    wrong = replace(one, value=f"{one.value}0" if isinstance(one.value, str) else one.value * 1.01)
    assert list(roundtrip.faults(roundtrip.Back(made, found, refused))) == []
    assert len(list(roundtrip.faults(roundtrip.Back(made, found | {key: wrong}, refused)))) == 1
    other = found | {("Observation/x", key[1]): one}
    assert len(list(roundtrip.faults(roundtrip.Back(made, other, refused)))) == 1
    lost = list(roundtrip.faults(roundtrip.Back(made, {}, defaultdict(set))))
    assert len(lost) == len(made.drawn)


@pytest.mark.parametrize("country", list(countries.load()))
def test_numbers_are_what_the_factors_say(country: str, now: datetime) -> None:
    made = cohort(load(country), 15, 13, now, flaws=False)
    by_place = {f"{r['resourceType']}/{r['id']}": r for r in made.resources}
    for drawn in made.drawn:
        resource = by_place[drawn.resource]
        sent = resource.get("valueQuantity")
        if sent is None or isinstance(drawn.value, str):
            continue
        unit = sent.get("code") or TEXTS.get(sent["unit"], sent["unit"])
        assert canonical(drawn.feature, unit, float(sent["value"])) == pytest.approx(
            drawn.value, rel=1e-3
        ), (drawn, sent)


def canonical(feature: str, unit: str, value: float) -> float:
    if unit == "[degF]":
        return (value - 32) / 1.8
    if feature == "hba1c" and unit == "mmol/mol":
        return 0.09148 * value + 2.152
    if unit == "Cel":
        return value
    return value * (MASS[feature] if unit == "mg/dL" else FACTORS[unit])


@pytest.mark.parametrize("country", list(countries.load()))
def test_people_come_back_as_they_are(country: str, now: datetime) -> None:
    made = cohort(load(country), 15, 14, now)
    mapped = map_resources(made.resources, Context(country=country))
    found = {person.reference: person for person in mapped.people}
    for human in made.humans:
        person = found[f"Patient/{human.id}"]
        assert person.sex == human.patient.get("gender")
        assert person.birth == human.patient["birthDate"]
        assert len(person.identifiers) == len(countries.load()[country].identifiers)
    assert [one for one in mapped.findings if one.reason == "identifier-mismatch"] == []
