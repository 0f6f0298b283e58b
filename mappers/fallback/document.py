"""An assessment as a DocumentReference: itself as FHIR JSON, and a summary in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mappers.fallback.elements import (
    ERROR,
    Results,
    attachment,
    concept,
    head,
    headline,
    instant,
    summary,
    title,
)

if TYPE_CHECKING:
    from terminology.records import Resource

LOINC = "http://loinc.org"
KIND = concept(LOINC, "71482-4", "Risk assessment Document")

_encoder = msgspec.json.Encoder(decimal_format="number")


def document(assessment: Resource, _results: Results, fhir_version: str) -> Resource:
    """Return the DocumentReference of an assessment.

    What was amended is written over in its place, so the document stays ``current`` and its content
    is ``amended``; ``superseded`` would say that a newer document stands elsewhere.
    """
    error = assessment["status"] == ERROR
    name = title(assessment)
    performer = assessment.get("performer")
    return {
        **head(assessment, "DocumentReference"),
        "status": ERROR if error else "current",
        "docStatus": assessment["status"],
        "type": KIND,
        "subject": assessment["subject"],
        "author": [performer] if performer else [],
        "description": headline(assessment),
        "content": [
            {"attachment": attachment(_encoder.encode(assessment), "application/fhir+json", name)},
            {"attachment": attachment(summary(assessment).encode(), "text/plain", name)},
        ],
        **dated(assessment, fhir_version),
    }


def dated(assessment: Resource, fhir_version: str) -> Resource:
    """Return the elements that differ: the moment, and the inputs where there is a place."""
    moment = instant(assessment.get("occurrenceDateTime"))
    basis = assessment.get("basis")
    related = {"context": {"related": basis}} if basis else {}
    if fhir_version == "STU3":
        others = {"context": {"related": [{"ref": one} for one in basis]}} if basis else {}
        return {"indexed": moment or "1970-01-01T00:00:00Z", **others}
    return {"date": moment} if fhir_version == "R5" else {"date": moment, **related}
