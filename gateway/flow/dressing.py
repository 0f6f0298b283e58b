"""What a server gets: assessments in the form it takes, and references to what it has alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.fhir.json import decode, encode
from gateway.fhir.references import rewritten
from gateway.flow.addressing import URIS, ours, target
from gateway.flow.forms import BEST
from gateway.flow.makings import card_for
from gateway.store import assessments, outbox
from mappers.fallback import NOTHING, Results, render

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import sqlalchemy as sa

    from gateway.store.outbox import Parcel
    from terminology.records import JSON, Resource


@dataclass(frozen=True, slots=True)
class Wardrobe:
    """What is known of some parcels: the form each was written in, and its score in numbers."""

    fhir_version: str
    forms: Mapping[str, str] = field(default_factory=dict)
    """Id of an assessment to the type of resource that stands for it at the server."""
    refused: frozenset[str] = frozenset()
    """Ids of assessments that the server took in no form."""
    results: Mapping[str, Results] = field(default_factory=dict)

    def form_of(self, parcel: Parcel) -> str | None:
        """Return the form that an assessment was written in; None when it never was."""
        return self.forms.get(parcel.target_id) or (BEST if parcel.written_at else None)

    def dressed(self, parcel: Parcel, form: str, absent: Collection[str]) -> Parcel:
        """Return an assessment's parcel in a form; `absent` are types that the server has not."""
        resource = decode(parcel.body)
        results = self.results.get(parcel.target_id, NOTHING)
        body = render(detached(resource, absent), form, results, self.fhir_version)
        return parcel._replace(kind=form, body=encode(body))

    def beside(self, parcel: Parcel, absent: Collection[str]) -> Parcel:
        """Return a parcel of what belongs to assessments, led to the forms that they have."""
        body = rewritten(decode(parcel.body), self.stands_for)
        return parcel._replace(body=encode(detached(body, absent)))

    def stands_for(self, reference: str) -> str:
        """Return a reference to what stands for an assessment at the server."""
        kind, _, id_ = reference.partition("/")
        return f"{self.forms[id_]}/{id_}" if kind == BEST and id_ in self.forms else reference


def wardrobe(
    connection: sa.Connection, source: str, fhir_version: str, parcels: Sequence[Parcel]
) -> Wardrobe:
    """Return what is known of parcels of one kind: assessments, or what is about them."""
    ids = [named(parcel) for parcel in parcels]
    forms = outbox.forms(connection, source, ids)
    refused = outbox.refused(connection, source, BEST, ids)
    scores = assessments.scores(connection, ids) if parcels and parcels[0].kind == BEST else {}
    wanted = {(card, version) for card, version, _ in scores.values()}
    cards = {one: card_for(connection, *one) for one in wanted}
    facts = {one: card.facts() if card else None for one, card in cards.items()}
    results = {
        id_: Results(outputs, facts[card, version])
        for id_, (card, version, outputs) in scores.items()
    }
    return Wardrobe(fhir_version, forms, refused, results)


def named(parcel: Parcel) -> str:
    """Return the id of the assessment that a parcel is, or is about."""
    if parcel.kind != "Provenance":
        return parcel.target_id
    return target(decode(parcel.body)).partition("/")[2]


def detached(value: JSON, absent: Collection[str]) -> JSON:
    """Return a value in which what the server does not have is named by its identifier."""
    if isinstance(value, list):
        return [detached(one, absent) for one in value]
    if not isinstance(value, dict) or not absent:
        return value
    name = value.get("reference")
    if isinstance(name, str) and ours(name) and name.partition("/")[0] in absent:
        return by_identifier(value, name)
    return {key: detached(one, absent) for key, one in value.items()}


def by_identifier(value: Resource, reference: str) -> Resource:
    """Return a Reference without a place, by the identifier of what it means."""
    rest = {key: one for key, one in value.items() if key != "reference"}
    own = {"system": URIS, "value": f"urn:uuid:{reference.partition('/')[2]}"}
    return {**rest, "identifier": own}
