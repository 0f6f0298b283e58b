"""Trained models are marked as such in every version; published scores are not."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway import pipeline
from gateway.fhir.structure import VERSIONS
from gateway.fhir.validate import validate
from gateway.sandbox.dialects import load
from gateway.sandbox.people import cohort
from mappers.fallback import FORMS, Results, render
from mappers.riskassessment_transparency import BASE
from scoring.cards import card

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TRAINED, PUBLISHED = "heart_core10", "news2"


@pytest.fixture(scope="module")
def risks() -> dict[str, pipeline.Risk]:
    """One assessment by a trained model, one by a published score."""
    people = cohort(load("US", "R4"), 60, 1, NOW, flaws=False).resources
    found = pipeline.assess(people, as_of=NOW, cards=(TRAINED, PUBLISHED), source="us")
    return {risk.score.card: risk for risk in found.risks}


def made(risk: pipeline.Risk, version: str, *, guided: bool = False) -> list[dict[str, Any]]:
    """Return RiskAssessment, Provenance and Device."""
    options = pipeline.Options(NOW, "us", fhir_version=version, guided=guided)
    assessment = pipeline.risk_assessment(risk, options)
    assert risk.score.facts is not None
    device = pipeline.device(risk.score.facts, version, guided=guided)
    return [assessment, pipeline.provenance(assessment, risk, options), device]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_published_score_says_nothing_of_it(risks: Any, version: str) -> None:
    for resource in made(risks[PUBLISHED], version, guided=True):
        assert "meta" not in resource
        assert BASE not in str(resource)
    assert pipeline.model_card(card(PUBLISHED).facts(), version) is None


@pytest.mark.parametrize("guided", [False, True], ids=["any server", "one that has the guide"])
@pytest.mark.parametrize("version", VERSIONS)
def test_a_trained_model_is_marked(risks: Any, version: str, guided: bool) -> None:
    assessment, origin, device = made(risks[TRAINED], version, guided=guided)
    code = "AIAST" if guided else "DEVAST"
    assert [one["code"] for one in assessment["meta"]["security"]] == [code]
    assert code in str(origin["reason" if version != "R5" else "authorization"])
    claimed = guided and version == "R4"
    for resource, name in ((origin, "AI-Provenance"), (device, "AI-Device")):
        profiles = resource.get("meta", {}).get("profile", [])
        assert profiles == ([f"{BASE}/StructureDefinition/{name}"] if claimed else [])
    assert "Artificial-Intelligence" in str(device["type"])
    assert "Artificial-Intelligence" in str(origin["agent"][0]["role"])
    described = device["extension"][1]["valueReference"]["reference"]
    document = pipeline.model_card(risks[TRAINED].score.facts, version)
    assert document is not None
    assert described == f"DocumentReference/{document['id']}"
    assert described in str(origin["entity"][-1])
    for resource in (assessment, origin, device, document):
        assert validate(resource, version) == ()


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("form", list(FORMS.values())[1:])
def test_the_label_stays_in_every_form(risks: Any, version: str, form: str) -> None:
    assessment, *_ = made(risks[TRAINED], version, guided=True)
    score = risks[TRAINED].score
    written = render(assessment, form, Results(score.outputs, score.facts), version)
    assert written["meta"] == assessment["meta"]
    assert validate(written, version) == ()


def test_a_model_card_says_what_there_is_to_say() -> None:
    facts = card(TRAINED).facts()
    one, again = (pipeline.model_card(facts, "R4") for _ in range(2))
    assert one == again
    assert one is not None
    attached = one["content"][0]["attachment"]
    text = base64.b64decode(attached["data"]).decode()
    assert attached["contentType"] == "text/markdown"
    assert facts.training is not None
    told = (facts.title, facts.training.sha256, facts.disclaimer, "cv auc: ", "## Intended use")
    assert [part for part in told if part not in text] == []
    assert text.startswith("---\nmodel_name: ")
