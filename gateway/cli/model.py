"""`riskbridge model`: train models of ours, judge them, predict with them (see `_model`)."""

from __future__ import annotations

import click

from gateway.cli._commands import Folder


@click.group(
    cls=Folder,
    package="gateway.cli._model",
    epilog="Example: riskbridge model train heart --data ../shared/data/heart-disease --out h.toml",
)
def command() -> None:
    """Train models and predict with them; a model is a card: data, never code."""
