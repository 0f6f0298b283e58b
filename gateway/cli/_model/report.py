"""`riskbridge model report`: how good a card is on a data set, by country, sex and age."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from gateway.cli._cards import chosen
from gateway.errors import UsageError
from scoring.appraisal import appraise
from scoring.evidence import gather
from scoring.tables import TableError, layout

if TYPE_CHECKING:
    from scoring.appraisal import Appraisal
    from scoring.cards import Card
    from scoring.judge import Figure, Judgement

ENDINGS = {".csv", ".data", ".arff", ".txt"}
SHOWN = ("observed", "expected", "auc", "brier", "ece", "slope")


@click.command(epilog="Example: riskbridge model report heart_core10 --data DIR --by country,sex")
@click.argument("card")
@click.option("--data", required=True, type=click.Path(file_okay=False, path_type=Path))
@click.option("--by", help="Any of country, site, sex, age and coded inputs (default: all usual).")
@click.option("--threshold", type=click.FloatRange(0, 1, min_open=True, max_open=True))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write a page.")
@click.option("--pdf", type=click.Path(dir_okay=False, path_type=Path), help="Write a document.")
def command(
    *,
    card: str,
    data: Path,
    by: str | None,
    threshold: float | None,
    as_json: bool,
    html: Path | None,
    pdf: Path | None,
) -> None:
    """Judge CARD on the files in a folder: discrimination and calibration, with 95 % intervals.

    False negatives and false positives count at the card's threshold, or the one given.
    """
    model = chosen(card)
    try:
        evidence = gather(model, files_in(model, data))
        found = appraise(evidence, by.split(",") if by else None, threshold)
        for path, kind in ((html, "html"), (pdf, "pdf")):
            if path is not None:
                write(found, path, kind)
    except (TableError, ImportError) as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        raise UsageError(f"{error.filename}: {error.strerror}") from None
    if as_json:
        click.echo(json.dumps(found.told(), ensure_ascii=False))
    else:
        show(found)


def files_in(card: Card, folder: Path) -> dict[str, bytes]:
    """Return the files of the card's data set in a folder; without any, all tables there.

    Raises:
        TableError: there is none, or the card has no such files.
    """
    wanted = [folder / name for name in layout(card).data.sites.values()]
    found = [path for path in wanted if path.is_file()]
    if not found and folder.is_dir():
        found = sorted(path for path in folder.iterdir() if path.suffix in ENDINGS)
    if not found:
        raise TableError(f"{folder}: holds none of {', '.join(path.name for path in wanted)}")
    return {path.name: path.read_bytes() for path in found}


def write(found: Appraisal, path: Path, kind: str) -> None:
    """Write the report as a page or a document.

    Raises:
        ImportError: matplotlib is not there; the text names the extra.
    """
    from gateway.report import made  # noqa: PLC0415 - matplotlib is slow to import, and an extra

    path.write_bytes(made(found, kind))
    click.echo(f"{path} written", err=True)


def show(found: Appraisal) -> None:
    """Print tables for people."""
    console = Console()
    table = Table("group", "rows", *SHOWN)
    add(table, "all", found.overall)
    for by, groups in found.by.items():
        table.add_section()
        for name, one in groups.items():
            add(table, f"{by} {name}", one.judgement)
    console.print(table)
    console.print(errors(found))
    for note in found.notes:
        console.print(f"- {note}")


def add(table: Table, name: str, judged: Judgement) -> None:
    """Add a row of figures."""
    table.add_row(name, str(judged.n), *(in_words(getattr(judged, key)) for key in SHOWN))


def errors(found: Appraisal) -> Table:
    """Return the table of false negatives and positives, with the largest gaps."""
    percent = f"{found.threshold:.0%}"
    table = Table("group", f"missed at {percent}", f"alarmed at {percent}")
    for by, groups in found.by.items():
        table.add_section()
        for name, one in groups.items():
            shown = (in_words(one.false_negative), in_words(one.false_positive))
            table.add_row(f"{by} {name}", *shown)
    return table


def in_words(figure: Figure) -> str:
    """Return a figure with its interval below it, or a dash."""
    if figure.value is None:
        return "-"
    if figure.low is None or figure.high is None:
        return f"{figure.value:.3f}"
    return f"{figure.value:.3f}\n{figure.low:.2f}-{figure.high:.2f}"
