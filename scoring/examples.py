"""The worked examples of a card, worked again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scoring.engine import score

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scoring.cards import Card, Example
    from terminology.records import Value


def wrong(card: Card) -> Iterator[str]:
    """Yield what differs from the card's worked examples."""
    for place, example in enumerate(card.examples):
        found = score(card, example.inputs)
        if not found.applicable:
            yield f"examples[{place}]: does not apply ({found.reason})"
            continue
        for name, expected in example.expect.items():
            value = found.outputs.get(name)
            if value is None or not near(value, expected, example):
                yield f"examples[{place}].{name}: {value!r} instead of {expected!r}"


def near(value: Value, expected: Value, example: Example) -> bool:
    """Say whether a value is the expected one, to the digits of the example."""
    numbers = (value, expected)
    if any(isinstance(number, bool | str) for number in numbers):
        return value == expected
    return abs(float(value) - float(expected)) <= example.tolerance
