"""`riskbridge jobs`: what waits, what is dead and why; try again, tidy up."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from gateway.cli._options import configured
from gateway.cli._store import opened
from gateway.cli.sources import moment
from gateway.errors import UsageError
from gateway.jobs import ledger
from gateway.jobs.ledger import STATES
from gateway.jobs.schedule import interval_ms
from gateway.store.engine import reading, writing

if TYPE_CHECKING:
    from gateway.config import Settings
    from gateway.jobs.queue import Job

LIMIT = 100


@click.group(epilog="Example: riskbridge jobs list --state dead")
def command() -> None:
    """Jobs of the worker: queued, on lease, done, or dead after too many attempts."""


@command.command("list", epilog="Example: riskbridge jobs list --state dead --json")
@click.option("--state", "states", multiple=True, type=click.Choice(STATES), help="Only these.")
@click.option("--limit", default=LIMIT, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@configured
def list_(settings: Settings, *, states: tuple[str, ...], limit: int, as_json: bool) -> None:
    """List the newest jobs, and how many there are in each state."""
    with opened(settings) as engine, reading(engine) as connection:
        found = ledger.jobs(connection, states or STATES, limit=limit)
        counts = ledger.counts(connection)
    if as_json:
        click.echo(json.dumps({"counts": counts, "jobs": [plain(one) for one in found]}))
        return
    table = Table("id", "kind", "key", "state", "attempts", "made", "last error")
    for one in found:
        made = moment(one.created_at)
        cells = (one.id, one.kind, one.key or "", one.state, one.attempts, made)
        table.add_row(*map(str, cells), one.last_error or "")
    Console().print(table)
    click.echo("  ".join(f"{state} {number}" for state, number in counts.items()))


@command.command(epilog="Example: riskbridge jobs show 17")
@click.argument("id_", metavar="ID", type=int)
@configured
def show(settings: Settings, *, id_: int) -> None:
    """Show one job as JSON."""
    with opened(settings) as engine, reading(engine) as connection:
        found = ledger.find(connection, id_)
    if found is None:
        raise UsageError(f"no job {id_}")
    click.echo(json.dumps(plain(found), indent=2))


def plain(one: Job) -> dict[str, Any]:
    """Return a job as JSON, its moments readable."""
    told = asdict(one)
    del told["lease_token"]
    for name in ("run_after", "lease_until", "created_at"):
        told[name] = moment(told[name]) or None
    return told


@command.command(epilog="Example: riskbridge jobs retry 17")
@click.argument("ids", metavar="[ID]...", nargs=-1, type=int)
@click.option("--all", "every", is_flag=True, help="All that are dead.")
@configured
def retry(settings: Settings, *, ids: tuple[int, ...], every: bool) -> None:
    """Queue dead jobs again, with all their attempts before them."""
    if not ids and not every:
        raise UsageError("name jobs by their id, or give --all")
    with opened(settings) as engine, writing(engine) as connection:
        number = ledger.retry(connection, None if every else ids)
    click.echo(f"queued {number}")


@command.command(epilog="Example: riskbridge jobs purge --state done --older 7d")
@click.option("--state", "states", multiple=True, default=("done",), type=click.Choice(STATES))
@click.option("--older", default="0", help="Only those made longer ago: 30m, 12h, 7d.")
@configured
def purge(settings: Settings, *, states: tuple[str, ...], older: str) -> None:
    """Delete jobs: those done, unless other states are named."""
    if "leased" in states:
        raise UsageError("jobs on lease are being worked on")
    age = 0 if older == "0" else interval_ms("--older", older)
    with opened(settings) as engine, writing(engine) as connection:
        number = ledger.purge(connection, states, older_ms=age)
    click.echo(f"deleted {number}")
