"""Look before writing: what is there already, and how the rest is to be sent.

Where the server takes our ids, a resource is looked for by its id and put there. Where it gives its
own, it is looked for by its identifier (a Provenance by its target) and created unless it is found;
references between our resources are then rewritten to the ids that the server gave.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from gateway.errors import RefusedError
from gateway.fhir.json import decode, encode
from gateway.fhir.references import references, rewritten
from gateway.flow.likeness import same
from gateway.flow.looking import by_id, by_parameter
from gateway.flow.sending import UNAUTHORIZED, Sending
from gateway.store.outbox import Receipt

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gateway.fhir.client import Client
    from gateway.flow.sending import Sent
    from gateway.store.outbox import Parcel
    from terminology.records import Resource

LINKED = frozenset({"Device", "DocumentReference", "RiskAssessment"})
"""Types of ours that others of ours refer to, beside the target of a Provenance."""

URIS = "urn:ietf:rfc:3986"
DASHES = "00000000-0000-0000-0000-000000000000"


@dataclass(slots=True)
class Addressed:
    """What need not be sent, and what must."""

    there: list[Receipt] = field(default_factory=list)
    sendings: list[Sending] = field(default_factory=list)


def by_our_ids(client: Client, parcels: Sequence[Parcel]) -> Addressed:
    """Return how parcels of one type are put under their own ids."""
    kind = parcels[0].kind
    found = visible(client, kind, [parcel.target_id for parcel in parcels])
    addressed = Addressed()
    for parcel in parcels:
        add(
            addressed,
            parcel,
            found.get(parcel.target_id),
            Sending(parcel, parcel.target_id, parcel.body),
        )
    return addressed


def visible(client: Client, kind: str, ids: Sequence[str]) -> dict[str, Resource]:
    """Return those of the ids that are there; none where the type may not be read.

    Putting the same under the same id once more makes no second resource.
    """
    try:
        return by_id(client, kind, ids)
    except RefusedError as error:
        if error.answered == UNAUTHORIZED:
            raise
        return {}


def add(addressed: Addressed, parcel: Parcel, there: Resource | None, new: Sending) -> None:
    """Put down one parcel: nothing to do, to be written over what is there, or new."""
    if there is None:
        addressed.sendings.append(new)
    elif same(there, decode(parcel.body)):
        tag = etag(there)
        addressed.there.append(Receipt(parcel.kind, parcel.target_id, "unchanged", tag))
    else:
        own = {**decode(new.body), "id": there["id"]}
        addressed.sendings.append(Sending(parcel, there["id"], encode(own), match=etag(there)))


def etag(there: Resource) -> str | None:
    """Return the tag of the version that was found."""
    meta = there.get("meta")
    version = meta.get("versionId") if isinstance(meta, dict) else None
    return f'W/"{version}"' if isinstance(version, str) else None


@dataclass(slots=True)
class TheirIds:
    """The ids that a server gave to our resources, by ``Type/our-id``; asked for when needed."""

    client: Client
    known: dict[str, str] = field(default_factory=dict)

    def look(self, kind: str, ids: Iterable[str]) -> dict[str, Resource]:
        """Return what is there of our resources of a type that carries identifiers."""
        wanted = {f"urn:uuid:{id_}": id_ for id_ in ids}
        values = [f"{URIS}|{value}" for value in wanted]
        found: dict[str, Resource] = {}
        for resource in by_parameter(self.client, kind, "identifier", values) or ():
            for value in identifiers(resource):
                if value in wanted:
                    found[wanted[value]] = resource
                    self.known[f"{kind}/{wanted[value]}"] = f"{kind}/{resource['id']}"
        return found

    def learn(self, sending: Sending, sent: Sent) -> None:
        """Take note of the id that a created resource got."""
        parts = (sent.location or "").split("/")
        kind, ours = sending.parcel.kind, sending.parcel.target_id
        if sending.id is not None:
            self.known[f"{kind}/{ours}"] = f"{kind}/{sending.id}"
        elif kind in parts[:-1]:
            self.known[f"{kind}/{ours}"] = f"{kind}/{parts[parts.index(kind) + 1]}"

    def localised(self, bodies: Sequence[Resource]) -> list[Resource]:
        """Return resources with references to ours as the server knows them."""
        referred = {name for body in bodies for name in ours_in(body)} - self.known.keys()
        unknown: dict[str, list[str]] = {}
        for name in sorted(referred):
            kind, _, id_ = name.partition("/")
            unknown.setdefault(kind, []).append(id_)
        for kind, ids in unknown.items():
            self.look(kind, ids)
        return [rewritten(body, lambda name: self.known.get(name, name)) for body in bodies]


def by_their_ids(ids: TheirIds, parcels: Sequence[Parcel]) -> Addressed:
    """Return how parcels of one type are created, unless they are there already."""
    kind = parcels[0].kind
    bodies = ids.localised([decode(parcel.body) for parcel in parcels])
    if kind == "Provenance":  # FHIR gives it no identifier
        found = provenances(ids.client, parcels, bodies)
    else:
        found = ids.look(kind, [parcel.target_id for parcel in parcels])
    addressed = Addressed()
    for parcel, body in zip(parcels, bodies, strict=True):
        new = Sending(parcel, body=encode(body), unless=condition(parcel, body))
        add(addressed, parcel, found.get(parcel.target_id), new)
    return addressed


def condition(parcel: Parcel, body: Resource) -> str:
    """Return the search that finds the resource if it is there."""
    if parcel.kind != "Provenance":
        return f"identifier={quote(f'{URIS}|urn:uuid:{parcel.target_id}', safe='')}"
    recorded = quote(str(body.get("recorded", "")), safe="")
    return f"target={quote(target(body), safe='/')}&recorded={recorded}"


def provenances(
    client: Client, parcels: Sequence[Parcel], bodies: Sequence[Resource]
) -> dict[str, Resource]:
    """Return the Provenances that are there, by our ids: of the same target and activity."""
    targets = sorted({target(body) for body in bodies})
    found = by_parameter(client, "Provenance", "target", targets) or []
    there = {(target(one), activity(one)): one for one in found}
    pairs = zip(parcels, bodies, strict=True)
    return {
        parcel.target_id: there[key]
        for parcel, body in pairs
        if (key := (target(body), activity(body))) in there
    }


def target(provenance: Resource) -> str:
    """Return ``Type/id`` of what a Provenance is about."""
    listed = provenance.get("target") or [{}]
    parts = str(listed[0].get("reference", "")).partition("/_history/")[0].split("/")
    return "/".join(parts[-2:])


def activity(provenance: Resource) -> str:
    """Return the code of what was done."""
    said = provenance.get("activity") or {}
    codings = said.get("coding") or [said]
    return str(codings[0].get("code", ""))


def identifiers(resource: Resource) -> list[str]:
    """Return the values of a resource's identifiers; STU3 has one, without a list."""
    said = resource.get("identifier")
    listed = said if isinstance(said, list) else [said]
    return [str(one.get("value")) for one in listed if isinstance(one, dict)]


def ours_in(body: Resource) -> set[str]:
    """Return the references to resources of ours, whose ids are UUIDs."""
    about = {target(body)} if body["resourceType"] == "Provenance" else set()
    named = {name for name in references(body) if name.partition("/")[0] in LINKED}
    return {name for name in named | about if ours(name)}


def ours(reference: str) -> bool:
    """Tell whether a reference is to a resource of ours: their ids are UUIDs."""
    return len(reference.partition("/")[2]) == len(DASHES)
