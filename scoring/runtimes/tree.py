"""The steps of a card while they are gathered: each may use the inputs and what came before."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scoring.codegen import Step
from scoring.expressions import Expression, ExpressionError, Kind, parse

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(slots=True)
class Tree:
    """Names known so far, with their kinds, and the assignments in order."""

    kinds: dict[str, Kind]
    steps: list[Step] = field(default_factory=list)

    def add(self, name: str, text: str, *, only_if: str | None = None) -> None:
        """Append ``name = text``.

        Raises:
            ExpressionError: the text breaks the language, or the name is taken.
        """
        if name in self.kinds:
            raise ExpressionError(f"{name} is there twice")
        condition = self.parse(name, only_if) if only_if else None
        expression = self.parse(name, text)
        self.steps.append(Step(name, expression, condition))
        self.kinds[name] = expression.kind

    def parse(self, name: str, text: str) -> Expression:
        """Return the checked expression; an error names `name`."""
        try:
            return parse(text, self.kinds)
        except ExpressionError as error:
            raise ExpressionError(f"{name}: {error}") from None


def first_true(rules: Iterable[tuple[str, object]], otherwise: str) -> str:
    """Return the expression that gives the value of the first rule that holds.

    >>> first_true([("x < 1", 2), ("x < 5", 1)], "0")
    'if_(x < 1, 2, if_(x < 5, 1, 0))'
    """
    parts = [f"if_({condition}, {value!r}, " for condition, value in rules]
    return "".join(parts) + otherwise + ")" * len(parts)
