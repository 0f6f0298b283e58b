"""`riskbridge assess --replay`: the stored RiskAssessment, and a status that tells the truth."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from gateway.cli import riskbridge
from gateway.errors import UsageError
from gateway.flow import intake, receiving
from gateway.flow.reading import received
from gateway.store.engine import open_store, writing
from gateway.store.tables import assessment, resource
from tests.gateway.flow.people import person

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


@pytest.fixture
def config(tmp_path: Path, store: sa.Engine) -> Path:
    """A configuration whose store holds one assessed person."""
    sent = [{**one, "meta": {"versionId": "1"}} for one in person(address=[{"country": "FI"}])]
    with writing(store) as connection:
        documents = [received(one, json.dumps(one).encode()) for one in sent]
        intake.keep(connection, receiving.HERE, documents)
        receiving.stored(connection, ["p1"])
    receiving.received(store, ["p1"])
    place = tmp_path / "riskbridge.toml"
    place.write_text(f'[store]\nurl = "{store.url}"\n')
    return place


def run(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(riskbridge, ["assess", "--config", str(config), *arguments])


def identifier(config: Path) -> str:
    engine = open_store(config.read_text().split('"')[1])
    with engine.connect() as connection:
        found: Any = connection.scalar(sa.select(assessment.c.identifier))
    engine.dispose()
    return str(found)


def test_equal_bytes_are_printed_once(config: Path, store: sa.Engine) -> None:
    name = identifier(config)
    done = run(config, "--replay", name)
    assert (done.exit_code, done.stderr) == (0, "")
    with store.connect() as connection:
        raw = connection.scalar(sa.select(resource.c.raw).where(resource.c.gid == name))
    assert done.stdout.encode() == raw + b"\n"


def test_other_bytes_are_printed_beside_and_told(config: Path, store: sa.Engine) -> None:
    name = identifier(config)
    with store.begin() as connection:
        raw = connection.scalar(sa.select(resource.c.raw).where(resource.c.gid == name))
        other = raw.replace(b'"final"', b'"preliminary"')
        connection.execute(sa.update(resource).where(resource.c.gid == name).values(raw=other))
    done = run(config, "--replay", f"urn:uuid:{name}")
    assert done.exit_code == 1
    assert done.stdout.encode() == other + b"\n" + raw + b"\n"
    assert done.stderr == "not replayed: another outcome: status; nothing of it has changed\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(["--replay", "no-such"], "no assessment", id="unknown"),
        pytest.param(["--replay", "no-such", "a.json"], "takes no files", id="with files"),
        pytest.param([], "assess what", id="nothing"),
    ],
)
def test_wrong_usage(config: Path, arguments: list[str], told: str) -> None:
    done = run(config, *arguments)
    assert isinstance(done.exception, UsageError)
    assert told in done.exception.text
