"""From a recipe and its table to a card: choose, fit, validate, describe."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

from scoring.training.algorithms import LINEAR
from scoring.training.card import card_text, in_words
from scoring.training.describe import describe
from scoring.training.fit import fit, separated
from scoring.training.model_file import keep
from scoring.training.validate import chosen, metrics, silent

if TYPE_CHECKING:
    from scoring.training.fit import Fitted
    from scoring.training.recipe import Name, Recipe
    from scoring.training.table import Table
    from scoring.training.validate import Tell

SEPARATED = (
    "the model tells all its rows apart: the data are separable, and the coefficients are finite "
    "by the penalty alone"
)


@dataclass(frozen=True, slots=True)
class Trained:
    """A model as it is kept, and what there is to tell of it."""

    card: str
    """TOML."""
    report: dict[str, Any]
    file: tuple[str, bytes] | None = None
    """Name and bytes of the model's file, where it is no list of coefficients."""


def train(
    recipe: Recipe,
    table: Table,
    algorithm: Name | None = None,
    *,
    seed: int = 0,
    stem: str = "model",
    tell: Tell = silent,
) -> Trained:
    """Return the model that a recipe makes of a table; the same data and seed give the same bytes.

    `stem` names the model's file, where there is one beside the card.

    Raises:
        TrainingError: the outcome does not vary, there are too few rows, or it does not converge.
    """
    name = algorithm or recipe.algorithm.name
    fitted = fit(recipe, table, name, setting=chosen(recipe, table, name, seed), seed=seed)
    figures = metrics(recipe, table, name, seed=seed, tell=tell)
    found = {key: value for key, value in figures.items() if isfinite(value)}
    filed, raw = (None, b"") if name in LINEAR else keep(fitted, stem)
    text = card_text(recipe, table, fitted, found, seed=seed, filed=filed)
    report = told(recipe, table, fitted, found) | {"seed": seed}
    return Trained(text, report, (filed["model_file"]["path"], raw) if filed else None)


def told(recipe: Recipe, table: Table, fitted: Fitted, found: dict[str, float]) -> dict[str, Any]:
    """Return the report: what was trained on what, what was cleaned, how good it is."""
    return {
        "recipe": recipe.id,
        "algorithm": in_words(recipe, fitted),
        "setting": dict(fitted.setting),
        "data": describe(recipe, table),
        "remarks": [SEPARATED] if separated(table, fitted) else [],
        "metrics": found,
    }
