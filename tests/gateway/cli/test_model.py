from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from gateway.cli import riskbridge

if TYPE_CHECKING:
    from pathlib import Path

ROW = "63,1,4,145,233,1,2,150,0,2.3,3,0,6,0"


def run(*words: str, given: str = "") -> Result:
    return CliRunner().invoke(riskbridge, words, input=given)


def answers(result: Result) -> list[dict[str, object]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_predict_from_a_table(tmp_path: Path) -> None:
    table = tmp_path / "rows.csv"
    unlabelled = ROW.rsplit(",", 1)[0]
    rows = [ROW, unlabelled, "?" + ROW[2:], ROW.replace(",4,", ",9,", 1), "nonsense"]
    table.write_text("\n".join(rows) + "\n")
    found = answers(run("model", "predict", "heart_core10", "--csv", str(table)))
    assert [one["id"] for one in found] == [1, 2, 3, 4, 5]
    first = found[0]["probability"]
    assert isinstance(first, float)
    assert 0 < first < 1
    assert found[1]["probability"] == first
    assert [one["probability"] for one in found[2:]] == [None, None, None]


@pytest.mark.parametrize(
    ("card", "text"),
    [
        pytest.param("heart_core10", "1,2,3\n4,5,6\n", id="too few cells"),
        pytest.param("stroke_ist", "A,B\n1,2\n3,4\n", id="other columns"),
    ],
)
def test_a_file_of_another_kind_is_told(card: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(text)
    result = run("model", "predict", card, "--csv", str(tmp_path / "rows.csv"))
    assert result.exit_code == 1
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert found == [{"id": n, "probability": None} for n in (1, 2)]
    assert "2 of 2 rows have no probability" in result.stderr
    assert "could be read of any row" in result.stderr


def test_predict_from_lines() -> None:
    line = {"id": "a", "inputs": {"age": 63, "sex": "male", "chest_pain_type": "asymptomatic"}}
    found = answers(run("model", "predict", "heart-core10", given=f"{json.dumps(line)}\nno json\n"))
    assert found[0]["id"] == "a"
    assert isinstance(found[0]["probability"], float)
    assert found[1] == {"id": None, "probability": None}


def test_a_published_score_has_no_table(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(ROW)
    result = run("model", "predict", "score2", "--csv", str(tmp_path / "rows.csv"))
    assert "no trained model" in str(result.exception)


@pytest.mark.parametrize("name", ["none", "rows"])
def test_a_folder_without_data_is_wrong_usage(name: str, tmp_path: Path) -> None:
    if name == "rows":
        (tmp_path / name).mkdir()
    words = ("--data", str(tmp_path / name), "--out", str(tmp_path / "out.toml"))
    result = run("model", "train", "heart", *words)
    assert "needs rows with and without the outcome" in str(result.exception)
    assert not (tmp_path / "out.toml").exists()


def test_train_and_predict(tmp_path: Path) -> None:
    rows = [ROW[:-1] + str(label) for label in (0, 1)]
    (tmp_path / "processed.va.data").write_text("\n".join(rows) + "\n")
    out = tmp_path / "heart.toml"
    assert run("model", "train", "heart", "--data", str(tmp_path), "--out", str(out)).exit_code == 0
    found = answers(run("model", "predict", str(out), "--csv", str(tmp_path / "processed.va.data")))
    assert [one["probability"] for one in found] == pytest.approx([0.5, 0.5])
