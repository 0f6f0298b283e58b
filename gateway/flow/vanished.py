"""Find what was deleted at the source: a search never tells.

A run that goes over everything knows what it did not see. Between such runs the server's number of
resources is held against ours: as long as they differ by what they differed by before, nothing has
gone. Otherwise the type's history is asked, where it is served, or each id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.errors import RefusedError, UntruthfulError
from gateway.flow import intake
from gateway.flow.looking import by_id
from gateway.flow.reading import named_in
from gateway.store import mirror
from gateway.store.engine import reading, writing

if TYPE_CHECKING:
    from gateway.fhir.client import Client
    from gateway.flow.pulling import Run


def find_vanished(run: Run, kind: str) -> None:
    """Delete here what is deleted there, and enqueue the patients it was about."""
    with reading(run.engine) as connection:
        here = mirror.count(connection, run.source.name, kind)
    if not here:
        return
    there = number(run.client, kind)
    suspects = unseen(run, kind, here, there)
    gone = set(suspects) - by_id(run.client, kind, suspects).keys()
    if gone:
        with writing(run.engine) as connection:
            intake.drop(connection, run.source, kind, sorted(gone), run.tally)
    if there is not None:
        run.state["surplus"][kind] = there - (here - len(gone))


def unseen(run: Run, kind: str, here: int, there: int | None) -> list[str]:
    """Return the ids that may be gone, sorted; each is looked at before it is believed."""
    seen = run.seen.get(kind)
    if run.now["full"] and seen is not None:
        return sorted(set(ours(run, kind)) - seen)
    surplus = run.state["surplus"].get(kind)
    if there is None or surplus is None or there - here == surplus:
        return []
    told = deleted(run, kind)
    kept = ours(run, kind)
    return kept if told is None else sorted(told & set(kept))


def ours(run: Run, kind: str) -> list[str]:
    """Return the ids of what is kept of a type."""
    with reading(run.engine) as connection:
        return mirror.ids(connection, run.source.name, kind)


def number(client: Client, kind: str) -> int | None:
    """Return how many resources of the type the server says there are."""
    try:
        return client.total(kind)
    except (RefusedError, UntruthfulError):
        return None


def deleted(run: Run, kind: str) -> set[str] | None:
    """Return the ids deleted since the last pull by the type's history; None if it is not served.

    The history is newest first: what is told first of an id is how it stands.
    """
    if not run.abilities.deletes_told(kind):
        return None
    asked = {"_since": run.state["since"].get(kind, "1970-01-01T00:00:00Z"), "_count": "200"}
    last: dict[str, str | None] = {}
    try:
        for page in run.client.search(f"{kind}/_history", asked):
            for entry in page.entries:
                id_ = named_in(entry.target) or named_in(entry.full_url)
                if id_:
                    last.setdefault(id_, entry.method)
    except (RefusedError, UntruthfulError):
        return None
    return {id_ for id_, method in last.items() if method == "DELETE"}
