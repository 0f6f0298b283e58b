"""`riskbridge countries coverage`: files and sources, tables and JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from gateway.cli.countries import command
from gateway.config import Source
from gateway.errors import UsageError
from gateway.store import sources
from gateway.store.engine import open_store, writing
from gateway.store.resources import Received, put

if TYPE_CHECKING:
    from pathlib import Path

ODD = {
    "resourceType": "Observation",
    "id": "o1",
    "status": "final",
    "code": {"coding": [{"system": "http://lab.example", "code": "8480-6"}]},
}
GOOD = {
    "resourceType": "Observation",
    "id": "o2",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "8480-6", "display": "[b]BP"}]},
    "valueQuantity": {"value": 12, "unit": "cmHg"},
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "data.ndjson"
    path.write_text("\n".join(json.dumps(one) for one in (ODD, GOOD)))
    return path


def test_tables(file: Path) -> None:
    result = CliRunner().invoke(command, ["coverage", str(file)])
    assert result.exit_code == 0
    assert "2 Observations; 1 of 2 codings and the units of 0 of 1 values" in result.output
    assert "systolic_bp?" in result.output
    assert "cm[Hg]?" in result.output
    assert "[b]BP" in result.output


def test_json(file: Path) -> None:
    found = json.loads(CliRunner().invoke(command, ["coverage", "--json", str(file)]).output)
    assert (found["observations"], found["codings_known"], found["unread"]) == (2, 1, 0)
    [unit] = found["units"]
    assert (unit["reason"], unit["suggestions"]) == ("unit-unknown", ["cm[Hg]"])


def test_a_document_that_cannot_be_read_is_told(file: Path) -> None:
    file.write_text(file.read_text() + "\n{")
    result = CliRunner().invoke(command, ["coverage", "--json", str(file)])
    assert result.exit_code == 1
    assert json.loads(result.stdout)["unread"] == 1
    assert "1 documents could not be read" in result.stderr


def test_a_source(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    config = tmp_path / "riskbridge.toml"
    config.write_text(f'[store]\nurl = "{url}"\n')
    engine = open_store(url)
    with writing(engine) as connection:
        sources.keep(connection, Source("ab", "http://localhost:1/fhir"))
        received = [
            Received("Observation", str(one["id"]), json.dumps(one).encode(), one)
            for one in (ODD, GOOD)
        ]
        put(connection, "ab", received)
    engine.dispose()
    asked = ["coverage", "--source", "ab", "--json", "--config", str(config)]
    found = json.loads(CliRunner().invoke(command, asked).output)
    assert found["observations"] == 2
    wrong = ["coverage", "--source", "cd", "--config", str(config)]
    assert isinstance(CliRunner().invoke(command, wrong).exception, UsageError)


@pytest.mark.parametrize("arguments", [[], ["x.json", "--source", "ab"], ["/none/none"]])
def test_wrong_usage(arguments: list[str]) -> None:
    result = CliRunner().invoke(command, ["coverage", *arguments])
    assert isinstance(result.exception, UsageError)
