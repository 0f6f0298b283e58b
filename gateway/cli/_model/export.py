"""`riskbridge model export`: hand a model on as ONNX, skops or TOML."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli._cards import chosen
from gateway.cli._model import _files
from gateway.errors import UsageError

if TYPE_CHECKING:
    from scoring.exchange.handing import Form


@click.command(
    epilog="Example: riskbridge model export heart_core10 --format onnx --out heart.onnx"
)
@click.argument("card")
@click.option("--format", "form", required=True, type=click.Choice(["onnx", "skops", "toml"]))
@click.option("--group", help="Whom a calibrated card is for, such as a country; `none`: nobody.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
def command(card: str, form: Form, group: str | None, out: Path) -> None:
    """Write a CARD in another form, after comparing both on 10,000 rows.

    ONNX takes the card's inputs as rows of doubles (names, units and order stand in the file's
    metadata); a card that keeps its model in a file takes its terms.
    """
    from scoring.exchange import ExchangeError, handing  # noqa: PLC0415 - heavy, and an extra

    model = chosen(card)
    try:
        made = handing.handed_on(model, form, group)
        if made.beside and made.beside.content:
            _files.place(out.parent / made.beside.path, made.beside.content.raw)
        out.write_bytes(made.raw)
    except (ExchangeError, ImportError) as error:
        raise UsageError(missing(error)) from None
    except OSError as error:
        raise UsageError(f"{error.filename}: {error.strerror}") from None
    click.echo(f"{out} written; largest difference from the card {made.difference:.2g}", err=True)


def missing(error: Exception) -> str:
    """Return what an error says, with the extra to install when a library is not there."""
    hint = " (pip install riskbridge[onnx])" if isinstance(error, ImportError) else ""
    return f"{error}{hint}"
