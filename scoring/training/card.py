"""A fitted model as a card: coefficients, what fills gaps, scales, figures, recipe, data hash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from scoring import drift, notation
from scoring.cards import Input
from scoring.training.algorithms import WORDS, linear

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring.training.fit import Fitted
    from scoring.training.recipe import Given, Recipe
    from scoring.training.table import Table

WRITTEN = ("column", "codes", "unknown", "file_unit")
"""What of an input says how the files are written."""


def card_text(
    recipe: Recipe,
    table: Table,
    fitted: Fitted,
    found: Mapping[str, float],
    *,
    seed: int = 0,
    filed: Mapping[str, Any] | None = None,
) -> str:
    """Return the card of a fitted model as TOML.

    `filed` are the keys of a model that is no list of coefficients (`model_file.keep`).
    """
    usual = fitted.algorithm == recipe.algorithm.name
    document = {
        "id": recipe.id if usual else f"{recipe.id}_{fitted.algorithm.replace('-', '_')}",
        **{key: getattr(recipe, key) for key in ("title", "version", "domain")},
        "runtime": "regression",
        **{key: getattr(recipe, key) for key in ("citation", "licence")},
        "verified": "Equal to the trained model; see training.metrics",
        **{key: getattr(recipe, key) for key in ("setting", "disclaimer", "ages")},
        "notes": [*recipe.notes, *notes_of(filed)],
        "inputs": {
            name: {**card_input(given), "reference": reference(fitted.impute[name], given)}
            for name, given in recipe.inputs.items()
        },
        "outputs": {recipe.output: output_of(recipe)},
        "derived": recipe.derived or None,
        "terms": recipe.terms,
        **(filed or {"models": [model_of(recipe, fitted)]}),
        "training": training_of(recipe, table, fitted, found, seed),
    }
    return notation.write(document)


def notes_of(filed: Mapping[str, Any] | None) -> list[str]:
    """Return what has to be said of a model that holds rows of patients."""
    leaves = not filed or filed["model_file"].get("leaves_site", True)
    return [] if leaves else ["Holds rows of patients (support vectors): never leaves its site."]


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
    """Return the linear predictor of a logistic regression or a linear machine."""
    found = linear(fitted.estimator)
    pairs = zip(fitted.terms.names, found.coefficients.tolist(), strict=True)
    return {
        "output": recipe.output,
        "link": "logistic",
        "intercept": found.intercept,
        "coefficients": dict(pairs),
    }


def training_of(
    recipe: Recipe,
    table: Table,
    fitted: Fitted,
    found: Mapping[str, float],
    seed: int,
) -> dict[str, Any]:
    """Return how the model came about."""
    values = {name: plain(fitted.impute[name], given) for name, given in recipe.inputs.items()}
    scales = zip(fitted.means.tolist(), fitted.deviations.tolist(), strict=True)
    of_terms = zip(fitted.terms.names, scales, fitted.terms.scaled, strict=True)
    return {
        "algorithm": in_words(recipe, fitted),
        "seed": seed,
        "data": ", ".join(recipe.data.sites.values()),
        "sha256": table.sha256,
        "rows": len(table.truth),
        "told": dict(table.told),
        "metrics": {key: round(value, 4) for key, value in found.items()},
        "impute": values,
        "standardise": {name: list(scale) for name, scale, is_scaled in of_terms if is_scaled},
        "reference": msgspec.to_builtins(drift.reference(table.columns, recipe.inputs)),
        "recipe": {
            "algorithm": msgspec.to_builtins(recipe.algorithm),
            "data": msgspec.to_builtins(recipe.data),
            "inputs": {
                name: {key: value for key in WRITTEN if (value := getattr(given, key))}
                for name, given in recipe.inputs.items()
            },
        },
    }


def in_words(recipe: Recipe, fitted: Fitted) -> str:
    """Return what was fitted, with what the inner folds chose."""
    setting = ", ".join(f"{name} = {value:g}" for name, value in fitted.setting.items())
    words = WORDS[fitted.algorithm].format(
        setting=setting or f"c = {recipe.algorithm.c:g}", calibration=recipe.algorithm.calibration
    )
    words += f", {fitted.drawn} rows drawn" if fitted.drawn else ""
    spread = recipe.algorithm.spread(fitted.algorithm)
    return f"{words}, sites' intercepts with deviation {spread:g}" if spread else words


def plain(value: float, given: Given) -> bool | float | str:
    """Return a value of a column as the input's kind."""
    if given.type == "code":
        return given.levels[int(value)]
    return bool(value) if given.type == "boolean" else value


def reference(value: float, given: Given) -> bool | float | str | None:
    """Return what contributions are measured against; a person's own sex is never compared."""
    if given.source == "sex":
        return None
    return False if given.type == "boolean" else plain(value, given)
