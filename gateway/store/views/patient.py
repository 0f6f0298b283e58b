"""Everything the gateway knows of one patient: values, scores, reasons, findings, history."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from gateway.store.tables import assessment, measurement, outbox, resource
from gateway.store.views import living

if TYPE_CHECKING:
    from collections.abc import Sequence

EARLIER = 5
"""Earlier values of a feature that are listed; the rest is in the FHIR view."""

HISTORY = 50


@dataclass(frozen=True, slots=True)
class Patient:
    """The Patient resource as received, and where from."""

    gid: str
    source: str
    id: str
    country: str | None
    last_updated: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class Valued:
    """One measurement; `place` is 1 for the newest of its feature, of `count` in all."""

    feature: str
    value: float | str | None
    unit: str | None
    effective: str | None
    instant: int | None
    source: str
    type: str
    gid: str
    flags: list[str]
    data: dict[str, Any]
    place: int
    count: int


@dataclass(frozen=True, slots=True)
class Assessed:
    """One assessment, standing or not; `score` is the whole Score record as plain data."""

    identifier: str
    card: str
    card_version: str
    status: str
    category: str | None
    probability: float | None
    outputs: dict[str, Any] | None
    score: dict[str, Any] | None
    basis: list[Any] | None
    resource_gid: str | None
    created_at: int
    replaced_by: str | None

    @property
    def current(self) -> bool:
        """Whether it stands."""
        return self.replaced_by is None and self.status != "entered-in-error"


@dataclass(frozen=True, slots=True)
class Delivery:
    """How the write-back of one assessment stands."""

    identifier: str
    source: str
    state: str
    written_at: int | None
    last_error: str | None


def patient(connection: sa.Connection, gid: str) -> Patient | None:
    """Return the patient of that id, None when there is none or it was deleted."""
    table = resource.c
    columns = (table.gid, table.source, table.id, table.country, table.last_updated, table.raw)
    row = connection.execute(sa.select(*columns).where(living(), table.gid == gid)).first()
    return Patient(*row) if row else None


def values(connection: sa.Connection, gid: str) -> list[Valued]:
    """Return the newest value of each feature, each followed by a few earlier ones."""
    table = measurement.c
    newest = (table.instant.desc().nulls_last(), table.seq.desc())
    ranked = (
        sa.select(
            table.feature,
            table.value_number,
            table.value_text,
            table.unit,
            table.effective,
            table.instant,
            table.source,
            table.type,
            table.gid,
            table.flags,
            table.data,
            sa.func.row_number().over(partition_by=table.feature, order_by=newest).label("place"),
            sa.func.count().over(partition_by=table.feature).label("number"),
        )
        .where(table.patient == gid)
        .subquery()
    )
    chosen = sa.select(ranked).where(ranked.c.place <= EARLIER + 1)
    return [_valued(row) for row in connection.execute(chosen.order_by("feature", "place"))]


def _valued(row: sa.Row[Any]) -> Valued:
    """Return a measurement of the query's row."""
    data = row.data or {}
    stored = row.value_text if row.value_number is None else row.value_number
    return Valued(
        row.feature,
        data.get("value", stored),
        row.unit,
        row.effective,
        row.instant,
        row.source,
        row.type,
        row.gid,
        row.flags or [],
        data,
        row.place,
        row.number,
    )


def assessments(connection: sa.Connection, gid: str) -> list[Assessed]:
    """Return the assessments of a patient, newest first."""
    table = assessment.c
    chosen = (
        sa.select(*ASSESSED)
        .where(table.patient == gid)
        .order_by(table.created_at.desc(), table.card)
        .limit(HISTORY)
    )
    return [Assessed(*row) for row in connection.execute(chosen)]


ASSESSED = tuple(assessment.c[item.name] for item in fields(Assessed))


def deliveries(connection: sa.Connection, identifiers: Sequence[str]) -> dict[str, Delivery]:
    """Return the state of the write-back of these assessments, by identifier."""
    table = outbox.c
    columns = (table.identifier, table.source, table.state, table.written_at, table.last_error)
    chosen = sa.select(*columns).where(
        table.identifier.in_(identifiers), table.kind == "RiskAssessment"
    )
    return {row.identifier: Delivery(*row) for row in connection.execute(chosen)}
