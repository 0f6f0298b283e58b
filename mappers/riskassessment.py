"""A score as FHIR: RiskAssessment, the Device that made it, and the Provenance of its inputs.

The same score gives the same bytes and the same identifiers, whenever and however often it is
rendered. A probability is written in percent, as the specification says (or as a fraction where a
partner asks for it), with all its digits; a score without a probability never gets one.

Shapes: R4 and R4B are alike; R5 names parts of Device differently; STU3 has one identifier, one
comment and other Provenance elements. Each is written by the tables and small functions below.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING

from mappers import languages
from mappers import riskassessment_transparency as transparency
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
    from mappers.languages import Voice
    from terminology.records import Labels, OutputFacts, Resource, Score

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
UCUM = "http://unitsofmeasure.org"


@dataclass(frozen=True, slots=True)
class Form:
    """How this assessment is to be written."""

    probability: str
    occurrence: str
    ends: dict[float, str]
    voice: Voice | None = None
    """The patient's language, beside English."""


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
    labels: Labels | None = None,
    guided: bool = False,
) -> Resource:
    """Return the RiskAssessment of a score that applies, or that has ranges at least.

    `subject` and `device` are references (the device defaults to the card's own), `identifier` a
    UUID (see `assessment_identity`), `probability` is ``percent`` or ``fraction``. With `labels` of
    a language that there are sentences in, the narrative is in it, and the rationale in both.
    `guided` writes the label of HL7's guide for trained models, as for a server that declares it.
    """
    facts = facts_of(score)
    form = form_of(score, as_of, probability, voice_of(labels))
    made_by = device or f"Device/{device_identity(facts.id, facts.version)}"
    own = {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{identifier}"}
    texts = words.notes(score)
    resource: Resource = {
        "resourceType": "RiskAssessment",
        "id": identifier,
        "meta": transparency.labels(facts, fhir_version, guided=guided),
        "language": form.voice.language if form.voice else None,
        "text": narrative(score, form.voice),
        "identifier": own if fhir_version == "STU3" else [own],
        "status": status,
        "method": method(facts),
        "subject": {"reference": subject},
        "occurrenceDateTime": form.occurrence,
        "performer": {"reference": made_by},
        "basis": [{"reference": name} for name in basis_references(score)],
        "prediction": [prediction(score, output, form) for output in predicted(score)],
    }
    if fhir_version == "STU3":
        resource["comment"] = "\n".join(texts)
    else:
        resource["note"] = [{"text": text} for text in texts]
    return without_empty(resource)


def voice_of(labels: Labels | None) -> Voice | None:
    """Return the sentences for the labels; None without, or where nobody has written any."""
    if labels is None or labels.language not in languages.known():
        return None
    return replace(languages.voice(labels.language), labels=labels)


def predicted(score: Score) -> list[OutputFacts]:
    """Return the outputs that have a value or a range, and are no mere rewording of another."""
    there = score.outputs.keys() | score.ranges.keys()
    return [one for one in facts_of(score).outputs if one.predicted and one.name in there]


def form_of(score: Score, as_of: datetime, probability: str, voice: Voice | None = None) -> Form:
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
    return Form(probability, occurrence, ends, voice)


def prediction(score: Score, output: OutputFacts, form: Form) -> Resource:
    """Return the prediction of one output."""
    written: Resource = {"outcome": outcome(output)}
    if output.name in score.ranges:
        written["probabilityRange"] = probability_range(*score.ranges[output.name])
    elif output.kind == "probability":
        exact = words.percent if form.probability == "percent" else words.fraction
        written["probabilityDecimal"] = exact(float(score.outputs[output.name]))
    written["qualitativeRisk"] = qualitative(score, output)
    if output.horizon is not None:
        written["whenPeriod"] = {"start": form.occurrence, "end": form.ends[output.horizon]}
    voices = [form.voice, words.ENGLISH] if form.voice else [words.ENGLISH]
    written["rationale"] = "\n".join(words.rationale(score, output, voice) for voice in voices)
    return without_empty(written)


def probability_range(low: float, high: float) -> Resource:
    """Return the limits of a probability, always in per cent (invariant ras-1)."""
    unit = {"unit": "%", "system": UCUM, "code": "%"}
    return {
        "low": {"value": words.percent(low), **unit},
        "high": {"value": words.percent(high), **unit},
    }


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
    if category is None and output.kind == "class":
        category = str(score.outputs[output.name])
    if category is None:
        if output.kind == "probability":
            return None
        return {"text": f"{output.label}: {words.amount(score.outputs[output.name], output)}"}
    codings = [{"system": f"{BANDS}:{score.card}", "code": category}]
    text = words.ENGLISH.value(category)
    if output.kind in ("points", "value"):
        text = f"{text} ({words.amount(score.outputs[output.name], output)})"
    return {"coding": codings, "text": text}


def narrative(score: Score, voice: Voice | None = None) -> Resource:
    """Return the results as a short text for people, in the patient's language where there is one.

    In another language than English it holds all that such a reader needs: results, reasons, and
    what they are worth; in English that stands in the rationale and the notes.
    """
    speaking = voice or words.ENGLISH
    lines = [facts_of(score).title]
    if voice is None:
        lines += [words.result(score, output) for output in predicted(score)]
    else:
        lines += [words.rationale(score, output, voice) for output in predicted(score)]
        lines += [*words.scale_words(score, voice), voice.say("caution")]
    body = "".join(f"<p>{escape(line)}</p>" for line in lines)
    tongue = f' lang="{speaking.language}" xml:lang="{speaking.language}"' if voice else ""
    return {
        "status": "generated",
        "div": f'<div xmlns="http://www.w3.org/1999/xhtml"{tongue}>{body}</div>',
    }


def withdraw(resource: Resource, because: str) -> Resource:
    """Return an earlier RiskAssessment as entered in error, with the reason added."""
    changed = {**resource, "status": "entered-in-error"}
    if isinstance(resource.get("identifier"), dict):
        changed["comment"] = "\n".join(filter(None, [resource.get("comment"), because]))
    else:
        changed["note"] = [*resource.get("note", []), {"text": because}]
    return changed
