"""Whether those who are scored now are like those a model was trained on.

The card keeps for each input a reference: the shares of ten bins of equal frequency (or of each
answer), and how often it was missing. Against it stand the newest rows, by the population
stability index ``sum((now - then) * ln(now / then))``: below .1 nothing to speak of, from .25 on
another population (Siddiqi, Credit Risk Scorecards, 2006). A change of the units that values were
sent in is an alarm of its own: it is mostly a mapping gone wrong, not other people.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scoring.cards import Card, Input
    from scoring.codegen import Array
    from terminology.records import Value

SOME, MUCH = 0.1, 0.25
BINS = 10
FEWEST = 200
"""Rows below which chance alone moves the index: of ten bins by about 9 / rows twice over."""
MISSING_CHANGE = 0.15
UNIT_CHANGE = 0.2
FLOOR = 1e-4
"""A share of nothing counts as this, so that the index is finite."""
DIGITS = 6


class Reference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an input was like in training."""

    shares: tuple[float, ...]
    """Of the known values: by bin, by answer in the order of the levels, or no and yes."""
    edges: tuple[float, ...] = ()
    """Between the bins of a number; a value on an edge belongs to the bin above."""
    missing: float = 0.0
    units: dict[str, float] = {}
    """Share of each unit that values were sent in, where it is known."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was known of one person when a card scored."""

    values: Mapping[str, Value]
    units: Mapping[str, str] = field(default_factory=dict)
    """The unit as sent, of inputs that had one."""


@dataclass(frozen=True, slots=True)
class Drifted:
    """How far an input has moved."""

    input: str
    n: int
    psi: float | None
    """None where there are too few known values."""
    missing: float
    missing_then: float
    strange_units: Mapping[str, float]
    """Units whose share changed too much, to their share now."""

    @property
    def level(self) -> str:
        """Return ``much``, ``some`` or ``none``: the worst of values, missingness and units."""
        if self.strange_units or (self.psi or 0.0) >= MUCH:
            return "much"
        moved = abs(self.missing - self.missing_then) >= MISSING_CHANGE
        return "some" if moved or (self.psi or 0.0) >= SOME else "none"


def reference(columns: Mapping[str, Array], inputs: Mapping[str, Input]) -> dict[str, Reference]:
    """Return what the inputs are like: columns (n,) of numbers, truths as 0 and 1, positions.

    NaN is missing.
    """
    return {name: _reference(column, inputs[name]) for name, column in columns.items()}


def _reference(column: Array, given: Input) -> Reference:
    known = column[~np.isnan(column)]
    edges: tuple[float, ...] = ()
    if given.type in ("number", "integer") and known.size:
        cuts = np.quantile(known, np.arange(1, BINS) / BINS)
        edges = tuple(dict.fromkeys(round(float(cut), DIGITS) for cut in cuts))
    missing = 1 - known.size / len(column) if len(column) else 0.0
    found = shares(known, bin_count(given, edges), edges)
    return Reference(
        tuple(round(one, DIGITS) for one in found.tolist()), edges, round(missing, DIGITS)
    )


def bin_count(given: Input, edges: Sequence[float]) -> int:
    """Return how many bins an input has."""
    if given.type in ("number", "integer"):
        return len(edges) + 1
    return len(given.levels) if given.type == "code" else 2


def shares(known: Array, bins: int, edges: Sequence[float]) -> Array:
    """Return the share of each bin; all nought without values."""
    places = np.searchsorted(edges, known, side="right") if len(edges) else known.astype(np.int64)
    if not len(edges) and bins == 1:
        places = np.zeros(len(known), dtype=np.int64)
    counts = np.bincount(places, minlength=bins)
    return counts / max(1, len(known))


def psi(now: Sequence[float] | Array, then: Sequence[float] | Array) -> float:
    """Return the population stability index of shares against those of the reference.

    >>> round(psi([0.5, 0.5], [0.5, 0.5]), 3), round(psi([0.8, 0.2], [0.5, 0.5]), 3)
    (0.0, 0.416)
    """
    one, other = np.maximum(now, FLOOR), np.maximum(then, FLOOR)
    return float(np.sum((one - other) * np.log(one / other)))


def drift(
    card: Card, rows: Sequence[Seen], units: Mapping[str, Mapping[str, float]] | None = None
) -> tuple[Drifted, ...]:
    """Return how far each input of the card has moved, in its order.

    `units` is the mix of units to compare with, where the card keeps none. A card without a
    reference, or fewer than `FEWEST` rows, gives nothing.
    """
    kept = card.training.reference if card.training else {}
    if len(rows) < FEWEST:
        return ()
    return tuple(
        _drifted(card.inputs[name], name, then, rows, then.units or (units or {}).get(name, {}))
        for name, then in kept.items()
        if name in card.inputs
    )


def _drifted(
    given: Input, name: str, then: Reference, rows: Sequence[Seen], units: Mapping[str, float]
) -> Drifted:
    values = [row.values[name] for row in rows if name in row.values]
    known = np.array([given.position(value) for value in values], dtype=np.float64)
    index = None
    if len(known) >= FEWEST:
        index = psi(shares(known, len(then.shares), then.edges), then.shares)
    return Drifted(
        name,
        len(known),
        index,
        1 - len(known) / len(rows),
        then.missing,
        strange(mix(rows).get(name, {}), units),
    )


def mix(rows: Sequence[Seen]) -> dict[str, dict[str, float]]:
    """Return for each input the share of each unit that its values were sent in.

    >>> mix([Seen({}, {"sbp": "mm[Hg]"}), Seen({}, {"sbp": "kPa"})])
    {'sbp': {'mm[Hg]': 0.5, 'kPa': 0.5}}
    """
    counted: dict[str, Counter[str]] = {}
    for row in rows:
        for name, unit in row.units.items():
            counted.setdefault(name, Counter())[unit] += 1
    return {
        name: {unit: count / counts.total() for unit, count in counts.items()}
        for name, counts in counted.items()
    }


def strange(now: Mapping[str, float], then: Mapping[str, float]) -> dict[str, float]:
    """Return the units whose share has changed by `UNIT_CHANGE` or more; none without a reference.

    >>> strange({"mg/dL": 0.6, "mmol/L": 0.4}, {"mg/dL": 1.0})
    {'mg/dL': 0.6, 'mmol/L': 0.4}
    """
    if not now or not then:
        return {}
    units = dict.fromkeys((*now, *then))
    moved = (unit for unit in units if abs(now.get(unit, 0) - then.get(unit, 0)) >= UNIT_CHANGE)
    return {unit: now.get(unit, 0.0) for unit in moved}
