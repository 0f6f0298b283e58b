"""What was concluded of patients: measurements, findings, assessments and refusals, in bulk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from gateway.store.instants import now
from gateway.store.resources import CHUNK, COLUMNS, Row
from gateway.store.tables import assessment, finding, measurement, refusal, resource

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from terminology.records import Score

ENTERED_IN_ERROR = "entered-in-error"
OTHERS = ("RiskAssessment",)
"""Types that do not count, nor what is found in them: others' conclusions, shown and not used."""

NO_BYTES = sa.literal(b"").label("raw")


class Kept(NamedTuple):
    """An assessment as it stands in the store."""

    identifier: str
    source: str
    patient: str
    card: str
    card_version: str
    status: str
    score: Mapping[str, Any]
    basis: Sequence[Mapping[str, Any]]
    """The resources it rests on: ``type``, ``id``, ``gid`` and ``version`` of each."""
    replaced_by: str | None


@dataclass(frozen=True, slots=True)
class Made:
    """An assessment to keep."""

    identifier: str
    patient: str
    score: Score
    basis: tuple[Mapping[str, Any], ...]
    probability: float | None = None
    """The first probability of the score, 0 to 1."""
    status: str = "final"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A card that does not assess a patient, and why."""

    patient: str
    card: str
    reason: str
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Figures:
    """What there is of a source; assessments that were entered in error do not count."""

    patients: int = 0
    observations: int = 0
    measurements: int = 0
    findings: int = 0
    assessed: int = 0
    not_assessable: int = 0


def parts(items: Iterable[str]) -> Iterator[list[str]]:
    """Yield the items, as many at a time as one statement names."""
    listed = list(items)
    for start in range(0, len(listed), CHUNK):
        yield listed[start : start + CHUNK]


def resources_of(
    conn: sa.Connection, patients: Iterable[str], kinds: Sequence[str], *, lean: bool = False
) -> dict[str, list[Row]]:
    """Return what is kept about each of the patients, of these types, oldest first.

    With `lean` without the bytes, for a look whether anything has changed.
    """
    columns = tuple(NO_BYTES if lean and one is resource.c.raw else one for one in COLUMNS)
    found: dict[str, list[Row]] = {}
    for part in parts(patients):
        query = sa.select(*columns).where(
            resource.c.patient.in_(part), resource.c.type.in_(kinds), ~resource.c.deleted
        )
        for row in conn.execute(query.order_by(resource.c.seq)):
            found.setdefault(row.patient, []).append(Row(*row))
    return found


KEPT = tuple(assessment.c[name] for name in Kept._fields)


def of_patients(conn: sa.Connection, patients: Iterable[str]) -> dict[str, list[Kept]]:
    """Return all assessments of the patients, those entered in error too, oldest first."""
    found: dict[str, list[Kept]] = {}
    for part in parts(patients):
        query = sa.select(*KEPT).where(assessment.c.patient.in_(part))
        for row in conn.execute(query.order_by(assessment.c.created_at, assessment.c.identifier)):
            found.setdefault(row.patient, []).append(Kept(*row))
    return found


def named(conn: sa.Connection, identifier: str) -> Kept | None:
    """Return the assessment of that identifier; None when there is none."""
    row = conn.execute(sa.select(*KEPT).where(assessment.c.identifier == identifier)).one_or_none()
    return Kept(*row) if row else None


def known(conn: sa.Connection, identifiers: Iterable[str]) -> frozenset[str]:
    """Return those of the identifiers that assessments have."""
    found: set[str] = set()
    for part in parts(identifiers):
        found |= set(
            conn.scalars(
                sa.select(assessment.c.identifier).where(assessment.c.identifier.in_(part))
            )
        )
    return frozenset(found)


def received(conn: sa.Connection, patients: Iterable[str], kind: str) -> list[Row]:
    """Return what is kept about the patients of a type, but for the assessments made here."""
    made = sa.exists().where(assessment.c.identifier == resource.c.gid)
    found: list[Row] = []
    for part in parts(patients):
        query = sa.select(*COLUMNS).where(
            resource.c.patient.in_(part), resource.c.type == kind, ~resource.c.deleted, ~made
        )
        found += [Row(*row) for row in conn.execute(query.order_by(resource.c.seq))]
    return found


def scores(
    conn: sa.Connection, identifiers: Iterable[str]
) -> dict[str, tuple[str, str, Mapping[str, Any]]]:
    """Return card, its version, and the outputs of assessments."""
    found: dict[str, tuple[str, str, Mapping[str, Any]]] = {}
    table = assessment.c
    for part in parts(identifiers):
        query = sa.select(table.identifier, table.card, table.card_version, table.outputs)
        for row in conn.execute(query.where(table.identifier.in_(part))):
            found[row.identifier] = (row.card, row.card_version, row.outputs or {})
    return found


def add(conn: sa.Connection, source: str, made: Sequence[Made]) -> None:
    """Insert assessments; the RiskAssessment of each has its identifier as id."""
    at = now()
    rows = [{**columns(one), "source": source, "created_at": at} for one in made]
    if rows:
        conn.execute(sa.insert(assessment), rows)


def change(conn: sa.Connection, made: Sequence[Made]) -> None:
    """Give assessments that are there another content and status."""
    for one in made:
        conn.execute(
            sa.update(assessment)
            .where(assessment.c.identifier == one.identifier)
            .values(**columns(one), replaced_by=None)
        )


def columns(one: Made) -> dict[str, Any]:
    """Return the columns of an assessment, without those that say where and when it was made."""
    return {
        "identifier": one.identifier,
        "patient": one.patient,
        "card": one.score.card,
        "card_version": one.score.version,
        "status": one.status,
        "category": one.score.category,
        "probability": one.probability,
        "ranking": leading(one.score),
        "outputs": dict(one.score.outputs),
        "score": one.score,
        "basis": list(one.basis),
        "resource_gid": one.identifier,
    }


def leading(score: Score) -> float | None:
    """Return the first number among the outputs (a probability, points or a value)."""
    numbers = (one for one in score.outputs.values() if type(one) in {int, float})
    return next((float(one) for one in numbers), None)


def withdraw(conn: sa.Connection, identifiers: Iterable[str]) -> None:
    """Set assessments entered in error."""
    for part in parts(identifiers):
        conn.execute(
            sa.update(assessment)
            .where(assessment.c.identifier.in_(part))
            .values(status=ENTERED_IN_ERROR)
        )


def replace(conn: sa.Connection, successors: Mapping[str, str | None]) -> None:
    """Note which newer assessment of the same card took the place of which; None: none any more."""
    for old, new in successors.items():
        conn.execute(
            sa.update(assessment).where(assessment.c.identifier == old).values(replaced_by=new)
        )


def replace_values(
    conn: sa.Connection, patients: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Put measurements in place of those that were there of the patients."""
    for part in parts(patients):
        conn.execute(sa.delete(measurement).where(measurement.c.patient.in_(part)))
    if rows:
        conn.execute(sa.insert(measurement), rows)


