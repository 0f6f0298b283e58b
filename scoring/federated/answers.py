"""What a site answers: sums over its rows, whose number and meaning the recipe alone decides.

With k terms: ``impute`` 2 numbers and 2 for each number, else one for each answer of an input;
``moments`` (k+1) + (k+1)(k+2)/2; ``newton`` one more; ``fedavg`` k+2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.federated.noise import bounds, shortening
from scoring.federated.questions import Averaging, Impute, Moments, Newton
from scoring.federated.sums import FederatedError
from scoring.judge import expit
from scoring.training.design import filled, terms_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scoring.codegen import Array
    from scoring.federated import questions
    from scoring.training.recipe import Given, Recipe
    from scoring.training.table import Table

AT_ONCE = 16_384
"""Rows whose terms are held in memory at a time."""


def answer(
    question: questions.AnyQuestion, recipe: Recipe, table: Table, draws: Callable[[int], Array]
) -> Array:
    """Return the site's sums; `draws` gives as many standard normal numbers as asked, for noise.

    Raises:
        FederatedError: the question does not fit the recipe, or numbers go out of bounds.
    """
    if isinstance(question, Averaging):
        return averaged(question, recipe, table)
    noise = None if isinstance(question, Moments) else question.noise
    found = np.zeros(())
    for rows in parts(len(table.truth)):
        found = found + sums(question, recipe, table.part(rows))
    if noise:
        found = found + noise.sigma * noise.clip * scale_of(question, recipe) * draws(found.size)
    if not np.all(np.isfinite(found)):
        raise FederatedError("the sums are not finite")
    return found


def size(question: questions.AnyQuestion, recipe: Recipe) -> int:
    """Return how many numbers an answer has, whatever the rows."""
    terms = len(recipe.terms) + 1
    if isinstance(question, Impute):
        return 2 + sum(2 if numeric(one) else levels(one) for one in recipe.inputs.values())
    if isinstance(question, Averaging):
        return terms + 1
    return terms + terms * (terms + 1) // 2 + isinstance(question, Newton)


def parts(rows: int) -> Iterator[Array]:
    """Yield positions of rows, some thousand at a time; once at least."""
    for start in range(0, max(rows, 1), AT_ONCE):
        yield np.arange(start, min(start + AT_ONCE, rows))


def sums(question: Impute | Moments | Newton, recipe: Recipe, table: Table) -> Array:
    """Return the sums over the rows, each row's part shortened where noise is asked for."""
    if isinstance(question, Moments):
        return crossed(question, recipe, table)
    if isinstance(question, Newton):
        return curved(question, recipe, table)
    each = known(recipe, table)
    if question.noise:
        scale = scale_of(question, recipe)
        lengths = np.linalg.norm(each / scale, axis=1)
        each = each * shortening(lengths, question.noise.clip)[:, None]
    found: Array = each.sum(axis=0)
    return found


def known(recipe: Recipe, table: Table) -> Array:
    """Return 1, the outcome, and for each input whether it is known and what it says."""
    each = [np.ones(len(table.truth)), table.truth.astype(np.float64)]
    for name, given in recipe.inputs.items():
        column = table.columns[name]
        if numeric(given):
            there = ~np.isnan(column)
            each += [
                there.astype(np.float64),
                np.where(there, column - bounds(given, recipe)[0], 0),
            ]
        else:
            each += [(column == level).astype(np.float64) for level in range(levels(given))]
    return np.column_stack(each)


def numeric(given: Given) -> bool:
    """Say whether an input is a number, not a code or a truth."""
    return given.type in ("number", "integer")


def levels(given: Given) -> int:
    """Return how many answers a coded input or a truth can have."""
    return len(given.levels) or 2


def scale_of(question: questions.AnyQuestion, recipe: Recipe) -> Array:
    """Return by what each number of an answer is divided before rows are shortened, for noise."""
    if not isinstance(question, Impute):
        return np.ones(1)
    scale = [1.0, 1.0]
    for given in recipe.inputs.values():
        if numeric(given):
            scale += [1.0, bounds(given, recipe, required=True)[1]]
        else:
            scale += [1.0] * levels(given)
    return np.array(scale)


def crossed(question: Moments, recipe: Recipe, table: Table) -> Array:
    """Return sums of the terms around the pivot, behind a 1, times outcome - 1/2 and each other."""
    design = terms_of(recipe).design(filled(table.columns, imputed(question, recipe)))
    around = with_one(design - fitting(question.pivot, design.shape[1]))
    return np.concatenate([(table.truth - 0.5) @ around, upper(around.T @ around)])


def curved(question: Newton, recipe: Recipe, table: Table) -> Array:
    """Return the sums of loss, gradient and the upper half of the Hessian."""
    design = standard(question, recipe, table)
    predictor = design @ fitting(question.coefficients, design.shape[1])
    probability = expit(predictor)
    loss = np.logaddexp(0.0, predictor) - table.truth * predictor
    residual = probability - table.truth
    weight = probability * (1.0 - probability)
    if question.noise:
        length = np.sqrt(loss**2 + curve_length(design, residual, weight))
        short = shortening(length, question.noise.clip)
        loss, residual, weight = short * loss, short * residual, short * weight
    hessian = upper((design * weight[:, None]).T @ design)
    return np.concatenate([[loss.sum()], residual @ design, hessian])


def curve_length(design: Array, residual: Array, weight: Array) -> Array:
    """Return the squared length of each row's part of gradient and upper half of the Hessian."""
    squares = design**2
    length = squares.sum(axis=1)
    found: Array = residual**2 * length + weight**2 * (length**2 + (squares**2).sum(axis=1)) / 2.0
    return found


def averaged(question: Averaging, recipe: Recipe, table: Table) -> Array:
    """Return the number of rows, and with it the coefficients after steps on them alone."""
    design = standard(question, recipe, table)
    own = fitting(question.coefficients, design.shape[1]).copy()
    ridge = np.full(own.size, question.penalty)
    ridge[0] = 0.0
    for _ in range(question.steps):
        residual = expit(design @ own) - table.truth
        own -= question.rate * (design.T @ residual / len(table.truth) + ridge * own)
    return len(table.truth) * np.concatenate([[1.0], own])


def standard(question: Newton | Averaging, recipe: Recipe, table: Table) -> Array:
    """Return the standardised terms behind a 1, (n, k+1)."""
    design = terms_of(recipe).design(filled(table.columns, imputed(question, recipe)))
    means, deviations = (
        fitting(values, design.shape[1]) for values in (question.means, question.deviations)
    )
    return with_one((design - means) / deviations)


def imputed(question: Moments | Newton | Averaging, recipe: Recipe) -> dict[str, float]:
    """Return what fills gaps.

    Raises:
        FederatedError: it does not name the recipe's inputs.
    """
    if question.impute.keys() != recipe.inputs.keys():
        raise FederatedError("what fills gaps does not name the inputs of the recipe")
    return question.impute


def fitting(values: tuple[float, ...], wanted: int) -> Array:
    """Return the values as an array.

    Raises:
        FederatedError: there are not as many as the recipe has.
    """
    if len(values) != wanted:
        raise FederatedError(f"{len(values)} numbers came where the recipe has {wanted}")
    return np.array(values)


def with_one(design: Array) -> Array:
    """Return the terms behind a column of ones."""
    return np.column_stack([np.ones(len(design)), design])


def upper(matrix: Array) -> Array:
    """Return the upper half of a matrix, row by row."""
    found: Array = matrix[np.triu_indices(len(matrix))]
    return found
