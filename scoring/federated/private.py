"""Newton's method when sites answer with noise: few rounds, public scales, short steps.

Privacy is spent evenly over the rounds. Scales come from the limits that the recipe gives, not from
moments, which would cost. Directions in which the noise of the Hessian may hide its curvature are
taken as curved as the noise, so that the step stays short.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scoring.federated.answers import levels, numeric
from scoring.federated.newton import at, learnt, model, point, ridge_of
from scoring.federated.noise import bounds, rho_of, sigma_of
from scoring.federated.questions import Impute, Newton, Noise
from scoring.training.design import scales, terms_of

if TYPE_CHECKING:
    from scoring.codegen import Array
    from scoring.federated.newton import Course, Known, Point
    from scoring.training.design import Terms
    from scoring.training.recipe import Recipe

IMAGINED = 4096
"""Rows drawn from the recipe's limits, to scale terms by."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be spent in all, and how."""

    epsilon: float
    delta: float = 1e-5
    steps: int = 2
    clip: float = 1.5
    """Length of a row's part of gradient and Hessian."""

    @property
    def answers(self) -> int:
        """Return how often each site answers."""
        return self.steps + 1

    @property
    def sigma(self) -> float:
        """Return the multiple of noise in each answer."""
        return sigma_of(rho_of(self.epsilon, self.delta) / self.answers)


def private(recipe: Recipe, budget: Budget, sites: int) -> Course:
    """Find coefficients from noisy sums of so many sites.

    Raises:
        FederatedError: the recipe gives no limits of a number, or noise hides the outcome.
    """
    terms = terms_of(recipe)
    known = learnt((yield Impute(Noise(longest(recipe), budget.sigma))), recipe)
    means, deviations = imagined(recipe, terms, known)
    noise = Noise(budget.clip, budget.sigma)
    asked = Newton(known.impute, tuple(means.tolist()), tuple(deviations.tolist()), (), noise)
    ridge = ridge_of(recipe, terms)
    least = budget.sigma * budget.clip * math.sqrt(sites)
    found = np.zeros(len(ridge))
    for _ in range(budget.steps):
        total = yield at(asked, found)
        found = found - short_step(point(total, found).penalised(ridge), least)
    return model(terms, known, means, deviations, found)


def longest(recipe: Recipe) -> float:
    """Return the length of the longest part that a row can have in the round ``impute``."""
    numbers = sum(numeric(given) for given in recipe.inputs.values())
    return math.sqrt(2.0 + numbers + len(recipe.inputs))


def imagined(recipe: Recipe, terms: Terms, known: Known) -> tuple[Array, Array]:
    """Return mean and deviation of the terms over rows that nobody is: limits are 3 deviations."""
    draw = np.random.default_rng(0)
    columns = {}
    for name, given in recipe.inputs.items():
        if numeric(given):
            middle, half = bounds(given, recipe, required=True)
            around = min(max(known.impute[name], middle - half), middle + half)
            values = draw.normal(around, half / 3.0, IMAGINED)
            columns[name] = np.clip(values, middle - half, middle + half)
        else:
            columns[name] = draw.integers(0, levels(given), IMAGINED).astype(np.float64)
    return scales(terms.design(columns), terms.scaled)


def short_step(here: Point, least: float) -> Array:
    """Return the Newton step with no direction less curved than `least`."""
    curvatures, directions = np.linalg.eigh(here.hessian)
    along = directions.T @ here.gradient / np.maximum(curvatures, least)
    step: Array = directions @ along
    return step
