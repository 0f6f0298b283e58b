"""Compares networks trained just now with those that are kept: the same answers within 1e-6.

Arguments: the folder of the new ones, and that of the kept ones with their cards.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click
import numpy as np

from scoring.cards import ModelFile
from scoring.exchange.estimator import NEAR
from scoring.runtimes.onnx import open_model

NAMES = ("pytorch", "tensorflow")


def main(new: Path, kept: Path) -> None:
    """Print the largest differences; end with status 1 when one is more than 1e-6."""
    worst = 0.0
    for name in NAMES:
        table = np.loadtxt(new / f"{name}.csv", delimiter=",", skiprows=1)
        design, own = table[:, :-1], table[:, -1]
        fresh, old = (answers(folder / f"{name}.onnx", design) for folder in (new, kept))
        parity, drift = np.abs(fresh - own).max(), np.abs(fresh - old).max()
        click.echo(f"{name}: ONNX from {name} itself {parity:.2g}, from the kept file {drift:.2g}")
        worst = max(worst, parity, drift)
    sys.exit(int(worst > NEAR))


def answers(path: Path, design: np.ndarray) -> np.ndarray:
    """Return the probability of each row."""
    file = ModelFile(path=path.name, sha256="")
    found: np.ndarray = open_model(path.read_bytes(), file, design.shape[1]).probabilities(design)
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
