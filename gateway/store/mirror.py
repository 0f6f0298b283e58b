"""What is kept of a source, as the flow asks: ids, numbers, owners, and findings of its pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from gateway.store.resources import CHUNK, COLUMNS, Key, Row, by_type
from gateway.store.tables import finding, resource

if TYPE_CHECKING:
    from collections.abc import Iterable


class PageFinding(NamedTuple):
    """Something on a page that could not be kept, or a page that did not come."""

    type: str
    gid: str
    """Of the resource, when it tells who it is; else empty."""
    at: str
    reason: str
    detail: str


def ids(conn: sa.Connection, source: str, kind: str) -> list[str]:
    """Return the source's own ids of the resources of one type that are there, sorted."""
    query = sa.select(resource.c.id).where(
        resource.c.source == source, resource.c.type == kind, ~resource.c.deleted
    )
    return sorted(conn.scalars(query))


def digests(conn: sa.Connection, source: str, kind: str, ids: list[str]) -> dict[str, bytes]:
    """Return the SHA-256 of the bytes kept of those ids of the source that are there."""
    found: dict[str, bytes] = {}
    for start in range(0, len(ids), CHUNK):
        query = sa.select(resource.c.id, resource.c.sha256).where(
            resource.c.source == source,
            resource.c.type == kind,
            resource.c.id.in_(ids[start : start + CHUNK]),
            ~resource.c.deleted,
        )
        found |= {row.id: row.sha256 for row in conn.execute(query)}
    return found


def count(conn: sa.Connection, source: str, kind: str) -> int:
    """Return how many resources of one type of the source are there."""
    query = sa.select(sa.func.count()).where(
        resource.c.source == source, resource.c.type == kind, ~resource.c.deleted
    )
    return conn.scalar(query) or 0


def owners(conn: sa.Connection, keys: Iterable[Key]) -> dict[Key, str]:
    """Return the gid of the Patient that each of the resources is about, as they stand now."""
    found: dict[Key, str] = {}
    for kind, gids in by_type(keys):
        query = sa.select(resource.c.gid, resource.c.patient).where(
            resource.c.type == kind, resource.c.gid.in_(gids), resource.c.patient.is_not(None)
        )
        found |= {Key(kind, gid): patient for gid, patient in conn.execute(query)}
    return found


def orphans(conn: sa.Connection, source: str) -> list[str]:
    """Return gids of Patients of the source that are spoken of and not there, sorted."""
    there = resource.alias()
    query = (
        sa.select(resource.c.patient)
        .distinct()
        .where(
            resource.c.source == source,
            resource.c.patient.is_not(None),
            ~resource.c.deleted,
            ~sa.exists().where(there.c.type == "Patient", there.c.gid == resource.c.patient),
        )
    )
    return sorted(gid for gid in conn.scalars(query) if gid)


def note(conn: sa.Connection, source: str, notes: Iterable[PageFinding]) -> int:
    """Keep findings that are not there already; return how many were new."""
    new = [one for one in dict.fromkeys(notes) if not noted(conn, source, one)]
    if new:
        conn.execute(sa.insert(finding), [{"source": source, **one._asdict()} for one in new])
    return len(new)


def noted(conn: sa.Connection, source: str, one: PageFinding) -> bool:
    """Tell whether the finding is there."""
    same = (finding.c[name] == value for name, value in one._asdict().items())
    query = sa.select(sa.literal(1)).where(finding.c.source == source, *same).limit(1)
    return conn.scalar(query) is not None


def clear(conn: sa.Connection, source: str, kind: str, reasons: Iterable[str]) -> None:
    """Take away the findings of pages of one type, those of the given reasons."""
    those = finding.c.reason.in_(list(reasons))
    conn.execute(
        sa.delete(finding).where(finding.c.source == source, finding.c.type == kind, those)
    )


def settle(conn: sa.Connection, keys: Iterable[Key], reason: str | None = None) -> None:
    """Take away why resources could not be kept, or are about nobody: they are now, or may be.

    With a `reason` only what was found for that.
    """
    for kind, gids in by_type(keys):
        those = sa.and_(finding.c.type == kind, finding.c.gid.in_(gids))
        if reason is not None:
            those = sa.and_(those, finding.c.reason == reason)
        conn.execute(sa.delete(finding).where(those, finding.c.patient.is_(None)))


def loose(conn: sa.Connection, source: str, limit: int = 500) -> list[Row]:
    """Return Observations of the source that are about no patient and have no finding yet."""
    told = sa.exists().where(finding.c.type == resource.c.type, finding.c.gid == resource.c.gid)
    query = (
        sa.select(*COLUMNS)
        .where(
            resource.c.patient.is_(None),
            resource.c.type == "Observation",
            resource.c.source == source,
            ~resource.c.deleted,
            ~told,
        )
        .limit(limit)
    )
    return [Row(*row) for row in conn.execute(query)]


def homes(conn: sa.Connection, patients: Iterable[str]) -> dict[str, list[str]]:
    """Return source to the patients (gids) that are its own; those unknown count as posted here."""
    wanted = sorted(set(patients))
    found: dict[str, str] = {}
    for _, gids in by_type(Key("Patient", gid) for gid in wanted):
        query = sa.select(resource.c.gid, resource.c.source).where(
            resource.c.type == "Patient", resource.c.gid.in_(gids)
        )
        found |= {row.gid: row.source for row in conn.execute(query)}
    sorted_out: dict[str, list[str]] = {}
    for gid in wanted:
        sorted_out.setdefault(found.get(gid, ""), []).append(gid)
    return sorted_out
