"""`riskbridge model train`: train a model of ours on a data set and keep it as a card."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.errors import UsageError
from scoring.training.card import train
from scoring.training.recipe import TrainingError


@click.command(epilog="Example: riskbridge model train heart --data DIR --out heart.toml")
@click.argument("name", type=click.Choice(["heart"]))
@click.option("--data", required=True, type=click.Path(file_okay=False, path_type=Path))
@click.option("--algorithm", type=click.Choice(["logistic"]), default="logistic")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
def command(name: str, data: Path, algorithm: str, out: Path) -> None:  # noqa: ARG001 - one algorithm so far
    """Train the model NAME on the files in a folder and keep it as a card."""
    try:
        out.write_text(train(name, data), encoding="utf-8")
    except TrainingError as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        raise UsageError(f"{error.filename}: {error.strerror}") from None
    click.echo(f"{out} written", err=True)
