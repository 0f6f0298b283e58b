"""A Bundle for the fast lane: its clean Observations, and what is left for the full lane.

What the full lane says of an Observation in a Bundle differs from what it says of one alone in
names only: an entry may stand for the subject, and two entries may share an id. Where such a thing
is possible, the whole Bundle is the full lane's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec import UNSET, UnsetType

from mappers.fast import DECODE, REFUSED, clean, moment
from mappers.gather import Context, Gathered, Place
from mappers.references import Scope, each_contained, key, reference_to, text_of, unversioned
from mappers.typed import BUNDLE, DOCUMENT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mappers.fast import Value
    from mappers.typed import BundleEntry, Observation
    from terminology.records import Resource

ABOUT = ("subject", "patient", "medicationReference", "medication")
"""Elements by which a resource may mean another entry."""
HOLDERS = frozenset({"Bundle", "Parameters"})


class Read(NamedTuple):
    """A clean Observation of a Bundle."""

    number: int
    sent: Observation
    values: list[Value]
    when: float
    patient: str


class Opened(NamedTuple):
    """A Bundle in two parts."""

    read: list[Read]
    rest: Resource
    """The Bundle with the entries that are not clean, at their places."""
    hard: int
    """The number of those entries."""


def opened(raw: bytes) -> Opened | None:
    """Return the two parts of a Bundle; None when it is none, or when the full lane has to read it.

    The bytes are those of one document.
    """
    try:
        entries = BUNDLE.decode(raw).entry
        found = [one(index, entry) for index, entry in enumerate(entries)]
        rest = [
            {} if kept is not None or isinstance(entry.resource, UnsetType) else full(entry)
            for entry, kept in zip(entries, found, strict=True)
        ]
    except (*REFUSED, ValueError):
        return None
    read, hard = [kept for kept in found if kept is not None], [entry for entry in rest if entry]
    named = names(entries, read)
    if named is None or any(mistakable(entry["resource"], named) for entry in hard):
        return None
    subjects = resolved(read, hard, named)
    if subjects is None:
        return None
    read = [kept._replace(patient=subjects[kept.patient]) for kept in read]
    return Opened(read, {"resourceType": "Bundle", "entry": rest}, len(hard))


def one(index: int, entry: BundleEntry) -> Read | None:
    """Return the clean Observation of an entry, None when it holds another thing."""
    if isinstance(entry.resource, UnsetType):
        return None
    try:
        sent = DECODE(entry.resource)
    except REFUSED:
        return None
    values, when = clean(sent), moment(sent.effective_date_time)
    if values is None or when is None or not sent.id:
        return None
    return Read(index, sent, values, when, sent.subject.reference)


def full(entry: BundleEntry) -> Resource:
    """Return an entry as the full lane reads it."""
    made: Resource = {"resource": DOCUMENT.decode(entry.resource)}  # type: ignore[arg-type]
    return made if entry.full_url is UNSET else made | {"fullUrl": entry.full_url}


def names(entries: list[BundleEntry], read: list[Read]) -> set[str] | None:
    """Return all names of the clean Observations, None when two have the same."""
    urls = [url for kept in read if (url := entries[kept.number].full_url)]
    keys = {f"Observation/{kept.sent.id}" for kept in read}
    named = {*urls, *keys}
    return named if len(keys) == len(read) and len(set(urls)) == len(urls) else None


def mistakable(resource: Resource, named: set[str]) -> bool:
    """Say whether a resource may mean a clean Observation, or be taken for one."""
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    if not isinstance(kind, str) or kind in HOLDERS:
        return True
    return key(resource) in named or any(
        {text, unversioned(text), reference_to(text)} & named for text in meant(resource)
    )


def meant(resource: Resource) -> Iterator[str]:
    """Yield the references by which a resource, or one contained in it, means another."""
    for node in (resource, *each_contained(resource)):
        for element in ABOUT:
            sent = node.get(element)
            inner = sent.get("reference") if isinstance(sent, dict) else None
            if text := text_of(inner if isinstance(inner, dict) else sent):
                yield text


def resolved(read: list[Read], hard: list[Resource], named: set[str]) -> dict[str, str] | None:
    """Return the subjects' references with the document's names of them, None when one is hard."""
    scope, subjects = Scope(Scope()), {kept.patient for kept in read if kept.values}
    for entry in hard:
        scope.add(entry["resource"], entry.get("fullUrl"))
    place, found = Place({}, "", {}, "", scope, Context(), Gathered()), {}
    for text in subjects:
        name, person = place.subject({"reference": text})
        if not person or name is None or text.startswith("#") or {text, name} & named:
            return None
        found[text] = name
    return {kept.patient: "" for kept in read} | found
