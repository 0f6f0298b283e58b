"""How well a recipe does on rows that it was not trained on.

Nested: whatever is chosen (a penalty, a kernel's width) is chosen by inner folds of the rows that
are trained on, so that the rows held back have no say in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from scoring import judge
from scoring.training import algorithms
from scoring.training.fit import fit, prepared, trained
from scoring.training.recalibrated import LARGE, figures_by_site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scoring.codegen import Array
    from scoring.training.algorithms import Setting
    from scoring.training.recipe import Name, Recipe
    from scoring.training.table import Table

Tell: TypeAlias = "Callable[[str, int, int], None]"
"""Told the stage, how many of it are done, and how many there are."""

ROWS_OF_CHOICE = 4000
"""So many rows, drawn by the seed, are enough to choose a setting: a penalty is the width of a
prior, which does not depend on their number."""


def silent(_stage: str, _done: int, _total: int) -> None:
    """Tell nobody."""


def metrics(
    recipe: Recipe,
    table: Table,
    algorithm: Name = "logistic",
    *,
    seed: int = 0,
    tell: Tell = silent,
) -> dict[str, float]:
    """Return how well the recipe does on rows it was not trained on.

    ``cv_*``: means over repeated stratified folds (by site and truth). ``left_out_*``: each site
    predicted by the others, all sites pooled; then per site. ``recalibrated_*``: those, after an
    intercept learned from a fifth of the site's rows, on its other rows. The published scores of
    the files have the same figures on the same rows.
    """
    repeats = recipe.validation.repeats if algorithm == "logistic" else 1
    found = of_folds(recipe, table, algorithm, range(seed, seed + repeats), tell)
    left_out = None
    if recipe.validation.leave_one_site_out:
        left_out = left_out_sites(recipe, table, algorithm, seed=seed, tell=tell)
    if left_out is not None:
        found |= named("left_out", judged(table.truth, left_out))
        found |= of_sites(table, left_out)
        found |= figures_by_site(left_out, table.truth, table.site, "recalibrated", table.sites)
    for name, score in table.compare.items():
        found |= of_score(table, name, score, sites=left_out is not None)
    return found


def of_folds(
    recipe: Recipe, table: Table, algorithm: Name, seeds: range, tell: Tell
) -> dict[str, float]:
    """Return the figures of repeated folds; none with too few rows."""
    total = len(seeds) * recipe.validation.folds
    repeats = []
    for place, seed in enumerate(seeds):

        def step(done: int, before: int = place * recipe.validation.folds) -> None:
            tell("folds", before + done, total)

        probability = folded(recipe, table, algorithm, seed=seed, step=step)
        if probability is None:
            return {}
        repeats.append(judged(table.truth, probability))
    return {f"cv_{key}": float(np.mean([one[key] for one in repeats])) for key in repeats[0]}


def named(prefix: str, figures: dict[str, float]) -> dict[str, float]:
    """Return the figures under longer names."""
    return {f"{prefix}_{key}": value for key, value in figures.items()}


def of_sites(table: Table, probability: Array) -> dict[str, float]:
    """Return the figures of each site with enough rows of both kinds."""
    found: dict[str, float] = {}
    for place, name in enumerate(table.sites):
        rows = table.site == place
        if rows.sum() >= LARGE and len(set(table.truth[rows])) == 2:
            found |= named(f"left_out_{name}", judged(table.truth[rows], probability[rows]))
    return found


def of_score(table: Table, name: str, score: Array, *, sites: bool) -> dict[str, float]:
    """Return the figures of a published score on the rows that have it."""
    known = ~np.isnan(score)
    p, truth, site = score[known], table.truth[known], table.site[known]
    found = named(name, judged(truth, p))
    return found | (figures_by_site(p, truth, site, f"{name}_recalibrated") if sites else {})


def folded(
    recipe: Recipe,
    table: Table,
    algorithm: Name = "logistic",
    *,
    seed: int = 0,
    step: Callable[[int], None] = lambda _: None,
) -> Array | None:
    """Return each row's probability by a model of the other folds; None with too few rows."""
    strata = table.site * 2 + table.truth
    folds = recipe.validation.folds
    if min(np.bincount(table.truth, minlength=2)) < folds:
        return None
    found = np.zeros(len(strata))
    for done, (_, places) in enumerate(split(strata, folds, seed), 1):
        held = np.isin(np.arange(len(strata)), places)
        found[held] = nested(recipe, table, held, algorithm, seed)
        step(done)
    return found


