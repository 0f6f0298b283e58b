"""From a page of a search to resources that may be kept, each entry held against what was asked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING

from gateway.errors import MalformedError
from gateway.fhir.json import decode
from gateway.store.resources import Received
from mappers.riskassessment_elements import CARDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.fhir.pages import Entry, Page
    from terminology.records import JSON, Resource

NOTHING: Mapping[str, bytes] = MappingProxyType({})
ID = re.compile(r"[A-Za-z0-9\-.]{1,64}\Z")
PLACE = re.compile(
    r"(?:(?P<base>.*)/)?(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-.]{1,64})(?:/|\Z)"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a search was for: a type, perhaps of one patient."""

    type: str
    patient: str | None = None
    """The patient's id at the source."""
    base_url: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """An entry that is not kept: where it is, and why."""

    at: str
    reason: str
    detail: str
    id: str | None = None
    """The resource's id at the source, when the entry tells it."""


@dataclass(slots=True)
class Reading:
    """What a page holds."""

    received: list[Received] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    """The ids of those that are kept already, byte for byte."""
    own: list[str] = field(default_factory=list)
    """The ids of Observations that stand for assessments written there by this program."""

    @property
    def ids(self) -> set[str]:
        """Return the ids of everything that tells its own."""
        refused = (one.id for one in self.refused if one.id)
        return {*(one.id for one in self.received), *refused, *self.same, *self.own}


def read_entries(page: Page, asked: Asked, kept: Mapping[str, bytes] = NOTHING) -> Reading:
    """Return the resources of the page that are what was asked for, and why the others are not.

    `kept` tells the SHA-256 of what is kept of an id: such bytes need not be read again.
    """
    reading = Reading()
    for entry in page.entries:
        if entry.mode == "outcome":
            continue
        id_ = id_in(entry.full_url, asked.type)
        if id_ and kept.get(id_) == sha256(entry.raw).digest():
            reading.same.append(id_)
            continue
        one = read_entry(entry, asked)
        if not isinstance(one, Received):
            reading.refused.append(one)
        elif scored(one.resource):
            reading.own.append(one.id)
        else:
            reading.received.append(one)
    return reading


def scored(resource: Resource) -> bool:
    """Tell whether an Observation is a score of a card: what we write is no input of ours."""
    if resource["resourceType"] != "Observation":
        return False
    code = resource.get("code")
    codings = code.get("coding") if isinstance(code, dict) else None
    listed = codings if isinstance(codings, list) else []
    return any(isinstance(one, dict) and one.get("system") == CARDS for one in listed)


def read_entry(entry: Entry, asked: Asked) -> Received | Refused:
    """Return the resource of an entry, or why it is not kept.

    An entry that does not tell its id is named by its hash: its place on the page may change.
    """
    named = named_in(entry.full_url)
    at = asked.type if named else f"{asked.type}, SHA-256 {sha256(entry.raw).hexdigest()[:12]}"
    if entry.problem:
        return Refused(at, "malformed", entry.problem, named)
    try:
        resource = decode(entry.raw)
    except MalformedError as error:
        return Refused(at, "malformed", error.text, named)
    problem = frame_problem(resource)
    if problem:
        return Refused(at, "malformed", problem, named)
    if resource["resourceType"] != asked.type:
        return Refused(at, "unexpected", "another type than was asked for")
    if asked.patient is not None and not about(resource, asked.patient, asked.base_url):
        return Refused(
            asked.type, "other-patient", "about another patient than was asked for", resource["id"]
        )
    return received(resource, entry.raw)


def received(resource: Resource, raw: bytes) -> Received:
    """Return the record that the store keeps; ``meta`` is read as far as it has the right form."""
    meta = resource.get("meta")
    meta = meta if isinstance(meta, dict) else {}
    return Received(
        resource["resourceType"],
        resource["id"],
        raw,
        resource,
        text_or_none(meta.get("versionId")),
        text_or_none(meta.get("lastUpdated")),
    )


def frame_problem(resource: JSON) -> str | None:
    """Return what keeps a JSON value from being filed as a resource of a server."""
    if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
        return "no resource"
    id_ = resource.get("id")
    if not isinstance(id_, str) or not ID.match(id_):
        return "a resource without a valid id"
    return None


def about(resource: Resource, patient: str, base_url: str) -> bool:
    """Tell whether the resource is about that patient of its server.

    A search by patient is believed only so far: a server that drops the parameter answers with
    everybody's resources.
    """
    if resource["resourceType"] == "Patient":
        return bool(resource["id"] == patient)
    subject = resource.get("subject") or resource.get("patient")
    reference = subject.get("reference") if isinstance(subject, dict) else None
    match = PLACE.match(reference) if isinstance(reference, str) else None
    if match is None or match["base"] not in (None, base_url):
        return False
    return match["type"] == "Patient" and match["id"] == patient


def id_in(url: str | None, kind: str) -> str | None:
    """Return the id at the end of a ``fullUrl`` of that type."""
    match = PLACE.match(url or "")
    return match["id"] if match and match["type"] == kind else None


def named_in(url: str | None) -> str | None:
    """Return the id at the end of a ``fullUrl``."""
    match = PLACE.match(url or "")
    return match["id"] if match else None


def text_or_none(value: JSON) -> str | None:
    """Return a string, None for anything else."""
    return value if isinstance(value, str) else None
