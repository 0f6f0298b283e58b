"""What of some data is known: counts of codes, units and answers, and what looks nearest."""

from __future__ import annotations

import time
from typing import Any

import pytest

from terminology.coverage import CodeUse, Survey, UnitUse, survey

LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"
LAB = "http://lab.example/tests"


def observation(*codings: tuple[str, str, str], **values: Any) -> dict[str, Any]:
    rows = [
        {key: text for key, text in zip(("system", "code", "display"), coding, strict=True) if text}
        for coding in codings
    ]
    return {"resourceType": "Observation", "code": {"coding": rows}, **values}


def quantity(unit: str = "", code: str = "", system: str = UCUM) -> dict[str, Any]:
    return {"valueQuantity": {"value": 1, "unit": unit, "code": code, "system": system}}


def code_of(code: str, *given: dict[str, Any]) -> CodeUse:
    [found] = [use for use in survey(given).codes if use.code == code]
    return found


def unit_of(given: dict[str, Any]) -> UnitUse:
    [found] = survey([given]).units
    return found


def test_codings_are_counted_alone_and_beside_known_ones() -> None:
    known, local = (LOINC, "2160-0", ""), (LAB, "CREA", "Creatinine")
    found = survey([observation(known, local), observation(local), observation(known)])
    assert found.observations == 3
    assert [(use.code, use.seen, use.alone, use.feature) for use in found.codes] == [
        ("CREA", 2, 1, None),
        ("2160-0", 2, 0, "creatinine"),
    ]


def test_observations_are_found_wherever_they_are() -> None:
    one = observation((LOINC, "8480-6", ""))
    bundle = {"resourceType": "Bundle", "entry": [{"resource": one}, {"resource": {"x": 1}}, 3]}
    nested = {"resourceType": "Bundle", "entry": [{"resource": bundle}]}
    contained = {"resourceType": "DiagnosticReport", "contained": [one]}
    panel = observation((LOINC, "85354-9", ""), component=[{"code": one["code"]}])
    found = survey([nested, contained, panel, {"resourceType": "Patient"}])
    assert found.observations == 3
    assert {use.code: use.seen for use in found.codes} == {"8480-6": 3, "85354-9": 1}


@pytest.mark.parametrize(
    ("coding", "suggested", "why"),
    [
        ((LAB, "8480-6", ""), "8480-6", "the same code in another system"),
        (("http://npu-terminology.org", "npu01567", ""), "NPU01567", "the same code in other"),
        ((LAB, "X", "Systolic blood pressure"), "8480-6", "a similar display"),
        ((LAB, "X", "Body weight"), "29463-7", "a similar display"),
        ((LAB, "X", "Birth weight"), None, ""),
        ((LAB, "X", "Colour of the sky"), None, ""),
        ((LAB, "X", ""), None, ""),
    ],
)
def test_the_nearest_code_is_a_suggestion(
    coding: tuple[str, str, str], suggested: str | None, why: str
) -> None:
    use = code_of(coding[1], observation(coding))
    assert use.feature is None
    assert (use.suggestion and use.suggestion.code) == suggested
    assert use.suggestion is None or use.suggestion.why.startswith(why)


@pytest.mark.parametrize(
    ("value", "ucum", "reason", "suggestions"),
    [
        (quantity("mg/dL", "mg/dL"), "mg/dL", None, ()),
        (quantity("mg/dL"), "mg/dL", None, ()),
        (quantity(), None, "unit-missing", ()),
        (quantity("mmo/l"), None, "unit-unknown", ("mmol/L",)),
        (quantity("umoll/L"), None, "unit-unknown", ("umol/L", "mmol/L")),
        (quantity("Einheiten"), None, "unit-unknown", ()),
        (quantity("", "kg"), None, "unit-incompatible", ()),
        (quantity("mmol/L", "mg/dL"), None, "unit-conflict", ()),
    ],
    ids=str,
)
def test_units(
    value: dict[str, Any], ucum: str | None, reason: str | None, suggestions: tuple[str, ...]
) -> None:
    use = unit_of(observation((LOINC, "2160-0", ""), **value))
    assert (use.feature, use.ucum, use.reason) == ("creatinine", ucum, reason)
    assert use.suggestions == suggestions


def test_answers() -> None:
    given = {"valueCodeableConcept": {"coding": [{"system": LOINC, "code": "LA18978-9"}]}}
    local = {"valueCodeableConcept": {"coding": [{"system": LAB, "code": "N"}]}}
    smoking = (LOINC, "72166-2", "")
    found = survey([observation(smoking, **given), observation(smoking, **local)])
    assert [(use.code, use.value) for use in found.answers] == [("N", None), ("LA18978-9", "never")]


def test_plain_is_json_with_totals() -> None:
    found = survey(
        [
            observation((LOINC, "2160-0", ""), **quantity("mg/dL")),
            observation((LAB, "8480-6", "Systolic"), **quantity("mmHg")),
        ]
    ).plain()
    assert (found["codings"], found["codings_known"]) == (2, 1)
    assert (found["quantities"], found["quantities_known"]) == (1, 1)
    assert found["codes"][0]["suggestion"]["feature"] == "systolic_bp"
    assert "feature" not in found["codes"][0]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"resourceType": "Observation"},
        {"resourceType": "Observation", "code": 3, "component": "x", "contained": 1},
        {"resourceType": "Observation", "code": {"coding": [{"code": 3}, "x", {"system": "s"}]}},
        {"resourceType": "Bundle", "entry": {"resource": {}}},
    ],
    ids=range(5),
)
def test_shapes_that_are_none(given: dict[str, Any]) -> None:
    assert survey([given]).codes == ()


def test_many_unknown_codes_take_no_time() -> None:
    made = Survey()
    for number in range(2000):
        made.see(observation((LAB, str(number), f"Concentration in blood {number} " + "x" * 5000)))
    start = time.process_time()
    assert len(made.coverage().codes) == 2000
    assert time.process_time() - start < 5
