"""`riskbridge sandbox`: a pretend partner's server, for trying and testing."""

from __future__ import annotations

import signal
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from gateway.config import secret
from gateway.sandbox.faults import FAULTS

if TYPE_CHECKING:
    from types import FrameType

FAULT_HELP = f"A fault to switch on, NAME or NAME:every=K,times=N. Names: {', '.join(FAULTS)}."


@click.command(epilog="Example: riskbridge sandbox --country FI --port 9001 --fault throttle")
@click.option("--country", required=True, help="Whose dialect is spoken: FI, US, IPS ...")
@click.option("--port", default=0, show_default=True, help="0 takes a free one.")
@click.option("--fhir-version", help="STU3, R4, R4B or R5; the country's usual one when not given.")
@click.option("--patients", default=60, show_default=True, type=click.IntRange(0, 100_000))
@click.option("--seed", default=1, show_default=True, type=click.IntRange(min=0))
@click.option("--fault", "faults", multiple=True, help=FAULT_HELP)
@click.option("--as-of", type=click.DateTime(), help="Moment (UTC) to make the records for.")
@click.option("--store", help="URL of the store; a temporary one when not given.")
@click.option("--token", help="Bearer token that callers need; also env:NAME or file:PATH.")
@click.option("--user", help="name:password that callers need; also env:NAME or file:PATH.")
def command(
    *,
    country: str,
    port: int,
    fhir_version: str | None,
    patients: int,
    seed: int,
    faults: tuple[str, ...],
    as_of: datetime | None,
    store: str | None,
    token: str | None,
    user: str | None,
) -> None:
    """Serve invented people of one country until ended; prints one line when it is ready.

    Faults can be changed while it runs: POST {"faults": ["drop"]} to /_faults.
    """
    from gateway.sandbox.server import create_sandbox, serve  # noqa: PLC0415 - Flask is slow to load

    ended = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        ended.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    sandbox = create_sandbox(
        country,
        fhir_version=fhir_version,
        patients=patients,
        seed=seed,
        faults=faults,
        now=as_of.replace(tzinfo=UTC) if as_of else None,
        url=store,
        token=plain(token),
        user=plain(user),
    )
    running = serve(sandbox, port)
    click.echo(f"ready {running.url}")
    ended.wait()
    running.close()
    sandbox.close()


def plain(given: str | None) -> str | None:
    """Return what was given, or the secret that it refers to."""
    return secret(given) if given and given.startswith(("env:", "file:")) else given
