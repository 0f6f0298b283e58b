from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from gateway.cli import riskbridge

if TYPE_CHECKING:
    from pathlib import Path

ROW = "63,1,4,145,233,1,2,150,0,2.3,3,0,6,0"


def run(*words: str) -> Result:
    return CliRunner().invoke(riskbridge, words)


def train(folder: Path, *words: str, recipe: str = "heart") -> Result:
    out = folder / "out.toml"
    return run("model", "train", recipe, "--data", str(folder), "--out", str(out), *words)


def rows(count: int = 24) -> list[str]:
    """Rows of which every other has the outcome, older and with more pain."""
    return [
        f"{50 + 9 * (n % 2) + n % 5},1,{1 + n % 4},{120 + n},{200 + n},0,0,150,0,1,?,?,?,{n % 2}"
        for n in range(count)
    ]


def write(folder: Path, **sites: list[str]) -> None:
    for name, lines in sites.items():
        (folder / f"processed.{name}.data").write_text("\n".join(lines) + "\n")


def test_the_report_is_for_machines_on_stdout_and_for_people_on_stderr(tmp_path: Path) -> None:
    write(tmp_path, cleveland=rows(), va=rows(22))
    result = train(tmp_path, "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["data"]["rows"] == 46
    assert [site["country"] for site in report["data"]["sites"]] == ["US", "US"]
    assert "left_out_auc" in report["metrics"]
    assert "NaN" not in result.stdout
    assert "heart_core10: folds" in result.stderr
    assert "left_out" in result.stderr


def test_a_site_that_cannot_be_read_is_told_and_makes_the_exit_status(tmp_path: Path) -> None:
    write(tmp_path, cleveland=rows(), va=[*rows(), "63,1,x,145,233,1,2,150,0,2.3,3,0,6,0"])
    result = train(tmp_path)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "processed.va.data, row 25, cp: a cell holds" in result.stderr
    assert (tmp_path / "out.toml").is_file()


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        pytest.param([], "no row says", id="an empty file"),
        pytest.param([ROW] * 3, "needs rows with and without the outcome", id="one class"),
        pytest.param(["63,1"], "row 1: 2 cells where 14", id="another schema"),
        pytest.param(
            [row.replace(f",{200 + n},", f",5.{n},") for n, row in enumerate(rows())],
            "chol: 24 of 24 values lie outside 40-775 mg/dL: "
            "the column is in another unit, perhaps mmol/L",
            id="another unit",
        ),
        pytest.param([ROW.replace("63", "NaN"), ROW[:-1] + "1"], "row 1, age: a cell", id="NaN"),
    ],
)
def test_bad_data_are_one_clear_line(tmp_path: Path, lines: list[str], told: str) -> None:
    write(tmp_path, va=lines)
    result = train(tmp_path)
    assert told in str(result.exception)
    assert not (tmp_path / "out.toml").exists()


def test_an_unknown_recipe_is_told(tmp_path: Path) -> None:
    assert "there is no recipe lung: there are ckd," in str(
        train(tmp_path, recipe="lung").exception
    )
    missing = str(tmp_path / "mine.toml")
    assert "mine.toml: " in str(train(tmp_path, recipe=missing).exception)


def test_a_model_with_a_file_beside_it_predicts(tmp_path: Path) -> None:
    write(tmp_path, cleveland=rows(), va=rows(22))
    assert train(tmp_path, "--algorithm", "network").exit_code == 0
    assert (tmp_path / "out.skops").is_file()
    table = tmp_path / "processed.va.data"
    result = run("model", "predict", str(tmp_path / "out.toml"), "--csv", str(table))
    found = [json.loads(line)["probability"] for line in result.stdout.splitlines()]
    assert len(found) == 22
    assert all(0 < one < 1 for one in found)
