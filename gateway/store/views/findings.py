"""What could not be used: counted by country and reason, grouped, and listed with examples."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import sqlalchemy as sa

from gateway.store.tables import finding, resource, source
from gateway.store.views import COUNTED, Page, counted, distinct, living, named

if TYPE_CHECKING:
    from collections.abc import Mapping

GROUPS = 30
"""Groups shown on the page; the download has all."""

EXAMPLES = 20
"""Single findings a page."""

ABSENT = "-"
"""How a filter names the absence of a feature, code or unit."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the findings are narrowed to; empty texts narrow nothing."""

    source: str = ""
    country: str = ""
    reason: str = ""
    feature: str = ""
    code: str = ""
    unit: str = ""
    page: int = 1


@dataclass(frozen=True, slots=True)
class Group:
    """Findings that are alike."""

    source: str
    reason: str
    feature: str | None
    system: str | None
    code: str | None
    unit: str | None
    count: int


@dataclass(frozen=True, slots=True)
class Found:
    """One finding; `patient` is a gid."""

    source: str
    patient: str | None
    type: str
    gid: str
    at: str
    feature: str | None
    reason: str
    detail: str | None
    system: str | None
    code: str | None
    unit: str | None


@dataclass(frozen=True, slots=True)
class Choices:
    """What there is to filter by."""

    source: tuple[str, ...]
    country: tuple[str, ...]
    reason: tuple[str, ...]
    feature: tuple[str, ...]


def countries(connection: sa.Connection) -> dict[str, str]:
    """Return the country of each configured source that has one."""
    rows = connection.execute(sa.select(source.c.name, source.c.country))
    return {name: country for name, country in rows if country}


def choices(connection: sa.Connection) -> Choices:
    """Return the values that occur, in order."""
    names = tuple(distinct(connection, finding.c.source))
    of = countries(connection)
    return Choices(
        names,
        tuple(sorted({of[name] for name in names if name in of})),
        tuple(distinct(connection, finding.c.reason)),
        tuple(distinct(connection, finding.c.feature)),
    )


def by_country(connection: sa.Connection, wanted: Wanted) -> dict[str, Counter[str]]:
    """Return country to reason to count; ``?`` for what has no country."""
    of = countries(connection)
    where = _narrowed(wanted, of)
    number = sa.func.count()
    table = finding.c
    placed = sa.select(table.source, table.reason, number).where(table.source.in_(of), *where)
    loose = sa.select(resource.c.country, table.reason, number).select_from(_with_patient())
    found: dict[str, Counter[str]] = {}
    for name, reason, count in connection.execute(placed.group_by(table.source, table.reason)):
        found.setdefault(of[name], Counter())[reason] += count
    chosen = loose.where(table.source.not_in(of), *where)
    for country, reason, count in connection.execute(
        chosen.group_by(resource.c.country, table.reason)
    ):
        found.setdefault(country or "?", Counter())[reason] += count
    return found


def _with_patient() -> sa.Join:
    """Return findings beside the Patient they are about, if any."""
    return finding.outerjoin(resource, sa.and_(living(), resource.c.gid == finding.c.patient))


def groups(connection: sa.Connection, wanted: Wanted, limit: int | None = GROUPS) -> list[Group]:
    """Return alike findings with their count, the most frequent first."""
    table = finding.c
    by = (table.source, table.reason, table.feature, table.system, table.code, table.unit)
    number = sa.func.count().label("number")
    chosen = (
        sa.select(*by, number)
        .where(*_narrowed(wanted, countries(connection)))
        .group_by(*by)
        .order_by(number.desc(), *by)
        .limit(limit)
    )
    return [Group(*row) for row in connection.execute(chosen)]


def findings(connection: sa.Connection, wanted: Wanted) -> Page[Found]:
    """Return one page of single findings, the newest first."""
    chosen = sa.select(*FOUND).where(*_narrowed(wanted, countries(connection)))
    total = counted(connection, chosen.with_only_columns(finding.c.seq))
    number = max(min(wanted.page, -(-min(total, COUNTED) // EXAMPLES)), 1)
    cut = chosen.order_by(finding.c.seq.desc()).limit(EXAMPLES).offset((number - 1) * EXAMPLES)
    rows = tuple(Found(*row) for row in connection.execute(cut))
    return Page(rows, total, number, EXAMPLES)


def of_patient(connection: sa.Connection, gid: str) -> Page[Found]:
    """Return the newest findings about a patient, one page of them."""
    chosen = sa.select(*FOUND).where(finding.c.patient == gid)
    total = counted(connection, chosen.with_only_columns(finding.c.seq))
    rows = connection.execute(chosen.order_by(finding.c.seq.desc()).limit(EXAMPLES))
    return Page(tuple(Found(*row) for row in rows), total)


FOUND = tuple(finding.c[item.name] for item in fields(Found))


def _narrowed(wanted: Wanted, of: Mapping[str, str]) -> list[sa.ColumnElement[bool]]:
    """Return the conditions on a finding."""
    where = [
        column.is_(None) if asked == ABSENT else column == asked
        for column, asked in (
            (finding.c.reason, wanted.reason),
            (finding.c.feature, wanted.feature),
            (finding.c.code, wanted.code),
            (finding.c.unit, wanted.unit),
        )
        if asked
    ]
    if wanted.source:
        where.append(finding.c.source == named(wanted.source))
    if wanted.country:
        where.append(_in_country(wanted.country, of))
    return where


def _in_country(country: str, of: Mapping[str, str]) -> sa.ColumnElement[bool]:
    """Return the condition of a finding from that country: of its source, else its patient."""
    names = [name for name, placed in of.items() if placed == country]
    its = sa.and_(living(), resource.c.gid == finding.c.patient)
    if country == "?":
        elsewhere = sa.exists().where(its, resource.c.country.is_not(None)).correlate(finding)
        return sa.and_(finding.c.source.not_in(of), ~elsewhere)
    of_patients = sa.exists().where(its, resource.c.country == country).correlate(finding)
    return sa.or_(finding.c.source.in_(names), sa.and_(finding.c.source.not_in(of), of_patients))
