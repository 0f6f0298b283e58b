"""The coordinator's side: totals in, the next question out, the model in the end.

Newton's method on the ridge-penalised log-likelihood, as scikit-learn has it: C times the loss plus
half the squared coefficients, the intercept free. The gradient and Hessian at 0 follow from the
moments, so that their round is the first step; a step that does not lower the loss is halved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from scoring.federated.answers import levels, numeric
from scoring.federated.noise import bounds
from scoring.federated.questions import AnyQuestion, Impute, Moments, Newton
from scoring.federated.sums import FederatedError
from scoring.training.design import Terms, terms_of

if TYPE_CHECKING:
    from collections.abc import Generator

    from scoring.codegen import Array
    from scoring.training.recipe import Recipe

SMALL = 1e-6
"""After a Newton step this small what is left is its square."""

STEPS = 25
FLAT = 1e-10
"""A term whose deviation is smaller, against its mean, is a constant."""


@dataclass(frozen=True, slots=True)
class Joint:
    """A model that comes from sums alone."""

    terms: Terms
    impute: dict[str, float]
    means: Array
    deviations: Array
    intercept: float
    coefficients: Array
    rows: int

    def named(self) -> dict[str, float]:
        """Return the coefficients by term, of standardised terms, as cards have them."""
        values = self.coefficients.tolist()
        return {"intercept": self.intercept, **dict(zip(self.terms.names, values, strict=True))}


Course: TypeAlias = "Generator[AnyQuestion, Array, Joint]"
"""Asks questions, is sent the totals, returns the model."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the round ``impute`` tells."""

    rows: float
    positive: float
    impute: dict[str, float]


@dataclass(frozen=True, slots=True)
class Scaled:
    """What the round ``moments`` tells: scales, and the loss at coefficients of 0."""

    means: Array
    deviations: Array
    start: Point


@dataclass(frozen=True, slots=True)
class Point:
    """The loss of all rows at some coefficients, with its derivatives."""

    coefficients: Array
    loss: float
    gradient: Array
    hessian: Array

    def penalised(self, ridge: Array) -> Point:
        """Return the point with half the squared coefficients, times `ridge`, added to the loss."""
        at = self.coefficients
        return Point(
            at,
            self.loss + float(ridge @ at**2) / 2.0,
            self.gradient + ridge * at,
            self.hessian + np.diag(ridge),
        )


def newton(recipe: Recipe) -> Course:
    """Find the penalised maximum-likelihood coefficients.

    Raises:
        FederatedError: the outcome does not vary, or the steps lead nowhere.
    """
    terms = terms_of(recipe)
    known, scaled = yield from prepared(recipe, terms)
    asked = Newton(
        known.impute, tuple(scaled.means.tolist()), tuple(scaled.deviations.tolist()), ()
    )
    found = yield from descent(asked, scaled.start, ridge_of(recipe, terms))
    return model(terms, known, scaled.means, scaled.deviations, found)


def prepared(recipe: Recipe, terms: Terms) -> Generator[AnyQuestion, Array, tuple[Known, Scaled]]:
    """Ask for what fills gaps, then for what terms are scaled by."""
    known = learnt((yield Impute()), recipe)
    pivot = pivot_of(terms, known)
    moments = yield Moments(known.impute, tuple(pivot.tolist()))
    return known, scaled_by(moments, terms, pivot)


def learnt(total: Array, recipe: Recipe) -> Known:
    """Return what fills gaps: the mean, or the commonest answer (the first of equals).

    Raises:
        FederatedError: all rows have the outcome, or none.
    """
    rows, positive, rest = float(total[0]), float(total[1]), total[2:].tolist()
    if not 0 < round(positive) < round(rows):
        raise FederatedError("the outcome does not vary over all sites together")
    impute = {}
    for name, given in recipe.inputs.items():
        if numeric(given):
            count, summed, *rest = rest
            mean = bounds(given, recipe)[0] + summed / count if count >= 1 else 0.0
            impute[name] = float(np.round(mean)) if given.type == "integer" else mean
        else:
            counts, rest = rest[: levels(given)], rest[levels(given) :]
            impute[name] = float(np.argmax(counts))
    return Known(rows, positive, impute)


