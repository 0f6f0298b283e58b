"""A Bundle for the fast lane: its clean Observations, and what is left for the full lane.

What the full lane says of an Observation in a Bundle differs from what it says of one alone in
names only: an entry may stand for the subject, and two entries may share an id. Where such a thing
is possible, the whole Bundle is the full lane's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

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


Read: TypeAlias = "tuple[int, Observation, list[Value], float]"
"""A clean Observation of a Bundle: the number of its entry, itself, its values and its moment."""


class Opened(NamedTuple):
    """A Bundle in two parts."""

    read: list[Read]
    subjects: dict[str, str]
    """References to patients to the names that the document has for them."""
    rest: Resource
    """The Bundle with the entries that are not clean, at their places."""
    hard: int
    """The number of those entries."""


def opened(raw: bytes) -> Opened | None:
    """Return the two parts of a Bundle; None when it is none, or when the full lane has to read it.

    The bytes are those of one document.
    """
    if b'"Bundle"' not in raw:  # faster than to decode it
        return None
    try:
        entries = BUNDLE.decode(raw).entry
        read = each_clean(entries)
        kept = {number for number, *_ in read}
        rest = [
            {} if number in kept or isinstance(entry.resource, UnsetType) else full(entry)
            for number, entry in enumerate(entries)
        ]
    except (*REFUSED, ValueError):
        return None
    hard = [entry for entry in rest if entry]
    named = names(entries, read)
    if named is None or any(mistakable(entry["resource"], named) for entry in hard):
        return None
    subjects = resolved(read, hard, named)
    if subjects is None:
        return None
    return Opened(read, subjects, {"resourceType": "Bundle", "entry": rest}, len(hard))


def each_clean(entries: list[BundleEntry]) -> list[Read]:
    """Return the clean Observations among some entries."""
    read: list[Read] = []
    date, when = "", None
    for number, entry in enumerate(entries):
        if isinstance(entry.resource, UnsetType):
            continue
        try:
            sent = DECODE(entry.resource)
        except REFUSED:
            continue
        if sent.effective_date_time != date:
            date = sent.effective_date_time
            when = moment(date)
        values = clean(sent)
        if values is not None and when is not None and sent.id:
            read.append((number, sent, values, when))
    return read


def full(entry: BundleEntry) -> Resource:
    """Return an entry as the full lane reads it."""
    made: Resource = {"resource": DOCUMENT.decode(entry.resource)}  # type: ignore[arg-type]
    return made if entry.full_url is UNSET else made | {"fullUrl": entry.full_url}


def names(entries: list[BundleEntry], read: list[Read]) -> set[str] | None:
    """Return all names of the clean Observations, None when two have the same."""
    urls = [url for number, *_ in read if (url := entries[number].full_url)]
    keys = {f"Observation/{sent.id}" for _, sent, *_ in read}
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
    scope, subjects = (
        Scope(Scope()),
        {sent.subject.reference for _, sent, values, _ in read if values},
    )
    for entry in hard:
        scope.add(entry["resource"], entry.get("fullUrl"))
    place, found = Place({}, "", {}, "", scope, Context(), Gathered()), {}
    for text in subjects:
        name, person = place.subject({"reference": text})
        if not person or name is None or text.startswith("#") or {text, name} & named:
            return None
        found[text] = name
    return found
