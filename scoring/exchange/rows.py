"""Invented rows of a card: within its limits and a little beyond, with gaps and without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scoring.cards import Card, Input
    from scoring.codegen import Array

GAPS = 0.2
"""Share of missing values, in rows that have any; a required one is seldom missing."""
SELDOM = 0.01
EXCLUDED = 0.05
"""Share of those whom a finding excludes by itself."""
BEYOND = 0.01
"""How far numbers go beyond the limits, as a share of their width."""


def invented(card: Card, size: int, seed: int) -> dict[str, Array]:
    """Return columns of `size` rows as `scoring.batch` takes them; every other row has gaps."""
    draw = np.random.default_rng(seed)
    gaps = np.arange(size) % 2 == 1
    columns = {}
    for name, given in card.inputs.items():
        column = values(card, name, given, draw, size)
        share = SELDOM if given.required and given.default is None else GAPS
        missing = gaps & (draw.random(size) < share)
        columns[name] = np.where(missing, -1 if given.type == "code" else np.nan, column)
    return columns


def values(card: Card, name: str, given: Input, draw: np.random.Generator, size: int) -> Array:
    """Return values of one input: whole numbers of a code, truths as 0 and 1, numbers."""
    if given.type == "code":
        return draw.integers(0, len(given.levels), size)
    if given.type == "boolean":
        share = EXCLUDED if name in card.exclude else 0.5
        return (draw.random(size) < share).astype(np.float64)
    low, high = limits(card, name, given)
    column = draw.uniform(low - BEYOND * (high - low), high + BEYOND * (high - low), size)
    return np.round(column) if given.type == "integer" else column


def limits(card: Card, name: str, given: Input) -> tuple[float, float]:
    """Return the limits of a number, those of the population among them; else wide ones."""
    pairs = [pair for pair in (given.range, given.guard) if pair]
    if name == "age" and card.ages:
        pairs.append(card.ages)
    lows = [low for low, _ in pairs if low is not None]
    highs = [high for _, high in pairs if high is not None]
    middle = abs(float(given.reference or given.default or 50.0)) or 1.0
    low = max(lows, default=0.0)
    return low, min(highs, default=max(2 * middle, low + 2 * middle))
