"""Measurements -> one row a patient: for each feature the value that a score may use on a day.

The newest usable value by instant wins. A preliminary or bounded one counts only when there is no
other, one without a date only when there is no dated one, and nothing later than the day counts.
Equal moments are settled by the cleaner value, the later version, then the name of the resource, so
that the order in which a server answers changes nothing. Body mass index, eGFR and non-HDL
cholesterol are derived when they are not given, or given before what they follow from.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, TypeAlias

from mappers import dates
from mappers.derived import derivations
from terminology.records import FeatureRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from mappers.document import Mapped
    from terminology.records import Measurement, Person

Rank: TypeAlias = tuple[int, tuple[int, str], str, str]
Order: TypeAlias = tuple[int, float, Rank]
CLEAN = 3
"""The level of a value that is neither preliminary nor bounded."""


def rows(mapped: Mapped, as_of: datetime, country: str | None = None) -> list[FeatureRow]:
    """Return the row of each patient, in the order in which patients first appear.

    `as_of` is a moment with a zone; `country` holds for patients whose own country is not known.
    Measurements without a subject belong to no row.
    """
    people = latest_people(mapped.people)
    found: dict[str, list[Measurement]] = {name: [] for name in people}
    for measurement in mapped.measurements:
        if measurement.subject is not None:
            found.setdefault(measurement.subject, []).append(measurement)
    return [
        row(name, people.get(name), measurements, as_of, country)
        for name, measurements in found.items()
    ]


def latest_people(people: Iterable[Person]) -> dict[str, Person]:
    """Return each patient once: the latest version, else the one that comes last."""
    latest: dict[str, Person] = {}
    for person in people:
        if person.reference:
            known = latest.get(person.reference)
            if known is None or numbered(person.version) >= numbered(known.version):
                latest[person.reference] = person
    return latest


def row(
    name: str,
    person: Person | None,
    measurements: Iterable[Measurement],
    as_of: datetime | None,
    country: str | None = None,
) -> FeatureRow:
    """Return the row of one patient; without `as_of` the newest values of all time."""
    features = chosen(measurements, as_of)
    where = (person.country if person else None) or country
    for key, value in derivations(features, person, where).items():
        given = features.get(key)
        if given is None or moment(given) < moment(value):
            features[key] = value
    return FeatureRow(
        name,
        where,
        person.sex if person else None,
        person.birth if person else None,
        dict(sorted(features.items())),
        person,
    )


def chosen(measurements: Iterable[Measurement], as_of: datetime | None) -> dict[str, Measurement]:
    """Return the best measurement of each feature that is not later than `as_of`."""
    by_feature: dict[str, list[tuple[Order, Measurement]]] = defaultdict(list)
    limit = as_of.timestamp() if as_of else float("inf")
    for measurement in measurements:
        when = moment(measurement)
        if when <= limit:
            by_feature[measurement.feature].append((order(measurement, when), measurement))
    return {
        feature: max(found, key=lambda pair: pair[0])[1] for feature, found in by_feature.items()
    }


def moment(measurement: Measurement) -> float:
    """Return when a value was true, in seconds; the far past when it does not say."""
    when = dates.instant(measurement.effective) if measurement.effective else None
    return when.timestamp() if when else float("-inf")


def order(measurement: Measurement, when: float) -> Order:
    """Return what ranks a measurement among those of its feature: greater is better."""
    return level(measurement), when, rank(measurement)


def rank(measurement: Measurement) -> Rank:
    """Return what settles equal moments: cleaner, a later version, the name of the resource."""
    return (
        -len(measurement.flags),
        numbered(measurement.version),
        measurement.resource,
        measurement.at,
    )


def level(measurement: Measurement) -> int:
    """Return what weighs more than time: final, unbounded; a fact that is true anywhere."""
    final, exact = "preliminary" not in measurement.flags, measurement.comparator is None
    return 4 * (measurement.value is True) + 2 * final + exact


def numbered(version: str | None) -> tuple[int, str]:
    """Return a version so that 10 comes after 9; versions that are no numbers by their text."""
    text = version or ""
    return (int(text) if text.isdecimal() and len(text) < 20 else -1, text)


def sources(row: FeatureRow) -> Mapping[str, tuple[Measurement, ...]]:
    """Return for each feature the measurements that were sent (those behind a derived one)."""
    return {key: m.derived_from or (m,) for key, m in row.features.items()}
