"""What to do about findings, told to people beside the machine's lines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from click.testing import CliRunner

from gateway.cli import riskbridge
from terminology import reasons

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from click.testing import Result


def observation(unit: str) -> str:
    """Return a final Observation of creatinine in a unit, as JSON."""
    coding = [{"system": "http://loinc.org", "code": "2160-0"}]
    value = {"value": 1, "unit": unit}
    kind = {"resourceType": "Observation", "status": "final"}
    return json.dumps({**kind, "code": {"coding": coding}, "valueQuantity": value})


def asked(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    """Return what a command says on a wide terminal."""
    monkeypatch.setenv("COLUMNS", "300")
    return CliRunner().invoke(riskbridge, list(arguments))


def test_map_tells_on_stderr_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "o.json"
    file.write_text(observation("furlongs"))
    plain = asked(monkeypatch, "map", str(file))
    told = asked(monkeypatch, "map", "--advice", str(file))
    assert plain.stdout == told.stdout
    assert plain.stderr == ""
    assert reasons.load()["unit-unknown"].do in told.stderr
    assert "engineer" in told.stderr


def test_map_is_silent_without_findings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "o.json"
    file.write_text(observation("mg/dL"))
    assert asked(monkeypatch, "map", "--advice", str(file)).stderr == ""


def test_coverage_tells_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "o.ndjson"
    file.write_text(f"{observation('furlongs')}\n{observation('furlongs')}\n")
    told = asked(monkeypatch, "countries", "coverage", str(file)).output
    assert "What to do" in told
    assert reasons.load()["unit-unknown"].why in told
