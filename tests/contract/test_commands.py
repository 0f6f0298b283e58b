"""Every command has help with an example, stands in the docs, and fails with one clear line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from gateway.cli import riskbridge

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]


def commands(group: click.Group, path: str = "riskbridge") -> Iterator[tuple[str, click.Command]]:
    with click.Context(group) as ctx:
        for name in group.list_commands(ctx):
            command = group.get_command(ctx, name)
            assert command is not None, f"{path} {name} cannot be loaded"
            yield f"{path} {name}", command
            if isinstance(command, click.Group):
                yield from commands(command, f"{path} {name}")


ALL = dict(commands(riskbridge))


@pytest.mark.parametrize("path", ALL)
def test_help_shows_an_example(path: str) -> None:
    shown = CliRunner().invoke(riskbridge, [*path.split()[1:], "--help"])
    assert shown.exit_code == 0
    assert "riskbridge " in shown.output.partition("Usage:")[2].partition("\n")[2], shown.output


@pytest.mark.parametrize("path", ALL)
def test_the_docs_tell_of_it(path: str) -> None:
    text = (ROOT / "docs" / "commands.md").read_text()
    assert f"`{path}" in text, f"docs/commands.md does not tell of `{path}`"


def test_an_unknown_command_is_wrong_usage() -> None:
    assert CliRunner().invoke(riskbridge, ["no-such-command"]).exit_code == 2
