"""`riskbridge model predict`: the probability of each row by a card."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from gateway.cli._cards import SOURCE, chosen, identity, objects
from gateway.errors import UsageError
from scoring.engine import score
from scoring.tables import TableError, inputs_of, layout, read_sheet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scoring.cards import Card


@click.command(epilog="Example: riskbridge model predict heart_core10 --csv rows.csv")
@click.argument("card")
@click.option(
    "--csv", "table", type=SOURCE, help="Rows with the columns of the data set's own file."
)
@click.argument("file", type=SOURCE, default="-")
def command(card: str, table: str | None, file: str) -> None:
    """Print the probability of each row of a CSV file, or of each line of inputs."""
    model = chosen(card)
    asked = rows(model, table) if table else lines(file)
    for name, inputs in asked:
        found = {"id": name, "probability": probability(model, inputs)}
        sys.stdout.write(json.dumps(found) + "\n")


def rows(model: Card, table: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the number of each row, from 1, and its inputs.

    Raises:
        UsageError: the file cannot be read, or the card was not trained on such files.
    """
    try:
        plan = layout(model)
        with click.open_file(table, "rb") as stream:
            sheet = read_sheet(stream.read(), plan.data, table)
    except OSError as error:
        raise UsageError(f"{table}: cannot be read: {error.strerror}") from None
    except TableError as error:
        raise UsageError(str(error)) from None
    for place, inputs in enumerate(inputs_of(sheet, plan), 1):
        yield place, inputs or {}


def lines(file: str) -> Iterator[tuple[str | int | None, dict[str, Any]]]:
    """Yield the id of each line and its inputs."""
    for asked in objects(file):
        inputs = (asked or {}).get("inputs")
        yield identity(asked), inputs if isinstance(inputs, dict) else {}


def probability(model: Card, inputs: dict[str, Any]) -> float | None:
    """Return the probability of the card's first output, None where it cannot be told."""
    found = score(model, inputs)
    value = found.outputs.get(next(iter(model.outputs)))
    return value if isinstance(value, float) else None
