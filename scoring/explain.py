"""A patient's row scored with all that it rests on; how much each input moved a score.

Contributions are exact and add up. Points: the points of each item. Regressions: the difference, on
the scale of the linear predictor (log hazard or log odds), between the person and the same person
at the card's reference values, shared out by Shapley's rule; where terms are products of two or
three inputs it splits their joint effect evenly. For an output that combines several models the
scale is ``ln(-ln(1 - p))``, the log of the cumulative hazard; for a model in a file, the log odds.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.applicability import MISSING, prepare
from scoring.calibration import calibrated, group_of, stretch
from scoring.codegen import build, inputs_used
from scoring.engine import score
from scoring.inputs import inputs_for
from scoring.interval import score_range
from scoring.judge import logit
from scoring.program import program
from scoring.runtimes import linear
from scoring.runtimes.points import item_name
from scoring.runtimes.tree import Tree
from terminology.records import Contribution

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from scoring.cards import Card, Model
    from scoring.program import Program
    from terminology.records import FeatureRow, Score, Value


MOST_MOVED = 12
"""Inputs away from their reference, of a model in a file: it is run for each set of them."""


@dataclass(frozen=True, slots=True)
class Term:
    """One weighted term of a linear predictor as a function of the inputs it depends on."""

    weight: float
    names: tuple[str, ...]
    value: Callable[..., tuple[float]]


def score_row(card: Card, row: FeatureRow, as_of: date, *, ranges: bool = False) -> Score:
    """Return what the card says of a patient's row on that day, with all that it rests on.

    With `ranges` a score for want of a number or two has ranges, where the card allows it.
    """
    found = inputs_for(card, row, as_of)
    result = score(card, found.values, country=row.country)
    if ranges and result.reason == MISSING:
        result = score_range(card, found.values, country=row.country) or result
    group = group_of(card, found.values, row.country)
    return replace(
        result,
        assumptions=(*found.assumptions, *result.assumptions),
        basis=tuple(found.basis),
        findings=tuple(found.findings),
        effective=found.effective,
        contributions=contributions(card, result.inputs, group=group) if result.applicable else (),
        baseline=baseline(card, result.inputs, group) if result.applicable else {},
    )


def contributions(
    card: Card,
    values: Mapping[str, Value],
    output: str | None = None,
    *,
    group: str | None = None,
) -> tuple[Contribution, ...]:
    """Return the contribution of each input to `output` (default: the card's first).

    `values` are inputs that have been checked and completed, as `Score.inputs` holds them. A card
    that is neither points nor regression, or an output that is missing here, has none. `group` is
    the patient's, for cards that are calibrated by group.
    """
    if card.items:
        return item_points(card, values)
    if not (card.models or card.model_file):
        return ()
    wanted = output or next(iter(card.outputs))
    effects = predictor_effects(card, values, wanted)
    factor = calibration_slope(card, values, group)
    return tuple(
        Contribution(name, values[name], given.unit, factor * effects[name], given.label)
        for name, given in card.inputs.items()
        if name in effects
    )


def calibration_slope(card: Card, values: Mapping[str, Value], group: str | None) -> float:
    """Return how calibration stretches the log odds between a person and the reference."""
    if card.calibration is None:
        return 1.0
    first = next(iter(card.outputs))
    here, usual = (program(card).outputs(at)[first] for at in (values, reference(card, values)))
    return stretch(card, group, here, usual)


def item_points(card: Card, values: Mapping[str, Value]) -> tuple[Contribution, ...]:
    """Return the points of each item."""
    points = _items(program(card))(*(values[name] for name in card.inputs))
    given = [card.inputs[item.input] for item in card.items]
    return tuple(
        Contribution(item.input, values[item.input], what.unit, float(value), what.label)
        for item, what, value in zip(card.items, given, points, strict=True)
    )


@functools.lru_cache(maxsize=64)
def _items(running: Program) -> Callable[..., tuple[float, ...]]:
    """Return the function that gives the points of every item."""
    tree = running.tree({})
    names = [item_name(place) for place in range(len(running.card.items))]
    return build(tuple(running.card.inputs), tree.steps, names, tree.kinds)


def reference(card: Card, values: Mapping[str, Value]) -> dict[str, Value]:
    """Return the same person at the card's reference values."""
    return {
        name: values[name] if given.reference is None else given.reference
        for name, given in card.inputs.items()
    }


def baseline(card: Card, values: Mapping[str, Value], group: str | None = None) -> dict[str, float]:
    """Return the probabilities of the same person at the reference values."""
    if not (card.models or card.model_file):
        return {}
    results = calibrated(card, program(card).outputs(reference(card, values)), group)
    return {
        name: results[name]
        for name, output in card.outputs.items()
        if output.kind == "probability" and results.get(name) is not None
    }


def predictor_effects(card: Card, values: Mapping[str, Value], output: str) -> dict[str, float]:
    """Return input to effect on the scale of the linear predictor of `output`."""
    if card.model_file:
        return filed_effects(card, values, output)
    running = program(card)
    stratum = tuple(str(values[name]) for name in running.strata)
    model = _model(running, stratum, output)
    if model is None:
        return combined_effects(card, values, output)
    at_reference = reference(card, values)
    effects: dict[str, float] = {}
    for term in _terms(running, model):
        for name, effect in shapley(term.value, term.names, values, at_reference).items():
            effects[name] = effects.get(name, 0.0) + term.weight * effect
    slope = running.slope(values, output)
    return {name: slope * effect for name, effect in effects.items()}


@functools.lru_cache(maxsize=512)
def _model(running: Program, stratum: tuple[str, ...], output: str) -> Model | None:
    """Return the model of `output` for that stratum, None when it combines several."""
    chosen = dict(zip(running.strata, stratum, strict=True))
    fitting = (m for m in running.card.models if m.output == output and linear.fits(m, chosen))
    return next(fitting, None)


_TERMS: dict[tuple[int, int], tuple[Program, tuple[Term, ...]]] = {}


def _terms(running: Program, model: Model) -> tuple[Term, ...]:
    """Return the terms of a model as functions, made once."""
    key = (id(running), id(model))
    found = _TERMS.get(key)
    if found is None or found[0] is not running:
        if len(_TERMS) >= 1024:
            _TERMS.clear()
        weights = linear.weights(running.card, model)
        made = tuple(_term(running.card, name, weight) for name, weight in weights.items())
        found = _TERMS[key] = (running, made)
    return found[1]


def _term(card: Card, name: str, weight: float) -> Term:
    """Return one term as a function of those inputs that it depends on."""
    tree = Tree(dict(card.kinds))
    for derived, text in card.derived.items():
        tree.add(derived, text)
    term = linear.term_name(name)
    tree.add(term, card.terms[name])
    uses = inputs_used(tree.steps, [term])
    names = tuple(given for given in card.inputs if given in uses)
    return Term(weight, names, build(names, tree.steps, [term], tree.kinds))


def shapley(
    function: Callable[..., tuple[float]],
    names: Sequence[str],
    values: Mapping[str, Value],
    at_reference: Mapping[str, Value],
) -> dict[str, float]:
    """Return each input's share of ``function(values) - function(reference)``.

    The shares add up to the difference; inputs at their reference have none.
    """
    moved = [name for name in names if values[name] != at_reference[name]]
    size = len(moved)
    worth = []
    for chosen in range(1 << size):
        taken = {name for place, name in enumerate(moved) if chosen >> place & 1}
        worth.append(function(*((values if n in taken else at_reference)[n] for n in names))[0])
    return shares(moved, worth)


def shares(moved: Sequence[str], worth: Sequence[float]) -> dict[str, float]:
    """Return each input's share; `worth` has what each set of moved inputs (as bits) is worth."""
    size = len(moved)
    weights = [
        math.factorial(k) * math.factorial(size - k - 1) / math.factorial(size) for k in range(size)
    ]
    return {
        name: sum(
            weights[chosen.bit_count()] * (worth[chosen | 1 << place] - worth[chosen])
            for chosen in range(1 << size)
            if not chosen >> place & 1
        )
        for place, name in enumerate(moved)
    }


def combined_effects(card: Card, values: Mapping[str, Value], output: str) -> dict[str, float]:
    """Return the effects on ``ln(-ln(1 - p))`` of an output that combines several models."""
    if output not in card.combine:
        return {}
    running = program(card)
    names = tuple(card.inputs)

    def log_hazard(*given: Any) -> tuple[float]:  # noqa: ANN401 - values of any kind of input
        results = running.outputs(dict(zip(names, given, strict=True)))
        return (math.log(-math.log1p(-results[output])),)

    return shapley(log_hazard, names, values, reference(card, values))


def filed_effects(card: Card, values: Mapping[str, Value], output: str) -> dict[str, float]:
    """Return the effects on the log odds that a model file gives; none for very many inputs."""
    at_reference = reference(card, values)
    moved = [name for name in card.inputs if values[name] != at_reference[name]]
    if len(moved) > MOST_MOVED:
        return {}
    chosen = np.arange(1 << len(moved))
    columns = {}
    for name, given in card.inputs.items():
        ends = [at_reference[name], values[name]]
        both = np.array([given.levels.index(str(end)) for end in ends] if given.levels else ends)
        columns[name] = both[chosen >> moved.index(name) & 1 if name in moved else chosen * 0]
    found = program(card).columns(columns, len(chosen))[output]
    return shares(moved, logit(found).tolist()) if np.isfinite(found).all() else {}


def what_if(
    card: Card,
    inputs: Mapping[str, Any],
    changes: Mapping[str, Any],
    *,
    country: str | None = None,
) -> Score:
    """Return the score as it would be with some inputs changed (None takes one away)."""
    return score(card, {**inputs, **changes}, country=country)


def explained(card: Card, inputs: Mapping[str, Any]) -> tuple[Contribution, ...]:
    """Return the contributions of inputs as a caller gives them; none when not applicable."""
    ready = prepare(card, inputs)
    return () if ready.reason else contributions(card, ready.values)
