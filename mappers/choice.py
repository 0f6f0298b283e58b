"""Which feature a CodeableConcept means, and what makes it another thing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from mappers import countries
from terminology import analytes, codes
from terminology.records import Coding

if TYPE_CHECKING:
    from mappers.countries import Question
    from terminology.analytes import Analyte
    from terminology.records import JSON, Resource

Sent: TypeAlias = tuple[tuple[str | None, str | None, str | None], ...]
"""Codings as sent: system, code, display."""

RANKS = {"same": 0, "narrower": 0, "specimen": 1, "broader": 2, "related": 3}
FLAGS = {"specimen": ("specimen",), "broader": ("broader-code",)}
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
    analyte: Analyte
    flags: tuple[str, ...] = ()
    why: str | None = None
    properties: tuple[str, ...] = ()
    """LOINC properties of all codings of the feature."""
    answer: str | None = None
    """The answer that the code itself is."""

    @property
    def pair(self) -> tuple[str, str]:
        """Return system and code."""
        return self.coding.system, self.coding.code


def as_sent(concept: JSON) -> Sent:
    """Return the codings of a concept as text of bounded size: what is no text or too long, None.

    This is the mapper's most frequent step, hence one loop without calls.
    """
    listed = concept.get("coding") if isinstance(concept, dict) else None
    if not isinstance(listed, list):
        return ()
    sent = []
    for coding in listed[:MOST]:
        if isinstance(coding, dict):
            get = coding.get
            a, b, c = get("system"), get("code"), get("display")
            sent.append(
                (
                    a if isinstance(a, str) and len(a) <= LONGEST else None,
                    b if isinstance(b, str) and len(b) <= LONGEST else None,
                    c if isinstance(c, str) and len(c) <= LONGEST else None,
                )
            )
    return tuple(sent)


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
        analytes.load()[best.feature],
        FLAGS.get(best.relation, ()),
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


def contradicted(node: Resource, feature: str, own: Sent = ()) -> str | None:
    """Return why code, body site or method of a node make a feature another thing.

    `own` are the codings of its code, when they have not been looked at yet.
    """
    concept = node.get("code")
    words = concept.get("text") if isinstance(concept, dict) else None
    if own or words:
        why = contradiction(own, clipped(words), feature)
        if why:
            return why
    for element in ("bodySite", "method"):
        concept = node.get(element)
        if isinstance(concept, dict):
            why = contradiction(as_sent(concept), clipped(concept.get("text")), feature)
            if why:
                return why
    return None


def clipped(value: JSON) -> str | None:
    """Return a text that is short enough to be kept, else None."""
    return value if isinstance(value, str) and len(value) <= LONGEST else None


@lru_cache(maxsize=4096)
def asked(sent: Sent) -> Question | None:
    """Return the question of a national form that codings ask."""
    questions = countries.questions()
    for system, code, _ in sent:
        if system and code and (found := questions.get((countries.plain(system), code.strip()))):
            return found
    return None
