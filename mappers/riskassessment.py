"""A score as FHIR: RiskAssessment, the Device that made it, and the Provenance of its inputs.

The same score gives the same bytes and the same identifiers, whenever and however often it is
rendered. A probability is written in percent, as the specification says (or as a fraction where a
partner asks for it), with all its digits; a score without a probability never gets one.

Shapes: R4 and R4B are alike; R5 names parts of Device differently; STU3 has one identifier, one
comment and other Provenance elements. Each is written by the tables and small functions below.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING

from mappers import riskassessment_words as words
from mappers.riskassessment_elements import (
    facts_of,
    later,
    method,
    parsed,
    stamp,
    without_empty,
)
from mappers.riskassessment_identity import (
    assessment_identity,
    basis_references,
    device_identity,
    identity_references,
)
from mappers.riskassessment_origin import device as device_of
from mappers.riskassessment_origin import provenance

if TYPE_CHECKING:
    from terminology.records import OutputFacts, Resource, Score

__all__ = [
    "assessment_identity",
    "basis_references",
    "device",
    "device_identity",
    "identity_references",
    "provenance",
    "render",
    "withdraw",
]

device = device_of

BANDS = "urn:riskbridge:bands"


@dataclass(frozen=True, slots=True)
class Form:
    """How this assessment is to be written."""

    probability: str
    occurrence: str
    ends: dict[float, str]


def render(
    score: Score,
    *,
    subject: str,
    identifier: str,
    as_of: datetime,
    fhir_version: str = "R4",
    probability: str = "percent",
    status: str = "final",
    device: str | None = None,
) -> Resource:
    """Return the RiskAssessment of an applicable score.

    `subject` and `device` are references (the device defaults to the card's own), `identifier` a
    UUID (see `assessment_identity`), `probability` is ``percent`` or ``fraction``.
    """
    facts = facts_of(score)
    form = form_of(score, as_of, probability)
    made_by = device or f"Device/{device_identity(facts.id, facts.version)}"
    own = {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{identifier}"}
    texts = words.notes(score)
    resource: Resource = {
        "resourceType": "RiskAssessment",
        "id": identifier,
        "text": narrative(score),
        "identifier": own if fhir_version == "STU3" else [own],
        "status": status,
        "method": method(facts),
        "subject": {"reference": subject},
        "occurrenceDateTime": form.occurrence,
        "performer": {"reference": made_by},
        "basis": [{"reference": name} for name in basis_references(score)],
        "prediction": [
            prediction(score, output, form)
            for output in facts.outputs
            if output.predicted and output.name in score.outputs
        ],
    }
    if fhir_version == "STU3":
        resource["comment"] = "\n".join(texts)
    else:
        resource["note"] = [{"text": text} for text in texts]
    return without_empty(resource)


def form_of(score: Score, as_of: datetime, probability: str) -> Form:
    """Return how to write: the moment it is about, and when each horizon ends."""
    start = parsed(score.effective) if score.effective else None
    moment = start or (as_of if as_of.tzinfo else as_of.replace(tzinfo=UTC))
    occurrence = score.effective if start and score.effective else stamp(moment)
    assert score.facts is not None
    ends = {
        output.horizon: stamp(later(moment, output.horizon, output.horizon_unit), occurrence)
        for output in score.facts.outputs
        if output.horizon is not None
    }
    return Form(probability, occurrence, ends)


def prediction(score: Score, output: OutputFacts, form: Form) -> Resource:
    """Return the prediction of one output."""
    value = score.outputs[output.name]
    written: Resource = {"outcome": outcome(output)}
    if output.kind == "probability":
        exact = words.percent if form.probability == "percent" else words.fraction
        written["probabilityDecimal"] = exact(float(value))
    written["qualitativeRisk"] = qualitative(score, output)
    if output.horizon is not None:
        written["whenPeriod"] = {"start": form.occurrence, "end": form.ends[output.horizon]}
    written["rationale"] = words.rationale(score, output)
    return without_empty(written)


def outcome(output: OutputFacts) -> Resource:
    """Return what is predicted."""
    codings = [
        {"system": system, "code": code, "display": display}
        for system, code, display in output.coding
    ]
    return without_empty({"coding": codings, "text": output.outcome or output.label})


def qualitative(score: Score, output: OutputFacts) -> Resource | None:
    """Return the category, the class or the points in words; None for a bare probability."""
    category = score.categories.get(output.name)
    value = score.outputs[output.name]
    if category is None and output.kind == "class":
        category = str(value)
    if category is None:
        amount = words.amount(value, output)
        return None if output.kind == "probability" else {"text": f"{output.label}: {amount}"}
    codings = [{"system": f"{BANDS}:{score.card}", "code": category}]
    text = words.in_words(category)
    if output.kind in ("points", "value"):
        text = f"{text} ({words.amount(value, output)})"
    return {"coding": codings, "text": text}


def narrative(score: Score) -> Resource:
    """Return the results as a short text for people."""
    facts = facts_of(score)
    lines = [
        words.result(score, output)
        for output in facts.outputs
        if output.predicted and output.name in score.outputs
    ]
    body = "".join(f"<p>{escape(line)}</p>" for line in [facts.title, *lines])
    return {
        "status": "generated",
        "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{body}</div>',
    }


def withdraw(resource: Resource, because: str) -> Resource:
    """Return an earlier RiskAssessment as entered in error, with the reason added."""
    changed = {**resource, "status": "entered-in-error"}
    if isinstance(resource.get("identifier"), dict):
        changed["comment"] = "\n".join(filter(None, [resource.get("comment"), because]))
    else:
        changed["note"] = [*resource.get("note", []), {"text": because}]
    return changed
