"""Which feature a CodeableConcept means, and what makes it another thing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from mappers import countries
from mappers.values import codings
from terminology import analytes, codes
from terminology.records import Coding

if TYPE_CHECKING:
    from terminology.records import JSON, Resource

Sent: TypeAlias = tuple[tuple[str | None, str | None, str | None], ...]
"""Codings as sent: system, code, display."""

RANKS = {"same": 0, "narrower": 0, "specimen": 1, "broader": 2, "related": 3}
FLAGS = {"specimen": "specimen", "broader": "broader-code"}
FASTING = {"glucose_fasting", "glucose_random"}
LONGEST = 300
"""Characters of a system, code or display; longer ones are none that a table knows."""
MOST = 50
"""Codings of one concept that are looked at."""


@dataclass(frozen=True, slots=True)
class Known:
    """One coding that a table knows."""

    feature: str
    relation: str
    coding: Coding
    property: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """The feature that a code means, or that was meant when ``why`` says that it cannot be."""

    feature: str
    coding: Coding
    kind: str
    flag: str | None = None
    why: str | None = None
    properties: tuple[str, ...] = ()
    """LOINC properties of all codings of the feature."""
    answer: str | None = None
    """The answer that the code itself is."""


def of(concept: JSON) -> Choice | None:
    """Return the feature that a CodeableConcept means, None when no table knows its codings."""
    sent = as_sent(concept)
    return chosen(sent) if sent else None


def as_sent(concept: JSON) -> Sent:
    """Return the codings of a concept as text, of bounded size."""
    return tuple(
        (clipped(coding.get("system")), clipped(coding.get("code")), clipped(coding.get("display")))
        for coding in codings(concept)[:MOST]
    )


def clipped(value: JSON) -> str | None:
    """Return a text that is short enough to be kept, else None."""
    return value if isinstance(value, str) and len(value) <= LONGEST else None


@lru_cache(maxsize=4096)
def chosen(sent: Sent) -> Choice | None:
    """Return the feature that codings mean; panels and unknown codes mean none."""
    found = [one for system, code, _ in sent if (one := known(system, code))]
    meant = {one.feature for one in found}
    if len(meant) > 1 and meant == FASTING:
        found = [one for one in found if one.feature == "glucose_fasting"]
    if not found:
        return None
    best = min(found, key=lambda one: RANKS[one.relation])
    why = "Its codes mean different features." if len(meant) > 1 and meant != FASTING else None
    if any(one.relation == "related" for one in found):
        why = "Its code is about a related quantity, not this feature itself."
    return Choice(
        best.feature,
        best.coding,
        analytes.load()[best.feature].kind,
        FLAGS.get(best.relation),
        why or contradiction(sent, None, best.feature),
        tuple(one.property for one in found if one.property),
        codes.answer(best.feature, best.coding.system, best.coding.code),
    )


def known(system: str | None, code: str | None) -> Known | None:
    """Return what the tables say of a code: those of all, then those of one country."""
    entry = codes.find(system, code)
    if entry is not None:
        if entry.relation not in RANKS or analytes.load()[entry.feature].kind == "panel":
            return None
        coding = Coding(entry.system, entry.code)
        return Known(entry.feature, entry.relation, coding, entry.property)
    if not system or not code:
        return None
    local = countries.local_codes().get((countries.plain(system), code.strip()))
    if local is None:
        return None
    return Known(local.feature, local.relation, Coding(local.system, local.code))


@lru_cache(maxsize=4096)
def contradiction(sent: Sent, words: str | None, feature: str | None) -> str | None:
    """Return why codings or a text make a feature another thing, None when they do not."""
    for system, code, display in sent:
        if why := codes.contradiction(system, code, display, feature):
            return f"It is about another thing: {why}."
    if words and (why := codes.contradiction(None, None, words, feature)):
        return f"It is about another thing: {why}."
    return None


def contradicted(node: Resource, feature: str) -> str | None:
    """Return why the code, body site or method of a node makes a feature another thing."""
    for element in ("code", "bodySite", "method"):
        concept = node.get(element)
        if isinstance(concept, dict):
            sent, words = as_sent(concept), clipped(concept.get("text"))
            why = contradiction(sent, words, feature) if sent or words else None
            if why:
                return why
    return None
