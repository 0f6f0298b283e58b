"""An assessment in other forms: valid in every version, and saying the same."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from gateway import pipeline
from gateway.fhir.json import encode
from gateway.fhir.structure import VERSIONS
from gateway.fhir.validate import validate
from gateway.sandbox.dialects import load
from gateway.sandbox.people import cohort
from mappers.fallback import FORMS, NOTHING, Results, render
from mappers.fallback.elements import headline, instant
from scoring.cards import load as cards

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
OTHERS = list(FORMS.values())[1:]
STATUSES = ("final", "amended", "entered-in-error")


@pytest.fixture(scope="module")
def risks() -> dict[str, pipeline.Risk]:
    """One assessment by each card that says something of somebody."""
    people = cohort(load("US", "R4"), 60, 1, NOW, flaws=False).resources
    found = pipeline.assess(people, as_of=NOW, cards=tuple(cards()), source="us")
    return {risk.score.card: risk for risk in found.risks}


def assessment(risk: pipeline.Risk, version: str = "R4", status: str = "final") -> dict[str, Any]:
    options = pipeline.Options(NOW, "us", fhir_version=version, probability="fraction")
    return pipeline.risk_assessment(risk, options, status)


def results(risk: pipeline.Risk) -> Results:
    return Results(risk.score.outputs, risk.score.facts)


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("form", OTHERS)
def test_each_is_valid_and_keeps_its_identity(
    risks: dict[str, pipeline.Risk], form: str, version: str, status: str
) -> None:
    assert len(risks) > 10
    for risk in risks.values():
        whole = assessment(risk, version, status)
        for known in (results(risk), NOTHING):
            written = render(whole, form, known, version)
            assert validate(written, version) == ()
            assert (written["resourceType"], written["id"]) == (form, risk.identifier)
            assert written["identifier"][0]["value"] == f"urn:uuid:{risk.identifier}"
            assert written["subject"] == whole["subject"]
            assert (written["status"] == "entered-in-error") == (status == "entered-in-error")


VALUES = [
    pytest.param("news2", ("{score}", "points"), id="points"),
    pytest.param("prevent_base", ("%", "%"), id="probability"),
    pytest.param("egfr_ckd_epi_2021", ("mL/min/{1.73_m2}", "mL/min/{1.73_m2}"), id="value"),
]


@pytest.mark.parametrize(("card", "unit"), VALUES)
def test_an_observation_has_the_number(
    risks: dict[str, pipeline.Risk], card: str, unit: tuple[str, str]
) -> None:
    risk = risks[card]
    quantity = render(assessment(risk), "Observation", results(risk))["valueQuantity"]
    assert (quantity["code"], quantity["unit"]) == unit
    first = float(next(iter(risk.score.outputs.values())))
    assert float(quantity["value"]) == pytest.approx(first * (100 if unit[0] == "%" else 1))


def test_without_the_numbers_there_are_the_words(risks: dict[str, pipeline.Risk]) -> None:
    whole = assessment(risks["news2"])
    written = render(whole, "Observation")
    assert written["valueCodeableConcept"] == whole["prediction"][0]["qualitativeRisk"]
    assert "valueQuantity" not in written


def test_several_predictions_are_components(risks: dict[str, pipeline.Risk]) -> None:
    several = {
        name: risk for name, risk in risks.items() if len(assessment(risk)["prediction"]) > 1
    }
    assert several
    for risk in several.values():
        whole = assessment(risk)
        written = render(whole, "Observation", results(risk))
        assert len(written["component"]) == len(whole["prediction"]) - 1
        codes = [one["code"]["text"] for one in written["component"]]
        assert len(set(codes)) == len(codes)


def test_a_range_stays_a_range() -> None:
    spread = {"low": {"value": Decimal(2), "code": "%"}, "high": {"value": Decimal(5), "code": "%"}}
    whole = {
        "resourceType": "RiskAssessment",
        "id": "r",
        "identifier": [{"value": "urn:uuid:r"}],
        "status": "final",
        "subject": {"reference": "Patient/1"},
        "method": {"text": "a card"},
        "prediction": [{"probabilityRange": spread}],
    }
    assert render(whole, "Observation")["valueRange"] == spread


def test_only_observations_are_what_it_is_derived_from(risks: dict[str, pipeline.Risk]) -> None:
    whole = assessment(risks["news2"])
    basis = [*whole["basis"], {"reference": "Condition/c1"}, {"display": "something"}]
    written = render({**whole, "basis": basis}, "Observation")
    assert written["derivedFrom"] == whole["basis"]
    document = render({**whole, "basis": basis}, "DocumentReference")
    assert document["context"]["related"] == basis


@pytest.mark.parametrize("version", VERSIONS)
def test_a_document_holds_the_assessment_itself(
    risks: dict[str, pipeline.Risk], version: str
) -> None:
    whole = assessment(risks["news2"], version)
    written = render(whole, "DocumentReference", results(risks["news2"]), version)
    first, second = (one["attachment"] for one in written["content"])
    assert base64.b64decode(first["data"]) == encode(whole)
    assert json.loads(base64.b64decode(first["data"]))["resourceType"] == "RiskAssessment"
    told = base64.b64decode(second["data"]).decode()
    assert all(one["rationale"] in told for one in whole["prediction"])


def test_an_error_is_told_in_words(risks: dict[str, pipeline.Risk]) -> None:
    wrong = assessment(risks["news2"], status="entered-in-error")
    assert "Entered in error." in render(wrong, "Communication")["payload"][0]["contentString"]


def test_a_flag_names_the_category(risks: dict[str, pipeline.Risk]) -> None:
    written = render(assessment(risks["news2"]), "Flag", results(risks["news2"]))
    assert written["code"]["coding"][0]["system"] == "urn:riskbridge:bands:news2"
    assert written["code"]["text"] == headline(assessment(risks["news2"]))
    assert written["category"][0]["coding"][0]["code"] == "clinical"


@pytest.mark.parametrize(
    ("moment", "told"),
    [
        ("2024", "2024-01-01T00:00:00Z"),
        ("2024-03-05", "2024-03-05T00:00:00Z"),
        ("2024-03-05T10:00:00.5Z", "2024-03-05T10:00:00.5Z"),
        ("2024-03-05T10:00", None),
        (None, None),
    ],
)
def test_moments(moment: str | None, told: str | None) -> None:
    assert instant(moment) == told


BROKEN = [
    pytest.param("Observation", {"valueString": "x"}, "a second value", id="two values"),
    pytest.param("Observation", {"status": "good"}, "status", id="obs status"),
    pytest.param("Observation", {"code": None}, "code", id="no code"),
    pytest.param(
        "Observation", {"dataAbsentReason": {"text": "x"}}, "obs-6", id="value and its absence"
    ),
    pytest.param("DocumentReference", {"content": None}, "content", id="no content"),
    pytest.param("DocumentReference", {"docStatus": "done"}, "docStatus", id="document status"),
    pytest.param("Communication", {"payload": [{}]}, "payload", id="empty payload"),
    pytest.param("Communication", {"status": "sent"}, "status", id="message status"),
    pytest.param("Flag", {"subject": None}, "subject", id="no subject"),
    pytest.param("Flag", {"period": {"start": "2026", "end": "2025"}}, "per-1", id="period"),
    pytest.param("RiskAssessment", {"prediction": [{"probabilityDecimal": 101}]}, "ras-2", id="p"),
]


@pytest.mark.parametrize(("form", "change", "what"), BROKEN)
def test_broken_variants_are_told(
    risks: dict[str, pipeline.Risk], form: str, change: dict[str, Any], what: str
) -> None:
    written = render(assessment(risks["news2"]), form, results(risks["news2"]))
    assert validate(written) == ()
    changed = {key: one for key, one in {**written, **change}.items() if one is not None}
    assert [one for one in validate(changed) if one.severity == "error"], what
