"""`riskbridge score`: JSON Lines of inputs in, JSON Lines of results out."""

from __future__ import annotations

import json
import sys
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from gateway.cli._cards import SOURCE, chosen, identity, objects
from scoring.applicability import MISSING
from scoring.choose import choose_for_inputs, one_more
from scoring.engine import score
from scoring.interval import score_range

if TYPE_CHECKING:
    from scoring.cards import Card
    from terminology.records import Score

MALFORMED = "malformed_line"


@click.command(
    epilog='Example: echo \'{"id": "x", "inputs": {"age": 50, "sex": "male", "sbp_mmhg": 140, '
    '"total_cholesterol_mmol_l": 5.5, "hdl_cholesterol_mmol_l": 1.3, "current_smoker": true}, '
    '"country": "FI"}\' | riskbridge score score2'
)
@click.argument("card")
@click.argument("file", type=SOURCE, default="-")
def command(card: str, file: str) -> None:
    """Score each line of inputs with CARD: an id, a file, or auto for the one that fits.

    `country` (of residence) and `date` may stand beside `inputs`. A score that does not apply is
    an answer, not a failure; a line that is no JSON object is one (exit status 1).
    """
    fixed = None if card == "auto" else chosen(card)
    failed = False
    for asked in objects(file):
        found = answer(fixed, asked)
        failed = failed or found["reason"] == MALFORMED
        sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
    if failed:
        sys.exit(1)


def answer(card: Card | None, asked: dict[str, Any] | None) -> dict[str, Any]:
    """Return the result of one line; without `card` the policy chooses it and says why."""
    inputs = (asked or {}).get("inputs")
    if asked is None or not isinstance(inputs, dict):
        return empty(card, asked, MALFORMED)
    country, day = asked.get("country"), asked.get("date")
    if country is not None and not isinstance(country, str):
        return empty(card, asked, "country_unknown")
    try:
        on = None if day is None else date.fromisoformat(str(day)[:10])
    except ValueError:
        return empty(card, asked, "date_not_a_date")
    place = country.strip().upper() if country else None
    if card is not None:
        return scored(card, asked, inputs, place, on)
    return automatic(asked, inputs, place, on)


def automatic(
    asked: dict[str, Any], inputs: dict[str, Any], place: str | None, on: date | None
) -> dict[str, Any]:
    """Return the result of the first card that applies, else why the first does not."""
    choices = choose_for_inputs(inputs, place, on)
    best = next((choice for choice in choices if choice.reason is None), choices[0])
    return {
        **scored(best.card, asked, inputs, place, on),
        "why": best.why,
        "also": [choice.card.id for choice in choices if choice is not best],
        "next": [
            {"card": one.card.id, "missing": [one.missing]} for one in one_more(inputs, place, on)
        ],
    }


def scored(
    card: Card, asked: dict[str, Any], inputs: dict[str, Any], place: str | None, on: date | None
) -> dict[str, Any]:
    """Return what the card says; where it lacks numbers only, with the range they leave open."""
    found = told(asked, score(card, inputs, country=place, date=on))
    if found["reason"] != MISSING:
        return found
    open_ = score_range(card, inputs, country=place, date=on)
    if open_ is None:
        return found
    return {**found, "range": {name: list(ends) for name, ends in open_.ranges.items()}}


def told(asked: dict[str, Any], found: Score) -> dict[str, Any]:
    """Return a score as one line says it."""
    return {
        "id": identity(asked),
        "card": found.card,
        "version": found.version,
        "applicable": found.applicable,
        "outputs": dict(found.outputs),
        "category": found.category,
        "missing": list(found.missing),
        "reason": found.reason,
        "assumptions": list(found.assumptions),
    }


def empty(card: Card | None, asked: dict[str, Any] | None, reason: str) -> dict[str, Any]:
    """Return the answer to a line that cannot be scored at all."""
    return {
        "id": identity(asked),
        "card": card.id if card else None,
        "version": card.version if card else None,
        "applicable": False,
        "outputs": {},
        "category": None,
        "missing": [],
        "reason": reason,
        "assumptions": [],
    }
