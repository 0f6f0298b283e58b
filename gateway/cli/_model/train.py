"""`riskbridge model train`: train a model by a recipe on a data set, and keep it as a card."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

import click
from rich.console import Console
from rich.table import Table

from gateway.cli import _progress
from gateway.cli._model._data import table_in
from gateway.errors import UsageError
from gateway.flow.progress import Step
from scoring.training.recipe import Name, TrainingError, load, read
from scoring.training.run import train

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring.training.run import Trained

SHOWN = ("auc", "brier", "ece")


@click.command(epilog="Example: riskbridge model train heart --data DIR --out heart.toml")
@click.argument("recipe")
@click.option("--data", required=True, type=click.Path(file_okay=False, path_type=Path))
@click.option("--algorithm", type=click.Choice(get_args(Name)), help="By default the recipe's.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of folds and draws.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def command(
    *, recipe: str, data: Path, algorithm: str | None, seed: int, out: Path, as_json: bool
) -> None:
    """Train a model by RECIPE (a shipped name or a file) on the files in a folder.

    The rows are cleaned, described, trained on and validated (nested folds, each site left out);
    the card keeps coefficients, figures, recipe and the hash of the data. The same data and seed
    give the same card, byte for byte. Exit status 1: a site could not be read, and is left out.
    """
    try:
        plan = read(Path(recipe)) if recipe.endswith(".toml") else load(recipe)
        table = table_in(plan, data)
        with _progress.shown() as step:
            made = train(
                plan,
                table,
                cast("Name | None", algorithm),
                seed=seed,
                stem=out.stem,
                tell=lambda stage, done, total: step(Step(plan.id, stage, done, total)),
            )
        write(made, out)
    except TrainingError as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        raise UsageError(f"{error.filename}: {error.strerror}") from None
    if as_json:
        click.echo(json.dumps(made.report, ensure_ascii=False))
    show(made.report, out)
    sys.exit(1 if table.failed else 0)


def write(made: Trained, out: Path) -> None:
    """Write the card, and the model's file beside it."""
    if made.file:
        (out.parent / made.file[0]).write_bytes(made.file[1])
    out.write_text(made.card, encoding="utf-8")


def show(report: Mapping[str, Any], out: Path) -> None:
    """Tell people what was read, what was cleaned and how good the model is."""
    console = Console(stderr=True)
    data = report["data"]
    console.print(f"{report['algorithm']}: {data['rows']} rows, {data['outcome']:.1%} of them yes")
    for words, count in data["cleaned"].items():
        console.print(f"  {count} {words}", highlight=False)
    for name, why in data["leaks"].items():
        console.print(f"  {name} is kept out: {why}", highlight=False)
    if data["constant"]:
        console.print(f"  one value or none: {', '.join(data['constant'])}")
    for words in [*data["left_out"], *report["remarks"]]:
        console.print(f"  {words}", style="yellow", highlight=False)
    console.print(figures(report["metrics"]))
    console.print(f"{out} written")


def figures(metrics: Mapping[str, float]) -> Table:
    """Return the figures as a table, one row a way of judging."""
    table = Table("rows judged", *map(str.upper, SHOWN))
    kinds = dict.fromkeys(name.rpartition("_")[0] for name in metrics if name.endswith("_brier"))
    for kind in kinds:
        cells = [metrics.get(f"{kind}_{name}") for name in SHOWN]
        table.add_row(kind, *("" if cell is None else f"{cell:.3f}" for cell in cells))
    return table
