"""Elements that RiskAssessment, Device and Provenance share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from terminology.records import CardFacts, Resource, Score

CARDS = "urn:riskbridge:cards"
"""System of card ids."""


def facts_of(score: Score) -> CardFacts:
    """Return the card's facts of a score that applies, or that has ranges at least.

    Raises:
        ValueError: the score says nothing, so there is nothing to write.
    """
    if not (score.applicable or score.ranges) or score.facts is None:
        raise ValueError(f"{score.card} does not apply; there is no RiskAssessment of it")
    return score.facts


def parsed(text: str) -> datetime | None:
    """Return the moment of a FHIR date or dateTime; None for a partial one."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def stamp(moment: datetime, like: str = "") -> str:
    """Return a FHIR dateTime to the second, or a date where `like` is one."""
    if len(like) == 10:
        return moment.date().isoformat()
    return moment.isoformat(timespec="seconds")


def later(moment: datetime, amount: float, unit: str) -> datetime:
    """Return the moment `amount` years, days or hours later (29 February becomes 28)."""
    if unit != "a":
        return moment + timedelta(**{{"d": "days", "h": "hours"}[unit]: amount})
    try:
        return moment.replace(year=moment.year + int(amount))
    except ValueError:
        return moment.replace(year=moment.year + int(amount), day=28)


def method(facts: CardFacts) -> Resource:
    """Return the card and its version as a concept."""
    return {
        "coding": [
            {
                "system": CARDS,
                "version": facts.version,
                "code": facts.id,
                "display": facts.title,
            }
        ],
        "text": f"{facts.title}, version {facts.version}",
    }


def without_empty(resource: Resource) -> Resource:
    """Return the resource without empty lists, texts and missing values."""
    return {key: value for key, value in resource.items() if value not in (None, "", [], {})}
