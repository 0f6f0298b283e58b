"""Fitting a model to a table."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.training import algorithms
from scoring.training.design import filled, scales, terms_of, typical
from scoring.training.recipe import TrainingError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring.codegen import Array
    from scoring.training.algorithms import Setting
    from scoring.training.design import Terms
    from scoring.training.recipe import Name, Recipe
    from scoring.training.table import Table


KERNEL_ROWS = 3000
"""A radial kernel compares each row with each: of more rows, so many are drawn by the seed."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What comes before the estimator: the terms, what fills gaps, and the scales."""

    terms: Terms
    impute: Mapping[str, float]
    means: Array
    deviations: Array

    def design(self, table: Table) -> Array:
        """Return the (n, k) standardised design matrix of the rows."""
        design = self.terms.design(filled(table.columns, self.impute))
        standard: Array = (design - self.means) / self.deviations
        return standard


@dataclass(frozen=True, slots=True)
class Fitted(Prepared):
    """A trained model."""

    estimator: Any
    """A scikit-learn classifier over the (n, k) standardised design matrix."""
    algorithm: Name = "logistic"
    setting: Setting = field(default_factory=dict)
    drawn: int | None = None
    """How many rows were drawn for it, where it could not take all."""

    def probabilities(self, table: Table) -> Array:
        """Return ``predict_proba`` of the outcome for each row, (n,)."""
        found: Array = self.estimator.predict_proba(self.design(table))[:, 1]
        return found


def fit(
    recipe: Recipe,
    table: Table,
    algorithm: Name = "logistic",
    *,
    setting: Setting | None = None,
    seed: int = 0,
    by_site: bool = True,
) -> Fitted:
    """Return the model fitted to all rows of the table.

    Without `by_site` the sites have no intercepts of their own, whatever the recipe says.

    Raises:
        TrainingError: the outcome does not vary, or there are too few rows with or without it.
    """
    require_both(table, algorithm)
    ready = prepared(recipe, table)
    chosen = setting or algorithms.usual(recipe, algorithm)
    spread = recipe.algorithm.spread(algorithm) if by_site else 0.0
    taken = table.drawn(KERNEL_ROWS, seed) if algorithm == "svm-rbf" else table
    made = algorithms.estimator(recipe, algorithm, chosen, seed)
    made = trained(made, ready.design(taken), taken, spread)
    drawn = None if taken is table else len(taken.truth)
    return Fitted(
        ready.terms, ready.impute, ready.means, ready.deviations, made, algorithm, chosen, drawn
    )  # fmt: skip


def prepared(recipe: Recipe, table: Table) -> Prepared:
    """Return what comes before the estimator, from the rows of the table."""
    terms = terms_of(recipe)
    impute = {name: typical(c, recipe.inputs[name]) for name, c in table.columns.items()}
    design = terms.design(filled(table.columns, impute))
    return Prepared(terms, impute, *scales(design, terms.scaled))


def trained(made: Any, design: Array, table: Table, spread: float) -> Any:  # noqa: ANN401 - any classifier
    """Return the estimator fitted to the design; sites may have intercepts meanwhile.

    Raises:
        TrainingError: it does not converge.
    """
    from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415 - only when training

    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            if spread:
                return algorithms.fit_by_site(made, design, table.truth, table.site, spread)
            return made.fit(design, table.truth)
        except ConvergenceWarning as warning:
            raise TrainingError(f"the training does not converge: {warning}") from None


def require_both(table: Table, algorithm: Name = "logistic") -> None:
    """Demand rows with and without the outcome, enough for the folds of a machine.

    Raises:
        TrainingError: there are too few of one kind.
    """
    least = algorithms.FOLDS if algorithm.startswith("svm") else 1
    for kind, count in (("with", table.truth.sum()), ("without", (~table.truth).sum())):
        if count < least:
            raise TrainingError(
                f"needs rows with and without the outcome, {least} at least: "
                f"{int(count)} of {len(table.truth)} are {kind}"
            )


def separated(table: Table, fitted: Fitted) -> bool:
    """Say whether the model tells all rows apart that it was fitted to.

    Then the likelihood alone has no maximum: the coefficients are finite by the penalty alone.
    """
    p = fitted.probabilities(table)
    return bool(p[table.truth].min() > p[~table.truth].max())


def constant(table: Table) -> tuple[str, ...]:
    """Return the inputs that have one value or none: they cannot tell rows apart."""
    return tuple(
        name
        for name, column in table.columns.items()
        if len(np.unique(column[~np.isnan(column)])) < 2
    )
