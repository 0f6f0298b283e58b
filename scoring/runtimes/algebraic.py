"""Formulas: each output is an expression over inputs, derived values and earlier outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring.cards import Card
    from scoring.runtimes.tree import Tree


def grow(card: Card, tree: Tree, stratum: Mapping[str, str]) -> None:  # noqa: ARG001 - one signature for all runtimes
    """Add the outputs of ``[values]``."""
    for name, text in card.values.items():
        tree.add(name, text)
