"""`riskbridge model recalibrate`: correct a card's probabilities for each country."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

import click
import msgspec
from rich.console import Console
from rich.table import Table

from gateway.cli._cards import SOURCE, chosen
from gateway.errors import UsageError
from scoring import cards, notation
from scoring.calibration import Calibration, Group, Method
from scoring.recalibration import recalibrate
from scoring.tables import TableError

if TYPE_CHECKING:
    from scoring.recalibration import Recalibrated


@click.command(
    epilog="Example: riskbridge model recalibrate stroke_ist --csv r.csv --by COUNTRY --out s.toml"
)
@click.argument("card")
@click.option("--csv", "table", required=True, type=SOURCE, help="Rows as in the data set's file.")
@click.option("--by", help="A column of the file, such as COUNTRY: one correction for each value.")
@click.option("--group", help="The country of all rows, where the file does not name it.")
@click.option("--method", type=click.Choice(get_args(Method)), help="For every group, not by size.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
def command(
    *, card: str, table: str, by: str | None, group: str | None, method: str | None, out: Path
) -> None:
    """Fit CARD to the rows of a file, and keep it as a card that says so.

    A group has an intercept, with enough rows a slope, with thousands a rising line; small groups
    are drawn towards the others. Without --by or --group there is one correction for everybody.
    """
    if by is not None and group is not None:
        raise UsageError("--by and --group exclude one another")
    model = chosen(card)
    try:
        with click.open_file(table, "rb") as stream:
            files = {Path(table).name: stream.read()}
        found = recalibrate(model, files, by=by, group=group, method=cast("Method | None", method))
        out.write_text(card_text(card, found), encoding="utf-8")
        if model.model_file and model.model_file.content:
            (out.parent / model.model_file.path).write_bytes(model.model_file.content.raw)
    except TableError as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        raise UsageError(f"{error.filename}: {error.strerror}") from None
    show(found, out)


def card_text(name: str, found: Recalibrated) -> str:
    """Return the card's own text with the calibration in it."""
    own = Path(name)
    shipped = cards.FOLDER / f"{found.card.id}.toml"
    path = own if name.endswith(".toml") or own.is_file() else shipped
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    assert found.card.calibration is not None
    moved = {"version": found.card.version, "calibration": plain(found.card.calibration)}
    return notation.write({**document, **moved})


def plain(calibration: Calibration) -> dict[str, Any]:
    """Return the calibration as the card writes it, without what is as usual."""
    document: dict[str, Any] = msgspec.to_builtins(calibration)
    usual = {name: getattr(Group("intercept", 0, 0), name) for name in ("intercept", "slope")}
    for group in document["groups"].values():
        for key in [key for key, value in usual.items() if group[key] == value]:
            del group[key]
        if not group["knots"]:
            del group["knots"]
    return document


def show(found: Recalibrated, out: Path) -> None:
    """Tell people what was done, on standard error."""
    table = Table("group", "rows", "method", "ECE before", "after")
    for gain in found.gains:
        table.add_row(
            gain.group, str(gain.n), gain.method, f"{gain.before:.3f}", f"{gain.after:.3f}"
        )
    console = Console(stderr=True)
    console.print(table)
    for words, count in found.told.items():
        console.print(f"{count} {words}")
    console.print(f"{out} written (errors are those on the rows learned from)")