def replace_findings(
    conn: sa.Connection, patients: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Put findings in place of those that were there of the patients."""
    for part in parts(patients):
        conn.execute(sa.delete(finding).where(finding.c.patient.in_(part)))
    if rows:
        conn.execute(sa.insert(finding), rows)


def replace_refusals(
    conn: sa.Connection, source: str, patients: Sequence[str], refusals: Sequence[Refusal]
) -> None:
    """Put refusals in place of those that were there of the patients."""
    for part in parts(patients):
        conn.execute(sa.delete(refusal).where(refusal.c.patient.in_(part)))
    at = now()
    rows = {
        (one.patient, one.card): {
            "source": source,
            "patient": one.patient,
            "card": one.card,
            "reason": one.reason,
            "missing": list(one.missing),
            "created_at": at,
        }
        for one in refusals
    }
    if rows:
        conn.execute(sa.insert(refusal), list(rows.values()))


def figures(conn: sa.Connection, source: str) -> Figures:
    """Return the numbers of a source."""
    by_type = (
        sa.select(resource.c.type, sa.func.count())
        .where(resource.c.source == source, ~resource.c.deleted)
        .group_by(resource.c.type)
    )
    kept = {row[0]: int(row[1]) for row in conn.execute(by_type)}
    stands = sa.and_(assessment.c.source == source, assessment.c.status != ENTERED_IN_ERROR)
    patients = sa.and_(
        resource.c.source == source, resource.c.type == "Patient", ~resource.c.deleted
    )
    scored = sa.exists().where(assessment.c.patient == resource.c.gid, stands)
    return Figures(
        patients=kept.get("Patient", 0),
        observations=kept.get("Observation", 0),
        measurements=number(conn, measurement, measurement.c.source == source),
        findings=number(conn, finding, finding.c.source == source, finding.c.type.not_in(OTHERS)),
        assessed=number(conn, assessment, stands),
        not_assessable=number(conn, resource, patients, ~scored),
    )


def number(conn: sa.Connection, table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
    """Return how many rows of a table there are."""
    return conn.scalar(sa.select(sa.func.count()).select_from(table).where(*where)) or 0
