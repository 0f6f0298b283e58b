"""Command groups that are folders: each module with a ``command`` is a sub-command of its name."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import Any

import click


class Folder(click.Group):
    """The modules of a package, each a command; they are imported when they are asked for."""

    def __init__(self, *arguments: Any, package: str, **more: Any) -> None:  # noqa: ANN401 - click's own
        """Take the commands from the modules of `package`."""
        super().__init__(*arguments, **more)
        self.package = package

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names of all commands, sorted."""
        path = import_module(self.package).__path__
        names = (module.name for module in pkgutil.iter_modules(path))
        return sorted(name.removesuffix("_") for name in names if not name.startswith("_"))

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return the command of that name; a module may end in ``_`` to avoid a builtin."""
        if name not in self.list_commands(ctx):
            return None
        for module in (name, f"{name}_"):
            try:
                command: click.Command = import_module(f"{self.package}.{module}").command
            except ModuleNotFoundError as error:
                if error.name != f"{self.package}.{module}":
                    raise
            else:
                return command
        return None
