"""A joint model as the card that training on the rows themselves would give."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scoring import notation
from scoring.judge import expit
from scoring.training.algorithms import usual
from scoring.training.card import card_text
from scoring.training.fit import Fitted
from scoring.training.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.codegen import Array
    from scoring.federated.newton import Joint
    from scoring.training.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Linear:
    """A logistic regression of known coefficients, as scikit-learn names its parts."""

    coef_: Array
    intercept_: Array

    def predict_proba(self, design: Array) -> Array:
        """Return the probabilities of no and of yes, (n, 2)."""
        yes = expit(design @ self.coef_[0] + self.intercept_[0])
        return np.column_stack([1.0 - yes, yes])


def fitted(recipe: Recipe, joint: Joint) -> Fitted:
    """Return the joint model as training gives one."""
    linear = Linear(joint.coefficients[None, :], np.array([joint.intercept]))
    return Fitted(
        joint.terms,
        joint.impute,
        joint.means,
        joint.deviations,
        linear,
        "logistic",
        usual(recipe, "logistic"),
    )


def card(recipe: Recipe, joint: Joint, algorithm: str, sites: Sequence[str], sha256: str) -> str:
    """Return the card as TOML; `sha256` is of the totals, since nobody has seen the rows."""
    none = np.zeros(joint.rows, dtype=bool)
    rows = Table({}, none, none.astype(np.int64), tuple(sites), sha256, {})
    document = tomllib.loads(card_text(recipe, rows, fitted(recipe, joint), {}))
    document["training"] |= {"algorithm": algorithm, "data": ", ".join(sites)}
    return notation.write(document)
