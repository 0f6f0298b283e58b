"""`riskbridge push`: write back to a partner's server what is due there."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from gateway.cli._options import configured
from gateway.cli._progress import shown
from gateway.cli._store import chosen, opened
from gateway.flow import partners
from gateway.flow.forms import told
from gateway.flow.pushing import push
from gateway.store import outbox, sources
from gateway.store.engine import reading, writing

if TYPE_CHECKING:
    from gateway.config import Settings


@click.command(epilog="Example: riskbridge push fi --json")
@configured
@click.argument("source")
@click.option("--retry", is_flag=True, help="Also what the server refused, or failed at, before.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(settings: Settings, *, source: str, retry: bool, as_json: bool) -> None:
    """Write RiskAssessments, their Devices and Provenances to SOURCE; what is there is left.

    Where the server takes no RiskAssessments, they are written in another form, and that is told.

    Exit status 1: some were refused or failed; each is told.
    """
    with opened(settings) as engine, shown() as progress:
        known = chosen(engine, source)
        if retry:
            with writing(engine) as connection:
                outbox.retry(connection, source)
                sources.remember(connection, source, {})
            known = chosen(engine, source)
        with partners.connect(known.settings) as client:
            report = push(engine, known, client, progress=progress)
        with reading(engine) as connection:
            problems = outbox.problems(connection, source)
        lines = told(partners.known(engine, source))
    if as_json:
        click.echo(json.dumps(report.plain()))
    else:
        click.echo("\n".join(f"{key:15} {value}" for key, value in report.plain().items()))
    for line in lines:
        click.echo(f"{source}: {line}", err=True)
    for one in problems:
        click.echo(f"{one.kind}/{one.target_id}: {one.state}: {one.error}", err=True)
    sys.exit(1 if problems else 0)
