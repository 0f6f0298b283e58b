"""`riskbridge model predict`: the probability of each row by a card."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from gateway.cli._cards import SOURCE, chosen, identity, objects
from gateway.errors import UsageError
from scoring.engine import score
from scoring.tables import inputs_of, read_rows

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
    if model.training is None:
        raise UsageError(f"{model.id} is no trained model: it has no CSV form")
    try:
        with click.open_file(table, encoding="utf-8", errors="replace") as stream:
            for place, cells in enumerate(read_rows(stream), 1):
                yield place, inputs_of(cells, model.training.recipe)
    except OSError as error:
        raise UsageError(f"{table}: cannot be read: {error.strerror}") from None


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
