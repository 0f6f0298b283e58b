"""Write back what is due at a source: look first, write what is not there, note each answer.

A resource that the server refuses is told and not tried again by itself; what failed for a moment
is tried later. The second time there is nothing to write, even with a lost ledger.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING

from gateway.errors import (
    GatewayError,
    RefusedError,
    UnreachableError,
    UntruthfulError,
    UsageError,
)
from gateway.flow import partners
from gateway.flow.addressing import Addressed, TheirIds, by_our_ids, by_their_ids
from gateway.flow.intake import PUSH
from gateway.flow.progress import Progress, Step, silent
from gateway.flow.sending import AT_ONCE, one_by_one, together
from gateway.jobs import queue
from gateway.store import outbox
from gateway.store.engine import reading, writing

if TYPE_CHECKING:
    from collections.abc import Sequence

    import sqlalchemy as sa

    from gateway.fhir.client import Client
    from gateway.flow.probing import Abilities
    from gateway.flow.sending import Sending, Sent
    from gateway.store.outbox import Parcel, Receipt
    from gateway.store.sources import Known

ASSESSMENT = "RiskAssessment"
OTHERWISE = {"transaction": "conditional", "put": "conditional", "conditional": "put"}
"""What is tried, with ``auto``, for what is refused."""

NO_BUNDLES = frozenset({404, 405, 415, 501})
"""Statuses by which a server says that it takes no Bundles of this type."""


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


@dataclass(slots=True)
class Delivery:
    """A push under way."""

    client: Client
    modes: tuple[str, ...]
    """How to write, and what to try when that is refused."""
    bundle: str | None
    """The type of Bundle to send, None to send one by one."""
    ids: TheirIds
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)


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
    modes = (mode, OTHERWISE[mode]) if wanted == "auto" else (mode,)
    return Delivery(client, modes, bundle_type(client, abilities, mode), TheirIds(client))


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
        if not parcels:
            return
        receipts = deliver(delivery, parcels)
        with writing(engine) as connection:
            outbox.settle(connection, source.name, parcels, receipts)
        delivery.counts.update((kind, receipt.state) for receipt in receipts)
        done += len(parcels)
        progress(Step(source.name, f"write {kind}", done))


def deliver(delivery: Delivery, parcels: Sequence[Parcel]) -> list[Receipt]:
    """Deliver a batch in the first way that is not refused; return a receipt for each."""
    receipts: dict[str, Receipt] = {}
    left = list(parcels)
    for place, mode in enumerate(delivery.modes):
        for receipt in attempt(delivery, mode, left):
            receipts[receipt.target_id] = receipt
        refused = [one for one in left if receipts[one.target_id].state == "refused"]
        if place and len(refused) < len(left):
            delivery.modes = delivery.modes[place:]  # this way works here
            return list(receipts.values())
        left = refused
        if not left:
            break
    return list(receipts.values())


def attempt(delivery: Delivery, mode: str, parcels: Sequence[Parcel]) -> list[Receipt]:
    """Deliver a batch in one way; after a lost answer look again, and send what is not there.

    Raises:
        RemoteError: the server is away for good.
    """
    tried: set[str] = set()
    patience = delivery.client.patience
    for turn in count(1):
        addressed = address(delivery, mode, parcels)
        try:
            receipts = send_all(delivery, addressed, bundled=mode != "put")
        except UnreachableError:
            if patience.spent(turn):
                raise
            tried |= {sending.parcel.target_id for sending in addressed.sendings}
            patience.sleep(patience.pause(turn))
            continue
        # What is found after it was sent has been written by us.
        there = [
            replace(one, state="written") if one.target_id in tried else one
            for one in addressed.there
        ]
        return [*there, *receipts]
    raise AssertionError("count() does not end")


def address(delivery: Delivery, mode: str, parcels: Sequence[Parcel]) -> Addressed:
    """Look what is there, and how the rest is to be sent."""
    if mode == "conditional":
        return by_their_ids(delivery.ids, parcels)
    return by_our_ids(delivery.client, parcels)


def send_all(delivery: Delivery, addressed: Addressed, *, bundled: bool) -> list[Receipt]:
    """Send what must be sent; return what became of each."""
    if not addressed.sendings:
        return []
    pairs = list(zip(addressed.sendings, send(delivery, addressed, bundled=bundled), strict=True))
    for sending, one in pairs:
        if one.done:
            delivery.ids.learn(sending, one)
    return [one.receipt(sending) for sending, one in pairs]


def send(delivery: Delivery, addressed: Addressed, *, bundled: bool) -> list[Sent]:
    """Send in one Bundle, or one by one where Bundles, or this one, are not taken.

    A Bundle that is refused for one bad entry is taken apart, so that the others arrive and the bad
    one is told.
    """
    sendings: list[Sending] = addressed.sendings
    if not (bundled and delivery.bundle):
        return one_by_one(delivery.client, sendings)
    try:
        return together(delivery.client, delivery.bundle, sendings)
    except RefusedError as error:
        if error.answered in (401, 403):
            raise
        if error.answered in NO_BUNDLES:
            delivery.bundle = None
    except UntruthfulError:
        delivery.bundle = None
    return one_by_one(delivery.client, sendings)


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
