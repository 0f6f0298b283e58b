"""What marks the work of a trained model: labels, kinds and profiles of HL7's guide.

The guide is "AI Transparency on FHIR", 1.0.0-ballot of January 2026, for FHIR R4
(https://hl7.org/fhir/uv/aitransparency/2026Jan/). What it adds and every server can pass over is
always written: the Device's type and kind of technology, its model card, the agent's role, the
model card among the entities of the Provenance.

Its label AIAST ("Artificial Intelligence asserted") came into HL7's ObservationValue after the
releases of FHIR, so that validators of every release refuse it as unknown. It is written, and the
profiles are claimed, for servers that declare the guide. Elsewhere DEVAST ("device asserted")
stands for it. The profile AI-ModelCard is not claimed: which categories it demands differs between
the ballot and the build of the guide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mappers.riskassessment_identity import modelcard_identity

if TYPE_CHECKING:
    from terminology.records import CardFacts, Resource

BASE = "http://hl7.org/fhir/uv/aitransparency"
GUIDE = f"{BASE}/ImplementationGuide/hl7.fhir.uv.aitransparency"
PROFILES = {
    "Device": f"{BASE}/StructureDefinition/AI-Device",
    "Provenance": f"{BASE}/StructureDefinition/AI-Provenance",
}
KIND = f"{BASE}/StructureDefinition/aitransparency.AIKind"
CARD = f"{BASE}/StructureDefinition/aitransparency.modelCardDescription"
TYPES = f"{BASE}/CodeSystem/AIdeviceTypeCS"
OBSERVATION_VALUE = {
    "STU3": "http://hl7.org/fhir/v3/ObservationValue",
    "R4": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
}
GUIDED = "R4"
"""The version of FHIR that the profiles are for."""

ARTIFICIAL = {
    "system": TYPES,
    "code": "Artificial-Intelligence",
    "display": "All kinds of Artificial Intelligence",
}
LEARNED = {"system": TYPES, "code": "Machine-Learning-Models", "display": "Machine Learning Models"}


def asserted(fhir_version: str, *, guided: bool) -> Resource:
    """Return the label that says who asserted something: a device, or artificial intelligence."""
    system = OBSERVATION_VALUE.get(fhir_version, OBSERVATION_VALUE["R4"])
    code, display = ("DEVAST", "device asserted")
    if guided:
        code, display = ("AIAST", "Artificial Intelligence asserted")
    return {"system": system, "code": code, "display": display}


def labels(facts: CardFacts, fhir_version: str, *, guided: bool = False) -> Resource:
    """Return the ``meta`` of what a card asserts; nothing for a published score."""
    if not facts.trained:
        return {}
    return {"security": [asserted(fhir_version, guided=guided)]}


def claims(kind: str, facts: CardFacts, fhir_version: str, *, guided: bool) -> Resource:
    """Return the ``meta`` that claims the guide's profile of a type, where that may be done."""
    claimed = guided and facts.trained and fhir_version == GUIDED
    return {"profile": [PROFILES[kind]]} if claimed else {}


def extensions(facts: CardFacts) -> list[Resource]:
    """Return the extensions of a trained model's Device: its technology, and its model card."""
    return [
        {"url": KIND, "valueCodeableConcept": {"coding": [LEARNED]}},
        {"url": CARD, "valueReference": {"reference": card_reference(facts)}},
    ]


def card_reference(facts: CardFacts) -> str:
    """Return the reference to the model card of a card."""
    return f"DocumentReference/{modelcard_identity(facts.id, facts.version)}"