def pivot_of(terms: Terms, known: Known) -> Array:
    """Return the terms of a patient of whom nothing is known: near the mean, no digit is lost."""
    nobody = {name: np.array([value]) for name, value in known.impute.items()}
    found: Array = terms.design(nobody)[0]
    return found


def scaled_by(total: Array, terms: Terms, pivot: Array) -> Scaled:
    """Return mean and deviation of the terms, and gradient and Hessian at coefficients of 0.

    There every probability is 1/2, so that both are moments, moved and scaled.
    """
    size = len(pivot) + 1
    outcome, cross = total[:size], symmetric(total[size:], size)
    rows, shift = cross[0, 0], cross[0, 1:] / cross[0, 0]
    variance = np.maximum(np.diag(cross)[1:] / rows - shift**2, 0.0)
    deviations = np.where(terms.scaled, np.sqrt(variance), 1.0)
    means = np.where(terms.scaled, pivot + shift, 0.0)
    deviations[deviations <= FLAT * np.maximum(1.0, np.abs(means))] = 1.0
    moved = np.eye(size)
    moved[1:, 1:] /= deviations[:, None]
    moved[1:, 0] = (pivot - means) / deviations
    at = np.zeros(size)
    start = Point(at, rows * np.log(2.0), -moved @ outcome, moved @ cross @ moved.T / 4.0)
    return Scaled(means, deviations, start)


def ridge_of(recipe: Recipe, terms: Terms) -> Array:
    """Return the penalty of each coefficient: 1/C, none of the intercept."""
    ridge = np.full(len(terms.names) + 1, 1.0 / recipe.algorithm.c)
    ridge[0] = 0.0
    return ridge


def descent(asked: Newton, start: Point, ridge: Array) -> Generator[AnyQuestion, Array, Array]:
    """Return the coefficients of the least penalised loss; asks ``newton`` at each trial.

    Raises:
        FederatedError: they are not found within some steps.
    """
    best = start.penalised(ridge)
    step = step_from(best)
    for _ in range(STEPS):
        trial = best.coefficients - step
        if np.max(np.abs(step)) < SMALL:
            return trial
        total = yield at(asked, trial)
        found = point(total, trial).penalised(ridge)
        if found.loss <= best.loss:
            best = found
            step = step_from(best)
        else:
            step = step / 2.0
    raise FederatedError("the coefficients do not settle: is the outcome perfectly separated?")


def step_from(best: Point) -> Array:
    """Return the Newton step: what is to be taken off the coefficients.

    Raises:
        FederatedError: the Hessian has no inverse.
    """
    try:
        step: Array = np.linalg.solve(best.hessian, best.gradient)
    except np.linalg.LinAlgError:
        raise FederatedError(
            "the terms determine no coefficients: the Hessian is singular"
        ) from None
    return step


def at(asked: Newton, coefficients: Array) -> Newton:
    """Return the question at other coefficients."""
    return Newton(
        asked.impute,
        asked.means,
        asked.deviations,
        tuple(coefficients.tolist()),
        asked.noise,
    )


def point(total: Array, coefficients: Array) -> Point:
    """Return what the round ``newton`` tells."""
    size = len(coefficients)
    gradient, rest = total[1 : size + 1], total[size + 1 :]
    return Point(coefficients, float(total[0]), gradient, symmetric(rest, size))


def symmetric(upper: Array, size: int) -> Array:
    """Return the symmetric matrix of an upper half, row by row."""
    matrix = np.zeros((size, size))
    matrix[np.triu_indices(size)] = upper
    return matrix + np.triu(matrix, 1).T


def model(terms: Terms, known: Known, means: Array, deviations: Array, found: Array) -> Joint:
    """Return the model with the coefficients found, the intercept first."""
    return Joint(
        terms, known.impute, means, deviations, float(found[0]), found[1:], round(known.rows)
    )
