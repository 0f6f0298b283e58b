"""What a model is worth at a site it never saw, once it has been recalibrated there.

Each site's intercept is learned from a part of its rows and drawn towards those of the other sites
(`scoring.calibrate`); what is judged are its other rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring import calibrate, judge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.codegen import Array

SHARE = 0.2
"""Part of a site's rows that its intercept is learned from."""
DRAWS = 10
FOLDS = 5
LARGE = 100
"""Rows from which on a site's own calibration error counts: below, it is noise."""


def figures_by_site(
    probability: Array, truth: Array, site: Array, name: str, sites: Sequence[str] = ()
) -> dict[str, float]:
    """Return the figures after recalibration by site, from a fifth of its rows and from folds.

    ``NAME_auc``, ``NAME_brier``, ``NAME_ece``: intercepts from 20 % of each site's rows, judged on
    the other rows, means of ten draws; ``NAME_SITE_...`` for the `sites` with 100 rows.
    ``NAME_ece_sites``: median calibration error of those, each row's intercept learned from the
    other four fifths of its site's rows; ``NAME_ece_sites_chance``: what it would be, by chance
    alone, were all probabilities true.
    """
    found = [drawn(probability, truth, site, seed) for seed in range(DRAWS)]
    places = {-1: name} | {
        place: f"{name}_{one}" for place, one in enumerate(sites) if (site == place).sum() >= LARGE
    }
    figures = {
        f"{prefix}_{key}": float(np.mean([figure(key, *rest, place) for rest in found]))
        for place, prefix in places.items()
        for key in ("auc", "brier", "ece")
    }
    cross = folded(probability, truth, site)
    return figures | {
        f"{name}_ece_sites": median_error(cross, truth, site),
        f"{name}_ece_sites_chance": chance_error(cross, site),
    }


def figure(key: str, probability: Array, truth: Array, site: Array, place: int) -> float:
    """Return one figure of a site, or of all rows."""
    if place >= 0:
        probability, truth = probability[site == place], truth[site == place]
    if key == "auc":
        found = judge.auc(probability, truth).value
        return np.nan if found is None else found
    return {"brier": judge.brier, "ece": judge.ece}[key](probability, truth)


def drawn(probability: Array, truth: Array, site: Array, seed: int) -> tuple[Array, Array, Array]:
    """Return the recalibrated probabilities, truths and sites of the rows that were not drawn."""
    part = picked(site, seed)
    found = shifted(probability, truth, site, part)
    return found[~part], truth[~part], site[~part]


def picked(site: Array, seed: int) -> Array:
    """Return which rows are drawn, (n,) bool: a fifth of each site's, one at least."""
    draw = np.random.default_rng(seed)
    part = np.zeros(len(site), dtype=bool)
    for place in np.unique(site):
        rows = np.flatnonzero(site == place)
        part[draw.choice(rows, max(1, round(SHARE * len(rows))), replace=False)] = True
    return part


def shifted(probability: Array, truth: Array, site: Array, part: Array) -> Array:
    """Return all probabilities with the intercepts of their sites, learned from some rows."""
    names = site.astype(str).astype(object)
    learned = calibrate.fit(probability[part], truth[part], names[part], method="intercept")
    return learned.apply(probability, names)


def folded(probability: Array, truth: Array, site: Array, seed: int = 0) -> Array:
    """Return the probabilities with intercepts learned from the other folds of their site."""
    draw, fold = np.random.default_rng(seed), np.zeros(len(site), dtype=np.int64)
    for place in np.unique(site):
        rows = np.flatnonzero(site == place)
        fold[rows] = draw.permutation(len(rows)) % FOLDS
    found = np.array(probability)
    for place in range(FOLDS):
        held = fold == place
        found[held] = shifted(probability, truth, site, ~held)[held]
    return found


def median_error(probability: Array, truth: Array, site: Array) -> float:
    """Return the median calibration error of the sites with enough rows; NaN without any."""
    errors = [
        judge.ece(probability[site == place], truth[site == place])
        for place in np.unique(site)
        if (site == place).sum() >= LARGE
    ]
    return float(np.median(errors)) if errors else np.nan


def chance_error(probability: Array, site: Array) -> float:
    """Return the median calibration error to expect of true probabilities: few rows are noisy."""
    draw = np.random.default_rng(0)
    found = [
        median_error(probability, draw.random(len(site)) < probability, site)
        for _ in range(2 * DRAWS)
    ]
    return float(np.mean(found))
