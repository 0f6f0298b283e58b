"""Invented files in the form of the heart data: other mixes, gaps and sizes at each centre."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

SIZES = {"east": 90, "north": 60, "south": 75, "west": 45}


def lines(rows: int, seed: int) -> list[str]:
    """Rows of one centre; cholesterol is missing more often the higher its seed."""
    draw = np.random.default_rng(seed)
    made = []
    for _ in range(rows):
        age, sex, pain = draw.integers(30, 78), draw.integers(0, 2), draw.integers(1, 5)
        slope, exang = draw.random() * 3, draw.integers(0, 2)
        leaning = (age - 54) / 9 + (pain == 4) + slope / 2 + exang - 2 + seed / 4
        ill = int(draw.random() < 1 / (1 + np.exp(-leaning)))
        cells = [
            age, sex, pain, draw.integers(95, 190),
            0 if draw.random() < seed / 10 else draw.integers(150, 350),
            "?" if draw.random() < 0.1 else draw.integers(0, 2), draw.integers(0, 3),
            draw.integers(90, 190), exang, f"{slope:.1f}", "?", "?", "?", ill,
        ]  # fmt: skip
        made.append(",".join(map(str, cells)))
    return made


def written(folder: Path) -> dict[str, Path]:
    """Write the file of each centre; return them by name."""
    files = {}
    for seed, (name, rows) in enumerate(SIZES.items()):
        files[name] = folder / f"{name}.data"
        files[name].write_text("\n".join(lines(rows, seed)) + "\n")
    return files
