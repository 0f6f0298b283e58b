"""What was drawn comes back: written in the country's words, mapped again, within 0.1 %.

The units are checked against factors written down here, so that a wrong factor in the terminology,
which both ways use, does not pass.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING

import pytest

from gateway.sandbox.dialects import load
from gateway.sandbox.people import cohort
from mappers import countries
from mappers.document import Context, map_resources
from terminology import analytes

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.sandbox.people import Cohort
    from mappers.document import Mapped
    from terminology.records import Measurement, Value

EVERY = [(code, version) for code, one in countries.load().items() for version in one.fhir_versions]
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


@pytest.mark.parametrize(("country", "version"), EVERY)
def test_every_drawn_value_comes_back(country: str, version: str, now: datetime) -> None:
    made, found, refused = there_and_back(country, version, now)
    for drawn in made.drawn:
        key = (drawn.resource, drawn.feature)
        if not drawn.usable:
            assert key not in found, key
            assert drawn.reason in refused[drawn.resource], key
            continue
        assert same(found[key].value, drawn.value), key
        assert found[key].effective == drawn.effective


@pytest.mark.parametrize(("country", "version"), EVERY)
def test_nothing_else_comes_back(country: str, version: str, now: datetime) -> None:
    made, found, _ = there_and_back(country, version, now)
    assert len(made.drawn) > 300
    drawn = {(one.resource, one.feature) for one in made.drawn if one.usable}
    assert [key for key in found if key not in drawn and key[1] in analytes.load()] == []


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


@cache
def there_and_back(
    country: str, version: str, now: datetime
) -> tuple[Cohort, dict[tuple[str, str], Measurement], dict[str, set[str]]]:
    """People as drawn, the measurements read back by place and feature, reasons by place."""
    made = cohort(load(country, version), PEOPLE, 11, now)
    mapped: Mapped = map_resources(made.resources, Context(country=country, fhir_version=version))
    refused: dict[str, set[str]] = defaultdict(set)
    for finding in mapped.findings:
        refused[finding.resource].add(finding.reason)
    return made, {(one.resource, one.feature): one for one in mapped.measurements}, refused


def same(found: Value, drawn: Value) -> bool:
    if isinstance(drawn, (str, bool)):
        return found == drawn
    return found == pytest.approx(drawn, rel=1e-3)


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
