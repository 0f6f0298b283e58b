"""What a card would say with other values: a form of its inputs, and the answer beside today's."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, log10
from typing import TYPE_CHECKING

from gateway.web.ui_cards import facts, wording
from gateway.web.ui_scores import Outcome, outcomes
from gateway.web.ui_text import number, unit
from gateway.web.ui_text import reason as reason_words
from gateway.web.words import label, say
from scoring.engine import score
from scoring.interval import score_range

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from gateway.web.ui_scores import Sheet
    from scoring.cards import Card, Input
    from terminology.records import JSON, Value


STEPS = 200
"""A slider has about as many, each of a round width."""


@dataclass(frozen=True, slots=True)
class Slider:
    """From where to where a number can be moved, and by which steps, as HTML has it."""

    low: str
    high: str
    step: str


@dataclass(frozen=True, slots=True)
class Field:
    """One input of the form: a number, or a choice among `levels` (value and words)."""

    name: str
    label: str
    value: str
    unit: str
    hint: str
    levels: tuple[tuple[str, str], ...]
    slider: Slider | None = None


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The form of one card and, once something was asked, its answer or why there is none."""

    card: str
    fields: tuple[Field, ...]
    asked: bool = False
    pairs: tuple[tuple[Outcome | None, Outcome, str], ...] = ()
    """Each output now, then, and which way it went: ``up``, ``down`` or ``same``."""
    reason: str = ""


def what_if(
    sheet: Sheet, card: Card | None, asked: Mapping[str, str], *, country: str | None, day: date
) -> WhatIf | None:
    """Return the form of a standing assessment; None when the card that made it is gone."""
    if card is None or not card.outputs:
        return None
    mine = asked.get("whatif") == sheet.card
    now = {name: _written(value) for name, value in sheet.inputs.items()}
    shown = {
        name: asked.get(name, "").strip()[:40] if mine else now.get(name, "")
        for name in card.inputs
    }
    fields = tuple(_field(card, name, given, shown[name]) for name, given in card.inputs.items())
    if not mine:
        return WhatIf(sheet.card, fields)
    values, wrong = _read(card.inputs, shown, sheet)
    if wrong:
        return WhatIf(sheet.card, fields, asked=True, reason=wrong)
    pairs, reason = _answer(card, sheet, values, country, day)
    return WhatIf(sheet.card, fields, asked=True, pairs=pairs, reason=reason)


def _field(card: Card, name: str, given: Input, value: str) -> Field:
    """Return one input of the form."""
    levels: tuple[tuple[str, str], ...] = ()
    if given.type == "boolean":
        levels = tuple((key, say(f"patient.{key}")) for key in ("yes", "no"))
    elif given.levels:
        levels = tuple((text, label("level", text)) for text in given.levels)
    hint, found = "", limits(card, name, given)
    if found and not levels:
        low, high = (number(end) for end in found)
        hint = say("patient.whatif_range", low=low, high=high, unit=unit(given.unit)).strip()
    words = wording(card.id, name)
    moved = slider(*found, whole=given.type == "integer") if found and not levels else None
    return Field(name, words, value, unit(given.unit), hint, levels, moved)


def limits(card: Card, name: str, given: Input) -> tuple[float, float] | None:
    """Return within what the card takes a number: its range, its guard, for an age its ages."""
    known = [one for one in (given.range, given.guard) if one]
    known += [card.ages] if name == "age" and card.ages else []
    lows = [float(low) for low, _ in known if low is not None]
    highs = [float(high) for _, high in known if high is not None]
    return (max(lows), min(highs)) if lows and highs else None


def slider(low: float, high: float, *, whole: bool = False) -> Slider:
    """Return a slider between two numbers.

    >>> slider(30, 350), slider(0.1, 4.9).step
    (Slider(low='30', high='350', step='1'), '0.02')
    """
    wanted = (high - low) / STEPS
    size = 10.0 ** floor(log10(wanted)) if wanted > 0 else 1.0
    step = max(part * size for part in (1, 2, 5) if part * size <= wanted * (1 + 1e-9))
    step = max(step, 1.0) if whole else step
    return Slider(*(f"{one:.10g}" for one in (low, high, step)))


def _written(value: JSON) -> str:
    """Return a stored input as the form holds it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _read(
    inputs: Mapping[str, Input], shown: Mapping[str, str], sheet: Sheet
) -> tuple[dict[str, Value], str]:
    """Return the values of the form, an untouched one in full, and the first that is none."""
    values: dict[str, Value] = {}
    for name, text in shown.items():
        if not text:
            continue
        if name in sheet.inputs and text == _written(sheet.inputs[name]):
            values[name] = sheet.inputs[name]
        elif inputs[name].type == "boolean":
            values[name] = text == "yes"
        elif inputs[name].type == "code":
            values[name] = text
        else:
            try:
                values[name] = float(text.replace(",", "."))
            except ValueError:
                return {}, say("patient.whatif_bad", input=wording(sheet.card, name))
    return values, ""


def _answer(
    card: Card, sheet: Sheet, values: Mapping[str, Value], country: str | None, day: date
) -> tuple[tuple[tuple[Outcome | None, Outcome, str], ...], str]:
    """Return each output now and then, or the reason why there is none."""
    found = score(card, values, country=country, date=day)
    if not found.applicable:
        told = found.reason
        found = score_range(card, values, country=country, date=day) or found
        if not found.ranges:
            return (), reason_words(told)
    then = outcomes(
        {"outputs": found.outputs, "ranges": found.ranges, "categories": found.categories},
        facts(sheet.card),
        found.category,
    )
    now = {outcome.label: outcome for outcome in sheet.outcomes}
    return tuple((now.get(part.label), part, _turn(now.get(part.label), part)) for part in then), ""


def _turn(now: Outcome | None, then: Outcome) -> str:
    """Return which way an output went; nothing when it has no direction."""
    if now is None or now.shown == then.shown:
        return "same" if now else ""
    numbers = isinstance(now.value, int | float) and isinstance(then.value, int | float)
    return "" if not numbers else "up" if then.value > now.value else "down"
