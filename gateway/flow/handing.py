"""Hand over a batch: assessments in the best form that is taken, then what belongs to them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from gateway.flow.delivering import deliver, tried
from gateway.flow.dressing import named
from gateway.flow.forms import BEST
from gateway.store.outbox import Receipt

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gateway.flow.delivering import Delivery
    from gateway.flow.dressing import Wardrobe
    from gateway.store.outbox import Parcel

DONE = ("written", "unchanged")
NO_TARGET = "its RiskAssessment was taken in no form"


@dataclass(slots=True)
class Handed:
    """What became of a batch."""

    receipts: list[Receipt] = field(default_factory=list)
    forms: dict[str, str] = field(default_factory=dict)
    """Id of an assessment to the type that it was written as, where that is another."""

    def note(self, form: str, receipts: Iterable[Receipt]) -> None:
        """Take note of what became of assessments in a form; the ledger has them under one name."""
        for one in receipts:
            self.receipts.append(replace(one, kind=BEST))
            if one.state in DONE and form != BEST:
                self.forms[one.target_id] = form


def assessments(delivery: Delivery, known: Wardrobe, parcels: Sequence[Parcel]) -> Handed:
    """Hand over assessments: each in the form it has there already, else in the best one taken."""
    handed = Handed()
    by_form: dict[str, list[Parcel]] = {}
    for parcel in parcels:
        by_form.setdefault(known.form_of(parcel) or "", []).append(parcel)
    left = by_form.pop("", [])
    for form, of in by_form.items():
        dressed = [known.dressed(one, form, delivery.refused) for one in of]
        handed.note(form, deliver(delivery, dressed))
    for form in list(delivery.forms):
        if not left:
            break
        dressed = [known.dressed(one, form, delivery.refused) for one in left]
        receipts = tried(delivery, form, dressed)
        if receipts is None:
            delivery.forms.remove(form)
            continue
        handed.note(form, receipts)
        left = []
    handed.receipts += [not_taken(delivery, one) for one in left]
    return handed


def not_taken(delivery: Delivery, parcel: Parcel) -> Receipt:
    """Return the receipt of an assessment that the server takes in no form."""
    told = "; ".join(delivery.refused.values()) or "it declares no form that may be written"
    return Receipt(parcel.kind, parcel.target_id, "refused", error=f"taken in no form: {told}")


def others(delivery: Delivery, known: Wardrobe, parcels: Sequence[Parcel]) -> Handed:
    """Hand over what belongs to assessments; what the server does not take is left out."""
    kind = parcels[0].kind
    lost = [one for one in parcels if named(one) in known.refused]
    rest = [one for one in parcels if named(one) not in known.refused]
    handed = Handed([omitted(one, NO_TARGET) for one in lost])
    if rest and kind not in delivery.refused:
        dressed = [known.beside(one, delivery.refused) for one in rest]
        receipts = tried(delivery, kind, dressed)
        if receipts is not None:
            handed.receipts += receipts
            return handed
    handed.receipts += [omitted(one, delivery.refused[kind]) for one in rest]
    return handed


def omitted(parcel: Parcel, why: str) -> Receipt:
    """Return the receipt of what is left out."""
    return Receipt(parcel.kind, parcel.target_id, "omitted", error=why)
