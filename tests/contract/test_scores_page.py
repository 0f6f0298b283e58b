"""The page on scores knows every card, and says its ages."""

from __future__ import annotations

from pathlib import Path

import pytest

from scoring.cards import Card, load
from scoring.interval import MOST
from scoring.languages import known

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "scores.md").read_text()
PUBLISHED = [card for card in load().values() if card.training is None]


@pytest.mark.parametrize("card", PUBLISHED, ids=lambda card: card.id)
def test_every_published_card_is_there_with_its_ages(card: Card) -> None:
    (row,) = [line for line in TEXT.splitlines() if line.startswith("|") and f"`{card.id}`" in line]
    if card.ages and card.runtime != "withheld":
        low, high = card.ages
        assert f"{low}-{high}" in row or f"(`{card.id}` {low})" in row


def test_reasons_and_languages_are_there() -> None:
    for reason in ("missing_input", "not_computable", "_not_finite", "age_below_min"):
        assert reason in TEXT
    names = {"de": "German", "fr": "French", "es": "Spanish", "ja": "Japanese", "zh": "Chinese"}
    assert set(known()) == set(names)
    assert all(name in TEXT for name in names.values())
    assert MOST == 2
    assert "one or two measured numbers" in TEXT
