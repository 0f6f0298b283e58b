"""`riskbridge worker`: assesses what came, pulls on schedule, writes back."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

import click

from gateway.cli._options import configured
from gateway.cli._store import opened
from gateway.flow import models
from gateway.flow.tasks import TASKS
from gateway.jobs import ledger
from gateway.jobs.schedule import enqueue_due, interval_ms
from gateway.jobs.worker import work
from gateway.store.engine import writing
from gateway.watch.logs import set_up

if TYPE_CHECKING:
    from types import FrameType

    import sqlalchemy as sa

    from gateway.config import Settings

KEPT_MS = 7 * 86_400_000
"""How long done jobs are kept."""


@click.command(epilog="Example: riskbridge worker --config riskbridge.toml")
@click.option("--once", is_flag=True, help="End when nothing is due any more.")
@configured
def command(settings: Settings, *, once: bool) -> None:
    """Do the jobs until stopped; several workers may share one store.

    SIGTERM and SIGINT let it finish what it is at; after SIGKILL its jobs are taken by another when
    their leases end, and have their effect once all the same.
    """
    set_up()
    stopped = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopped.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    for source in settings.sources:
        if source.schedule:
            interval_ms(source.name, source.schedule)
    with opened(settings) as engine:
        models.check_cards(engine, (card for source in settings.sources for card in source.cards))
        with writing(engine) as connection:
            ledger.purge(connection, ["done"], older_ms=KEPT_MS)
        done = work(engine, TASKS, stopped, between=scheduled, until_idle=once)
    click.echo(f"did {done} jobs", err=True)


def scheduled(engine: sa.Engine) -> None:
    """Enqueue the pulls that are due."""
    enqueue_due(engine)
