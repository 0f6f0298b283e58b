"""Classes: each output is the value of the first rule that holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scoring.runtimes.tree import first_true

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring.cards import Card
    from scoring.runtimes.tree import Tree


def grow(card: Card, tree: Tree, stratum: Mapping[str, str]) -> None:  # noqa: ARG001 - one signature for all runtimes
    """Add the outputs of ``[[decisions]]``; without a true rule, the last value stands."""
    for decision in card.decisions:
        *rules, (_, last) = decision.rules
        tree.add(decision.output, first_true(rules, repr(last)))
