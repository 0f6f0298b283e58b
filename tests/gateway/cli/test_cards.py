from __future__ import annotations

import json
from typing import TYPE_CHECKING

from click.testing import CliRunner

from gateway.cli import riskbridge
from scoring.cards import FOLDER, load

if TYPE_CHECKING:
    from pathlib import Path


def test_list_as_json() -> None:
    result = CliRunner().invoke(riskbridge, ["cards", "list", "--json"])
    found = json.loads(result.stdout)
    assert {one["id"] for one in found} == set(load())
    assert all(
        set(one) == {"id", "version", "title", "outcome", "horizon", "inputs"} for one in found
    )
    prevent = next(one for one in found if one["id"] == "prevent_base")
    assert prevent["horizon"] == {"values": [10, 30], "unit": "a"}
    assert "sbp_mmhg" in prevent["inputs"]


def test_list_for_people() -> None:
    result = CliRunner().invoke(riskbridge, ["cards", "list"])
    assert result.exit_code == 0
    assert "SCORE2" in result.stdout


def test_show() -> None:
    result = CliRunner().invoke(riskbridge, ["cards", "show", "heart-core10"])
    assert json.loads(result.stdout)["training"]["rows"] == 918


def test_check() -> None:
    result = CliRunner().invoke(riskbridge, ["cards", "check", "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {"checked": len(load()), "problems": []}


def test_check_tells_a_wrong_example(tmp_path: Path) -> None:
    text = (FOLDER / "fib4.toml").read_text(encoding="utf-8")
    made = tmp_path / "fib4.toml"
    made.write_text(text.replace("expect = { fib4 = 2.5 }", "expect = { fib4 = 2.6 }"))
    result = CliRunner().invoke(riskbridge, ["cards", "check", str(made)])
    assert result.exit_code == 1
    assert "fib4: examples[0].fib4: 2.5 instead of 2.6" in result.stderr
