"""Trains a small network with PyTorch, and writes it as ONNX with its own answers to FOLDER.

Runs in Debian's Python (python3-torch), outside the project's environment.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from rows import reference, training, write

STEPS, RATE = 300, 0.05


def network() -> torch.nn.Module:
    """Return three findings, four hidden units, one probability."""
    return torch.nn.Sequential(
        torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1), torch.nn.Sigmoid()
    )


def main(folder: Path) -> None:
    """Train, export, and write what PyTorch says of the reference rows."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)
    model, (design, outcome) = network(), map(torch.from_numpy, training())
    optimiser, loss = torch.optim.Adam(model.parameters(), RATE), torch.nn.BCELoss()
    for _ in range(STEPS):
        optimiser.zero_grad()
        loss(model(design), outcome).backward()
        optimiser.step()
    rows = torch.from_numpy(reference())
    torch.onnx.export(
        model.eval(), rows[:1], str(folder / "pytorch.onnx"), input_names=["x"],
        output_names=["p"], dynamic_axes={"x": {0: "n"}, "p": {0: "n"}}, opset_version=15,
    )  # fmt: skip
    write(folder / "pytorch.csv", model(rows)[:, 0].tolist())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
