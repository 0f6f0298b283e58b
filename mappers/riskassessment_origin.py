"""Where a RiskAssessment comes from: the Device that is the card, and the Provenance of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mappers.riskassessment_elements import CARDS, facts_of, stamp, without_empty
from mappers.riskassessment_identity import (
    basis_references,
    device_identity,
    provenance_identity,
)
from mappers.riskassessment_transparency import (
    ARTIFICIAL,
    asserted,
    card_reference,
    claims,
    extensions,
)

if TYPE_CHECKING:
    from terminology.records import CardFacts, Resource, Score

PARTICIPANT = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
OPERATION = {
    "STU3": "http://hl7.org/fhir/v3/DataOperation",
    "R4": "http://terminology.hl7.org/CodeSystem/v3-DataOperation",
}
KIND = {False: "Published clinical risk score", True: "Trained clinical risk model"}


def device(facts: CardFacts, fhir_version: str = "R4", *, guided: bool = False) -> Resource:
    """Return the Device of a card: the same id for the same card and version, always.

    That of a trained model is marked as artificial intelligence, as HL7's guide "AI Transparency on
    FHIR" has it; `guided` claims its profile (see `riskassessment_transparency`).
    """
    own = str(device_identity(facts.id, facts.version))
    shaped = _SHAPES.get(fhir_version, _device_r4)(facts)
    licence = [facts.licence, facts.disclaimer, " ".join(facts.citation)]
    return without_empty(
        {
            "resourceType": "Device",
            "id": own,
            "meta": claims("Device", facts, fhir_version, guided=guided),
            "extension": extensions(facts) if facts.trained else [],
            "identifier": [
                {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{own}"},
                {"system": CARDS, "value": f"{facts.id}@{facts.version}"},
            ],
            "status": "active",
            **shaped,
            "note": [{"text": text} for text in licence if text],
        }
    )


def _kind(facts: CardFacts) -> Resource:
    coding = [ARTIFICIAL] if facts.trained else []
    return without_empty({"coding": coding, "text": KIND[facts.trained]})


def _device_r4(facts: CardFacts) -> Resource:
    return {
        "deviceName": [{"name": facts.title, "type": "model-name"}],
        "modelNumber": facts.id,
        "type": _kind(facts),
        "version": [{"value": facts.version}],
    }


def _device_r5(facts: CardFacts) -> Resource:
    return {
        "name": [{"value": facts.title, "type": "registered-name"}],
        "modelNumber": facts.id,
        "type": [_kind(facts)],
        "version": [{"value": facts.version}],
    }


def _device_stu3(facts: CardFacts) -> Resource:
    return {
        "type": _kind(facts),
        "model": f"{facts.title} ({facts.id})",
        "version": facts.version,
    }


_SHAPES = {"STU3": _device_stu3, "R4": _device_r4, "R4B": _device_r4, "R5": _device_r5}


def provenance(
    assessment: Resource,
    score: Score,
    *,
    recorded: datetime,
    fhir_version: str = "R4",
    device: str | None = None,
    guided: bool = False,
) -> Resource:
    """Return the Provenance of a RiskAssessment: who made it, from which versions of what.

    Its id follows from the assessment's id and status, so that a repetition makes no second one.
    That of a trained model says so, as HL7's guide "AI Transparency on FHIR" has it.
    """
    facts = facts_of(score)
    made_by = device or f"Device/{device_identity(facts.id, facts.version)}"
    status = str(assessment["status"])
    operation = "CREATE" if status == "final" else "UPDATE"
    shape = _provenance_stu3 if fhir_version == "STU3" else _provenance_r4
    shaped = shape(made_by, operation, basis_references(score))
    if facts.trained:
        shaped = _learned(shaped, facts, fhir_version, guided=guided)
    return without_empty(
        {
            "resourceType": "Provenance",
            "id": str(provenance_identity(str(assessment["id"]), status)),
            "meta": claims("Provenance", facts, fhir_version, guided=guided),
            "target": [{"reference": f"RiskAssessment/{assessment['id']}"}],
            "recorded": instant(recorded),
            **shaped,
        }
    )


def instant(moment: datetime) -> str:
    """Return a FHIR instant."""
    return stamp(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _provenance_r4(made_by: str, operation: str, basis: tuple[str, ...]) -> Resource:
    return {
        "activity": {"coding": [{"system": OPERATION["R4"], "code": operation}]},
        "agent": [
            {
                "type": {"coding": [{"system": PARTICIPANT, "code": "assembler"}]},
                "who": {"reference": made_by},
            }
        ],
        "entity": [{"role": "source", "what": {"reference": name}} for name in basis],
    }


def _provenance_stu3(made_by: str, operation: str, basis: tuple[str, ...]) -> Resource:
    return {
        "activity": {"system": OPERATION["STU3"], "code": operation},
        "agent": [{"role": [{"text": "assembler"}], "whoReference": {"reference": made_by}}],
        "entity": [{"role": "source", "whatReference": {"reference": name}} for name in basis],
    }


def _learned(shaped: Resource, facts: CardFacts, fhir_version: str, *, guided: bool) -> Resource:
    """Return a Provenance's elements with those that tell of a trained model added."""
    label = asserted(fhir_version, guided=guided)
    stu3 = fhir_version == "STU3"
    (agent,) = shaped["agent"]
    what = "whatReference" if stu3 else "what"
    card = {what: {"reference": card_reference(facts)}}
    role = "source" if fhir_version == "R5" else "derivation"
    return {
        **shaped,
        **_reason(label, fhir_version),
        "agent": [{**agent, "role": [*agent.get("role", ()), {"coding": [ARTIFICIAL]}]}],
        "entity": [*shaped["entity"], {"role": role, **card}],
    }


def _reason(label: Resource, fhir_version: str) -> Resource:
    """Return why the Provenance is there: R5 calls it an authorization, STU3 has bare codes."""
    if fhir_version == "STU3":
        return {"reason": [label]}
    concept = {"coding": [label]}
    if fhir_version == "R5":
        return {"authorization": [{"concept": concept}]}
    return {"reason": [concept]}
