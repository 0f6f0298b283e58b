"""Keep what came: resources, the patients to be assessed for it, and what could not be kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.jobs.queue import enqueue
from gateway.store import mirror, resources
from gateway.store.assessments import OTHERS
from gateway.store.identity import gid_of
from gateway.store.mirror import PageFinding
from gateway.store.resources import Key, Stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import sqlalchemy as sa

    from gateway.flow.reading import Reading, Refused
    from gateway.store.resources import Received
    from gateway.store.sources import Known

ASSESS = "assess"
"""The kind of job that assesses one patient; see `job_key`."""

PUSH = "push"
"""The kind of job that writes back what is due at one source; its key is the source."""

ENTRY_REASONS = ("malformed", "unexpected", "other-patient", "absent")
"""Why an entry of a page is not kept."""

PAGE_REASONS = ("paging", "refused")
"""Why a type did not come wholly."""


@dataclass(slots=True)
class Tally:
    """What a pull brought."""

    new: int = 0
    changed: int = 0
    deleted: int = 0
    refused: int = 0
    incomplete: list[str] = field(default_factory=list)
    """Types that did not come wholly."""


def job_key(source: str, patient: str) -> str:
    """Return the key of the job that assesses a patient (gid) of a source."""
    return f"{source}/{patient}"


def ask(conn: sa.Connection, source: str, patients: Iterable[str]) -> None:
    """Have patients assessed, in the transaction of what is new about them."""
    enqueue(conn, ASSESS, [job_key(source, patient) for patient in sorted(patients)])


def ask_all(conn: sa.Connection, source: str) -> None:
    """Have everybody of a source assessed."""
    ask(conn, source, [gid_of(source, id_) for id_ in mirror.ids(conn, source, "Patient")])


def keep_page(conn: sa.Connection, source: Known, kind: str, page: Reading, tally: Tally) -> None:
    """Keep the resources of a page, and its findings; enqueue whom they are about."""
    stored = keep(conn, source, page.received)
    if kind not in OTHERS:
        tally.new += len(stored.new)
        tally.changed += len(stored.changed)
    tally.refused += note(conn, source, kind, page.refused)


def keep(conn: sa.Connection, source: Known, received: Sequence[Received]) -> Stored:
    """Store resources of a source; enqueue the patients they are, or were until now, about."""
    keys = [Key(one.type, gid_of(source.name, one.id)) for one in received]
    before = mirror.owners(conn, keys)
    stored = resources.put(conn, source.name, received, country=source.settings.country)
    left = {before[key] for key in stored.changed if key in before}
    ask(conn, source.name, stored.patients | left)
    mirror.settle(conn, (*stored.new, *stored.changed))
    return stored


def drop(conn: sa.Connection, source: Known, kind: str, ids: Iterable[str], tally: Tally) -> None:
    """Delete resources that are gone at the source; enqueue whom they were about."""
    stored = resources.delete(conn, [Key(kind, gid_of(source.name, id_)) for id_ in ids])
    tally.deleted += 0 if kind in OTHERS else len(stored.changed)
    ask(conn, source.name, stored.patients)


def note(conn: sa.Connection, source: Known, kind: str, refused: Iterable[Refused]) -> int:
    """Keep why entries, or whole pages, could not be kept; return how many are new."""
    return mirror.note(
        conn,
        source.name,
        [
            PageFinding(
                kind,
                gid_of(source.name, one.id) if one.id else "",
                one.at,
                one.reason,
                one.detail,
            )
            for one in refused
        ],
    )
