"""Invented rows in the columns of the heart data, their outcome drawn by the card's own odds."""

from __future__ import annotations

import msgspec
import numpy as np

from scoring.cards import Card, card
from scoring.evidence import asked, probability
from scoring.judge import expit, logit
from scoring.tables import layout, read_sheet


def plain_card() -> Card:
    """Return the heart card without any calibration."""
    return msgspec.structs.replace(card("heart_core10"), calibration=None)


def lines(rows: int, seed: int, *, shift: float = 0.0, slope: float = 1.0) -> str:
    """Return rows of a file whose true log odds are the card's times `slope` plus `shift`."""
    random = np.random.default_rng(seed)
    cells = np.column_stack(
        [
            random.integers(30, 79, rows), random.integers(0, 2, rows),
            random.integers(1, 5, rows), random.integers(100, 190, rows),
            random.integers(150, 350, rows), random.integers(0, 2, rows),
            random.integers(0, 3, rows), random.integers(90, 190, rows),
            random.integers(0, 2, rows), random.integers(0, 40, rows) / 10,
        ]
    )  # fmt: skip
    texts = [",".join(f"{cell:g}" for cell in row) + ",?,?,?," for row in cells.tolist()]
    plan, heart = layout(plain_card()), plain_card()
    sheet = read_sheet("\n".join(texts).encode(), plan.data, "x")
    p = np.array([probability(heart, row) for row in asked(heart, plan, sheet)], dtype=float)
    ill = random.random(rows) < expit(shift + slope * logit(p))
    return "".join(f"{text}{int(one)}\n" for text, one in zip(texts, ill, strict=True))
