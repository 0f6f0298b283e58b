"""What the console knows of score cards: titles, the names of inputs, how to write a result."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import msgspec

from gateway.web.ui_scores import Outcome, outcomes
from gateway.web.ui_text import concept
from scoring.cards import load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.store.views.patients import Refused, Result
    from terminology.records import JSON


@cache
def facts(card: str) -> Mapping[str, JSON]:
    """Return the facts of a shipped card as plain data; nothing for one that is not shipped."""
    found = load().get(card)
    data: Mapping[str, JSON] = msgspec.to_builtins(found.facts()) if found else {}
    return data


def warm() -> None:
    """Read the cards now, so that the first page does not wait for them."""
    load()


def title(card: str) -> str:
    """Return the card's title, else its id."""
    return str(facts(card).get("title") or card)


def wording(card: str, name: str) -> str:
    """Return an input of a card in words."""
    found = load().get(card)
    given = found.inputs.get(name) if found else None
    words = given.label if given else concept(name)
    return words[:1].upper() + words[1:]


def missing(refused: Refused) -> str:
    """Return the missing inputs of a refusal in words."""
    return ", ".join(wording(refused.card, name) for name in refused.missing)


def main_outcome(result: Result) -> Outcome | None:
    """Return the first output of a result, as lists show it."""
    score = {"outputs": result.outputs or {}}
    found = outcomes(score, facts(result.card), result.category)
    return found[0] if found else None
