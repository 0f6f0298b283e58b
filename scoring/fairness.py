"""How a model treats the groups of people: who is missed, who is alarmed, whose data are missing.

Five figures a group - prevalence, area under the ROC curve, Brier score, false-negative and
false-positive rate at a threshold - with 95 % intervals, and the largest gap of each between groups
that are large enough to be compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scoring.judge import ONE_CLASS, Figure, Judgement, judge, share

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring.codegen import Array

LEAST = 50
"""Rows below which a group is shown and not compared."""
THRESHOLD = 0.5
COMPARED = ("prevalence", "auc", "brier", "ece", "false_negative", "false_positive")


@dataclass(frozen=True, slots=True)
class Treated:
    """How one group fares."""

    group: str
    judgement: Judgement
    false_negative: Figure
    """Share of those with the outcome who are below the threshold."""
    false_positive: Figure
    """Share of those without it who are not."""
    missing: Mapping[str, float]
    """Input to the share of rows without it."""

    @property
    def compared(self) -> bool:
        """Say whether the group is large enough to be compared."""
        return self.judgement.n >= LEAST

    def figure(self, name: str) -> Figure:
        """Return one of the figures that are compared."""
        if name.startswith("false"):
            found: Figure = getattr(self, name)
            return found
        named: Figure = getattr(self.judgement, "observed" if name == "prevalence" else name)
        return named


@dataclass(frozen=True, slots=True)
class Gap:
    """The largest difference of a figure between two groups."""

    figure: str
    lowest: str
    highest: str
    size: float
    apart: bool
    """Whether the intervals of the two do not overlap."""


def treated(
    probability: Array,
    truth: Array,
    group: Array,
    missing: Mapping[str, Array],
    threshold: float = THRESHOLD,
) -> dict[str, Treated]:
    """Return how each group fares; all arrays are (n,), `missing` says where inputs are not known.

    `group` holds names. Groups come by name.
    """
    found = {}
    for name in sorted(set(group.tolist())):
        rows = group == name
        p, y = probability[rows], truth[rows]
        shares = {key: float(gaps[rows].mean()) for key, gaps in missing.items()}
        found[name] = Treated(name, judge(p, y), *errors(p, y, threshold), shares)
    return found


def errors(probability: Array, truth: Array, threshold: float) -> tuple[Figure, Figure]:
    """Return the shares of false negatives and of false positives.

    >>> p, y = np.array([0.2, 0.7, 0.9, 0.6]), np.array([True, True, False, False])
    >>> [figure.value for figure in errors(p, y, 0.5)]
    [0.5, 1.0]
    """
    alarmed = probability >= threshold
    return rate(~alarmed & truth, truth), rate(alarmed & ~truth, ~truth)


def rate(wrong: Array, among: Array) -> Figure:
    """Return the share of `wrong` among some rows."""
    size = int(among.sum())
    return share(int(wrong.sum()), size) if size else Figure(None, why=ONE_CLASS)


def gaps(groups: Mapping[str, Treated]) -> list[Gap]:
    """Return the largest gap of each figure between groups that are large enough."""
    compared = [one for one in groups.values() if one.compared]
    found = []
    for name in COMPARED:
        known = [(one.figure(name), one.group) for one in compared]
        valued = [
            (figure.value, figure, group) for figure, group in known if figure.value is not None
        ]
        if len(valued) < 2:
            continue
        low, high = min(valued, key=lambda one: one[0]), max(valued, key=lambda one: one[0])
        apart = (low[1].high or 0.0) < (high[1].low or 0.0)
        found.append(Gap(name, low[2], high[2], high[0] - low[0], apart))
    return found


def missing_gaps(groups: Mapping[str, Treated]) -> list[Gap]:
    """Return for each input the groups between which its missingness differs most."""
    compared = [one for one in groups.values() if one.compared]
    found = []
    for name in compared[0].missing if compared else ():
        low = min(compared, key=lambda one: one.missing[name])
        high = max(compared, key=lambda one: one.missing[name])
        size = high.missing[name] - low.missing[name]
        few, many = (
            share(round(g.missing[name] * g.judgement.n), g.judgement.n) for g in (low, high)
        )
        found.append(Gap(name, low.group, high.group, size, (few.high or 0) < (many.low or 0)))
    return sorted((gap for gap in found if gap.size > 0), key=lambda gap: -gap.size)


def net_benefit(probability: Array, truth: Array, thresholds: Array) -> Array:
    """Return the net benefit (k,) of treating those at or above each threshold (k,), a person.

    True positives less false positives weighted by the odds of the threshold (Vickers and Elkin,
    Med Decis Making 2006;26:565-574). Treating nobody is 0.
    """
    order = np.sort(probability[truth]), np.sort(probability[~truth])
    true, false = (len(side) - np.searchsorted(side, thresholds) for side in order)
    found: Array = (true - false * thresholds / (1 - thresholds)) / len(truth)
    return found
