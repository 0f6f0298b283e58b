"""A population in figures: results of one card by country, sex or age, what is missing, units.

Counts below five are withheld, and those that would give them away: see `ui_small_cells`.
"""

from __future__ import annotations

import csv
import io
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from gateway.store.views import population as view
from gateway.web import ui_population_values
from gateway.web.ui_bins import bins, quartiles, result
from gateway.web.ui_cards import facts, title
from gateway.web.ui_findings import country, safe_cell
from gateway.web.ui_small_cells import SMALLEST, line, table
from gateway.web.words import label, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    import sqlalchemy as sa

    from gateway.web.ui_bins import Bins
    from terminology.records import JSON

T = TypeVar("T")

GROUPS = ("country", "sex", "age")
BANDS = (0, 40, 50, 60, 70, 80)
"""Youngest age of each band."""

QUARTILES = ("lower quartile", "median", "upper quartile")
NUMBERS = ("probability", "points", "value")
ENOUGH = 4 * SMALLEST
"""Results of which quartiles are told: five in each quarter, or they are those of single people."""

YEAR_MS = 365.2425 * 86_400_000
BOXES = 12
"""Groups drawn; the table has all."""


@dataclass(frozen=True, slots=True)
class Class:
    """One class of results: how many (None: withheld), and the bar's height in percent."""

    label: str
    count: int | None
    share: float | None
    height: float


@dataclass(frozen=True, slots=True)
class Group:
    """One group; `count` is None and quartiles are absent when they are withheld.

    `box` is where the quartiles lie, in percent of the axis.
    """

    label: str
    count: int | None
    quartiles: tuple[str, ...]
    box: tuple[float, ...]
    counts: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Population:
    """All figures of one card; `whole` is the group of everybody."""

    card: str
    group: str
    whole: Group
    classes: tuple[Class, ...]
    groups: tuple[Group, ...]
    withheld: bool
    """Whether any figure is."""
    axis: tuple[str, str]

    @property
    def described(self) -> str:
        """The classes in words."""
        return " ".join(
            say("population.class_row", label=one.label, count=shown(one.count))
            for one in self.classes
        )

    @property
    def compared(self) -> str:
        """The groups in words."""
        return " ".join(
            say("population.group_row", label=one.label, median=one.quartiles[1])
            for one in self.boxes
        )

    @property
    def boxes(self) -> tuple[Group, ...]:
        """The groups that are drawn."""
        return tuple(one for one in self.groups if one.box)[:BOXES]


