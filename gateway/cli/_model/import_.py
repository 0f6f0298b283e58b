"""`riskbridge model import`: take in a partner's model file."""

from __future__ import annotations

import tomllib
from pathlib import Path

import click

from gateway.cli._model import _files
from gateway.errors import UsageError

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(
    epilog="Example: riskbridge model import model.onnx --card skeleton.toml --out stroke.toml"
)
@click.argument("file", type=FILE)
@click.option("--card", "skeleton", required=True, type=FILE, help="A card without its hash.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
def command(file: Path, skeleton: Path, out: Path) -> None:
    """Take in an ONNX or skops FILE: check and try it, write its card, the file beside it."""
    from scoring.exchange import adoption  # noqa: PLC0415 - heavy, and an extra

    try:
        raw = _files.read(file)
        document = tomllib.loads(skeleton.read_text(encoding="utf-8"))
        made = adoption.adopt(raw, file.name, document)
        if out.name == file.name:
            raise UsageError(f"{out}: the card needs another name than its model file")
        _files.place(out.parent / file.name, raw)
        out.write_text(made.text, encoding="utf-8")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{skeleton}: {error}") from None
    except ValueError as error:
        raise UsageError(f"{file}: {error}") from None
    except OSError as error:
        raise UsageError(f"{error.filename}: {error.strerror}") from None
    told = f"{made.rows} invented rows gave {made.lowest:.3g} to {made.highest:.3g}"
    click.echo(f"{out} written; {told}", err=True)
