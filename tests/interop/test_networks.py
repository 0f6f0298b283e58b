"""Networks trained with TensorFlow and PyTorch, served here: what they say is what we say.

`make interop` trains them anew and compares; these tests serve the files that were kept.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from gateway.cli import riskbridge
from scoring.batch import score_batch
from scoring.cards import read
from scoring.explain import contributions

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "interop" / "data"
SCRIPTS = ROOT / "scripts" / "interop"
NETWORKS = ("pytorch", "tensorflow")
NEAR = 1e-6


def reference(name: str) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The reference rows as the card's inputs, and the framework's own probabilities."""
    table = np.loadtxt(DATA / f"{name}.csv", delimiter=",", skiprows=1)
    inputs = {
        "age": table[:, 0] * 12 + 55,
        "sbp_mmhg": table[:, 1] * 20 + 130,
        "current_smoker": table[:, 2] == 1,
    }
    return inputs, table[:, 3]


@pytest.mark.parametrize("name", NETWORKS)
def test_a_batch_is_what_the_framework_says(name: str) -> None:
    inputs, own = reference(name)
    found = score_batch(read(DATA / f"{name}.toml"), inputs)
    assert found.applicable.all()
    assert np.ptp(own) > 0.8
    assert np.abs(found.outputs["risk"] - own).max() <= NEAR


@pytest.mark.parametrize("name", NETWORKS)
def test_the_command_predicts_what_the_framework_says(name: str) -> None:
    inputs, own = reference(name)
    lines = "".join(
        json.dumps({"id": place, "inputs": {key: column[place].item() for key, column in row}})
        + "\n"
        for place, row in enumerate([list(inputs.items())] * len(own))
    )
    card = str(DATA / f"{name}.toml")
    done = CliRunner().invoke(riskbridge, ["model", "predict", card], input=lines)
    found = [json.loads(line) for line in done.output.splitlines()]
    assert [one["id"] for one in found] == list(range(len(own)))
    batch = score_batch(read(DATA / f"{name}.toml"), inputs).outputs["risk"]
    assert [one["probability"] for one in found] == batch.tolist()


@pytest.mark.parametrize("name", NETWORKS)
def test_a_missing_finding_is_assumed_and_the_effects_add_up(name: str) -> None:
    card = read(DATA / f"{name}.toml")
    values = {"age": 70.0, "sbp_mmhg": 160.0, "current_smoker": True}
    effects = contributions(card, values)
    assert {one.input for one in effects} == set(values)
    assert max(effects, key=lambda one: one.effect).input in ("age", "sbp_mmhg")
    line = json.dumps({"id": 1, "inputs": {"age": 70}}) + "\n"
    words = ["score", str(DATA / f"{name}.toml")]
    answer = json.loads(CliRunner().invoke(riskbridge, words, input=line).output)
    assert "current smoker: not given, taken as no" in str(answer)


def test_the_cards_are_what_import_makes_of_the_skeleton(tmp_path: Path) -> None:
    for name in NETWORKS:
        words = [DATA / f"{name}.onnx", "--card", DATA / "skeleton.toml", "--out", tmp_path / name]
        done = CliRunner().invoke(riskbridge, ["model", "import", *map(str, words)])
        assert done.exit_code == 0
        assert (tmp_path / name).read_text() == (DATA / f"{name}.toml").read_text()


def test_the_rows_beside_the_models_are_those_of_the_script() -> None:
    tree = {}
    exec(compile((SCRIPTS / "rows.py").read_text(), "rows.py", "exec"), tree)
    for name in NETWORKS:
        kept = np.loadtxt(DATA / f"{name}.csv", delimiter=",", skiprows=1)
        assert np.array_equal(kept[:, :3].astype(np.float32), tree["reference"]())


def test_without_pytorch_the_run_says_what_to_install(tmp_path: Path) -> None:
    script = (SCRIPTS / "run").read_text().replace("/usr/bin/python3", "false")
    copy = tmp_path / "a" / "b" / "run"
    copy.parent.mkdir(parents=True)
    copy.write_text(script)
    done = subprocess.run(
        ["bash", copy], capture_output=True, text=True, check=False, env=os.environ, timeout=30
    )
    assert done.returncode == 2
    assert done.stderr == (
        "PyTorch is missing: apt-get install --no-install-recommends python3-torch\n"
    )
