"""Conditions, sections that deny, and answers of national forms -> facts, known true or false.

A fact is true when an active (or, for what stays, past) and not doubted Condition states it, false
when it is refuted or a list says that there is none. Doubt, family history and silence are nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mappers import choice, countries, facts, family
from mappers.references import text_of
from mappers.statements import first_date, gathered, state, unsure
from mappers.values import absence, codings
from mappers.versions import as_list, status_code
from terminology.records import Coding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mappers.countries import Question
    from mappers.facts import Fact
    from mappers.gather import Place
    from terminology.records import JSON, Resource

OVER = frozenset({"inactive", "remission", "resolved"})
DOUBTED = frozenset({"unconfirmed", "provisional", "differential", "unknown"})
VOID = "entered-in-error"
DATES = ("onsetDateTime", "onsetPeriod", "recordedDate", "assertedDate", "dateRecorded")
OBSERVED = ("effectiveDateTime", "effectiveInstant", "effectivePeriod")
ANSWERED = frozenset({"final", "amended", "corrected", "appended"})


def map_condition(place: Place) -> None:
    """Add the facts of one Condition."""
    condition = place.resource
    certainty = certainty_of(condition)
    if (
        certainty in DOUBTED
        or certainty == VOID
        or unsure(condition)
        or place.scope.is_family(condition)
        or is_doubtful(condition)
    ):
        return
    over = is_over(condition) or certainty == "past"
    sent = choice.as_sent(condition.get("code"))
    refuted = certainty == "refuted"
    about = condition.get("subject") or condition.get("patient")
    found = [
        (fact, Coding(system, code))
        for system, code, _ in sent
        if system and code
        for fact in facts.stated(system, code, "condition", refuted=refuted)
        if refuted or fact.ever or not over
    ]
    when = first_date(condition, DATES)
    state(place, gathered(found), about, when, true=not refuted)
    if not refuted and not over:
        state(place, gathered(denied(sent)) | family.denied(sent), about, when, true=False)


def is_over(condition: Resource) -> bool:
    """Say whether it is over: by its status, else because it says when it ended."""
    status = status_code(condition.get("clinicalStatus"))
    if status is None:
        return any(key.startswith("abatement") and condition[key] for key in condition)
    return status in OVER


def is_doubtful(condition: Resource) -> bool:
    """Say whether category, codes or words make it another person's, or no more than a fear."""
    doubt, concept = facts.table()["doubt"], condition.get("code")
    for category in as_list(condition.get("category")):
        if any(code in doubt["categories"] for _, code, _ in choice.as_sent(category)):
            return True
    sent = choice.as_sent(concept)
    words = concept.get("text") if isinstance(concept, dict) else None
    told = " | ".join(text for text in (words, *(c[2] for c in sent)) if isinstance(text, str))
    return any(system and code and facts.doubted(system, code) for system, code, _ in sent) or any(
        word in told[: choice.LONGEST * 4].casefold() for word in doubt["words"]
    )


def certainty_of(condition: Resource) -> str | None:
    """Return the verification status, or what a national certainty extension says instead."""
    for coding in codings(condition.get("code")):
        for extension in as_list(coding.get("extension")):
            told = certainty_told(extension)
            if told and told != "confirmed":
                return told
    return status_code(condition.get("verificationStatus"))


def certainty_told(extension: JSON) -> str | None:
    """Return the general meaning of a national certainty extension."""
    url = extension.get("url") if isinstance(extension, dict) else None
    known = countries.extensions("certainty").get(url) if isinstance(url, str) else None
    if known is None:
        return None
    sent = extension.get("valueCoding") or extension.get("valueCode")
    code = sent.get("code") if isinstance(sent, dict) else sent
    return known.values.get(code) if isinstance(code, str) else None


def denied(sent: choice.Sent) -> Iterator[tuple[Fact, Coding]]:
    """Yield the facts that a code such as "no known problems" denies."""
    for system, code, _ in sent:
        kind = facts.denies(system, code) if system and code else None
        if kind is not None and system and code:
            yield from ((fact, Coding(system, code)) for fact in facts.of_kind(kind))


def map_composition(place: Place) -> None:
    """Add the facts that a document's sections deny (an emptyReason of "nil known")."""
    composition = place.resource
    for section in as_list(composition.get("section")):
        kind = section_kind(section)
        if kind is not None and nil_known(section):
            coding = Coding("http://loinc.org", choice.as_sent(section.get("code"))[0][1] or "")
            found = gathered((fact, coding) for fact in facts.of_kind(kind))
            found |= family.all_denied(coding) if kind == "family" else {}
            when = first_date(composition, ("date",))
            state(place, found, composition.get("subject"), when, true=False)


def section_kind(section: JSON) -> str | None:
    """Return what a section lists, by its code."""
    sent = choice.as_sent(section.get("code")) if isinstance(section, dict) else ()
    return next((kind for _, code, _ in sent if code and (kind := facts.section(code))), None)


def nil_known(section: Resource) -> bool:
    """Say whether a section is empty because there is none of its kind."""
    empty = any(code == "nilknown" for _, code, _ in choice.as_sent(section.get("emptyReason")))
    return empty and not section.get("entry")


def family_entries(composition: Resource) -> Iterator[str]:
    """Yield the references that sections of family history list."""
    for section in as_list(composition.get("section")):
        if section_kind(section) == "family":
            for entry in as_list(section.get("entry")):
                if reference := text_of(entry):
                    yield reference


def map_question(place: Place, asked: Question) -> None:
    """Add the fact that the answer to a national question states."""
    observation = place.resource
    status = observation.get("status")
    if absence(observation) or not isinstance(status, str) or status not in ANSWERED:
        return
    told = {
        code.strip()
        for system, code, _ in choice.as_sent(observation.get("valueCodeableConcept"))
        if system and code and countries.plain(system) == countries.plain(asked.answers)
    }
    for codes, true in ((asked.yes, True), (asked.no, False)):
        if told and told <= set(codes):
            names = facts.naming(asked.fact, true=true)
            stated = {name: Coding(asked.system, asked.code) for name in names}
            when = first_date(observation, OBSERVED)
            state(place, stated, observation.get("subject"), when, true=true)
