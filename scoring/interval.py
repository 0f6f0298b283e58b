"""The best and the worst case of a probability, when one or two numbers are missing.

A card allows it input by input (`Input.span`: the limits within which such a value is plausible,
and within the published ones). Every other input has to be there. The extremes are sought over the
whole span in a grid, its ends and the knots of splines among the points: what rises or falls
throughout, or between knots, has them there, bit for bit what the score of that point would be.
Around any other point (a square) ever finer grids close in, to the billionth part of the span.

No point value comes of it, and a category only where all of the interval lies in one band.
"""

from __future__ import annotations

import re
from functools import partial
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
POINTS = {1: 65, 2: 33}
"""Points of a grid in each direction, by the number of directions."""
KNOT = r"(?:min|max)\({},\s*([0-9.]+)\)"
"""How a card writes the knot of a spline over an input."""
ROUNDS = 9
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
    ranges = extremes(curves_of(card, ready.values, spans), spans, knots_of(card, spans))
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


def knots_of(card: Card, spans: Spans) -> dict[str, tuple[float, ...]]:
    """Return the points at which each missing input may bend: its ends, and knots of splines."""
    texts = " ".join([*card.derived.values(), *card.terms.values()])
    found = {}
    for name, (low, high) in spans.items():
        knots = map(float, re.findall(KNOT.format(re.escape(name)), texts))
        found[name] = (low, *sorted({knot for knot in knots if low < knot < high}), high)
    return found


def extremes(
    curves: Curves, spans: Spans, knots: Mapping[str, tuple[float, ...]]
) -> dict[str, tuple[float, float]]:
    """Return the lowest and the highest value of each output that has a value all over."""
    first = grid(spans, knots)
    found = {}
    for name, heights in curves(first).items():
        if np.isfinite(heights).all():
            low = closing_in(partial(height_of, curves, name, 1), first, knots, heights)
            high = -closing_in(partial(height_of, curves, name, -1), first, knots, -heights)
            found[name] = low, high
    return found


def height_of(curves: Curves, name: str, sign: int, points: Mapping[str, Array]) -> Array:
    """Return the values of an output at those points, upside down with the sign -1."""
    found: Array = sign * curves(points)[name]
    return found


def grid(box: Spans, knots: Mapping[str, tuple[float, ...]] | None = None) -> dict[str, Array]:
    """Return the points of a box as columns, its ends and the knots exactly among them."""
    number = POINTS[len(box)]
    axes = (
        np.union1d(np.linspace(low, high, number), (knots or {}).get(name, ()))
        for name, (low, high) in box.items()
    )
    columns = np.meshgrid(*axes)
    return {name: column.ravel() for name, column in zip(box, columns, strict=True)}


def closing_in(
    height: Callable[[Mapping[str, Array]], Array],
    points: dict[str, Array],
    knots: Mapping[str, tuple[float, ...]],
    heights: Array,
) -> float:
    """Return the lowest point there is, by ever finer grids around the lowest found.

    `points` and `heights` are those of the first grid; what lies at knots alone is final.
    """
    box = {name: (ends[0], ends[-1]) for name, ends in knots.items()}
    lowest = np.inf
    for _ in range(ROUNDS):
        best = int(np.argmin(heights))
        lowest = min(lowest, float(heights[best]))
        point = {name: float(column[best]) for name, column in points.items()}
        if all(value in knots[name] for name, value in point.items()):
            break
        box = {name: around(value, box[name], knots[name]) for name, value in point.items()}
        points = grid(box)
        heights = height(points)
    return min(lowest, float(heights.min()))


def around(point: float, box: tuple[float, float], knots: tuple[float, ...]) -> tuple[float, float]:
    """Return the neighbourhood of a point of a grid over `box`, within the span."""
    step = (box[1] - box[0]) / (min(POINTS.values()) - 1)
    return max(knots[0], point - step), min(knots[-1], point + step)


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
