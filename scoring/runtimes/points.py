"""Points: each item gives those of its first rule that holds, else none; they are summed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scoring.runtimes import decision
from scoring.runtimes.tree import first_true

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring.cards import Card
    from scoring.runtimes.tree import Tree


def grow(card: Card, tree: Tree, stratum: Mapping[str, str]) -> None:
    """Add each item, their sum and the largest of them, then the classes over the sum."""
    names = [item_name(place) for place in range(len(card.items))]
    for name, item in zip(names, card.items, strict=True):
        tree.add(name, first_true(item.rules, "0"))
    tree.add(card.points or "points", " + ".join(names))
    largest = names[0]
    for name in names[1:]:
        largest = f"max({largest}, {name})"
    tree.add("largest_item", largest)
    decision.grow(card, tree, stratum)


def item_name(place: int) -> str:
    """Return the name of the step that holds the points of the item at `place`."""
    return f"item_{place}"
