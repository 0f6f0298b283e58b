"""What follows when data are posted to the gateway: assessed durably, and at once.

`stored` runs in the transaction that keeps the data, so a crash between them is impossible; then
`received` does the work before the answer goes out, and the worker does it if that process dies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.config import Source
from gateway.flow import assessing, intake
from gateway.flow.assessing import HERE
from gateway.flow.loose import note_loose
from gateway.store import mirror, sources
from gateway.store.engine import reading
from gateway.store.sources import Known
from gateway.watch.logs import log

if TYPE_CHECKING:
    from collections.abc import Sequence

    import sqlalchemy as sa


def stored(connection: sa.Connection, patients: Sequence[str]) -> None:
    """Ask for the patients (gids) to be assessed, in the transaction that stores their data."""
    for source, gids in mirror.homes(connection, patients).items():
        intake.ask(connection, source, gids)


def received(engine: sa.Engine, patients: Sequence[str]) -> None:
    """Assess the patients now; what cannot be done now is done by the worker.

    The data are kept by then: whatever goes wrong here must not make the caller believe otherwise.
    """
    try:
        assess_now(engine, patients)
    except Exception as error:  # noqa: BLE001 - see above; the jobs are there
        log().error("assessing failed", error=type(error).__name__)


def assess_now(engine: sa.Engine, patients: Sequence[str]) -> None:
    """Assess the patients, source by source."""
    with reading(engine) as connection:
        homes = mirror.homes(connection, patients)
        known = {name: home(connection, name) for name in homes}
    for name, gids in homes.items():
        for start in range(0, len(gids), assessing.AT_ONCE):
            assessing.assess(engine, known[name], gids[start : start + assessing.AT_ONCE])
    note_loose(engine, HERE)


def home(connection: sa.Connection, name: str) -> Known:
    """Return the source of that name; of one that was removed, as much as its data tell."""
    if not name:
        return HERE
    return sources.named(connection, name) or Known(Source(name=name, base_url=""))
