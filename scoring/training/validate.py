"""How well a recipe does on rows that it was not trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.training.fit import fit

if TYPE_CHECKING:
    from scoring.codegen import Array
    from scoring.training.recipe import Recipe
    from scoring.training.table import Table


def metrics(recipe: Recipe, table: Table) -> dict[str, float]:
    """Return how well the recipe does on rows it was not trained on.

    ``cv_*``: means over repeated stratified folds (by site and truth), everything fitted inside the
    fold. ``left_out_*``: each site predicted by the others, all sites pooled; then per site.
    """
    repeats = [folded(recipe, table, seed) for seed in range(recipe.validation.repeats)]
    found = {
        f"cv_{name}": float(
            np.mean([judged(table.truth, p)[name] for p in repeats if p is not None])
        )
        for name in ("auc", "brier", "ece")
        if repeats[0] is not None
    }
    left_out = left_out_sites(recipe, table)
    if left_out is not None:
        found |= {f"left_out_{k}": v for k, v in judged(table.truth, left_out).items()}
        for place, name in enumerate(table.sites):
            rows = table.site == place
            if len(set(table.truth[rows])) == 2:
                of_site = judged(table.truth[rows], left_out[rows])
                found |= {f"left_out_{name}_{k}": v for k, v in of_site.items()}
    return found


def folded(recipe: Recipe, table: Table, seed: int) -> Array | None:
    """Return each row's probability by a model of the other folds; None with too few rows."""
    from sklearn.model_selection import StratifiedKFold  # noqa: PLC0415 - only when training

    strata = table.site * 2 + table.truth
    folds = recipe.validation.folds
    if min(np.unique(strata, return_counts=True)[1]) < folds:
        return None
    found = np.zeros(len(strata))
    splits = StratifiedKFold(folds, shuffle=True, random_state=seed).split(strata, strata)
    for known, held in splits:
        found[held] = fit(recipe, table.part(known)).probabilities(table.part(held))
    return found


def left_out_sites(recipe: Recipe, table: Table) -> Array | None:
    """Return each row's probability by a model of the other sites; None with a single site."""
    if len(set(table.site)) < 2:
        return None
    found = np.zeros(len(table.site))
    for place in np.unique(table.site):
        held = table.site == place
        if len(set(table.truth[~held])) < 2:
            return None
        found[held] = fit(recipe, table.part(~held)).probabilities(table.part(held))
    return found


def judged(truth: Array, probability: Array) -> dict[str, float]:
    """Return AUC, Brier score and expected calibration error (ten equal bins)."""
    from sklearn.metrics import roc_auc_score  # noqa: PLC0415 - only when training

    bins = np.minimum((probability * 10).astype(int), 9)
    gaps = [
        abs(truth[bins == place].mean() - probability[bins == place].mean())
        * np.mean(bins == place)
        for place in np.unique(bins)
    ]
    return {
        "auc": float(roc_auc_score(truth, probability)),
        "brier": float(np.mean((probability - truth) ** 2)),
        "ece": float(sum(gaps)),
    }
