"""Pages of search results, spoilt: links that lead astray, totals and entries that are not true."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

if TYPE_CHECKING:
    from collections.abc import Callable

    from terminology.records import Resource

ELSEWHERE = "elsewhere.invalid"
"""A host that never resolves (RFC 2606)."""
ONLY_WITH_NEXT = ("next-elsewhere", "next-gone", "next-loop")
ONLY_WITH_ENTRIES = ("invalid-entry", "duplicate-entries")


def spared(bundle: Resource) -> list[str]:
    """Return the faults that this page gives no occasion for."""
    without_next = ONLY_WITH_NEXT if link(bundle, "next") is None else ()
    without_entries = () if bundle.get("entry") else ONLY_WITH_ENTRIES
    without_total = () if "total" in bundle else ("wrong-total",)
    return [*without_next, *without_entries, *without_total]


def link(bundle: Resource, relation: str) -> dict[str, str] | None:
    """Return the Bundle's link of that relation."""
    found: dict[str, str] | None = next(
        (one for one in bundle.get("link", ()) if one.get("relation") == relation), None
    )
    return found


def redirected(bundle: Resource, relation: str, change: Callable[[str], str]) -> Resource:
    """Return the Bundle with its link of that relation changed."""
    links = [
        one | {"url": change(one["url"])} if one.get("relation") == relation else one
        for one in bundle["link"]
    ]
    return bundle | {"link": links}


def next_elsewhere(bundle: Resource) -> Resource:
    """Let the next link name another host."""
    return redirected(
        bundle, "next", lambda url: urlunsplit(urlsplit(url)._replace(netloc=ELSEWHERE))
    )


def next_gone(bundle: Resource) -> Resource:
    """Let the next link lead to a page that is not there."""
    return redirected(
        bundle,
        "next",
        lambda url: urlunsplit(urlsplit(url)._replace(path=f"{urlsplit(url).path}/_gone")),
    )


def next_loop(bundle: Resource) -> Resource:
    """Let the next link lead to this page."""
    here = link(bundle, "self")
    return redirected(bundle, "next", lambda url: here["url"] if here else url)


def wrong_total(bundle: Resource) -> Resource:
    """Count seven too many."""
    return bundle | {"total": bundle["total"] + 7}


def invalid_entry(bundle: Resource) -> Resource:
    """Put an entry in the middle that is no valid resource."""
    entries = bundle["entry"]
    broken = copy.deepcopy(entries[0])
    kind = broken["resource"].get("resourceType")
    broken["resource"] = {"resourceType": kind, "id": "not an id", "status": 7, "code": []}
    middle = len(entries) // 2
    return bundle | {"entry": [*entries[:middle], broken, *entries[middle:]]}


def duplicate_entries(bundle: Resource) -> Resource:
    """Send the first entry once more at the end."""
    return bundle | {"entry": [*bundle["entry"], bundle["entry"][0]]}


SPOIL: dict[str, Callable[[Resource], Resource]] = {
    spoil.__name__.replace("_", "-"): spoil
    for spoil in (
        *(next_elsewhere, next_gone, next_loop),
        *(wrong_total, invalid_entry, duplicate_entries),
    )
}
"""Name of the fault to what it does to a page."""
