"""Options that many commands share."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gateway.config import load

if TYPE_CHECKING:
    from collections.abc import Callable

R = TypeVar("R")


def configured(function: Callable[..., R]) -> Callable[..., R]:
    """Give the command ``--config`` and pass it the `Settings` as its first argument."""

    @click.option("--config", type=click.Path(dir_okay=False), help="Configuration file.")
    @click.pass_context
    @functools.wraps(function)
    def with_settings(ctx: click.Context, /, *args: Any, config: str | None, **options: Any) -> R:  # noqa: ANN401
        return function(load(config or ctx.find_root().obj), *args, **options)

    return with_settings
