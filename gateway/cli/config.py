"""`riskbridge config show`: the settings in force, secrets blotted out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from gateway.cli._options import configured
from gateway.config import shown

if TYPE_CHECKING:
    from gateway.config import Settings


@click.group(epilog="Example: riskbridge config show --config riskbridge.toml")
def command() -> None:
    """Look at the configuration."""


@command.command(epilog="Example: riskbridge config show")
@configured
def show(settings: Settings) -> None:
    """Print the settings in force as JSON; secrets stay references."""
    click.echo(msgspec.json.format(msgspec.json.encode(shown(settings))))
