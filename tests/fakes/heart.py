"""Invented files in the form of the heart data set."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path


def invented_files(folder: Path) -> None:
    """Write two centres' files in the data set's form, with gaps, from a model of our own."""
    draw = np.random.default_rng(11)
    for file in ("processed.cleveland.data", "processed.hungarian.data"):
        lines = []
        for _ in range(300):
            age, male, pain = draw.integers(30, 78), draw.integers(0, 2), draw.integers(1, 5)
            rate, angina = draw.integers(90, 190), draw.integers(0, 2)
            depression = round(float(draw.exponential(1.0)), 1)
            odds = 0.05 * (age - 55) + male + 0.8 * (pain - 3) + angina + depression - 2
            ill = int(draw.random() < 1 / (1 + math.exp(-odds)))
            cells: list[Any] = [
                age, male, pain, draw.integers(100, 190), draw.integers(150, 400),
                draw.integers(0, 2), draw.integers(0, 3), rate, angina, depression,
                "?", "?", "?", ill,
            ]  # fmt: skip
            for place in np.flatnonzero(draw.random(10) < 0.1):
                cells[place] = "?" if place > 2 else cells[place]
            lines.append(",".join(map(str, cells)))
        (folder / file).write_text("\n".join(lines))
