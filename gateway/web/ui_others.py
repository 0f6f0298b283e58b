"""RiskAssessments that others made, as they were sent: nothing converted, nothing guessed.

A probability up to 1 may be a fraction, as many senders write, or a percentage, as FHIR says; it is
shown as it came, with a sentence that says so. The documents may hold anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from gateway.errors import MalformedError
from gateway.fhir.json import decode
from gateway.flow import elsewhere
from gateway.store import assessments
from gateway.web.ui_people import objects, text
from gateway.web.words import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    import sqlalchemy as sa

    from gateway.store.resources import Row
    from terminology.records import JSON, Resource

SHOWN = 20
"""Documents on a page, the newest, and predictions of each; all are in the FHIR view."""

UCUM = "http://unitsofmeasure.org"


@dataclass(frozen=True, slots=True)
class Prediction:
    """One prediction: what of, how probable as sent, and what is known of that number."""

    outcome: str
    probability: str
    sure: bool
    """Whether the number can be read in one way only."""
    note: str
    risk: str
    when: str


@dataclass(frozen=True, slots=True)
class Other:
    """A RiskAssessment of somebody else."""

    gid: str
    source: str
    date: str
    method: str
    performer: str
    status: str
    predictions: tuple[Prediction, ...]
    more: int
    """Predictions that are not shown."""


def others(connection: sa.Connection, gid: str) -> list[Other]:
    """Return what others said of a patient, the newest first."""
    rows = assessments.received(connection, [gid], elsewhere.KIND)
    read = [(row, document) for row in rows if (document := readable(row)) is not None]
    known = elsewhere.known_of(connection, [document for _, document in read])
    found = [
        other(row, document)
        for row, document in read
        if not elsewhere.ours(document, row.source, known)
    ]
    return sorted(found, key=lambda one: one.date, reverse=True)


def readable(row: Row) -> Resource | None:
    """Return the document of a row, None when it is none."""
    try:
        document = decode(row.raw)
    except MalformedError:
        return None
    return document if isinstance(document, dict) else None


def other(row: Row, document: Resource) -> Other:
    """Return one document in words."""
    told = objects(document.get("prediction"))
    unsure = set(elsewhere.ambiguous(document))
    places = [f"{elsewhere.KIND}.prediction[{n}].probabilityDecimal" for n in range(len(told))]
    return Other(
        row.gid,
        row.source,
        date_of(document),
        words(document.get("method")),
        words(document.get("performer")),
        text(document.get("status")),
        tuple(
            prediction(one, sure=place not in unsure)
            for one, place in list(zip(told, places, strict=True))[:SHOWN]
        ),
        max(len(told) - SHOWN, 0),
    )


def date_of(document: Resource) -> str:
    """Return when the risk was assessed, as sent."""
    period = document.get("occurrencePeriod")
    start = text(period.get("start")) if isinstance(period, dict) else ""
    return text(document.get("occurrenceDateTime")) or start or text(document.get("date"))


def words(concept: JSON) -> str:
    """Return a CodeableConcept, Coding or Reference as its text, else its first display or code.

    >>> words({"coding": [{"code": "x1", "display": "Some score"}]}), words(None)
    ('Some score', '')
    """
    if not isinstance(concept, dict):
        return ""
    names = ("text", "display", "code", "reference")
    for one in (concept, *objects(concept.get("coding"))):
        for name in names:
            if found := text(one.get(name)):
                return found
    return ""


def prediction(one: dict[str, JSON], *, sure: bool) -> Prediction:
    """Return one prediction, its probability as it was sent."""
    decimal, spread = one.get("probabilityDecimal"), one.get("probabilityRange")
    shown, note = "", ""
    if is_number(decimal):
        shown = str(decimal)
        note = note_of(Decimal(str(decimal)))
    elif isinstance(spread, dict):
        shown, sure = span(spread)
        note = "" if sure else say("others.unsure")
    risk, when = words(one.get("qualitativeRisk")), when_of(one)
    return Prediction(words(one.get("outcome")), shown, sure, note, risk, when)


def note_of(value: Decimal) -> str:
    """Return what is known of a probability that came as a bare number."""
    if value > 1:
        return say("others.percent")
    return say("others.unsure") if value > 0 else ""


def span(spread: dict[str, JSON]) -> tuple[str, bool]:
    """Return a Range as sent, and whether it says in UCUM that it is in per cent."""
    ends = [end for name in ("low", "high") if isinstance(end := spread.get(name), dict)]
    shown = [f"{end['value']} {text(end.get('unit')) or text(end.get('code'))}".strip()
             for end in ends if is_number(end.get("value"))]  # fmt: skip
    sure = all((end.get("system"), end.get("code")) == (UCUM, "%") for end in ends)
    return " – ".join(shown), sure or not shown


def is_number(value: JSON) -> bool:
    """Return whether a JSON value is a number."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def when_of(one: dict[str, JSON]) -> str:
    """Return the time that a prediction is about, as sent."""
    return " – ".join(parts_of(one.get("whenPeriod"), one.get("whenRange")))


def parts_of(period: JSON, spread: JSON) -> Iterator[str]:
    """Yield the ends of a Period or of a Range."""
    if isinstance(period, dict):
        yield from (found for name in ("start", "end") if (found := text(period.get(name))))
    elif isinstance(spread, dict):
        shown, _ = span(spread)
        yield from [shown] if shown else []
