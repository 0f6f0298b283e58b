"""Write back what is due at a source: look first, write what is not there, note each answer.

A resource that the server refuses is told and not tried again by itself; what failed for a moment
is tried later. The second time there is nothing to write, even with a lost ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.errors import GatewayError, UsageError
from gateway.flow import partners
from gateway.flow.addressing import TheirIds
from gateway.flow.delivering import Delivery
from gateway.flow.dressing import wardrobe
from gateway.flow.forms import forms_of
from gateway.flow.handing import assessments, others
from gateway.flow.intake import PUSH
from gateway.flow.progress import Progress, Step, silent
from gateway.flow.sending import AT_ONCE
from gateway.jobs import queue
from gateway.store import outbox, sources
from gateway.store.engine import reading, writing
from mappers.fallback import FORMS

if TYPE_CHECKING:
    from collections import Counter

    import sqlalchemy as sa

    from gateway.fhir.client import Client
    from gateway.flow.probing import Abilities
    from gateway.store.sources import Known

WRITTEN = frozenset({*outbox.KINDS, *FORMS.values()})
"""All types that may be written at a server."""

ASSESSMENT = "RiskAssessment"
OTHERWISE = {"transaction": "conditional", "put": "conditional", "conditional": "put"}
"""What is tried, with ``auto``, for what is refused."""


@dataclass(frozen=True, slots=True)
class PushReport:
    """What a push did; `due` to `failed` count RiskAssessments, `others` what belongs to them."""

    source: str
    due: int
    written: int
    unchanged: int
    failed: int
    others_written: int = 0
    others_failed: int = 0

    def plain(self) -> dict[str, str | int]:
        """Return the report as the command prints it."""
        names = ("source", "due", "written", "unchanged", "failed")
        return {name: getattr(self, name) for name in names}


def push(
    engine: sa.Engine, source: Known, client: Client, *, progress: Progress = silent
) -> PushReport:
    """Write what is due at the source; return what became of it.

    Raises:
        UsageError: the source's ``write_back`` is off.
        RemoteError: the server is away; what was written until then is noted.
    """
    if source.settings.write_back == "off":
        raise UsageError(f"source {source.name}: write_back is off")
    with writing(engine) as connection:
        outbox.release(connection, source.name)
        total = outbox.number_waiting(connection, source.name)
        asked = queue.queued(connection, PUSH, [source.name])
    try:
        delivery = begin(engine, source, client, any(total.values()))
        for kind in outbox.KINDS:
            deliver_kind(engine, source, delivery, kind, progress)
    except GatewayError as error:
        partners.told(engine, source, error)
        raise
    with writing(engine) as connection:
        queue.finish_queued(connection, asked)
    return report(source.name, total.get(ASSESSMENT, 0), delivery.counts)


def begin(engine: sa.Engine, source: Known, client: Client, needed: bool) -> Delivery:
    """Return how to deliver at the source, as its server declares."""
    wanted = source.settings.write_back
    if not needed:
        return Delivery(client, (), None, TheirIds(client))
    abilities = partners.abilities_of(engine, source, client)
    mode = abilities.mode(wanted)
    return Delivery(
        client,
        (mode, OTHERWISE[mode]) if wanted == "auto" else (mode,),
        bundle_type(client, abilities, mode),
        TheirIds(client),
        forms_of(source, abilities),
        dict(source.refused),
        {kind for kind in WRITTEN if abilities.takes(kind) and kind not in source.refused},
    )


def bundle_type(client: Client, abilities: Abilities, mode: str) -> str | None:
    """Return the type of Bundle to send; a set mode is tried even if it is not declared."""
    if mode == "put" or not client.manner.bundles:
        return None
    declared = [kind for kind in ("transaction", "batch") if kind in abilities.system]
    if mode == "transaction":
        return (declared or ["transaction"])[0]
    return declared[0] if declared else None


def deliver_kind(
    engine: sa.Engine, source: Known, delivery: Delivery, kind: str, progress: Progress
) -> None:
    """Deliver all that is due of one type, a batch at a time."""
    done = 0
    while delivery.modes:
        with reading(engine) as connection:
            parcels = outbox.waiting(connection, source.name, kind, AT_ONCE)
            known = wardrobe(connection, source.name, source.fhir_version, parcels)
        if not parcels:
            return
        deliver = assessments if kind == ASSESSMENT else others
        found = deliver(delivery, known, parcels)
        with writing(engine) as connection:
            outbox.settle(connection, source.name, parcels, found.receipts)
            outbox.note_forms(connection, source.name, found.forms)
            sources.remember(connection, source.name, delivery.refused)
        delivery.counts.update((kind, receipt.state) for receipt in found.receipts)
        done += len(parcels)
        progress(Step(source.name, f"write {kind}", done))


def report(source: str, due: int, counts: Counter[tuple[str, str]]) -> PushReport:
    """Return the report of what was counted."""
    others = [key for key in counts if key[0] != ASSESSMENT]
    bad = ("failed", "refused")
    return PushReport(
        source,
        due,
        counts[ASSESSMENT, "written"],
        counts[ASSESSMENT, "unchanged"],
        sum(counts[ASSESSMENT, state] for state in bad),
        sum(counts[key] for key in others if key[1] == "written"),
        sum(counts[key] for key in others if key[1] in bad),
    )