def split(strata: Array, folds: int, seed: int) -> Iterator[tuple[Array, Array]]:
    """Yield the rows to train on and those held back, each stratum spread over the folds.

    One with fewer rows than folds is spread together with the largest of the same truth.
    """
    from sklearn.model_selection import StratifiedKFold  # noqa: PLC0415 - only when training

    names, places, counts = np.unique(strata, return_inverse=True, return_counts=True)
    spread = np.array(strata)
    for truth in (0, 1):
        small = (counts[places] < folds) & (strata % 2 == truth)
        if small.any():
            spread[small] = names[np.argmax(counts * (names % 2 == truth))]
    yield from StratifiedKFold(folds, shuffle=True, random_state=seed).split(spread, spread)


def left_out_sites(
    recipe: Recipe,
    table: Table,
    algorithm: Name = "logistic",
    *,
    seed: int = 0,
    tell: Tell = silent,
) -> Array | None:
    """Return each row's probability by a model of the other sites; None with a single site."""
    places = np.unique(table.site)
    if len(places) < 2:
        return None
    found = np.zeros(len(table.site))
    for done, place in enumerate(places, 1):
        held = table.site == place
        if len(set(table.truth[~held])) < 2:
            return None
        found[held] = nested(recipe, table, held, algorithm, seed)
        tell("sites left out", done, len(places))
    return found


def nested(recipe: Recipe, table: Table, held: Array, algorithm: Name, seed: int) -> Array:
    """Return the probabilities of the rows `held` by a model of the others, chosen by them."""
    others = table.part(~held)
    setting = chosen(recipe, others, algorithm, seed)
    fitted = fit(recipe, others, algorithm, setting=setting, seed=seed)
    return fitted.probabilities(table.part(held))


def chosen(recipe: Recipe, table: Table, algorithm: Name, seed: int = 0) -> Setting:
    """Return the setting with the least loss over inner folds; the simplest of equals.

    With too few rows for inner folds it is the usual one.
    """
    settings = algorithms.grid(recipe, algorithm)
    if len(settings) == 1:
        return settings[0]
    if np.bincount(table.truth, minlength=2).min() < recipe.validation.inner_folds:
        return algorithms.usual(recipe, algorithm)
    table = table.drawn(ROWS_OF_CHOICE, seed)
    strata = table.site * 2 + table.truth
    losses = np.zeros(len(settings))
    for known, held in split(strata, recipe.validation.inner_folds, seed):
        part, other = table.part(known), table.part(held)
        if len(set(part.truth)) < 2:
            continue
        ready = prepared(recipe, part)
        design, unseen = ready.design(part), ready.design(other)
        for place, setting in enumerate(settings):
            made = algorithms.bare(algorithms.estimator(recipe, algorithm, setting, seed))
            made = trained(made, design, part, recipe.algorithm.spread(algorithm))
            losses[place] += loss(made, unseen, other.truth)
    return settings[int(np.argmin(np.round(losses, 9)))]


def loss(made: Any, design: Array, truth: Array) -> float:  # noqa: ANN401 - any classifier of scikit-learn
    """Return the sum of the log losses, or how often distances are the wrong way round."""
    from sklearn.metrics import log_loss, roc_auc_score  # noqa: PLC0415 - only when training

    if hasattr(made, "predict_proba"):
        probability = made.predict_proba(design)[:, 1]
        return float(log_loss(truth, probability, labels=[False, True], normalize=False))
    if len(set(truth)) < 2:
        return 0.0
    return 1.0 - float(roc_auc_score(truth, made.decision_function(design)))


def judged(truth: Array, probability: Array) -> dict[str, float]:
    """Return AUC, Brier score and expected calibration error (ten equal bins)."""
    from sklearn.metrics import roc_auc_score  # noqa: PLC0415 - only when training

    return {
        "auc": float(roc_auc_score(truth, probability)),
        "brier": judge.brier(probability, truth),
        "ece": judge.ece(probability, truth),
    }
