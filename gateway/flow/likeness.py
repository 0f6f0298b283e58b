"""Whether what is there at a server says what we would write; servers rewrite what they keep.

The same identifier means the same inputs, so the status decides; what was amended may be amended
once more. Numbers may come back with other digits, narratives and references otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from terminology.records import Resource

SILENT = frozenset({"Communication", "Flag"})
"""Types whose status does not tell that they were amended."""


def same(there: Resource, ours: Resource) -> bool:
    """Tell whether what is there says what we would write."""
    if any(there.get(name) != ours.get(name) for name in ("status", "docStatus")):
        return False
    kind = ours["resourceType"]
    amended = "amended" in (ours.get("status"), ours.get("docStatus"))
    return not (amended or kind in SILENT) or said(there) == said(ours)


def said(resource: Resource) -> list[str]:
    """Return the result that a resource tells, as far as any server keeps it."""
    told = TOLD.get(resource["resourceType"])
    return list(told(resource)) if told else []


def of_assessment(resource: Resource) -> Iterator[str]:
    """Yield the probabilities of an assessment; its ranges, or words where it has no number."""
    for one in objects(resource, "prediction"):
        spread = one.get("probabilityRange") or {}
        ends = [number((spread.get(end) or {}).get("value")) for end in ("low", "high")]
        words = str((one.get("qualitativeRisk") or {}).get("text"))
        yield (
            number(one["probabilityDecimal"])
            if "probabilityDecimal" in one
            else " ".join(ends if spread else [words])
        )


def of_observation(resource: Resource) -> Iterator[str]:
    """Yield the values of an Observation and of its components."""
    for one in (resource, *objects(resource, "component")):
        quantity = one.get("valueQuantity") or {}
        concept = one.get("valueCodeableConcept") or {}
        yield number(quantity["value"]) if "value" in quantity else str(concept.get("text"))


def of_document(resource: Resource) -> Iterator[str]:
    """Yield the digest of the document's first attachment: the assessment itself."""
    for one in objects(resource, "content")[:1]:
        yield str((one.get("attachment") or {}).get("hash"))


def of_communication(resource: Resource) -> Iterator[str]:
    """Yield the texts of a message."""
    for one in objects(resource, "payload"):
        told = one.get("contentString") or (one.get("contentAttachment") or {}).get("hash")
        yield str(told)


def of_flag(resource: Resource) -> Iterator[str]:
    """Yield what an alert says."""
    yield str((resource.get("code") or {}).get("text"))


def objects(resource: Resource, name: str) -> list[Resource]:
    """Return the objects of a list, whatever else a server puts there."""
    listed = resource.get(name)
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def number(value: Any) -> str:  # noqa: ANN401 - whatever a server made of a number
    """Return a number with as many digits as any server keeps."""
    try:
        return f"{float(value):.9g}"
    except (TypeError, ValueError):
        return str(value)


TOLD: Mapping[str, Callable[[Resource], Iterator[str]]] = {
    "RiskAssessment": of_assessment,
    "Observation": of_observation,
    "DocumentReference": of_document,
    "Communication": of_communication,
    "Flag": of_flag,
}
