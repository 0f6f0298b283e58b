"""A card's probabilities corrected for the group of the patient, mostly the country.

The correction moves the log odds: by an intercept, by intercept and slope, or along the knots of a
rising line (the last piece goes on at slope 1). Scalar and column take the same path through NumPy,
so that they agree bit for bit. `scoring.calibrate` learns what stands here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np

from scoring.judge import expit, logit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scoring.cards import Card
    from scoring.codegen import Array

COUNTRY = "country"
EVERYBODY = "all"
"""The one group of a calibration that is not by anything."""

Method = Literal["intercept", "intercept-and-slope", "isotonic"]


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The correction of one group, and what it rests on."""

    method: Method
    n: int
    events: int
    intercept: float = 0.0
    slope: float = 1.0
    knots: tuple[tuple[float, float], ...] = ()
    """Log odds before and after, both rising."""

    def log_odds(self, before: Array) -> Array:
        """Return the corrected log odds."""
        if not self.knots:
            return self.intercept + self.slope * before
        x, y = (np.array(side) for side in zip(*self.knots, strict=True))
        beyond = np.minimum(before - x[0], 0) + np.maximum(before - x[-1], 0)
        found: Array = np.interp(before, x, y) + beyond
        return found

    def apply(self, probability: Array) -> Array:
        """Return the corrected probabilities; NaN stays NaN."""
        return expit(self.log_odds(logit(probability)))


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The corrections of all groups, and the data that they were learned from."""

    groups: dict[str, Group]
    by: str = COUNTRY
    """``country``, an input or a column beside the inputs; empty: one correction for all."""
    data: str = ""
    sha256: str = ""
    shrunk_to: tuple[float, float] = (0.0, 1.0)
    """Intercept and slope towards which small groups are drawn."""
    spread: tuple[float, float] = (1.25, 0.25)
    """Standard deviations of intercepts and slopes between groups."""

    def apply(self, probability: Array, group: Sequence[str | None] | Array) -> Array:
        """Return the probabilities (n,) corrected by group (n,); an unknown group keeps its own."""
        found = np.array(probability, dtype=np.float64)
        names = np.asarray(group, dtype=object)
        for name, correction in self.groups.items():
            rows = names == name if self.by else np.ones(len(found), dtype=bool)
            found[rows] = correction.apply(found[rows])
        return found


def problems(card: Card) -> Iterator[str]:
    """Yield what is wrong with the calibration of a card, naming the key."""
    if card.calibration is None:
        return
    if [output.kind for output in card.outputs.values()] != ["probability"]:
        yield "calibration: is for a card whose one output is a probability"
    if any(given.span for given in card.inputs.values()):
        yield "calibration: no input may have a span"
    if not card.calibration.by and list(card.calibration.groups) != [EVERYBODY]:
        yield f"calibration.groups: without `by` there is one group, {EVERYBODY}"
    for name, group in card.calibration.groups.items():
        yield from group_problems(f"calibration.groups.{name}", group)


def group_problems(at: str, group: Group) -> Iterator[str]:
    """Yield what is wrong with the correction of one group."""
    if (group.method == "isotonic") != bool(group.knots):
        yield f"{at}.knots: isotonic has knots, nothing else has"
    if any(np.diff([x for x, _ in group.knots]) <= 0) or any(
        np.diff([y for _, y in group.knots]) < 0
    ):
        yield f"{at}.knots: must rise"
    if group.slope <= 0:
        yield f"{at}.slope: must be above nought"


def group_of(card: Card, inputs: Mapping[str, Any], country: str | None) -> str | None:
    """Return the group of a patient, as far as the card's calibration asks for one."""
    by = card.calibration.by if card.calibration else COUNTRY
    if not by:
        return EVERYBODY
    found = country if by == COUNTRY else inputs.get(by)
    return None if found is None else str(found)


def correction(card: Card, group: str | None) -> Group | None:
    """Return the correction for that group, None where there is none."""
    return card.calibration.groups.get(group or "") if card.calibration else None


def calibrated(card: Card, results: dict[str, Any], group: str | None) -> dict[str, Any]:
    """Return the outputs of a row with the first corrected for its group."""
    known, first = correction(card, group), next(iter(card.outputs))
    if known is None or results.get(first) is None:
        return results
    return {**results, first: float(known.apply(np.array([results[first]]))[0])}


def stretch(card: Card, group: str | None, probability: float, reference: float) -> float:
    """Return by how much the correction stretches the log odds between two probabilities.

    Effects on the log odds, multiplied by it, add up to the difference after correction.
    """
    known = correction(card, group)
    if known is None:
        return 1.0
    ends = logit(np.array([probability, reference]))
    if not known.knots or ends[0] == ends[1]:
        return known.slope
    return float(np.subtract(*known.log_odds(ends)) / np.subtract(*ends))


def remarks(card: Card, group: str | None) -> tuple[str, ...]:
    """Return what a score of a model of ours has to say of its calibration; others say nothing."""
    if card.training is None:
        return ()
    known = correction(card, group)
    if known is None:
        return (f"calibration unknown for {group}" if group else "calibration unknown",)
    where = f" for {group}" if card.calibration and card.calibration.by else ""
    return (f"recalibrated{where} on {known.n} rows",)


def calibrated_columns(
    card: Card,
    outputs: Mapping[str, Array],
    columns: Mapping[str, Any],
    country: Sequence[str | None] | None,
) -> Mapping[str, Array]:
    """Return the outputs of all rows with the first corrected, as `calibrated` does by row."""
    if card.calibration is None:
        return outputs
    first, by = next(iter(card.outputs)), card.calibration.by
    groups = country if by == COUNTRY else columns.get(by)
    if by and groups is None:
        return outputs
    levels = card.inputs[by].levels if by in card.inputs else ()
    named = named_groups(np.asarray([] if groups is None else groups), levels)
    return {**outputs, first: card.calibration.apply(outputs[first], named)}


def named_groups(groups: Array, levels: tuple[str, ...]) -> list[str | None]:
    """Return the names of groups that may be positions in the levels of an input."""
    if levels and groups.dtype.kind in "iu":
        return [levels[one] if one >= 0 else None for one in groups.tolist()]
    return [None if one is None else str(one) for one in groups.tolist()]
