"""The ways to deliver parcels at a server, best first: what is refused in one is tried in the next.

Looked for before anything is written, and looked for again when an answer got lost.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING

from gateway.errors import RefusedError, UnreachableError, UntruthfulError
from gateway.flow.addressing import by_our_ids, by_their_ids
from gateway.flow.sending import UNAUTHORIZED, one_by_one, together

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.fhir.client import Client
    from gateway.flow.addressing import Addressed, TheirIds
    from gateway.flow.sending import Sending, Sent
    from gateway.store.outbox import Parcel, Receipt

NO_BUNDLES = frozenset({404, 405, 415, 501})
"""Statuses by which a server says that it takes no Bundles of this type."""


@dataclass(slots=True)
class Delivery:
    """A push under way."""

    client: Client
    modes: tuple[str, ...]
    """How to write, and what to try when that is refused."""
    bundle: str | None
    """The type of Bundle to send, None to send one by one."""
    ids: TheirIds
    forms: list[str] = field(default_factory=list)
    """The types in which assessments may still be written."""
    refused: dict[str, str] = field(default_factory=dict)
    """Types that the server does not take, and what it answered."""
    proven: set[str] = field(default_factory=set)
    """Types that it takes, by its word or by what it took."""
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)


def tried(delivery: Delivery, kind: str, parcels: Sequence[Parcel]) -> list[Receipt] | None:
    """Deliver parcels of a type; None when the server shows that it does not take the type.

    Where nothing speaks for the type, one parcel is sent ahead of the others.
    """
    ahead = len(parcels) if kind in delivery.proven else 1
    receipts = deliver(delivery, parcels[:ahead])
    if receipts and all(one.unsupported for one in receipts):
        delivery.refused[kind] = receipts[0].error or kind
        delivery.proven.discard(kind)
        return None
    delivery.proven.add(kind)
    return receipts + (deliver(delivery, parcels[ahead:]) if parcels[ahead:] else [])


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
        if error.answered == UNAUTHORIZED:
            raise
        if error.answered in NO_BUNDLES:
            delivery.bundle = None
    except UntruthfulError:
        delivery.bundle = None
    return one_by_one(delivery.client, sendings)
