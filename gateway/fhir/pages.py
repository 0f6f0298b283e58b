"""One page of a search or history Bundle, read entry by entry: a bad entry spoils no other.

The bytes of each resource are kept as they came; only the frame around them is decoded here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import msgspec

from gateway.errors import UntruthfulError

SHAPING = frozenset(
    {"_count", "_format", "_pretty", "_summary", "_total", "_elements", "_sort", "_include"}
)
"""Parameters that shape a page without choosing what is in it: a server may adjust them."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: its resource as bytes, or what is wrong with it."""

    raw: bytes = b""
    full_url: str | None = None
    mode: str = "match"
    method: str | None = None
    """Of a history entry: how the resource came to be (``DELETE`` has no resource)."""
    target: str | None = None
    """Of a history entry: the ``Type/id`` that the request was about."""
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """What one answer of a search holds."""

    url: str
    entries: tuple[Entry, ...] = ()
    next: str | None = None
    own: str | None = None
    total: int | None = None
    date: str | None = None
    """The server's clock, as its ``Date`` header tells it."""

    def ignored(self, asked: dict[str, str]) -> tuple[str, ...]:
        """Return the choosing parameters that the self link does not repeat.

        A server that drops a parameter it does not know answers with everybody's resources; its
        self link is where it must own up (FHIR R4, Search, 3.1.1.1 "Server Conformance").
        """
        if self.own is None:
            return ()
        kept = {key for key, _ in parse_qsl(urlsplit(self.own).query, keep_blank_values=True)}
        return tuple(key for key in asked if key not in kept and key not in SHAPING)


class _Search(msgspec.Struct):
    mode: str = "match"


class _Request(msgspec.Struct):
    method: str | None = None
    url: str | None = None


class _Entry(msgspec.Struct, rename="camel"):
    full_url: str | None = None
    resource: msgspec.Raw = msgspec.Raw()
    search: _Search | None = None
    request: _Request | None = None


class _Bundle(msgspec.Struct, rename="camel"):
    resource_type: str
    total: Any = None
    link: Any = None
    entry: list[msgspec.Raw] | None = None


_bundles = msgspec.json.Decoder(_Bundle)
_entries = msgspec.json.Decoder(_Entry)


def read_page(raw: bytes, url: str, date: str | None = None) -> Page:
    """Return the page that a server answered at `url`.

    Raises:
        UntruthfulError: the answer is no Bundle.
    """
    try:
        bundle = _bundles.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise UntruthfulError("a page that is no Bundle") from None
    if bundle.resource_type != "Bundle":
        raise UntruthfulError("a page that is no Bundle")
    links = links_of(bundle.link)
    onward = links.get("next")
    return Page(
        url=url,
        entries=tuple(read_entry(entry) for entry in bundle.entry or ()),
        next=urljoin(url, onward) if onward else None,
        own=links.get("self"),
        total=bundle.total if type(bundle.total) is int else None,
        date=date,
    )


def links_of(listed: Any) -> dict[str, str]:  # noqa: ANN401 - JSON of a server
    """Return relation to URL, of those links that have both."""
    links = [link for link in listed if isinstance(link, dict)] if isinstance(listed, list) else []
    pairs = [(link.get("relation"), link.get("url")) for link in links]
    return {name: url for name, url in pairs if isinstance(name, str) and isinstance(url, str)}


def read_entry(raw: msgspec.Raw) -> Entry:
    """Return one entry of a page; what cannot be read is told in ``problem``."""
    try:
        entry = _entries.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Entry(problem="the entry is malformed")
    request = entry.request or _Request()
    resource = bytes(entry.resource)
    problem = None if resource or request.method else "the entry holds no resource"
    return Entry(
        raw=resource,
        full_url=entry.full_url,
        mode=entry.search.mode if entry.search else "match",
        method=request.method,
        target=request.url,
        problem=problem,
    )
