"""The `riskbridge` command: one module a command group, each calling one function.

A module of this package that has a click command or group named ``command`` is a command: adding
a file adds a command, and nothing else is touched. Modules are imported when they are asked for,
so that `riskbridge units` does not pay for Flask.
"""

from __future__ import annotations

import sys

import click

from gateway.cli._commands import Folder
from gateway.errors import GatewayError, UsageError


@click.command(cls=Folder, package=__name__, epilog="Example: riskbridge demo --once")
@click.version_option(package_name="riskbridge")
@click.option("--config", type=click.Path(dir_okay=False), help="Configuration file.")
@click.pass_context
def riskbridge(ctx: click.Context, config: str | None) -> None:
    """Pull FHIR from several countries, map, score, write RiskAssessments back."""
    ctx.obj = config


def main() -> None:
    """Run the command; wrong usage and configuration end with status 2 and one clear line."""
    try:
        riskbridge()
    except UsageError as error:
        click.echo(f"riskbridge: {error.text}", err=True)
        sys.exit(2)
    except GatewayError as error:
        click.echo(f"riskbridge: {error.text}", err=True)
        sys.exit(1)
