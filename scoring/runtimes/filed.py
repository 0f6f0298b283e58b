"""Models in a file: the card makes the terms of a row, the file gives the probability.

All calls of a model have the same number of rows, one for ONNX: a batch gives bit for bit what its
rows give one by one, and no graph can let one patient's values touch another's result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.codegen import Array, build
from scoring.expressions import NUMBER
from scoring.modelfile import opening
from scoring.runtimes.linear import term_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from scoring.cards import Card
    from scoring.runtimes.tree import Tree

GIVEN = "given_by_model"
"""The name under which what the file gives enters the steps of the card."""


def grow(card: Card, tree: Tree, stratum: Mapping[str, str]) -> None:  # noqa: ARG001 - one signature for all runtimes
    """Add the terms, and the card's output as what the file gives for them."""
    for name, text in card.terms.items():
        tree.add(term_name(name), text)
    tree.kinds[GIVEN] = NUMBER
    tree.add(next(iter(card.outputs)), GIVEN)


def functions(
    card: Card, tree: Tree, inputs: Sequence[str], wanted: Sequence[str]
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return the functions of one row and of columns, each of `inputs` and giving `wanted`."""
    model = opening.opened(card)
    one, many = designs(card, tree, inputs)
    after = [*inputs, GIVEN]
    of_row = build(after, tree.steps, wanted, tree.kinds)
    of_columns = build(after, tree.steps, wanted, tree.kinds, columns=True)

    def row(*values: Any) -> Any:  # noqa: ANN401 - values of any kind of input
        return of_row(*values, float(probabilities(model, one(*values)[np.newaxis])[0]))

    def columns(*values: Array) -> Any:  # noqa: ANN401 - as the functions of other cards
        return of_columns(*values, probabilities(model, many(*values)))

    return row, columns


def designs(
    card: Card, tree: Tree, inputs: Sequence[str]
) -> tuple[Callable[..., Array], Callable[..., Array]]:
    """Return the functions of one row (k,) and of columns (n, k) to the standardised terms."""
    terms = [term_name(name) for name in card.terms]
    of_row = build(inputs, tree.steps, terms, tree.kinds)
    of_columns = build(inputs, tree.steps, terms, tree.kinds, columns=True)
    means, deviations = scales(card)

    def one(*values: Any) -> Array:  # noqa: ANN401 - values of any kind of input
        found: Array = (np.array(of_row(*values), dtype=np.float64) - means) / deviations
        return found

    def many(*values: Array) -> Array:
        found = np.column_stack([np.broadcast_to(c, len(values[0])) for c in of_columns(*values)])
        scaled: Array = (found.astype(np.float64) - means) / deviations
        return scaled

    return one, many


def scales(card: Card) -> tuple[Array, Array]:
    """Return mean and deviation of each term (k,); 0 and 1 where it stays as it is."""
    known = card.training.standardise if card.training else {}
    pairs = np.array([known.get(name, (0.0, 1.0)) for name in card.terms], dtype=np.float64)
    return pairs[:, 0], pairs[:, 1]


def probabilities(model: opening.Opened, design: Array) -> Array:
    """Return what the model gives for each row (n,); NaN where that is no probability."""
    size, found = model.at_once, np.full(len(design), np.nan)
    good = np.flatnonzero(np.isfinite(design).all(axis=1))
    for start in range(0, len(good), size):
        rows = good[start : start + size]
        padded = design[np.resize(rows, size)]
        found[rows] = model.probabilities(padded)[: len(rows)]
    return np.where((found >= 0.0) & (found <= 1.0), found, np.nan)
