"""Invented rows that both networks learn from: three standardised findings and an outcome.

NumPy alone, old or new, so that every framework's own Python can import it.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

COLUMNS = ("age", "systolic_bp", "smoker")
TRAINED, REFERENCE = 600, 200


def rows(size: int, seed: int) -> tuple[Any, Any]:
    """Return a design (n, 3) of floats and the outcome (n, 1), which is not linear in it."""
    draw = np.random.default_rng(seed)
    age, pressure, chance = draw.random((3, size)) * 4 - 2
    smoker = (draw.random(size) < 0.3).astype(float)
    odds = 1.2 * age + 0.6 * pressure + smoker + 0.7 * age * pressure - 0.5
    outcome = odds + 2 * chance > 0
    design = np.stack([age, pressure, smoker], axis=1).astype(np.float32)
    return design, outcome.astype(np.float32)[:, None]


def training() -> tuple[Any, Any]:
    """Return the rows to learn from."""
    return rows(TRAINED, 1)


def reference() -> Any:  # noqa: ANN401 - an array, of whichever NumPy
    """Return the rows on which the framework's answer is kept beside the model."""
    return rows(REFERENCE, 2)[0]


def write(path: Path, probabilities: Iterable[float]) -> None:
    """Write the reference rows and what the framework itself says of them."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        lines = csv.writer(stream, lineterminator="\n")
        lines.writerow([*COLUMNS, "probability"])
        for row, probability in zip(reference().tolist(), probabilities, strict=True):
            lines.writerow([*row, repr(float(probability))])
