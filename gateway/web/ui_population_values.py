"""What the values of a population lack, and in which units they came, in a sample."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.store.sources import every
from gateway.store.views import population as view
from gateway.web.ui_findings import country
from gateway.web.ui_small_cells import SMALLEST, line, small
from gateway.web.ui_text import clean, concept, unit
from gateway.web.words import say
from scoring.cards import load
from scoring.inputs import feature_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import sqlalchemy as sa

    from gateway.store.views.population import Sampled
    from gateway.web.ui_population import Grouping


@dataclass(frozen=True, slots=True)
class Lacking:
    """A group of the sample: the share without a value of each feature (None: withheld)."""

    label: str
    count: int | None
    shares: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Units:
    """The units in which one source sent one feature: words and share (None: withheld)."""

    feature: str
    source: str
    place: str
    parts: tuple[tuple[str, float | None], ...]


def context(connection: sa.Connection, card: str, of: Grouping) -> dict[str, Any]:
    """Return what the template needs of the values."""
    features = features_of(card)
    people = view.sample(connection) if features else []
    found = view.values(connection, people, features)
    places = {known.name: known.settings.country for known in every(connection)}
    return {
        "sampled": len(people),
        "features": [concept(name) for name in features],
        "lacking": lacking(people, found, features, of),
        "units": [
            Units(concept(feature), source, country(places.get(source)) if source else "", parts)
            for feature, source, parts in mixes(found)
        ],
    }


def features_of(card: str) -> list[str]:
    """Return the features that a card needs of a record, in the order of its inputs."""
    known = load().get(card)
    found: dict[str, None] = {}
    for name, given in known.inputs.items() if known else ():
        if given.source is None and given.silent == "missing" and given.required:
            found |= dict.fromkeys(given.ratio or (feature_of(name, given),))
    return list(found)


def lacking(
    people: Sequence[str],
    found: Sequence[Sampled],
    features: Sequence[str],
    of: Grouping,
) -> list[Lacking]:
    """Return by group who has no value of which feature."""
    have = {(one.patient, one.feature) for one in found}
    rows = []
    for name, members in of.split(zip(people, people, strict=True)).items():
        without = [sum((gid, key) not in have for gid in members) for key in features]
        total = None if len(members) < SMALLEST else len(members)
        rows.append(Lacking(name, total, tuple(share(n, len(members)) for n in without)))
    return rows


def share(count: int, total: int) -> float | None:
    """Return a share, None when it, or what is left, is of too few people.

    >>> share(10, 40), share(3, 40), share(38, 40), share(0, 40), share(0, 3)
    (0.25, None, None, 0.0, None)
    """
    hidden = total < SMALLEST or small(count) or small(total - count)
    return None if hidden else count / total


def mixes(found: Sequence[Sampled]) -> list[tuple[str, str, tuple[tuple[str, float | None], ...]]]:
    """Return by feature and source the units and the share of patients who came with each."""
    seen = {(one.feature, one.source, one.unit, one.patient) for one in found if one.unit}
    counts: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for feature, source, sent, _ in seen:
        counts[feature, source][sent] += 1
    return [(*key, parts(counter)) for key, counter in sorted(counts.items())]


def parts(counter: Counter[str]) -> tuple[tuple[str, float | None], ...]:
    """Return units in words with their shares, the most frequent first."""
    ordered = sorted(counter.items(), key=lambda pair: (-pair[1], pair[0]))
    numbers = [count for _, count in ordered]
    hidden = line(numbers)
    if sum(numbers) < SMALLEST:
        return ((say("population.withheld"), None),)
    return tuple(
        (clean(unit(name)), None if place in hidden else count / sum(numbers))
        for place, (name, count) in enumerate(ordered)
    )
