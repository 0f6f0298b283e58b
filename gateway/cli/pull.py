"""`riskbridge pull`: bring what is new at a partner's server, and score it."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from gateway.cli._options import configured
from gateway.cli._progress import shown
from gateway.cli._store import chosen, opened
from gateway.flow import partners
from gateway.flow.reports import pull_and_assess

if TYPE_CHECKING:
    from gateway.config import Settings


@click.command(epilog="Example: riskbridge pull fi --full")
@configured
@click.argument("source")
@click.option("--full", is_flag=True, help="Everything, not only what is new.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(settings: Settings, *, source: str, full: bool, as_json: bool) -> None:
    """Pull Patients, Observations, Conditions and medications of SOURCE and assess as of now.

    A pull that was interrupted goes on where it was. Exit status 1: some entries could not be kept,
    or a type did not come wholly; findings tell which.
    """
    with opened(settings) as engine, shown() as progress:
        known = chosen(engine, source)
        with partners.connect(known.settings) as client:
            report = pull_and_assess(engine, known, client, full=full, progress=progress)
    if as_json:
        click.echo(json.dumps(report.plain()))
    else:
        told = report.plain()
        click.echo("\n".join(f"{key:15} {value}" for key, value in told.items()))
    for line in report.failures:
        click.echo(line, err=True)
    sys.exit(1 if report.failures else 0)
