"""`riskbridge model predict`: the probability of each row by a card."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli._cards import SOURCE, chosen, identity, objects
from gateway.errors import UsageError
from scoring.engine import score
from scoring.evidence import asked as asked_rows
from scoring.tables import TableError, layout, read_sheet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scoring.cards import Card


@click.command(epilog="Example: riskbridge model predict heart_core10 --csv rows.csv")
@click.argument("card")
@click.option(
    "--csv", "table", type=SOURCE, help="Rows with the columns of the data set's own file."
)
@click.option("--country", help="Of rows that do not tell theirs, for a card calibrated by it.")
@click.argument("file", type=SOURCE, default="-")
def command(card: str, table: str | None, country: str | None, file: str) -> None:
    """Print the probability of each row of a CSV file, or of each line of inputs.

    A row that has none prints null and is counted on standard error. Exit status 1: nothing could
    be read of any row, as in the file of another data set.
    """
    model = chosen(card)
    asked = rows(model, table, country) if table else lines(file)
    count = silent = empty = 0
    for name, inputs, place in asked:
        value = probability(model, inputs, place or country)
        sys.stdout.write(json.dumps({"id": name, "probability": value}) + "\n")
        count, silent, empty = count + 1, silent + (value is None), empty + (not inputs)
    if silent:
        click.echo(f"{silent} of {count} rows have no probability", err=True)
    if count and empty == count:
        click.echo(f"nothing that {model.id} asks for could be read of any row", err=True)
        sys.exit(1)


def rows(
    model: Card, table: str, country: str | None
) -> Iterator[tuple[int, dict[str, Any], str | None]]:
    """Yield the number of each row, from 1, its inputs and its country.

    Raises:
        UsageError: the file cannot be read, or the card was not trained on such files.
    """
    try:
        plan = layout(model)
        with click.open_file(table, "rb") as stream:
            sheet = read_sheet(stream.read(), plan.data, Path(table).name)
    except OSError as error:
        raise UsageError(f"{table}: cannot be read: {error.strerror}") from None
    except TableError as error:
        raise UsageError(str(error)) from None
    for number, row in enumerate(asked_rows(model, plan, sheet, country), 1):
        yield number, row.inputs if row.whole else {}, row.country


def lines(file: str) -> Iterator[tuple[str | int | None, dict[str, Any], str | None]]:
    """Yield the id of each line, its inputs and its country."""
    for asked in objects(file):
        inputs, country = (asked or {}).get("inputs"), (asked or {}).get("country")
        place = country if isinstance(country, str) else None
        yield identity(asked), inputs if isinstance(inputs, dict) else {}, place


def probability(model: Card, inputs: dict[str, Any], country: str | None = None) -> float | None:
    """Return the probability of the card's first output, None where it cannot be told."""
    found = score(model, inputs, country=country)
    value = found.outputs.get(next(iter(model.outputs)))
    return value if isinstance(value, float) else None
