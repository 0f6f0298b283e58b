"""An assessment as a message: a Communication with the summary, or a Flag with the category."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mappers.fallback.elements import (
    ERROR,
    Results,
    attachment,
    concept,
    head,
    headline,
    named,
    predictions,
    summary,
    title,
)
from mappers.riskassessment_elements import without_empty

if TYPE_CHECKING:
    from terminology.records import Resource


CATEGORIES = "http://terminology.hl7.org/CodeSystem/flag-category"


def communication(assessment: Resource, _results: Results, fhir_version: str) -> Resource:
    """Return the Communication of an assessment; R5 has no plain text, but attachments."""
    told = summary(assessment)
    text: Resource = {"contentString": told}
    if fhir_version == "R5":
        text = {"contentAttachment": attachment(told.encode(), "text/plain", title(assessment))}
    category = named(
        "communication-category", "http://hl7.org/fhir/communication-category", fhir_version
    )
    return {
        **head(assessment, "Communication"),
        "status": ERROR if assessment["status"] == ERROR else "completed",
        "category": [concept(category, "notification", "Notification")],
        "subject": assessment["subject"],
        "sent": assessment.get("occurrenceDateTime"),
        "sender": assessment.get("performer"),
        "payload": [text],
    }


def flag(assessment: Resource, _results: Results, fhir_version: str) -> Resource:
    """Return the Flag of an assessment: the first category, and the result in one line."""
    clinical: Resource = {"text": "Clinical"}  # STU3 has no code of it
    if fhir_version != "STU3":
        clinical = concept(CATEGORIES, "clinical", "Clinical")
    first = (predictions(assessment) or [{}])[0]
    moment = assessment.get("occurrenceDateTime")
    return {
        **head(assessment, "Flag"),
        "status": ERROR if assessment["status"] == ERROR else "active",
        "category": clinical if fhir_version == "STU3" else [clinical],
        "code": without_empty(
            {
                "coding": (first.get("qualitativeRisk") or {}).get("coding"),
                "text": headline(assessment),
            }
        ),
        "subject": assessment["subject"],
        "period": {"start": moment} if moment else {},
        "author": assessment.get("performer"),
    }
