"""What a kind of card computes, as steps over its inputs: one file a kind, name to function.

Each file turns a card into checked assignments (`scoring.codegen.Step`); `scoring.program` makes
functions of them. A new kind of card is a new file here and a line in the table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scoring.runtimes import algebraic, decision, filed, linear, points

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scoring.cards import Card
    from scoring.runtimes.tree import Tree

RUNTIMES: Mapping[str, Callable[[Card, Tree, Mapping[str, str]], None]] = {
    "algebraic": algebraic.grow,
    "decision": decision.grow,
    "onnx": filed.grow,
    "points": points.grow,
    "regression": linear.grow,
    "skops": filed.grow,
}
