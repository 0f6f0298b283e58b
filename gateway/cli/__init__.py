"""The `riskbridge` command: one module a command group, each calling one function.

A module of this package that has a click command or group named ``command`` is a command: adding
a file adds a command, and nothing else is touched. Modules are imported when they are asked for,
so that `riskbridge units` does not pay for Flask.
"""

from __future__ import annotations

import pkgutil
import sys
from importlib import import_module

import click

from gateway.errors import GatewayError, UsageError


class Commands(click.Group):
    """The modules of this package, each a command of its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names of all commands, sorted."""
        names = (module.name for module in pkgutil.iter_modules(__path__))
        return sorted(name.removesuffix("_") for name in names if not name.startswith("_"))

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return the command of that name; a module may end in ``_`` to avoid a builtin."""
        if name not in self.list_commands(ctx):
            return None
        for module in (name, f"{name}_"):
            try:
                command: click.Command = import_module(f"{__name__}.{module}").command
            except ModuleNotFoundError as error:
                if error.name != f"{__name__}.{module}":
                    raise
            else:
                return command
        return None


@click.command(cls=Commands, epilog="Example: riskbridge demo --once")
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
