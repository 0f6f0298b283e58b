"""What the forms have in common: parts of a RiskAssessment, whatever its version of FHIR."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from terminology.records import CardFacts, OutputFacts, Resource, Value

DATE = re.compile(r"(\d{4})(-\d\d)?(-\d\d)?(T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))?\Z")
ERROR = "entered-in-error"


@dataclass(frozen=True, slots=True)
class Results:
    """What a score says in numbers: output to value, and what its card says of each output."""

    outputs: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))
    facts: CardFacts | None = None

    def predicted(self) -> tuple[OutputFacts, ...]:
        """Return the outputs behind the predictions of the assessment, in their order."""
        known = self.facts.outputs if self.facts else ()
        return tuple(one for one in known if one.predicted and one.name in self.outputs)


NOTHING = Results()


def head(assessment: Resource, kind: str) -> Resource:
    """Return what every form keeps of an assessment: its identity, narrative and labels."""
    own = assessment["identifier"]
    meta = assessment.get("meta") or {}
    labels = {"security": meta["security"]} if meta.get("security") else {}
    return {
        "resourceType": kind,
        "id": assessment["id"],
        "meta": labels,
        "language": assessment.get("language"),
        "text": assessment.get("text"),
        "identifier": own if isinstance(own, list) else [own],
    }


def predictions(assessment: Resource) -> list[Resource]:
    """Return the predictions."""
    return list(assessment.get("prediction") or ())


def notes(assessment: Resource) -> list[str]:
    """Return the notes; STU3 has one comment."""
    comment = assessment.get("comment")
    listed = [comment] if comment else []
    return [*listed, *(one["text"] for one in assessment.get("note") or ())]


def title(assessment: Resource) -> str:
    """Return the name of the card."""
    method = assessment.get("method") or {}
    return str(method.get("text") or "Risk assessment")


def rationales(assessment: Resource) -> Iterator[str]:
    """Yield what each prediction says in words."""
    for one in predictions(assessment):
        told = one.get("rationale") or (one.get("qualitativeRisk") or {}).get("text")
        if told:
            yield str(told)


def summary(assessment: Resource) -> str:
    """Return the whole assessment in words, a paragraph a line; nothing of it when in error."""
    warning = ["Entered in error."] if assessment["status"] == ERROR else []
    lines = [title(assessment), *warning, *rationales(assessment), *notes(assessment)]
    return "\n".join(lines)


def headline(assessment: Resource) -> str:
    """Return the first result in one line, with the card's name."""
    codings = (assessment.get("method") or {}).get("coding") or [{}]
    name = str(codings[0].get("display") or title(assessment))
    first = next(rationales(assessment), "").partition(". ")[0].rstrip(".")
    return first if first.startswith(name) else f"{name}: {first}".rstrip(": ")


def instant(moment: str | None) -> str | None:
    """Return a FHIR dateTime as an instant: the beginning of what it may mean, in UTC.

    >>> instant("2024-03"), instant("2024-03-01T10:00:00+01:00"), instant("soon")
    ('2024-03-01T00:00:00Z', '2024-03-01T10:00:00+01:00', None)
    """
    match = DATE.match(moment or "")
    if match is None:
        return None
    year, month, day, time = match.groups()
    return f"{year}{month or '-01'}{day or '-01'}{time or 'T00:00:00Z'}"


def attachment(content: bytes, kind: str, name: str) -> Resource:
    """Return bytes as an Attachment, with the SHA-1 by which FHIR lets it be known."""
    digest = hashlib.sha1(content, usedforsecurity=False).digest()
    return {
        "contentType": kind,
        "data": base64.b64encode(content).decode(),
        "hash": base64.b64encode(digest).decode(),
        "title": name,
    }


def concept(system: str, code: str, display: str) -> Resource:
    """Return a concept of one code."""
    return {"coding": [{"system": system, "code": code, "display": display}]}


def named(system: str, stu3: str, fhir_version: str) -> str:
    """Return the URI of a code system of HL7, which STU3 has under another name."""
    return stu3 if fhir_version == "STU3" else f"http://terminology.hl7.org/CodeSystem/{system}"
