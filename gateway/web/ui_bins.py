"""Classes of results that tell of nobody: equal steps of a round width, open at the ends."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, log10
from typing import TYPE_CHECKING

from gateway.web.ui_scores import amount
from gateway.web.ui_text import number, unit
from gateway.web.words import say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from terminology.records import JSON

CLASSES = (3, 10)
EACH = 10
"""Fewest and most classes, and results that there are to be for each."""

ROUND = (1, 2, 2.5, 5, 10)
QUARTERS = (0.25, 0.5, 0.75)
REST = 0.01
"""Share of the results that the open classes at both ends may hold."""


@dataclass(frozen=True, slots=True)
class Bins:
    """Classes between `edges`; the first and the last are open when results lie beyond them."""

    edges: tuple[float, ...]
    part: Mapping[str, JSON]
    below: bool = False
    above: bool = False

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes in words."""
        return tuple(self._label(place) for place in range(len(self.edges) - 1))

    def counts(self, values: Sequence[float]) -> list[int]:
        """Return how many of some sorted values fall into each class."""
        ends = [bisect_left(values, edge) for edge in self.edges[1:-1]]
        return [high - low for low, high in pairwise([0, *ends, len(values)])]

    def place(self, value: float) -> float:
        """Return where a value lies between the ends, in percent."""
        low, high = self.edges[0], self.edges[-1]
        return round(min(max((value - low) / (high - low), 0), 1) * 100, 2)

    def _label(self, place: int) -> str:
        """Return one class in words; of whole numbers the last one is in it."""
        low, high = self.edges[place], self.edges[place + 1]
        whole = self.part.get("kind") == "points"
        last = high - 1 if whole else high
        if self.above and place == len(self.edges) - 2:
            return say("population.from", low=self._shown(low), unit=self._unit).strip()
        if self.below and place == 0:
            return say("population.below", high=self._shown(high), unit=self._unit).strip()
        if whole and last == low:
            return self._shown(low)
        texts = {"low": self._shown(low), "high": self._shown(last), "unit": self._unit}
        return say("population.class", **texts).strip()

    def _shown(self, value: float) -> str:
        """Return an end of a class."""
        return number(round(value * 100, 6) if self.part.get("kind") == "probability" else value)

    @property
    def _unit(self) -> str:
        """The unit of the ends."""
        return "%" if self.part.get("kind") == "probability" else unit(self.part.get("unit"))


def bins(values: Sequence[float], part: Mapping[str, JSON]) -> Bins:
    """Return classes for sorted results; nothing of a single one shows in them.

    >>> bins([place / 1000 for place in range(201)], {"kind": "probability"}).labels[:2]
    ('0–2 %', '2–4 %')
    >>> bins([0, 1, 1, 2, 3, 3, 4], {"kind": "points"}).labels
    ('0–1', '2–3', '4–5')
    """
    low, high = values[int(len(values) * REST)], values[ceil(len(values) * (1 - REST)) - 1]
    low = 0 if low >= 0 and low < high / 2 else low
    step = width((high - low) / min(max(len(values) // EACH, CLASSES[0]), CLASSES[1]))
    if part.get("kind") == "points":
        step = max(ceil(step), 1)
    start = floor(low / step)
    stop = max(floor(high / step) + 1, start + 1)
    edges = tuple(round(place * step, 9) for place in range(start, stop + 1))
    return Bins(edges, part, values[0] < edges[0], values[-1] >= edges[-1])


def width(wanted: float) -> float:
    """Return the round number next above, 1 for nothing.

    >>> width(0.017), width(3), width(0)
    (0.02, 5.0, 1.0)
    """
    if wanted <= 0:
        return 1.0
    size = 10.0 ** floor(log10(wanted))
    return next(one * size for one in ROUND if one * size >= wanted * (1 - 1e-9))


def quartiles(values: Sequence[float]) -> tuple[float, ...]:
    """Return lower quartile, median and upper quartile of sorted values, between neighbours.

    >>> quartiles([1, 2, 3, 4, 5]), quartiles([1, 2])
    ((2, 3, 4), (1.25, 1.5, 1.75))
    """
    found = []
    for share in QUARTERS:
        place = share * (len(values) - 1)
        below = floor(place)
        above = min(below + 1, len(values) - 1)
        found.append(values[below] + (values[above] - values[below]) * (place - below))
    return tuple(int(one) if one == int(one) else one for one in found)


def result(value: float, part: Mapping[str, JSON]) -> str:
    """Return a result in the card's digits; points may lie between whole ones."""
    return number(value) if part.get("kind") == "points" else amount(float(value), part)
