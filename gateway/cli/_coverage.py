"""`riskbridge countries coverage`: which codes and units of some data are known."""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from gateway.cli._advice import tell
from gateway.cli._options import configured
from gateway.cli._store import opened
from gateway.errors import UsageError
from gateway.fhir import documents
from gateway.store import sources
from gateway.store.engine import reading
from gateway.store.observations import raw_of
from terminology.coverage import Coverage, Survey

if TYPE_CHECKING:
    from gateway.config import Settings
    from terminology.coverage import CodeUse, UnitUse

EPILOG = "Example: riskbridge countries coverage bundles/ | less"


@click.command("coverage", epilog=EPILOG)
@configured
@click.argument("paths", metavar="[PATH]...", nargs=-1)
@click.option("--source", metavar="NAME", help="What was pulled from this source.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def coverage(
    settings: Settings, *, paths: tuple[str, ...], source: str | None, as_json: bool
) -> None:
    """Say which codes and units of files, or of a source, are known, and which are not.

    What is unknown is counted and never used; the nearest known code or unit stands beside it as a
    suggestion for a person. Exit status 1: a document could not be read.
    """
    if bool(paths) == bool(source):
        raise UsageError("give PATH... or --source NAME")
    survey = Survey()
    unread = of_source(settings, source, survey) if source else of_files(paths, survey)
    found = survey.coverage()
    if as_json:
        click.echo(json.dumps({**found.plain(), "unread": unread}, ensure_ascii=False))
    else:
        show(found)
    if unread:
        click.echo(f"{unread} documents could not be read", err=True)
        sys.exit(1)


def of_files(paths: tuple[str, ...], survey: Survey) -> int:
    """Count what files hold, and return how many documents could not be read."""
    unread = 0
    for document in documents.read(paths):
        if document.resource is None:
            unread += 1
        else:
            survey.see(document.resource)
    return unread


def of_source(settings: Settings, name: str, survey: Survey) -> int:
    """Count what was pulled from a source; all of it could be read when it came.

    Raises:
        UsageError: there is no such source.
    """
    with opened(settings) as engine, reading(engine) as connection:
        if sources.named(connection, name) is None:
            raise UsageError(f"no source is named {name}")
        for raw in raw_of(connection, name):
            survey.see(documents.decode_json(raw))
    return 0


def show(found: Coverage) -> None:
    """Print the tables for people: unknown things first, they are what is to be done."""
    console, total = Console(), found.plain()
    console.print(
        f"{found.observations} Observations; {total['codings_known']} of {total['codings']} codings"
        f" and the units of {total['quantities_known']} of {total['quantities']} values are known"
    )
    unknown = [use for use in found.codes if not use.feature]
    table("Codes that are not known", CODE_COLUMNS, [code_row(use) for use in unknown], console)
    odd = [use for use in found.units if not use.ucum]
    table("Units that are refused", UNIT_COLUMNS, [unit_row(use) for use in odd], console)
    counts: Counter[str] = Counter()
    for use in odd:
        counts[use.reason or "unit-unknown"] += use.seen
    tell(counts, console)
    known = [code_row(use) for use in found.codes if use.feature]
    table("Codes that are known", CODE_COLUMNS, known, console)


CODE_COLUMNS = ("count", "alone", "system", "code", "display", "feature", "suggestion")
UNIT_COLUMNS = ("count", "feature", "code", "text", "reason", "suggestion")


def code_row(use: CodeUse) -> tuple[str, ...]:
    """Return a coding as a row; ``alone`` counts where no known coding stood beside it."""
    near = use.suggestion
    hint = f"{near.feature}? {near.code} ({near.why})" if near else ""
    about = (use.system, use.code, use.display, use.feature or "", hint)
    return (str(use.seen), str(use.alone), *about)


def unit_row(use: UnitUse) -> tuple[str, ...]:
    """Return a way to state a unit as a row."""
    hint = ", ".join(f"{unit}?" for unit in use.suggestions)
    return (str(use.seen), use.feature, use.code, use.text, use.reason or "", hint)


def table(title: str, columns: tuple[str, ...], rows: list[tuple[str, ...]], to: Console) -> None:
    """Print a table, when it has rows; what the data say is text, never mark-up."""
    if not rows:
        return
    made = Table(*columns, title=title, title_justify="left")
    for row in rows:
        made.add_row(*(cell.replace("[", r"\[") for cell in row))
    to.print(made)