def context(connection: sa.Connection, asked: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """Return all that the template of the population page needs."""
    cards = view.cards(connection)
    card = asked.get("card", "")
    card = card if card in cards else next(iter(cards), "")
    group = asked.get("group", "") if asked.get("group") in GROUPS else GROUPS[0]
    of = grouping(connection, group, now)
    found = view.results(connection, card)
    values = ui_population_values.context(connection, card, of)
    return {
        "card": card,
        "group": group,
        "cards": sorted(((one, title(one)) for one in cards), key=lambda pair: pair[1].casefold()),
        "groups": [(one, say(f"population.by_{one}")) for one in GROUPS],
        "found": population(card, group, found, of) if len(found) >= SMALLEST else None,
        "few": bool(found),
        "refused": refused(view.refused(connection, card)),
        "smallest": SMALLEST,
        "shown": shown,
        **values,
    }


@dataclass(frozen=True, slots=True)
class Grouping:
    """Patient to group, and a group in words; who is in none is in `None`."""

    of: Mapping[str, str | float | None]
    word: Callable[[Any], str]
    limits: tuple[float, ...] = ()
    """Values of `of` at which the next group begins, when it holds numbers."""

    def split(self, found: Iterable[tuple[str, T]]) -> dict[str, list[T]]:
        """Return what belongs to patients by the words of their groups, in the order of these."""
        groups: defaultdict[Any, list[T]] = defaultdict(list)
        of, limits = self.of, self.limits
        for gid, value in found:
            key = of.get(gid)
            groups[bisect_right(limits, key) if limits and key is not None else key].append(value)
        named: defaultdict[str, list[T]] = defaultdict(list)
        for key, values in groups.items():
            named[self.word(key)] += values
        return {name: named[name] for name in sorted(named)}


def grouping(connection: sa.Connection, group: str, now: datetime) -> Grouping:
    """Return in which group each patient is."""
    if group == "sex":
        return Grouping(view.sexes(connection), lambda sex: label("sex", sex or "unstated"))
    if group == "age":
        today = now.timestamp() * 1000
        limits = [today - age * YEAR_MS for age in reversed(BANDS)]
        return Grouping(view.births(connection), band, tuple(limits))
    return Grouping(view.countries(connection), country)


def band(place: int | None) -> str:
    """Return an age band in words, counted from the oldest; None for no birth date."""
    if place is None or place >= len(BANDS):
        return say("population.ageless")
    if place == 0:
        return say("population.oldest", low=BANDS[-1])
    low, above = BANDS[-1 - place], BANDS[-place]
    return say("population.class", low=low, high=above - 1, unit=say("population.years"))


def population(
    card: str, group: str, found: Sequence[tuple[str, float]], of: Grouping
) -> Population:
    """Return the figures of sorted results, what is small withheld."""
    part = part_of(card)
    by_group = {name: sorted(values) for name, values in of.split(found).items()}
    whole = [value for _, value in found]
    classes = bins(whole, part)
    names = list(by_group)
    counts = [classes.counts(by_group[name]) for name in names]
    hidden = table(counts)
    groups = tuple(
        made(
            name,
            by_group[name],
            [None if (place, c) in hidden.cells else n for c, n in enumerate(counts[place])],
            classes,
            hidden=place in hidden.rows,
        )
        for place, name in enumerate(names)
    )
    sums = [
        None if c in hidden.columns else sum(n) for c, n in enumerate(zip(*counts, strict=True))
    ]
    return Population(
        card,
        group,
        made(say("population.all"), whole, sums, classes, hidden=False),
        tuple(histogram(classes.labels, sums, len(whole))),
        groups,
        bool(hidden) or not all(one.quartiles for one in groups),
        (result(classes.edges[0], part), result(classes.edges[-1], part)),
    )


def part_of(card: str) -> Mapping[str, JSON]:
    """Return the output of a card that patients are ranked by."""
    outputs: Sequence[Mapping[str, JSON]] = facts(card).get("outputs") or ()
    return next((part for part in outputs if part.get("kind") in NUMBERS), {})


def made(
    name: str, values: Sequence[float], counts: Sequence[int | None], classes: Bins, *, hidden: bool
) -> Group:
    """Return one group; when its number is withheld, so is all that follows from single results."""
    if hidden or len(values) < SMALLEST:
        return Group(name, None, (), (), tuple(counts))
    if len(values) < ENOUGH:
        return Group(name, len(values), (), (), tuple(counts))
    found = quartiles(values)
    told = tuple(result(value, classes.part) for value in found)
    return Group(name, len(values), told, tuple(map(classes.place, found)), tuple(counts))


def histogram(labels: Sequence[str], counts: Sequence[int | None], total: int) -> list[Class]:
    """Return the classes of everybody, the highest bar at 100 percent."""
    most = max((count or 0 for count in counts), default=0) or 1
    return [
        Class(
            name,
            count,
            None if count is None else count / total,
            0.0 if count is None else round(count / most * 100, 2),
        )
        for name, count in zip(labels, counts, strict=True)
    ]


def refused(found: Sequence[tuple[str, int]]) -> list[tuple[str, int | None]]:
    """Return reasons with their counts, those of few withheld."""
    hidden = line([count for _, count in found])
    return [
        (reason, None if place in hidden else count) for place, (reason, count) in enumerate(found)
    ]


def shown(count: int | None) -> str:
    """Return a count, or that it is withheld."""
    return say("population.withheld") if count is None else say("population.count", n=count)


def as_csv(told: Mapping[str, Any]) -> str:
    """Return the page's figures as CSV, one a line, with the same counts withheld."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["card", "part", "group", "measure", "value"])
    for part, group, measure, value in lines(told):
        cells = [told["card"], part, group, measure]
        writer.writerow([*map(safe_cell, cells), "withheld" if value is None else value])
    return out.getvalue()


Line = tuple[str, str, str, int | float | str | None]
"""Part of the page, group, measure, and the figure (None: withheld)."""


def lines(told: Mapping[str, Any]) -> Iterator[Line]:
    """Yield the lines of the download."""
    yield from results_of(told["found"])
    for reason, count in told["refused"]:
        yield "no result", "", reason, count
    for row in told["lacking"]:
        yield "sample", row.label, "n", row.count
        for feature, lacks in zip(told["features"], row.shares, strict=True):
            yield "share without a value", row.label, feature, lacks
    for units in told["units"]:
        for name, came in units.parts:
            yield "share of units", units.source, f"{units.feature}: {name}", came


def results_of(found: Population | None) -> Iterator[Line]:
    """Yield the lines of the results, group by group."""
    for group in (found.whole, *found.groups) if found else ():
        yield "results", group.label, "n", group.count
        for name, text in zip(QUARTILES, group.quartiles, strict=False):
            yield "results", group.label, name, text
        for one, count in zip(found.classes if found else (), group.counts, strict=True):
            yield "results", group.label, one.label, count
