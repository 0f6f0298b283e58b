"""The list of patients: filtered, searched, one page, each with its latest results or reasons."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from gateway.store.index import folded
from gateway.store.tables import assessment, refusal, resource, search_value
from gateway.store.views import COUNTED, PAGE, Page, counted, current, distinct, living, named

if TYPE_CHECKING:
    from collections.abc import Sequence

WORDS = 8
"""Words of a name that are looked at."""

LAST = "\U0010ffff"
"""Greater than any character: the end of a range of texts with one beginning."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the list is narrowed to; empty texts narrow nothing."""

    q: str = ""
    source: str = ""
    country: str = ""
    card: str = ""
    category: str = ""
    reason: str = ""
    page: int = 1


@dataclass(frozen=True, slots=True)
class Result:
    """A standing assessment in one line; `outputs` by name."""

    patient: str
    card: str
    category: str | None
    probability: float | None
    outputs: dict[str, float]
    created_at: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a card says nothing; `missing` names inputs."""

    patient: str
    card: str
    reason: str
    missing: list[str]
    created_at: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A patient of the list; `raw` is the Patient as received."""

    gid: str
    source: str
    country: str | None
    last_updated: int
    raw: bytes
    results: list[Result] = field(default_factory=list)
    refusals: list[Refused] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Choices:
    """What there is to filter by."""

    source: tuple[str, ...]
    country: tuple[str, ...]
    card: tuple[str, ...]
    category: tuple[str, ...]
    reason: tuple[str, ...]


def choices(connection: sa.Connection) -> Choices:
    """Return the values that occur, in order."""
    return Choices(
        tuple(distinct(connection, resource.c.source, living())),
        tuple(distinct(connection, resource.c.country, living())),
        tuple(distinct(connection, assessment.c.card, assessment.c.replaced_by.is_(None))),
        tuple(distinct(connection, assessment.c.category, assessment.c.replaced_by.is_(None))),
        tuple(distinct(connection, refusal.c.reason)),
    )


def patients(connection: sa.Connection, wanted: Wanted) -> Page[Listed]:
    """Return one page: newest data first, or with a card its highest results first."""
    chosen, order = _chosen(wanted)
    total = counted(connection, chosen)
    number = max(min(wanted.page, -(-min(total, COUNTED) // PAGE)), 1)
    rows = connection.execute(chosen.order_by(*order).limit(PAGE).offset((number - 1) * PAGE))
    places = [row.seq for row in rows]
    return Page(tuple(_listed(connection, places)), total, number)


def _chosen(
    wanted: Wanted,
) -> tuple[sa.Select[Any], tuple[sa.ColumnElement[Any], ...]]:
    """Return the query for the places of the patients that fit, and its order."""
    chosen = sa.select(resource.c.seq).where(living(), *_narrowed(wanted))
    newest = (resource.c.last_updated.desc(), resource.c.seq.desc())
    if not (wanted.card or wanted.category):
        return chosen, newest
    fits = [current()]
    if wanted.card:
        fits.append(assessment.c.card == wanted.card)
    if wanted.category:
        fits.append(assessment.c.category == wanted.category)
    if not wanted.card:
        of = sa.select(assessment.c.patient).where(*fits)
        return chosen.where(resource.c.gid.in_(of)), newest
    joined = chosen.join(assessment, assessment.c.patient == resource.c.gid).where(*fits)
    return joined, (assessment.c.ranking.desc(), assessment.c.patient.desc())


def _narrowed(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    """Return the conditions on the patient apart from results."""
    where: list[sa.ColumnElement[bool]] = []
    if wanted.source:
        where.append(resource.c.source == named(wanted.source))
    if wanted.country:
        where.append(
            resource.c.country.is_(None)
            if wanted.country == "?"
            else resource.c.country == wanted.country
        )
    if wanted.reason:
        refused = sa.select(refusal.c.patient).where(refusal.c.reason == wanted.reason)
        same = (assessment.c.source == resource.c.source, assessment.c.patient == resource.c.gid)
        scored = sa.exists().where(*same, current())
        where += [resource.c.gid.in_(refused), ~scored]
    if wanted.q.strip():
        where.append(_found(wanted.q))
    return where


def _found(text: str) -> sa.ColumnElement[bool]:
    """Return the condition of a patient with that identifier or id, or all of these names."""
    name = folded(text)
    words = [_begins("name", word) for word in name.split()[:WORDS]]
    closed = "".join(text.split())
    identifiers = {text.strip(), closed, closed.upper()}
    return sa.or_(
        sa.and_(*words),
        _begins("name", name),
        *(_begins("identifier", identifier) for identifier in sorted(identifiers)),
        resource.c.gid == text.strip(),
    )


def _begins(param: str, beginning: str) -> sa.ColumnElement[bool]:
    """Return the condition of a Patient with a search value that begins so."""
    values = search_value.c
    places = sa.select(values.resource).where(
        values.type == "Patient",
        values.param == param,
        values.text >= beginning,
        values.text < beginning + LAST,
    )
    return resource.c.seq.in_(places)


def _listed(connection: sa.Connection, places: Sequence[int]) -> list[Listed]:
    """Return the patients at these places in their order, with results and reasons."""
    table = resource.c
    columns = (table.seq, table.gid, table.source, table.country, table.last_updated, table.raw)
    rows = connection.execute(sa.select(*columns).where(table.seq.in_(places)))
    found = {row.seq: Listed(*row[1:]) for row in rows}
    ordered = [found[place] for place in places if place in found]
    gids = [patient.gid for patient in ordered]
    by_patient = results(connection, gids)
    refused = refusals(connection, gids)
    for patient in ordered:
        patient.results.extend(by_patient[patient.gid])
        patient.refusals.extend(refused[patient.gid])
    return ordered


def results(connection: sa.Connection, gids: Sequence[str]) -> defaultdict[str, list[Result]]:
    """Return the standing assessments of these patients, newest first."""
    table = assessment.c
    chosen = (
        sa.select(
            table.patient,
            table.card,
            table.category,
            table.probability,
            table.outputs,
            table.created_at,
        )
        .where(table.patient.in_(gids), current())
        .order_by(table.card)
    )
    found: defaultdict[str, list[Result]] = defaultdict(list)
    for row in connection.execute(chosen):
        found[row.patient].append(Result(*row))
    return found


def refusals(connection: sa.Connection, gids: Sequence[str]) -> defaultdict[str, list[Refused]]:
    """Return the reasons of these patients, by card."""
    table = refusal.c
    chosen = (
        sa.select(table.patient, table.card, table.reason, table.missing, table.created_at)
        .where(table.patient.in_(gids))
        .order_by(table.card)
    )
    found: defaultdict[str, list[Refused]] = defaultdict(list)
    for row in connection.execute(chosen):
        found[row.patient].append(Refused(row[0], row[1], row[2], row[3] or [], row[4]))
    return found
