"""The best and the worst case of a probability, when one or two numbers are missing.

A card allows it input by input (`Input.span`: the limits within which such a value is plausible,
and within the published ones). Every other input has to be there. The extremes are sought over the
whole span, its ends among the points, in a grid that closes in on the best point: what rises or
falls throughout has its extremes at the ends, bit for bit what the score of that end would be; what
bends (a spline at its knot, a square) is found to the billionth part of the span.

No point value comes of it, and a category only where all of the interval lies in one band.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from scoring.applicability import MISSING, prepare
from scoring.engine import categorise, with_age
from scoring.program import program
from terminology.records import Score, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from scoring.applicability import Ready
    from scoring.cards import Card
    from scoring.codegen import Array
    from terminology.records import Value

    Curves: TypeAlias = Callable[[Mapping[str, Array]], Mapping[str, Array]]
    """Probabilities of all outputs for columns of the missing inputs."""

Spans: TypeAlias = "Mapping[str, tuple[float, float]]"

MOST = 2
"""Missing numbers at most: with more of them an interval says nothing."""
POINTS = 65
"""Points of a grid in each direction."""
ROUNDS = 8
"""Grids, each over the neighbourhood of the best point of the one before."""


def score_range(
    card: Card, inputs: Mapping[str, Any], *, country: str | None = None, date: date | None = None
) -> Score | None:
    """Return a score with ranges instead of outputs; None where the card or the inputs allow none.

    The arguments are those of `scoring.engine.score`. The result does not apply as a score does
    (``missing_input``); it holds what is missing and between which limits that was taken to lie.
    """
    ready = prepare(card, with_age(inputs, date), country)
    spans = spans_of(card, ready)
    if not spans or not complete(card, ready, spans):
        return None
    curves = curves_of(card, ready.values, spans)
    ranges = {name: extremes(curves, name, spans) for name in probabilities(curves, spans)}
    if not ranges:
        return None
    corner = {name: low for name, (low, _) in spans.items()}
    categories = common_categories(card, {**ready.values, **corner}, ranges)
    return Score(
        card=card.id,
        version=card.version,
        applicable=False,
        category=next((categories[one.on] for one in card.bands if one.on in categories), None),
        missing=ready.missing,
        reason=MISSING,
        inputs=ready.values,
        assumptions=ready.assumptions,
        categories=categories,
        facts=program(card).facts,
        ranges=ranges,
        spans=tuple(span_of(card, name, ends) for name, ends in spans.items()),
    )


def spans_of(card: Card, ready: Ready) -> dict[str, tuple[float, float]]:
    """Return the spans of the missing inputs; empty when it is not for want of these alone.

    A card that was calibrated anew has none: its numbers are no longer those the spans are for.
    """
    if ready.reason != MISSING or len(ready.missing) > MOST or card.calibration is not None:
        return {}
    spans = {name: card.inputs[name].span for name in ready.missing}
    found = {name: span for name, span in spans.items() if span is not None}
    return found if len(found) == len(spans) else {}


def span_of(card: Card, name: str, ends: tuple[float, float]) -> Span:
    """Return the span of an input, with what it is called."""
    given = card.inputs[name]
    return Span(name, given.label, given.unit, *ends)


def complete(card: Card, ready: Ready, spans: Spans) -> bool:
    """Say whether the card would apply at every corner of the spans."""
    corners = (dict(zip(spans, corner, strict=True)) for corner in product(*spans.values()))
    return all(prepare(card, {**ready.values, **corner}).reason is None for corner in corners)


def curves_of(card: Card, values: Mapping[str, Value], spans: Spans) -> Curves:
    """Return the function from columns of the missing inputs to those of the probabilities."""
    running = program(card)
    names = [name for name, output in card.outputs.items() if output.kind == "probability"]

    def curves(columns: Mapping[str, Array]) -> dict[str, Array]:
        size = len(next(iter(columns.values())))
        known = {
            name: np.full(size, position(card, name, values[name]))
            for name in card.inputs
            if name not in spans
        }
        with np.errstate(all="ignore"):
            results = running.columns({**known, **columns}, size)
        return {name: results[name] for name in names if name in results}

    return curves


def position(card: Card, name: str, value: Value) -> float | bool | int:
    """Return a value as columns hold it: a code by its place among the levels."""
    levels = card.inputs[name].levels
    return levels.index(str(value)) if levels else value  # type: ignore[return-value]


def probabilities(curves: Curves, spans: Spans) -> list[str]:
    """Return the outputs that have a value all over the spans."""
    found = curves(grid(spans))
    return [name for name, column in found.items() if np.isfinite(column).all()]


def grid(box: Spans) -> dict[str, Array]:
    """Return the points of a box as columns, its ends exactly among them."""
    axes = np.meshgrid(*(np.linspace(low, high, POINTS) for low, high in box.values()))
    return {name: axis.ravel() for name, axis in zip(box, axes, strict=True)}


def extremes(curves: Curves, output: str, spans: Spans) -> tuple[float, float]:
    """Return the lowest and the highest value of an output over the spans."""
    return (
        closing_in(lambda columns: curves(columns)[output], spans),
        -closing_in(lambda columns: -curves(columns)[output], spans),
    )


def closing_in(height: Callable[[Mapping[str, Array]], Array], spans: Spans) -> float:
    """Return the lowest point over the spans, by ever finer grids around the lowest found."""
    box, lowest = dict(spans), np.inf
    for _ in range(ROUNDS):
        columns = grid(box)
        heights = height(columns)
        best = int(np.argmin(heights))
        point = {name: float(columns[name][best]) for name in spans}
        if heights[best] == lowest and all(point[name] in spans[name] for name in spans):
            break
        lowest = min(lowest, float(heights[best]))
        box = {name: around(point[name], box[name], spans[name]) for name in spans}
    return lowest


def around(
    point: float, box: tuple[float, float], span: tuple[float, float]
) -> tuple[float, float]:
    """Return the neighbourhood of a point of a grid over `box`, within the span."""
    step = (box[1] - box[0]) / (POINTS - 1)
    return max(span[0], point - step), min(span[1], point + step)


def common_categories(
    card: Card, values: Mapping[str, Value], ranges: Mapping[str, tuple[float, float]]
) -> dict[str, str]:
    """Return the category of each output of which both ends lie in the same band.

    `values` are those of one corner: whether a set of bands holds does not hang on what is missing.
    """
    there = program(card).outputs(values)
    low, high = (
        categorise(card, {**there, **{name: ends[place] for name, ends in ranges.items()}})
        for place in (0, 1)
    )
    return {
        name: label for name, label in low.items() if name in ranges and high.get(name) == label
    }
