from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from gateway.cli import riskbridge
from gateway.errors import UsageError
from scoring import cards
from tests.scoring.angina import lines

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "processed.switzerland.data").write_text(lines(150, 1, shift=1.5))
    (tmp_path / "processed.hungarian.data").write_text(lines(150, 2))
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(riskbridge, ["model", *words])


def report(card: str, folder: Path, *words: str) -> dict[str, Any]:
    found = run("report", card, "--data", str(folder), "--json", *words)
    assert found.exit_code == 0, found.output
    told: dict[str, Any] = json.loads(found.stdout)
    return told


def test_report_in_json(folder: Path) -> None:
    found = report("heart_core10", folder, "--by", "country,sex")
    assert set(found["by"]) == {"country", "sex"}
    assert set(found["by"]["country"]) == {"CH", "HU"}
    for group in (found["overall"], *found["by"]["country"].values(), *found["by"]["sex"].values()):
        assert isinstance(group["n"], int)
        for name in ("observed", "expected", "auc", "brier", "ece"):
            assert set(group[name]) == {"value", "low", "high"}
            assert group[name]["low"] <= group[name]["value"] <= group[name]["high"]
    assert found["overall"]["n"] == 300


def test_report_for_people(folder: Path) -> None:
    found = run("report", "heart_core10", "--data", str(folder), "--threshold", "0.3")
    assert found.exit_code == 0, found.output
    assert "missed at 30%" in found.stdout
    assert "calibration unknown for CH, HU" in found.stdout


def test_recalibrate_then_report_and_predict(folder: Path) -> None:
    out = folder / "swiss.toml"
    table = folder / "processed.switzerland.data"
    found = run(
        "recalibrate", "heart_core10", "--csv", str(table), "--group", "CH", "--out", str(out)
    )
    assert found.exit_code == 0, found.output
    card = cards.read(out)
    assert card.calibration is not None
    assert card.calibration.data == "processed.switzerland.data"
    assert card.version != cards.card("heart_core10").version
    before, after = (report(name, folder)["by"]["country"] for name in ("heart_core10", str(out)))
    assert after["CH"]["ece"]["value"] < before["CH"]["ece"]["value"] / 2
    assert after["HU"] == before["HU"]
    plain, swiss, elsewhere = (
        probabilities(name, table, *words)
        for name, words in (
            ("heart_core10", ()),
            (str(out), ()),
            (str(out), ("--country", "FR")),
        )
    )
    assert np.mean(swiss) > np.mean(plain) + 0.1
    assert swiss == elsewhere
    table.rename(folder / "x.data")
    assert probabilities(str(out), folder / "x.data", "--country", "FR") == plain
    assert probabilities(str(out), folder / "x.data", "--country", "CH") == swiss


def probabilities(card: str, table: Path, *words: str) -> list[float]:
    found = run("predict", card, "--csv", str(table), *words)
    assert found.exit_code == 0, found.output
    return [json.loads(line)["probability"] for line in found.stdout.splitlines()]


def test_recalibrated_on_the_same_rows_is_told(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "c.toml"
    (folder / "processed.hungarian.data").unlink()
    table = str(folder / "processed.switzerland.data")
    assert run("recalibrate", "heart_core10", "--csv", table, "--out", str(out)).exit_code == 0
    assert "on the rows that it was recalibrated on" in report(str(out), folder)["notes"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("report", "score2", "--data", "{}"), "no trained model"),
        (("report", "heart_core10", "--data", "{}/none"), "holds none of processed.cleveland"),
        (("report", "heart_core10", "--data", "{}", "--by", "planet"), "told apart by planet"),
        (("recalibrate", "heart_core10", "--csv", "{}/none", "--out", "{}/x"), "No such file"),
        (
            ("recalibrate", "heart_core10", "--csv", "{}/e", "--by", "sex", "--out", "{}/x"),
            "both a label and a probability",
        ),
        (
            ("recalibrate", "heart_core10", "--csv", "{}/e", "--by", "a", "--group", "b",
             "--out", "{}/x"),
            "exclude one another",
        ),
    ],
    ids=["a published score", "an empty folder", "no such group", "no file", "no rows", "both"],
)  # fmt: skip
def test_wrong_usage_is_one_clear_line(folder: Path, words: tuple[str, ...], said: str) -> None:
    (folder / "e").write_text("")
    found = run(*(word.replace("{}", str(folder)) for word in words))
    assert isinstance(found.exception, UsageError)
    assert said in str(found.exception)


def test_without_matplotlib_the_extra_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("page", "paper", "plots"):
        monkeypatch.delitem(sys.modules, f"gateway.report.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    found = run("report", "heart_core10", "--data", str(folder), "--html", str(folder / "x.html"))
    assert isinstance(found.exception, UsageError)
    assert "riskbridge[report]" in str(found.exception)
