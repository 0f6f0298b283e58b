"""The terms of a recipe over columns: filling gaps, the design matrix, standardising.

What fills a gap and how terms are scaled are sums over rows (mean, deviation, commonest answer), so
that sites can add them up without showing a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scoring.cards import kind_of
from scoring.codegen import Array, Step, build
from scoring.expressions import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scoring.cards import Input
    from scoring.training.recipe import Recipe


ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of a recipe as one function over columns."""

    names: tuple[str, ...]
    inputs: tuple[str, ...]
    scaled: Array
    """Which terms are standardised: those that are no truth values."""
    function: Callable[..., tuple[Array, ...]]

    def design(self, columns: Mapping[str, Array]) -> Array:
        """Return the (n, k) matrix of all terms, one row a patient."""
        values = self.function(*(columns[name] for name in self.inputs))
        return np.column_stack([np.asarray(value, dtype=np.float64) for value in values])


def terms_of(recipe: Recipe) -> Terms:
    """Return the terms of the recipe."""
    kinds = {name: kind_of(given) for name, given in recipe.inputs.items()}
    inputs, steps = tuple(kinds), []
    for name, text in recipe.derived.items():
        steps.append(Step(name, parse(text, kinds)))
        kinds[name] = steps[-1].expression.kind
    terms = [Step(f"term_{name}", parse(text, kinds)) for name, text in recipe.terms.items()]
    returns = [step.name for step in terms]
    function = build(inputs, [*steps, *terms], returns, kinds, columns=True)
    scaled = np.array([step.expression.kind == "number" for step in terms])
    return Terms(tuple(recipe.terms), inputs, scaled, function)


def typical(column: Array, given: Input) -> float:
    """Return what stands in for a missing value: the mean, or the commonest answer.

    A whole number stays one; with no value known it is 0.
    """
    known = column[~np.isnan(column)]
    if not known.size:
        return 0.0
    if given.type == "integer":
        return float(np.round(known.mean()))
    if given.type == "number":
        return float(known.mean())
    return float(np.argmax(np.bincount(known.astype(np.int64))))


def filled(columns: Mapping[str, Array], impute: Mapping[str, float]) -> dict[str, Array]:
    """Return the columns without gaps."""
    return {name: np.where(np.isnan(c), impute[name], c) for name, c in columns.items()}


def scales(design: Array, scaled: Array) -> tuple[Array, Array]:
    """Return mean and population deviation of each term; 0 and 1 where it stays as it is.

    A term that does not vary, but for the rounding of its mean, is left with a deviation of 1.
    """
    means = np.where(scaled, design.mean(axis=0), 0.0)
    deviations = np.where(scaled, design.std(axis=0), 1.0)
    deviations[deviations <= ROUNDING * np.abs(means)] = 1.0
    return means, deviations
