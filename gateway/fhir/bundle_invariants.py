"""The invariants of Bundle, bdl-1 to bdl-12 and those that R5 adds, by their keys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gateway.fhir.invariants import SINCE_R4, holds, objects
from gateway.fhir.problems import Problem, joined, wrong

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.fhir.problems import Problems
    from terminology.records import JSON, Resource

ASKING = frozenset(("batch", "transaction", "history"))
ANSWERING = frozenset(("batch-response", "transaction-response", "history"))
PLAIN = frozenset(("document", "message", "searchset", "collection"))
COUNTED = frozenset(("searchset", "history"))
KINDS = ASKING | ANSWERING | PLAIN | {"subscription-notification"}
FIRST = {
    "document": ("Composition", "bdl-11"),
    "message": ("MessageHeader", "bdl-12"),
}


def kind_of(bundle: Resource) -> str | None:
    """Return the type of a Bundle, None when it has none that is known (others say so)."""
    kind = bundle.get("type")
    return kind if isinstance(kind, str) and kind in KINDS else None


def entry_problems(found: Iterator[tuple[int, str, str, str]]) -> Problems:
    """Return problems of (index, member, key, text) as a list, None when there are none."""
    problems = [
        Problem("invariant", f"{key}: {text}", f"entry[{index}]" + (f".{member}" if member else ""))
        for index, member, key, text in found
    ]
    return problems or None


@holds("Bundle")
def bdl_1(value: Resource) -> Problems:
    """A total counts search results or a history."""
    if "total" in value and kind_of(value) not in (None, *COUNTED):
        return wrong("invariant", "bdl-1: only a searchset or history has one", "total")
    return None


@holds("Bundle")
def bdl_2(value: Resource) -> Problems:
    """Only entries of a searchset tell of the search."""
    if kind_of(value) in (None, "searchset"):
        return None
    return entry_problems(
        (index, "search", "bdl-2", "only a searchset has it")
        for index, entry in objects(value.get("entry"))
        if "search" in entry
    )


@holds("Bundle")
def bdl_3(value: Resource) -> Problems:
    """No entry has a request, but those of a batch, a transaction or a history."""
    if kind_of(value) in (None, *ASKING):
        return None
    return entry_problems(
        (index, "request", "bdl-3", "must not be there in a Bundle of this type")
        for index, entry in objects(value.get("entry"))
        if "request" in entry
    )


@holds("Bundle", versions=SINCE_R4)
def bdl_3_request(value: Resource) -> Problems:
    """Every entry of a batch, a transaction or a history has a request."""
    if kind_of(value) not in ASKING:
        return None
    return entry_problems(
        (index, "request", "bdl-3", "every entry of such a Bundle needs it")
        for index, entry in objects(value.get("entry"))
        if "request" not in entry
    )


@holds("Bundle")
def bdl_4(value: Resource) -> Problems:
    """No entry has a response, but those of an answer or a history."""
    if kind_of(value) in (None, *ANSWERING):
        return None
    return entry_problems(
        (index, "response", "bdl-4", "must not be there in a Bundle of this type")
        for index, entry in objects(value.get("entry"))
        if "response" in entry
    )


@holds("Bundle", versions=SINCE_R4)
def bdl_4_response(value: Resource) -> Problems:
    """Every entry of an answer or a history has a response."""
    if kind_of(value) not in ANSWERING:
        return None
    return entry_problems(
        (index, "response", "bdl-4", "every entry of such a Bundle needs it")
        for index, entry in objects(value.get("entry"))
        if "response" not in entry
    )


@holds("Bundle", versions=("R5",))
def bdl_3a(value: Resource) -> Problems:
    """Every entry of a document, message, searchset or collection has a resource."""
    if kind_of(value) not in PLAIN:
        return None
    return entry_problems(
        (index, "resource", "bdl-3a", "every entry of such a Bundle needs it")
        for index, entry in objects(value.get("entry"))
        if "resource" not in entry
    )


@holds("Bundle")
def bdl_7(value: Resource) -> Problems:
    """No two entries have the same fullUrl and version, but in a history."""
    if kind_of(value) == "history":
        return None
    return entry_problems(
        (index, "fullUrl", "bdl-7", "an earlier entry has the same, in the same version")
        for index in twice(value.get("entry"))
    )


def twice(entries: JSON) -> Iterator[int]:
    """Yield the index of each entry whose fullUrl and version came before."""
    seen: set[tuple[str, str]] = set()
    for index, entry in objects(entries):
        address = entry.get("fullUrl")
        if address.__class__ is str:
            identity = (address, version_of(entry.get("resource")))
            if identity in seen:
                yield index
            seen.add(identity)


def version_of(resource: JSON) -> str:
    """Return ``meta.versionId`` of a resource, or an empty text."""
    meta = resource.get("meta") if isinstance(resource, dict) else None
    return str(meta.get("versionId", "")) if isinstance(meta, dict) else ""


RESTFUL = re.compile(r"https?://.+/([A-Z][A-Za-z]+)/([A-Za-z0-9.-]{1,64})\Z")


@holds("BundleEntry")
def full_url(value: Resource) -> Problems:
    """A fullUrl is absolute, names no version (bdl-8), ends with type and id of the resource."""
    address = value.get("fullUrl")
    if address.__class__ is not str:
        return None
    if "/_history/" in address:
        return wrong("invariant", "bdl-8: must not name a version", "fullUrl")
    if ":" not in address:
        severity = "warning" if "/" in address else "error"
        return [Problem("value", "must be an absolute URI", "fullUrl", severity)]
    match = RESTFUL.match(address)
    resource = value.get("resource")
    if match and isinstance(resource, dict) and "id" in resource:
        return fits(resource, match[1], match[2])
    return None


def fits(resource: Resource, kind: str, identity: str) -> Problems:
    """Say whether a resource is another than its address says."""
    if resource["id"] == identity and resource.get("resourceType") == kind:
        return None
    return wrong("value", "does not end with type and id of the resource", "fullUrl")


@holds("Bundle")
def document(value: Resource) -> Problems:
    """A document has an identifier and a date (bdl-9, bdl-10)."""
    if kind_of(value) != "document":
        return None
    found = None
    identifier = value.get("identifier")
    if not (isinstance(identifier, dict) and {"system", "value"} <= identifier.keys()):
        found = wrong("invariant", "bdl-9: a document needs system and value", "identifier")
    return joined(found, None if "timestamp" in value else no_date())


def no_date() -> Problems:
    """Say that the date of a document is missing."""
    return wrong("invariant", "bdl-10: a document needs it", "timestamp")


@holds("Bundle")
def first_entry(value: Resource) -> Problems:
    """A document begins with its Composition, a message with its MessageHeader."""
    kind = kind_of(value)
    if kind not in FIRST:
        return None
    wanted, key = FIRST[kind]
    index, entry = next(objects(value.get("entry")), (0, {}))
    resource = entry.get("resource")
    if index == 0 and isinstance(resource, dict) and resource.get("resourceType") == wanted:
        return None
    return wrong("invariant", f"{key}: the first entry must be a {wanted}", "entry[0]")
