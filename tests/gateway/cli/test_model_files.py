"""`riskbridge model export` and `import`: files out and in, and one clear line when not."""

from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING

import onnx
import pytest
from click.testing import CliRunner, Result

from gateway.cli import riskbridge
from gateway.errors import UsageError
from scoring.modelfile import LARGEST
from tests.fakes.models import CARD, a_card, a_graph

if TYPE_CHECKING:
    from pathlib import Path

SKELETON = CARD.partition("[model_file]")[0].replace('runtime = "{runtime}"\n', "")


def run(*words: object) -> Result:
    return CliRunner().invoke(riskbridge, ["model", *map(str, words)])


@pytest.fixture
def skeleton(tmp_path: Path) -> Path:
    path = tmp_path / "skeleton.toml"
    path.write_text(SKELETON.format())
    return path


@pytest.mark.parametrize("form", ["onnx", "skops", "toml"])
def test_a_shipped_card_is_handed_on(form: str, tmp_path: Path) -> None:
    out = tmp_path / f"heart.{form}"
    done = run("export", "heart_core10", "--format", form, "--out", out)
    assert done.exit_code == 0, done.output
    assert "largest difference from the card" in done.stderr
    assert out.stat().st_size > 1000
    if form == "onnx":
        onnx.checker.check_model(onnx.load(out), full_check=True)


def test_a_partners_model_comes_in_and_predicts(tmp_path: Path, skeleton: Path) -> None:
    (tmp_path / "theirs").mkdir()
    file = tmp_path / "theirs" / "two.onnx"
    file.write_bytes(a_graph().SerializeToString())
    card = tmp_path / "two.toml"
    done = run("import", file, "--card", skeleton, "--out", card)
    assert done.exit_code == 0, done.output
    assert (tmp_path / "two.onnx").read_bytes() == file.read_bytes()
    line = json.dumps({"id": "x", "inputs": {"a": 2.0, "b": 4.0}})
    answered = CliRunner().invoke(riskbridge, ["model", "predict", str(card)], input=line)
    assert json.loads(answered.output) == {"id": "x", "probability": 0.5}
    (tmp_path / "out").mkdir()
    done = run("export", card, "--format", "toml", "--out", tmp_path / "out" / "again.toml")
    assert done.exit_code == 0, done.output
    again = CliRunner().invoke(
        riskbridge, ["model", "predict", str(tmp_path / "out" / "again.toml")], input=line
    )
    assert again.output == answered.output


def test_a_card_with_a_file_is_shown_and_checked(tmp_path: Path) -> None:
    raw = a_graph().SerializeToString()
    a_card(tmp_path, raw, "onnx")
    shown = CliRunner().invoke(riskbridge, ["cards", "show", str(tmp_path / "card.toml")])
    found = json.loads(shown.output)
    assert found["model_file"]["content"] == f"{len(raw)} bytes"
    assert found["inputs"]["a"]["required"] is True
    checked = CliRunner().invoke(riskbridge, ["cards", "check", str(tmp_path / "card.toml")])
    assert checked.exit_code == 0


def refused(done: Result, told: str) -> None:
    assert isinstance(done.exception, UsageError)
    assert told in done.exception.text
    assert len(done.exception.text.splitlines()) == 1


def test_what_is_not_taken_in(tmp_path: Path, skeleton: Path) -> None:
    file, out = tmp_path / "model", tmp_path / "card.toml"
    file.write_bytes(pickle.dumps({"a": 1}))
    refused(run("import", file, "--card", skeleton, "--out", out), "would run code")
    file.write_bytes(a_graph().SerializeToString())
    skeleton.write_text("id = ")
    refused(run("import", file, "--card", skeleton, "--out", out), str(skeleton))
    skeleton.write_text("id = 'x'")
    refused(run("import", file, "--card", skeleton, "--out", out), "title")
    skeleton.write_text(SKELETON.format())
    refused(run("import", file, "--card", skeleton, "--out", tmp_path / "no" / "c"), "No such file")
    refused(run("import", file, "--card", skeleton, "--out", file), "needs another name")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "model").write_bytes(b"another card's")
    other = tmp_path / "other" / "card.toml"
    refused(run("import", file, "--card", skeleton, "--out", other), "another file of that name")
    assert not other.exists()
    skeleton.write_text("day = 2026-01-01\n" + SKELETON.format())
    refused(run("import", file, "--card", skeleton, "--out", out), "cannot be written as TOML")
    skeleton.write_text(SKELETON.format())
    with file.open("wb") as sparse:
        sparse.write(b"\x08")
        sparse.truncate(LARGEST + 9)
    refused(run("import", file, "--card", skeleton, "--out", out), "larger than 64 MiB")
    assert not out.exists()


def test_what_is_not_handed_on(tmp_path: Path) -> None:
    out = tmp_path / "x"
    refused(run("export", "qrisk3_2017", "--format", "onnx", "--out", out), "holds no numbers")
    refused(run("export", "score2", "--format", "skops", "--out", out), "one logistic regression")
    refused(run("export", "nobody", "--format", "toml", "--out", out), "no card")
    a_card(tmp_path, a_graph().SerializeToString(), "onnx")
    (tmp_path / "model").write_bytes(b"")
    card = tmp_path / "card.toml"
    refused(run("export", card, "--format", "onnx", "--out", out), "card.toml: model_file.sha256")
    refused(run("predict", card), "card.toml: model_file.sha256")
    assert not out.exists()
