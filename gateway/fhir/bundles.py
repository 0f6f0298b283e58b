"""Bundles as bytes: stored resources are spliced in as they are, never decoded again."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from uuid import NAMESPACE_OID, uuid4, uuid5

from gateway.fhir.json import encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from terminology.records import JSON, Resource

EMPTY: Mapping[str, str] = {}


class Response(NamedTuple):
    """``Bundle.entry.response``: what became of one entry of a batch, transaction or history."""

    status: str
    location: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    outcome: Resource | None = None


def bundle(
    kind: str,
    entries: Iterable[bytes],
    *,
    links: Mapping[str, str] = EMPTY,
    total: int | None = None,
    timestamp: str | None = None,
) -> bytes:
    """Return a Bundle of type `kind` around entries that are JSON already."""
    head: dict[str, JSON] = {"resourceType": "Bundle", "id": str(uuid4())}
    if timestamp is not None:
        head["meta"] = {"lastUpdated": timestamp}
    head["type"] = kind
    if total is not None:
        head["total"] = total
    if links:
        head["link"] = [{"relation": name, "url": url} for name, url in links.items()]
    inside = b",".join(entries)
    tail = b',"entry":[' + inside + b"]}" if inside else b"}"
    return encode(head)[:-1] + tail


def collected(resource: Resource) -> Resource:
    """Return the entry of a resource that is on no server: its address is a UUID.

    That is its id when it is one, as those of our own are, else one made of its content.
    """
    identity = resource.get("id") or uuid5(NAMESPACE_OID, encode(resource).decode())
    return {"fullUrl": f"urn:uuid:{identity}", "resource": resource}


def match(full_url: str, raw: bytes, mode: str) -> bytes:
    """Return an entry of a searchset; `mode` is ``match``, ``include`` or ``outcome``."""
    return b'{"fullUrl":%b,"resource":%b,"search":{"mode":"%b"}}' % (
        encode(full_url),
        raw,
        mode.encode(),
    )


def changed(full_url: str, raw: bytes | None, request: Resource, response: Response) -> bytes:
    """Return an entry of a history."""
    return b'{"fullUrl":%b,%b"request":%b,"response":%b}' % (
        encode(full_url),
        b'"resource":' + raw + b"," if raw else b"",
        encode(request),
        encode(told(response)),
    )


def answered(raw: bytes | None, response: Response) -> bytes:
    """Return an entry of the answer to a batch or transaction."""
    inside = b'"resource":' + raw + b"," if raw else b""
    return b'{%b"response":%b}' % (inside, encode(told(response)))


def told(response: Response) -> Resource:
    """Return ``entry.response`` without what is not known."""
    members = {
        "status": response.status,
        "location": response.location,
        "etag": response.etag,
        "lastModified": response.last_modified,
        "outcome": response.outcome,
    }
    return {name: value for name, value in members.items() if value is not None}
