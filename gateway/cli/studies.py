"""`riskbridge studies`: the joint trainings that this gateway takes part in, and what left it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from gateway.cli._options import configured
from gateway.cli._store import opened
from gateway.cli.sources import moment
from gateway.flow.federating import described, rows_of
from gateway.store import federation
from gateway.store.engine import reading
from scoring.federated.noise import epsilon_of
from scoring.training.recipe import TrainingError

if TYPE_CHECKING:
    import sqlalchemy as sa

    from gateway.config import Settings, Study

WIDTH = 140


@click.group(epilog="Example: riskbridge studies left")
def command() -> None:
    """Joint trainings that this gateway takes part in: rows stay here, sums leave."""


@command.command("list", epilog="Example: riskbridge studies list --json")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@configured
def list_(settings: Settings, *, as_json: bool) -> None:
    """List the studies of the configuration: who may take part with what, what has left."""
    with opened(settings) as engine, reading(engine) as connection:
        found = [told(connection, study) for study in settings.studies]
    if as_json:
        click.echo(json.dumps(found))
        return
    table = Table("study", "recipe", "rows", "answers", "epsilon spent", "problem")
    for one in found:
        cells = (one[key] for key in ("name", "recipe", "rows", "answers", "epsilon", "problem"))
        table.add_row(*("" if cell is None else str(cell) for cell in cells))
    Console().print(table)


def told(connection: sa.Connection, study: Study) -> dict[str, Any]:
    """Return one study as JSON."""
    rows, problem = None, None
    try:
        rows = len(rows_of(study).truth)
    except TrainingError as error:
        problem = str(error)
    if rows is not None and rows < study.minimum_rows:
        problem = f"{study.minimum_rows} rows are the least to take part with"
    return {
        "name": study.name,
        "recipe": study.recipe,
        "rows": rows,
        "minimum_rows": study.minimum_rows,
        "minimum_sites": study.minimum_sites,
        "answers": len(federation.left(connection, study.name)),
        "epsilon": round(epsilon_of(federation.spent(connection, study.name), study.delta), 6),
        "epsilon_granted": study.epsilon,
        "problem": problem,
    }


@command.command(epilog="Example: riskbridge studies left heart --json")
@click.argument("study", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON Lines, each with the whole body.")
@click.option("--limit", type=click.IntRange(1), help="Only so many of the newest.")
@configured
def left(settings: Settings, *, study: str | None, as_json: bool, limit: int | None) -> None:
    """Show what left for STUDY, or for all: every answer, byte for byte, the oldest first."""
    with opened(settings) as engine, reading(engine) as connection:
        found = federation.left(connection, study, limit=limit)[::-1]
    if as_json:
        for one in found:
            click.echo(json.dumps({**described(one), "body": one.body.decode()}))
        return
    table = Table("at", "study", "run", "round", "asked", "numbers", "masked with", "bytes", "to")
    for one in found:
        cells = (
            moment(one.created_at), one.study, one.run[:8], one.round, one.kind,
            one.what.get("numbers", ""), ", ".join(one.what.get("masked_with", ())),
            len(one.body), one.coordinator,
        )  # fmt: skip
        table.add_row(*map(str, cells))
    Console(width=None if Console().is_terminal else WIDTH).print(table)
    click.echo(f"{len(found)} answers, {sum(len(one.body) for one in found)} bytes")
