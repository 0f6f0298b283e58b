"""A fitted model as a card: coefficients, what fills gaps, scales, figures, recipe, data hash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from scoring import notation
from scoring.cards import Input

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from scoring.training.fit import Fitted
    from scoring.training.recipe import Given, Recipe
    from scoring.training.table import Table

from scoring.training.fit import fit
from scoring.training.recipe import load
from scoring.training.table import read_table
from scoring.training.validate import metrics

WRITTEN = ("column", "codes", "unknown", "file_unit")
"""What of an input says how the files are written."""


def train(name: str, folder: Path) -> str:
    """Return the card, as TOML, of the model trained by a recipe on the files in `folder`.

    Raises:
        TrainingError: no file of the recipe can be read, or the outcome does not vary.
    """
    recipe = load(name)
    table = read_table(recipe, folder)
    return card_text(recipe, table, fit(recipe, table), metrics(recipe, table))


def card_text(recipe: Recipe, table: Table, fitted: Fitted, found: Mapping[str, float]) -> str:
    """Return the card of a fitted model as TOML."""
    values = {name: plain(fitted.impute[name], given) for name, given in recipe.inputs.items()}
    document = {
        **{key: getattr(recipe, key) for key in ("id", "title", "version", "domain")},
        "runtime": "regression",
        **{key: getattr(recipe, key) for key in ("citation", "licence")},
        "verified": "Equal to the trained model; see training.metrics",
        **{key: getattr(recipe, key) for key in ("setting", "disclaimer", "ages", "notes")},
        "inputs": {
            name: {**card_input(given), "reference": reference(values[name], given)}
            for name, given in recipe.inputs.items()
        },
        "outputs": {recipe.output: output_of(recipe)},
        "terms": recipe.terms,
        "models": [model_of(recipe, fitted)],
        "training": training_of(recipe, table, fitted, found, values),
    }
    return notation.write(document)


def card_input(given: Given) -> dict[str, Any]:
    """Return what the card keeps of a recipe's input: all but defaults and the files' writing."""
    plain_input = Input(
        **{key: getattr(given, key) for key in Input.__struct_fields__ if key not in WRITTEN}
    )
    usual = Input(type=given.type, label=given.label)
    return {
        key: value
        for key, value in msgspec.structs.asdict(plain_input).items()
        if key in ("type", "label") or value != getattr(usual, key)
    }


def output_of(recipe: Recipe) -> dict[str, Any]:
    """Return the card's only output."""
    return {
        "kind": "probability",
        "label": recipe.label,
        "outcome": recipe.outcome,
        "coding": recipe.coding,
    }


def model_of(recipe: Recipe, fitted: Fitted) -> dict[str, Any]:
    """Return the linear predictor of a logistic regression."""
    coefficients = fitted.estimator.coef_[0].tolist()
    return {
        "output": recipe.output,
        "link": "logistic",
        "intercept": float(fitted.estimator.intercept_[0]),
        "coefficients": dict(zip(fitted.terms.names, coefficients, strict=True)),
    }


def training_of(
    recipe: Recipe,
    table: Table,
    fitted: Fitted,
    found: Mapping[str, float],
    values: Mapping[str, Any],
) -> dict[str, Any]:
    """Return how the model came about."""
    scales = zip(fitted.means.tolist(), fitted.deviations.tolist(), strict=True)
    of_terms = zip(fitted.terms.names, scales, fitted.terms.scaled, strict=True)
    return {
        "algorithm": f"logistic regression, L2, C = {recipe.algorithm.c:g}",
        "data": ", ".join(recipe.data.sites.values()),
        "sha256": table.sha256,
        "rows": len(table.truth),
        "metrics": {key: round(value, 4) for key, value in found.items()},
        "impute": dict(values),
        "standardise": {name: list(scale) for name, scale, is_scaled in of_terms if is_scaled},
        "recipe": {
            "algorithm": msgspec.to_builtins(recipe.algorithm),
            "data": msgspec.to_builtins(recipe.data),
            "inputs": {
                name: {key: value for key in WRITTEN if (value := getattr(given, key))}
                for name, given in recipe.inputs.items()
            },
        },
    }


def plain(value: float, given: Given) -> bool | float | str:
    """Return a value of a column as the input's kind."""
    if given.type == "code":
        return given.levels[int(value)]
    return bool(value) if given.type == "boolean" else value


def reference(value: bool | float | str, given: Given) -> bool | float | str | None:
    """Return what contributions are measured against; a person's own sex is never compared."""
    if given.source == "sex":
        return None
    return False if given.type == "boolean" else value
