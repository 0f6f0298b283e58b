"""An assessment as an Observation: the score is the value, the inputs what it is derived from.

US Core and most national guides put clinical scores there, in the category ``survey``. The first
prediction is the value (per cent, points, another unit, or a category), the others are components.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from mappers import riskassessment_words as words
from mappers.fallback.elements import (
    Results,
    concept,
    head,
    named,
    notes,
    predictions,
    rationales,
)
from mappers.riskassessment_elements import without_empty

if TYPE_CHECKING:
    from terminology.records import OutputFacts, Resource

UCUM = "http://unitsofmeasure.org"
UNITS = {"{score}": "points", "1": "", "{count}": ""}
"""UCUM code to the unit as people write it, where that is another text."""


def observation(assessment: Resource, results: Results, fhir_version: str) -> Resource:
    """Return the Observation of an assessment."""
    stu3 = fhir_version == "STU3"
    first, *others = measured(assessment, results) or [{}]
    survey = named("observation-category", "http://hl7.org/fhir/observation-category", fhir_version)
    texts = [*rationales(assessment), *notes(assessment)]
    return {
        **head(assessment, "Observation"),
        "status": assessment["status"],
        "category": [concept(survey, "survey", "Survey")],
        "code": assessment["method"],
        "subject": assessment["subject"],
        "effectiveDateTime": assessment.get("occurrenceDateTime"),
        **valued(first, fhir_version),
        "method": {"text": assessment["method"].get("text")},
        "device": assessment.get("performer"),
        **derived(assessment, stu3=stu3),
        **({"comment": "\n".join(texts)} if stu3 else {"note": [{"text": one} for one in texts]}),
        "component": [{"code": one["code"], **valued(one, fhir_version)} for one in others],
    }


def measured(assessment: Resource, results: Results) -> list[Resource]:
    """Return value, code and category of each prediction."""
    pairs = zip_longest(predictions(assessment), results.predicted())
    return [
        {
            "value": value(one, output, results),
            "code": coded(one, output),
            "category": one.get("qualitativeRisk"),
        }
        for one, output in pairs
        if one is not None
    ]


def coded(prediction: Resource, output: OutputFacts | None) -> Resource:
    """Return what a prediction is about, with the horizon where the card's words tell it."""
    outcome = prediction.get("outcome") or {}
    text = output.label if output else outcome.get("text") or "Risk"
    return {**outcome, "text": text}


def value(prediction: Resource, output: OutputFacts | None, results: Results) -> Resource:
    """Return the ``value[x]`` of a prediction: a quantity where there is a number."""
    spread = prediction.get("probabilityRange")
    if spread:
        return {"valueRange": spread}
    found = results.outputs[output.name] if output else None
    if output is not None and isinstance(found, int | float) and not isinstance(found, bool):
        return {"valueQuantity": quantity(output, found)}
    told = prediction.get("qualitativeRisk")
    return {"valueCodeableConcept": told} if told else {}


def quantity(output: OutputFacts, found: float) -> Resource:
    """Return a number with its unit, unrounded."""
    share = output.kind == "probability"
    unit = "%" if share else output.unit or "1"
    number = words.percent(found) if share else words.fraction(found)
    whole = int(found) if output.kind == "points" and found == int(found) else number
    shown = UNITS.get(unit, unit)
    return without_empty({"value": whole, "unit": shown, "system": UCUM, "code": unit})


def valued(one: Resource, fhir_version: str) -> Resource:
    """Return value and interpretation; a category that is the value already is not repeated."""
    found = one.get("value") or {}
    told = one.get("category")
    if not told or "coding" not in told or "valueCodeableConcept" in found:
        return found
    return {**found, "interpretation": told if fhir_version == "STU3" else [told]}


def derived(assessment: Resource, *, stu3: bool) -> Resource:
    """Return what it is derived from: of the basis the Observations, which alone may stand here."""
    basis = [one for one in assessment.get("basis") or () if observed(one)]
    if stu3:
        return {"related": [{"type": "derived-from", "target": one} for one in basis]}
    return {"derivedFrom": basis}


def observed(reference: Resource) -> bool:
    """Tell whether a reference is to an Observation."""
    name = str(reference.get("reference", "")).partition("/_history/")[0]
    return name.split("/")[-2:-1] == ["Observation"]
