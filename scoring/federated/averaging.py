"""Federated averaging (McMahan et al., AISTATS 2017), for comparison: many rounds, less exact.

Each site goes some gradient steps from the common coefficients on its own rows; the next common
ones are the mean of theirs, each row counting once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.federated.newton import model, prepared
from scoring.federated.questions import Averaging
from scoring.training.design import terms_of

if TYPE_CHECKING:
    from scoring.federated.newton import Course
    from scoring.training.recipe import Recipe

RATE = 0.5


def averaging(recipe: Recipe, rounds: int = 200, steps: int = 20, rate: float = RATE) -> Course:
    """Find coefficients by averaging those of the sites, `rounds` times."""
    terms = terms_of(recipe)
    known, scaled = yield from prepared(recipe, terms)
    means, deviations = tuple(scaled.means.tolist()), tuple(scaled.deviations.tolist())
    penalty = 1.0 / (recipe.algorithm.c * known.rows)
    common = np.zeros(len(terms.names) + 1)
    for _ in range(rounds):
        at = tuple(common.tolist())
        total = yield Averaging(known.impute, means, deviations, at, steps, rate, penalty)
        common = total[1:] / total[0]
    return model(terms, known, scaled.means, scaled.deviations, common)
