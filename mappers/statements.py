"""Turning a statement about a person (a condition, a drug, an answer) into facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mappers import dates
from mappers.versions import as_list
from terminology.records import Coding, Measurement

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mappers.facts import Fact
    from mappers.gather import Place
    from terminology.records import JSON, Resource

Stated = dict[str, Coding]
"""Fact to the code that states it."""


def state(place: Place, facts: Stated, subject: JSON, effective: str | None, *, true: bool) -> None:
    """Add one measurement a fact, unless the statement is about no person."""
    name, person = place.subject(subject)
    if not person:
        return
    for fact, coding in facts.items():
        place.out.measurements.append(
            Measurement(
                fact,
                true,
                None,
                place.at,
                resource=place.reference,
                version=place.version,
                subject=name,
                effective=effective,
                code=coding,
            )
        )


def gathered(found: Iterable[tuple[Fact, Coding]]) -> Stated:
    """Return each fact with the first code that states it."""
    stated: Stated = {}
    for fact, coding in found:
        stated.setdefault(fact.name, coding)
    return stated


def first_date(resource: Resource, elements: Iterable[str]) -> str | None:
    """Return the first of some elements that is a date; of a Period, its start."""
    for element in elements:
        sent = resource.get(element)
        sent = sent.get("start") if isinstance(sent, dict) else sent
        if isinstance(sent, str) and dates.valid(sent):
            return sent
    return None


def unsure(resource: Resource) -> bool:
    """Say whether a modifier extension may turn the statement around."""
    return bool(as_list(resource.get("modifierExtension")))
