"""`riskbridge units convert` and `units check`: JSON Lines, exit status, bad input."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from gateway.cli.units import command
from gateway.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


def ask(name: str, *lines: str | bytes | dict[str, Any]) -> tuple[int, list[dict[str, Any]]]:
    """Return the exit status and the answers."""
    texts = [json.dumps(line) if isinstance(line, dict) else line for line in lines]
    raw = [line.encode() if isinstance(line, str) else line for line in texts]
    result = CliRunner().invoke(command, [name], input=b"\n".join(raw))
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, [json.loads(line) for line in result.stdout.splitlines()]


def test_convert_answers_in_order() -> None:
    cholesterol = {"from": "mmol/L", "to": "mg/dL", "feature": "total_cholesterol"}
    status, answers = ask(
        "convert", {"value": "5.4", **cholesterol}, "", {"id": "b", "value": 5.4, **cholesterol}
    )
    assert (status, answers) == (0, [{"value": 208.791}, {"id": "b", "value": 208.791}])


def test_a_decimal_keeps_its_digits() -> None:
    line = '{"value": 0.1000000000000000000001, "from": "kg", "to": "kg"}'
    assert ask("convert", line)[1] == [{"value": 0.1}]


def test_a_failed_item_is_told_and_the_rest_goes_on() -> None:
    status, answers = ask(
        "convert",
        {"value": "48", "from": "mmol/mol", "to": "%"},
        {"value": "48", "from": "mmol/mol", "to": "%", "feature": "hba1c"},
    )
    assert status == 1
    assert answers[0]["error"] == "unit-incompatible"
    assert answers[0]["detail"]
    assert answers[1] == {"value": pytest.approx(6.54304)}


def test_a_code_may_have_its_own_scale() -> None:
    asked = {"value": 6.1, "from": "%", "to": "%", "feature": "hba1c"}
    jds = {**asked, "system": "https://loinc.org/", "code": "62388-4"}
    assert ask("convert", asked, jds) == (0, [{"value": 6.1}, {"value": 6.472}])


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("{", "malformed"),
        ("[1]", "malformed"),
        (b'{"value": "\xff"}', "malformed"),
        ('{"value": NaN, "from": "kg", "to": "g"}', "malformed"),
        ("[" * 100_000, "malformed"),
        ('{"from": "kg", "to": "g"}', "value-type"),
        ('{"value": null, "from": "kg", "to": "g"}', "value-type"),
        ('{"value": true, "from": "kg", "to": "g"}', "value-type"),
        ('{"value": [1], "from": "kg", "to": "g"}', "value-type"),
        ('{"value": 1e999999, "from": "kg", "to": "g"}', "value-type"),
        ('{"value": 1, "to": "g"}', "malformed"),
        ('{"value": 1, "from": 2, "to": "g"}', "malformed"),
        ('{"value": 1, "from": "kg", "to": "g", "feature": 3}', "malformed"),
        ('{"value": 1, "from": "kg", "to": "g", "feature": "mass"}', "feature-unknown"),
        ('{"value": 1, "from": "' + "(" * 1_000_000 + '", "to": "g"}', "unit-unknown"),
    ],
    ids=range(15),
)
def test_bad_lines_to_convert(line: str | bytes, error: str) -> None:
    status, answers = ask("convert", line)
    assert status == 1
    assert [answer["error"] for answer in answers] == [error]
    assert len(answers[0]["detail"]) < 200


def test_check() -> None:
    status, answers = ask(
        "check",
        {"unit": "mm[Hg]"},
        {"unit": "mmHg"},
        {"text": "mmol/l", "feature": "glucose_fasting"},
        {"text": "mmHg"},
    )
    assert status == 0
    assert answers == [{"valid": True}, {"valid": False}, {"ucum": "mmol/L"}, {"ucum": "mm[Hg]"}]


@pytest.mark.parametrize(
    ("asked", "error", "candidates"),
    [
        ({"text": "cmHg", "feature": "systolic_bp"}, "unit-unknown", ["cm[Hg]"]),
        ({"text": "bpm", "feature": "respiratory_rate"}, "unit-unknown", None),
        ({"text": "bpm"}, "unit-unknown", None),
        ({"text": "", "feature": "systolic_bp"}, "unit-missing", None),
        ({"text": "kg", "feature": "mass"}, "feature-unknown", None),
        ({"text": 3}, "malformed", None),
        ({"unit": None}, "malformed", None),
        ({}, "malformed", None),
    ],
    ids=str,
)
def test_check_refuses(asked: dict[str, Any], error: str, candidates: list[str] | None) -> None:
    status, [answer] = ask("check", asked)
    assert (status, answer["error"], answer.get("candidates")) == (1, error, candidates)


def test_a_file_is_read_like_stdin(tmp_path: Path) -> None:
    path = tmp_path / "units.jsonl"
    path.write_text('{"unit": "kg"}\n')
    assert CliRunner().invoke(command, ["check", str(path)]).output == '{"valid": true}\n'


def test_a_file_that_cannot_be_read_is_wrong_usage(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, ["check", str(tmp_path / "none")])
    assert isinstance(result.exception, UsageError)
