"""`riskbridge model registry`: what people do with versions, and what they are told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from gateway.cli import riskbridge
from scoring import cards

if TYPE_CHECKING:
    from collections.abc import Callable

HEART = Path(cards.__file__).parent / "cards" / "heart_core10.toml"


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Result]:
    config = tmp_path / "riskbridge.toml"
    config.write_text(f'[store]\nurl = "sqlite:///{tmp_path}/store.db"\n')

    def run(*words: str) -> Result:
        asked = ["--config", str(config), "model", "registry", *words]
        return CliRunner().invoke(riskbridge, asked)

    return run


@pytest.fixture
def card(tmp_path: Path) -> str:
    shipped = cards.card("heart_core10").version
    text = HEART.read_text().replace(f'version = "{shipped}"', 'version = "2024-b"', 1)
    path = tmp_path / "heart.toml"
    path.write_text(text)
    return str(path)


def test_the_life_of_a_version(run: Callable[..., Result], card: str) -> None:
    who = ("--by", "anna", "--reason", "trial")
    version = ("heart_core10", "2024-b")
    told = [
        run("add", card, *who),
        run("add", card, *who),
        run("shadow", *version, *who),
        run("compare", *version),
        run("promote", *version, *who),
        run("roll-back", "heart_core10", *who),
        run("shadow", *version, *who),
        run("retire", *version, *who),
    ]
    assert [one.exit_code for one in told] == [0] * len(told), [one.output for one in told]
    assert "was registered already" in told[1].output
    assert "assessed by both" in told[3].output
    found = json.loads(run("list", "--json").stdout)
    assert [(one["card"], one["version"], one["state"]) for one in found["versions"]] == [
        (*version, "registered")
    ]
    actions = ["register", "shadow", "promote", "roll-back", "shadow", "retire"]
    assert [one["action"] for one in found["events"]] == actions
    assert {(one["by"], one["reason"]) for one in found["events"]} == {("anna", "trial")}
    assert "2024-b" in run("list").output


def test_states_are_shown(run: Callable[..., Result], card: str) -> None:
    run("add", card)
    run("promote", "heart_core10", "2024-b")
    (version,) = json.loads(run("list", "--json").stdout)["versions"]
    assert version["state"] == "in use"
    assert json.loads(run("compare", "heart_core10", "2024-b", "--json").stdout)["patients"] == 0


@pytest.mark.parametrize(
    "words",
    [("promote", "heart_core10", "9"), ("roll-back", "heart_core10"), ("add", str(HEART))],
    ids=["unknown version", "nothing to roll back", "shipped"],
)
def test_what_cannot_be_is_wrong_usage(
    run: Callable[..., Result], words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["riskbridge"])
    result = run(*words)
    assert result.exit_code != 0
    assert type(result.exception).__name__ == "UsageError"
