"""The published test vectors beside the project, through the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from gateway.cli import riskbridge
from scoring.cards import load

if TYPE_CHECKING:
    from pathlib import Path

SCORES = sorted(name for name, card in load().items() if card.training is None)


def right(expected: dict[str, Any], tolerance: dict[str, float], found: dict[str, Any]) -> bool:
    if "reason" in expected:
        return found["applicable"] is False and found["reason"] == expected["reason"]
    for name, value in expected.items():
        got = found["outputs"].get(name)
        if isinstance(value, str | bool):
            if got is not value and got != value:
                return False
        elif got is None or abs(got - value) > tolerance.get(name, 0):
            return False
    return True


@pytest.mark.parametrize("name", SCORES)
def test_vectors_of_the_score(shared: Path, name: str) -> None:
    vectors = json.loads((shared / "scores" / "vectors" / f"{name}.json").read_bytes())["vectors"]
    lines = "\n".join(json.dumps({"id": v["id"], "inputs": v["inputs"]}) for v in vectors)
    result = CliRunner().invoke(riskbridge, ["score", name], input=lines)
    assert result.exit_code == 0, result.output
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [answer["id"] for answer in answers] == [vector["id"] for vector in vectors]
    if name == "qrisk3_2017":
        assert all(not a["applicable"] and "licence" in a["reason"] for a in answers)
        return
    wrong = [
        (vector["id"], vector["expected"], answer)
        for vector, answer in zip(vectors, answers, strict=True)
        if not right(vector["expected"], vector.get("tolerance", {}), answer)
    ]
    assert not wrong
