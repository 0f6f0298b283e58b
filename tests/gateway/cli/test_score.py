from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli import riskbridge

if TYPE_CHECKING:
    from pathlib import Path

SMOKER: dict[str, Any] = {
    "age": 50, "sex": "male", "sbp_mmhg": 140, "total_cholesterol_mmol_l": 5.5,
    "hdl_cholesterol_mmol_l": 1.3, "current_smoker": True,
}  # fmt: skip


def run(*words: str, given: str = "") -> Result:
    return CliRunner().invoke(riskbridge, words, input=given)


def test_a_line_in_a_line_out() -> None:
    line = json.dumps({"id": "x", "inputs": SMOKER | {"risk_region": "low"}})
    result = run("score", "score2", given=f"{line}\n\n{line}\n")
    answers = [json.loads(text) for text in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert len(answers) == 2
    assumed = answers[0].pop("assumptions")
    assert "diabetes: not given, taken as no" in assumed
    assert answers[0] == {
        "id": "x", "card": "score2", "version": "2021", "applicable": True,
        "outputs": {"cvd_10y": pytest.approx(0.0591, abs=1e-4)}, "category": "high",
        "missing": [], "reason": None,
    }  # fmt: skip


def test_country_and_date_may_stand_beside() -> None:
    inputs = {key: value for key, value in SMOKER.items() if key != "age"}
    line = {"inputs": inputs | {"birth_date": "1976-01-01"}, "country": " fi", "date": "2026-01-01"}
    result = run("score", "score2", given=json.dumps(line))
    assert json.loads(result.stdout)["applicable"] is True


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("x", "malformed_line"),
        ("[1]", "malformed_line"),
        ('{"id": 1}', "malformed_line"),
        ('{"inputs": []}', "malformed_line"),
        ("[" * 100_000, "malformed_line"),
        ('{"inputs": {"age": NaN}}', "age_not_finite"),
        ('{"inputs": {"age": 1e999}}', "age_not_finite"),
        ('{"inputs": {"age": "50"}}', "age_not_a_number"),
        ('{"inputs": {}, "country": 5}', "country_unknown"),
        ('{"inputs": {}, "date": "soon"}', "date_not_a_date"),
        ('{"inputs": {}, "country": "XX"}', "country_without_risk_region"),
    ],
)
def test_a_bad_line_gets_a_reason_and_the_next_is_scored(line: str, reason: str) -> None:
    good = json.dumps({"inputs": SMOKER | {"risk_region": "low"}})
    result = run("score", "score2", given=f"{line}\n{good}\n")
    first, second = [json.loads(text) for text in result.stdout.splitlines()]
    assert (first["applicable"], first["outputs"], first["reason"]) == (False, {}, reason)
    assert second["applicable"] is True
    assert result.exit_code == (1 if reason == "malformed_line" else 0)


def test_auto_says_which_and_why() -> None:
    line = json.dumps({"id": 7, "inputs": SMOKER, "country": "DE"})
    found = json.loads(run("score", "auto", given=line).stdout)
    assert (found["id"], found["card"], found["applicable"]) == (7, "score2", True)
    assert "DE" in found["why"]


def test_auto_takes_the_context_that_applies() -> None:
    ward = {
        "age": 60, "respiratory_rate_min": 18, "spo2_percent": 97, "supplemental_oxygen": False,
        "sbp_mmhg": 120, "heart_rate_min": 80, "consciousness": "A", "temperature_c": 37.0,
    }  # fmt: skip
    found = json.loads(run("score", "auto", given=json.dumps({"inputs": ward})).stdout)
    assert (found["card"], found["outputs"]) == ("news2", {"points": 0})


def test_an_unknown_card_or_file_is_wrong_usage(tmp_path: Path) -> None:
    for words in (("score", "nobody"), ("score", "score2", str(tmp_path / "none.jsonl"))):
        result = CliRunner().invoke(riskbridge, words)
        assert result.exception is not None
        assert type(result.exception).__name__ == "UsageError"


def test_a_card_of_ones_own_from_a_file(tmp_path: Path) -> None:
    made = tmp_path / "mine.toml"
    made.write_text(
        """
id = "mine"
title = "Mine"
version = "1"
domain = "any"
runtime = "algebraic"
citation = ["none"]
licence = "mine"
verified = "no"
setting = "anybody"
values = { doubled = "2 * x" }
inputs = { x = { type = "number", label = "x" } }
outputs = { doubled = { kind = "value", label = "twice x" } }
""",
        encoding="utf-8",
    )
    result = run("score", str(made), given='{"inputs": {"x": 2.5}}')
    assert json.loads(result.stdout)["outputs"] == {"doubled": 5.0}
    made.write_text(made.read_text().replace("2 * x", "2 * y"), encoding="utf-8")
    result = run("score", str(made))
    assert "mine.toml: doubled: unknown name y" in str(result.exception)


def test_a_missing_number_keeps_the_answer_and_adds_the_range() -> None:
    inputs = SMOKER | {"risk_region": "low"}
    del inputs["sbp_mmhg"]
    (answer,) = answers_to("score2", {"id": "x", "inputs": inputs})
    low, high = answer.pop("range")["cvd_10y"]
    assert 0 < low < 0.0591 < high < 1
    assert answer == {
        "id": "x", "card": "score2", "version": "2021", "applicable": False, "outputs": {},
        "category": None, "missing": ["sbp_mmhg"], "reason": "missing_input", "assumptions": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("card", "inputs"),
    [
        ("score2", SMOKER | {"risk_region": "low", "sex": None}),
        ("score2", {}),
        ("news2", {"age": 60}),
        ("qrisk3_2017", {}),
    ],
)
def test_no_range_where_the_card_does_not_allow_it(card: str, inputs: dict[str, Any]) -> None:
    (answer,) = answers_to(card, {"inputs": inputs})
    assert answer["applicable"] is False
    assert "range" not in answer


def test_auto_says_what_one_more_input_would_change() -> None:
    inputs = {key: value for key, value in SMOKER.items() if key != "hdl_cholesterol_mmol_l"}
    (answer,) = answers_to("auto", {"inputs": inputs | {"diabetes": False}, "country": "FI"})
    assert answer["card"] == "who_cvd_2019_lab"
    assert answer["next"] == [{"card": "score2", "missing": ["hdl_cholesterol_mmol_l"]}]
    assert "with HDL cholesterol SCORE2 would be used" in answer["why"]
    assert "range" not in answer
    (none,) = answers_to("auto", {"inputs": SMOKER, "country": "FI"})
    assert (none["card"], none["next"]) == ("score2", [])
    (open_,) = answers_to("auto", {"inputs": SMOKER | {"sbp_mmhg": None}, "country": "FI"})
    assert (open_["card"], set(open_["range"])) == ("score2", {"cvd_10y"})


def answers_to(card: str, *lines: dict[str, Any]) -> list[dict[str, Any]]:
    result = run("score", card, given="\n".join(map(json.dumps, lines)))
    assert result.exit_code == 0, result.output
    return [json.loads(text) for text in result.stdout.splitlines()]
