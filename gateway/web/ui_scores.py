"""Scores as people read them: result, horizon, category, contributions, evidence.

A stored score is plain data (the fields of `terminology.records.Score`); the facts of its card
travel in it, so that an old assessment is shown as it was made.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003 - dataclass annotation
from functools import cache
from importlib.resources import files
from math import exp
from typing import TYPE_CHECKING, Any

from gateway.web.charts import Bar, Bars, Effect, contributions
from gateway.web.ui_text import concept, instant, number, percent, signed, unit
from gateway.web.words import label, say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gateway.store.views.patient import Assessed, Delivery
    from terminology.records import JSON

MULTIPLIED = ("log hazard", "log odds")
"""Scales on which an effect is also told as a factor, ``e`` to its power."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One output of a score: ``7.3 %``, what of, in which time, and its category."""

    value: JSON
    shown: str
    label: str
    horizon: str
    category: str
    level: str

    @property
    def meant(self) -> str:
        """What it is a risk of, with the horizon unless that says so already."""
        if not self.horizon or self.horizon.split()[0] in self.label:
            return self.label
        return f"{self.label}, {say('patient.in_horizon', horizon=self.horizon)}"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table of contributions."""

    label: str
    value: str
    effect: str
    times: str
    turn: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """One assessment, ready to be shown."""

    identifier: str
    card: str
    title: str
    version: str
    made: datetime
    outcomes: tuple[Outcome, ...]
    chart: Bars | None
    lines: tuple[Line, ...]
    scale: str
    missing: tuple[str, ...]
    assumptions: tuple[str, ...]
    citation: tuple[str, ...]
    licence: str
    disclaimer: str
    basis: tuple[tuple[str, str, str, str], ...]
    """Feature, value with unit, date as sent, and reference of each value used."""
    status: str
    standing: bool
    resource_gid: str | None
    delivery: Delivery | None
    inputs: Mapping[str, JSON] = field(default_factory=dict)

    @property
    def multiplied(self) -> bool:
        """Whether effects are told as factors too."""
        return self.scale in MULTIPLIED

    @property
    def description(self) -> str:
        """The chart in words, for those who do not see it."""
        return " ".join(
            say("patient.bar_desc", input=line.label, value=line.value, effect=line.effect)
            for line in self.lines
        )


@cache
def levels() -> Mapping[str, str]:
    """Return category to level."""
    text = files("gateway.web").joinpath("levels.toml").read_text("utf-8")
    return {word: level for level, words in tomllib.loads(text).items() for word in words}


def level(category: str | None) -> str:
    """Return the level of a category, ``none`` when it has none.

    >>> level("very_high"), level("a class of its own")
    ('top', 'none')
    """
    return levels().get(category or "", "none")


def sheet(assessed: Assessed, known: Mapping[str, JSON], delivery: Delivery | None = None) -> Sheet:
    """Return an assessment ready to be shown; `known` is used when its own facts are lost."""
    score = assessed.score or {"outputs": assessed.outputs}
    facts: Mapping[str, JSON] = score.get("facts") or known
    scale = str(facts.get("scale") or "")
    effects = [_effect(part) for part in score.get("contributions") or ()]
    moving = [effect for effect in effects if effect.effect]
    chart = contributions(moving) if moving else None
    return Sheet(
        identifier=assessed.identifier,
        card=assessed.card,
        title=str(facts.get("title") or assessed.card),
        version=assessed.card_version,
        made=instant(assessed.created_at),
        outcomes=outcomes(score, facts, assessed.category),
        chart=chart,
        lines=tuple(_line(bar, scale) for bar in contributions(effects).bars),
        scale=scale,
        missing=tuple(_missing(name, score) for name in score.get("missing") or ()),
        assumptions=tuple(score.get("assumptions") or ()),
        citation=tuple(facts.get("citation") or ()),
        licence=str(facts.get("licence") or ""),
        disclaimer=str(facts.get("disclaimer") or ""),
        basis=tuple(_basis(part) for part in score.get("basis") or ()),
        status=assessed.status,
        standing=assessed.current,
        resource_gid=assessed.resource_gid,
        delivery=delivery,
        inputs=score.get("inputs") or {},
    )


def outcomes(
    score: Mapping[str, JSON], facts: Mapping[str, JSON], category: str | None
) -> tuple[Outcome, ...]:
    """Return the outputs of a score; the first one carries its category when no other does."""
    known: Sequence[Mapping[str, JSON]] = facts.get("outputs") or ()
    found = {**(score.get("ranges") or {}), **(score.get("outputs") or {})}
    categories = dict(score.get("categories") or {})
    described = [
        part for part in known if part.get("name") in found and part.get("predicted", True)
    ]
    if not described:
        described = [{"name": name} for name in found]
    if category and category not in categories.values() and described:
        categories.setdefault(described[0]["name"], category)
    return tuple(_outcome(part, found[part["name"]], categories) for part in described)


def _outcome(part: Mapping[str, JSON], value: JSON, categories: Mapping[str, str]) -> Outcome:
    """Return one output."""
    category = categories.get(part["name"], "")
    horizon = part.get("horizon")
    return Outcome(
        value=value,
        shown=amount(value, part),
        label=str(part.get("label") or concept(part["name"])),
        horizon=_horizon(float(horizon), str(part.get("horizon_unit") or "a")) if horizon else "",
        category=label("category", category),
        level=level(category),
    )


def amount(value: JSON, part: Mapping[str, JSON]) -> str:
    """Return an output's value in the card's digits: a percentage, points, or value and unit.

    Of a range both ends.
    """
    if isinstance(value, list | tuple):
        low, high = (amount(end, part) for end in value)
        return say("patient.between", low=low, high=high)
    kind, digits = part.get("kind", "value"), part.get("digits")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return label("category", str(value)) if isinstance(value, str) else number(value)
    if kind == "probability":
        return percent(value, 1 if digits is None else int(digits))
    if kind == "points":
        return say("patient.points", n=int(value))
    shown = number(value if digits is None else round(value, int(digits)))
    return f"{shown} {unit(part.get('unit'))}".strip()


def _missing(name: str, score: Mapping[str, JSON]) -> str:
    """Return a missing input, with the limits that it was taken to lie between."""
    for span in score.get("spans") or ():
        if span["input"] == name:
            ends = {end: number(span[end]) for end in ("low", "high")}
            return say("patient.spans", input=concept(name), unit=unit(span["unit"]), **ends)
    return concept(name)


def _horizon(length: float, of: str) -> str:
    """Return a horizon in words.

    >>> _horizon(10, "a")
    '10 years'
    """
    return say(f"horizon.{of}", n=int(length) if length == int(length) else length)


def _effect(part: Mapping[str, Any]) -> Effect:
    """Return a stored contribution as a line of the chart."""
    named = str(part.get("label") or "") or concept(str(part.get("input", "")))
    value = worded(part.get("value"), part.get("unit"))
    effect = float(part.get("effect") or 0.0)
    return Effect(named[:1].upper() + named[1:], value, effect, signed(effect))


def _line(bar: Bar, scale: str) -> Line:
    """Return the table's line of one bar."""
    times = f"×{number(exp(bar.effect), 3)}" if scale in MULTIPLIED else ""
    return Line(bar.label, bar.value, bar.shown, times, bar.turn)


def worded(value: JSON, of: str | None) -> str:
    """Return an input's value: an answer in words, a number with its unit."""
    shown = label("level", value) if isinstance(value, str) else number(value)
    return f"{shown} {unit(of)}".strip()


def _basis(part: Mapping[str, JSON]) -> tuple[str, str, str, str]:
    """Return one value that entered the score."""
    return (
        concept(str(part.get("feature", ""))),
        worded(part.get("value"), part.get("unit")),
        str(part.get("effective") or ""),
        str(part.get("resource") or part.get("at") or ""),
    )
