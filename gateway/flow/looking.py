"""Look what is there at a server before anything is concluded or written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.errors import MalformedError, RefusedError
from gateway.fhir.json import decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gateway.fhir.client import Client
    from terminology.records import Resource

AT_ONCE = 50
"""How many ids one search names: its URL stays below 2,000 characters with UUIDs."""


def by_id(client: Client, kind: str, ids: Sequence[str]) -> dict[str, Resource]:
    """Return those of the ids that are there.

    A search answers for many at once; where ``_id`` is refused or ignored, each is read.
    """
    found: dict[str, Resource] = {}
    for start in range(0, len(ids), AT_ONCE):
        part = ids[start : start + AT_ONCE]
        several = searched(client, kind, "_id", part) if client.manner.look_by_id else None
        if several is None:
            several = [one for id_ in part if (one := client.read(kind, id_)) is not None]
        wanted = set(part)
        found |= {one["id"]: one for one in several if one.get("id") in wanted}
    return found


def by_parameter(
    client: Client, kind: str, name: str, values: Sequence[str]
) -> list[Resource] | None:
    """Return what a search for any of the values finds; None when it cannot be trusted."""
    found: list[Resource] = []
    for start in range(0, len(values), AT_ONCE):
        several = searched(client, kind, name, values[start : start + AT_ONCE])
        if several is None:
            return None
        found += several
    return found


def searched(client: Client, kind: str, name: str, values: Sequence[str]) -> list[Resource] | None:
    """Return what a search finds; None when the server refuses or drops the parameter."""
    asked = {name: ",".join(values), "_count": str(max(AT_ONCE, len(values)))}
    found: list[Resource] = []
    try:
        for page in client.search(kind, asked):
            if page.ignored(asked):
                return None
            found += decoded(entry.raw for entry in page.entries if entry.mode == "match")
    except RefusedError:
        return None
    return found


def decoded(raws: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Yield the resources that can be read."""
    for raw in raws:
        try:
            yield decode(raw)
        except MalformedError:
            continue
