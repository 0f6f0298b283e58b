"""Scores: a card over one set of inputs."""

from __future__ import annotations

import math
from bisect import bisect_right
from datetime import date
from typing import TYPE_CHECKING, Any

from scoring.applicability import NOT_COMPUTABLE, Ready, prepare
from scoring.calibration import calibrated, group_of, remarks
from scoring.program import band_name, program
from terminology.records import Score, Value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring.cards import Bands, Card


def score(
    card: Card,
    inputs: Mapping[str, Any],
    *,
    country: str | None = None,
    date: date | None = None,
) -> Score:
    """Return what the card says of these inputs; never raises for what they hold.

    `inputs` are named and in the units that the card says. `country` of residence (ISO 3166-1
    alpha-2) gives the region when the inputs do not; with `date`, ``birth_date`` gives the age.
    """
    ready = prepare(card, with_age(inputs, date), country)
    if ready.reason:
        return refuse(card, ready, ready.reason)
    running = program(card)
    try:
        group = group_of(card, inputs, country)
        results = calibrated(card, running.outputs(ready.values), group)
    except ArithmeticError:
        return refuse(card, ready, NOT_COMPUTABLE)
    outputs = finished(card, results)
    if outputs is None:
        return refuse(card, ready, NOT_COMPUTABLE)
    categories = categorise(card, results)
    return Score(
        card=card.id,
        version=card.version,
        applicable=True,
        outputs=outputs,
        category=overall(card, outputs, categories),
        inputs=ready.values,
        assumptions=(*ready.assumptions, *remarks(card, group)),
        categories=categories,
        facts=running.facts,
    )


def with_age(inputs: Mapping[str, Any], day: date | None) -> Mapping[str, Any]:
    """Return the inputs, with the age on that day where they give ``birth_date`` instead."""
    if day is None or "birth_date" not in inputs or inputs.get("age") is not None:
        return inputs
    return {**inputs, "age": completed_years(inputs["birth_date"], day)}


def refuse(card: Card, ready: Ready, reason: str) -> Score:
    """Return the score that says nothing, and why."""
    return Score(
        card=card.id,
        version=card.version,
        applicable=False,
        missing=ready.missing,
        reason=reason,
        inputs=ready.values,
        facts=program(card).facts,
    )


def finished(card: Card, results: Mapping[str, Any]) -> dict[str, Value] | None:
    """Return the outputs in their kinds, without the missing ones; None when one is not finite."""
    outputs: dict[str, Value] = {}
    for name, output in card.outputs.items():
        value = results.get(name)
        if value is None:
            continue
        if isinstance(value, float) and not math.isfinite(value):
            return None
        if output.kind == "points":
            value = int(value)
        elif output.kind == "flag":
            value = bool(value)
        outputs[name] = value
    return outputs


def categorise(card: Card, results: Mapping[str, Any]) -> dict[str, str]:
    """Return output to category, by the first bands whose condition holds."""
    categories: dict[str, str] = {}
    for place, bands in enumerate(card.bands):
        value = results.get(bands.on)
        holds = bands.when is None or results[band_name(place)]
        if value is not None and holds and bands.on not in categories:
            found = band(bands, value)
            if found is not None:
                categories[bands.on] = found
    return categories


def band(bands: Bands, value: float) -> str | None:
    """Return the label of the band that holds `value`; None below the lowest."""
    place = bisect_right([low for _, low in bands.bands], value)
    return bands.bands[place - 1][0] if place else None


def overall(card: Card, outputs: Mapping[str, Value], categories: Mapping[str, str]) -> str | None:
    """Return the category of the whole score."""
    if card.category:
        return str(outputs[card.category]) if card.category in outputs else None
    return next((categories[bands.on] for bands in card.bands if bands.on in categories), None)


def completed_years(birth: object, on: date) -> int | None:
    """Return the age in completed years on a day; None when `birth` is no full date.

    >>> completed_years("1980-05-12", date(2025, 5, 11))
    44
    """
    try:
        born = birth if isinstance(birth, date) else date.fromisoformat(str(birth)[:10])
    except ValueError:
        return None
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))
