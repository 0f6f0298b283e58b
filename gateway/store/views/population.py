"""A population: the results of one card, who the patients are, what is missing, which units came.

Results and people are read whole, a few columns each; what is in the values themselves is looked at
for a sample, the newest patients of each source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import sqlalchemy as sa

from gateway.store.tables import assessment, measurement, refusal, resource, search_value
from gateway.store.views import current, distinct, living

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

SAMPLE = 1500
"""Patients whose values are looked at."""

AT_ONCE = 500


class Sampled(NamedTuple):
    """A value of a patient: which feature, from where, in which unit it was sent."""

    patient: str
    feature: str
    source: str
    unit: str


def cards(connection: sa.Connection) -> list[str]:
    """Return the cards that have a result or a refusal, those with the most results first."""
    number = sa.func.count().label("number")
    given = (
        sa.select(assessment.c.card, number)
        .where(current())
        .group_by(assessment.c.card)
        .order_by(number.desc(), assessment.c.card)
    )
    found = dict.fromkeys(card for card, _ in connection.execute(given))
    return list(found | dict.fromkeys(connection.scalars(sa.select(refusal.c.card).distinct())))


def results(connection: sa.Connection, card: str) -> list[tuple[str, float]]:
    """Return patient and result of every standing assessment of a card, the lowest first."""
    table = assessment.c
    chosen = (
        sa.select(table.patient, table.ranking)
        .where(table.card == card, table.ranking.is_not(None), current())
        .order_by(table.ranking)
    )
    return _rows(connection, chosen)


def _rows(connection: sa.Connection, chosen: sa.Select[Any]) -> list[Any]:
    """Return the driver's own rows: of texts and numbers, a hundred thousand at a time."""
    cursor = connection.execute(chosen).cursor
    return list(cursor.fetchall()) if cursor else []


def refused(connection: sa.Connection, card: str) -> list[tuple[str, int]]:
    """Return why the card says nothing, and of how many, the most frequent reason first."""
    number = sa.func.count().label("number")
    chosen = (
        sa.select(refusal.c.reason, number)
        .where(refusal.c.card == card)
        .group_by(refusal.c.reason)
        .order_by(number.desc(), refusal.c.reason)
    )
    return [(reason, count) for reason, count in connection.execute(chosen)]


def countries(connection: sa.Connection) -> dict[str, str | None]:
    """Return the country of every patient."""
    chosen = sa.select(resource.c.gid, resource.c.country).where(living())
    return dict(_rows(connection, chosen.order_by(resource.c.country)))


def sexes(connection: sa.Connection) -> dict[str, str | None]:
    """Return the administrative gender of every patient that has one."""
    return _found(connection, "gender", search_value.c.text)


def births(connection: sa.Connection) -> dict[str, float | None]:
    """Return the first moment (ms) of the birth date of every patient that has one."""
    return _found(connection, "birthdate", search_value.c.low)


def _found(connection: sa.Connection, param: str, value: sa.ColumnElement[T]) -> dict[str, T]:
    """Return what every patient is found by."""
    table = search_value.c
    told = sa.select(table.resource, value).where(
        table.type == "Patient", table.param == param, value.is_not(None)
    )
    gids = sa.select(resource.c.seq, resource.c.gid).where(living())
    of = dict(_rows(connection, told))
    people = _rows(connection, gids.order_by(resource.c.last_updated))
    return {gid: of[seq] for seq, gid in people if seq in of}


def sample(connection: sa.Connection, most: int = SAMPLE) -> list[str]:
    """Return the newest patients of each source, as many of each as `most` allows."""
    sources = list(distinct(connection, resource.c.source, living()))
    found: list[str] = []
    for source in sources:
        chosen = (
            sa.select(resource.c.gid)
            .where(living(), resource.c.source == source)
            .order_by(resource.c.last_updated.desc())
            .limit(max(most // len(sources), 1))
        )
        found += connection.scalars(chosen)
    return found


def values(
    connection: sa.Connection, patients: Sequence[str], features: Sequence[str]
) -> list[Sampled]:
    """Return what patients have of some features, and in which units it was sent, each once."""
    table = measurement.c
    sent = (table.data[("original", key)].as_string() for key in ("code", "unit"))
    columns = (table.patient, table.feature, table.source, sa.func.coalesce(*sent, ""))
    found: list[Sampled] = []
    for start in range(0, len(patients), AT_ONCE):
        part = patients[start : start + AT_ONCE]
        fits = (table.patient.in_(part), table.feature.in_(features))
        chosen = sa.select(*columns).where(*fits).distinct()
        found += [Sampled(*row) for row in _rows(connection, chosen)]
    return found
