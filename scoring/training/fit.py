"""Fitting a model to a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scoring.training.design import filled, scales, terms_of, typical
from scoring.training.recipe import TrainingError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring.codegen import Array
    from scoring.training.design import Terms
    from scoring.training.recipe import Name, Recipe
    from scoring.training.table import Table


@dataclass(frozen=True, slots=True)
class Fitted:
    """A trained model: what fills gaps, how terms are scaled, and the estimator itself."""

    terms: Terms
    impute: Mapping[str, float]
    means: Array
    deviations: Array
    estimator: Any
    """A scikit-learn classifier over the (n, k) standardised design matrix."""

    def design(self, table: Table) -> Array:
        """Return the (n, k) standardised design matrix of the rows."""
        design = self.terms.design(filled(table.columns, self.impute))
        standard: Array = (design - self.means) / self.deviations
        return standard

    def probabilities(self, table: Table) -> Array:
        """Return ``predict_proba`` of the outcome for each row, (n,)."""
        found: Array = self.estimator.predict_proba(self.design(table))[:, 1]
        return found


def fit(recipe: Recipe, table: Table, algorithm: Name = "logistic") -> Fitted:
    """Return the model fitted to all rows of the table.

    Raises:
        TrainingError: the outcome does not vary.
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - only when training

    require_both(table)
    terms = terms_of(recipe)
    impute = {name: typical(c, recipe.inputs[name]) for name, c in table.columns.items()}
    design = terms.design(filled(table.columns, impute))
    means, deviations = scales(design, terms.scaled)
    if algorithm != "logistic":
        raise TrainingError(f"{algorithm}: not yet")
    estimator = LogisticRegression(
        C=recipe.algorithm.c, solver="newton-cholesky", tol=1e-10, max_iter=200
    )
    estimator.fit((design - means) / deviations, table.truth)
    return Fitted(terms, impute, means, deviations, estimator)


def require_both(table: Table) -> None:
    """Demand rows with and without the outcome.

    Raises:
        TrainingError: there are only rows of one kind.
    """
    if table.truth.all() or not table.truth.any():
        kind = "with" if table.truth.any() else "without"
        raise TrainingError(
            f"needs rows with and without the outcome: all {len(table.truth)} are {kind}"
        )
