"""A RiskAssessment as another resource, for servers that do not take RiskAssessments.

The forms, best first: an Observation (a survey's answer, derived from the input Observations), a
DocumentReference (the RiskAssessment itself and a summary in words), a Communication (the summary)
and a Flag (an alert). Each keeps the identity of the assessment: the same id and the same
``urn:uuid:`` identifier, so that it is found and never written twice, and carries on what becomes
of it: amended, entered in error. Shapes for FHIR STU3, R4, R4B and R5.

What an assessment predicts is read from it; the numbers that it has in words alone (points, values)
come from the score, as `Results`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mappers.fallback.document import document
from mappers.fallback.elements import NOTHING, Results
from mappers.fallback.message import communication, flag
from mappers.fallback.observation import observation
from mappers.riskassessment_elements import without_empty

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from terminology.records import Resource

__all__ = ["FORMS", "NOTHING", "Results", "render"]

FORMS: Mapping[str, str] = {
    "riskassessment": "RiskAssessment",
    "observation": "Observation",
    "documentreference": "DocumentReference",
    "communication": "Communication",
    "flag": "Flag",
}
"""Name of a form in the settings to its resource type, in the order in which they are tried."""

RENDERED: Mapping[str, Callable[[Resource, Results, str], Resource]] = {
    "Observation": observation,
    "DocumentReference": document,
    "Communication": communication,
    "Flag": flag,
}


def render(
    assessment: Resource, form: str, results: Results = NOTHING, fhir_version: str = "R4"
) -> Resource:
    """Return a RiskAssessment (of that version of FHIR) as a resource of the type `form`."""
    if form == "RiskAssessment":
        return assessment
    return without_empty(RENDERED[form](assessment, results, fhir_version))
