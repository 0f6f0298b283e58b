"""Many documents -> each patient's newest values, without keeping what they replace.

The fold is `mappers.features` done while reading: for each patient and feature it holds the one
value that would win, so memory grows with the patients and not with the file. Clean Observations
take the fast lane and become records only if they are still held at the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from mappers import fast
from mappers.fast import observation
from mappers.features import CLEAN, latest_people, level, moment, order, row
from mappers.gather import Context
from terminology.records import Measurement

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from mappers.document import Mapped
    from terminology.records import FeatureRow, Finding, Person

Held: TypeAlias = "tuple[int, float, Measurement | fast.Told, fast.Value | None, int | str]"
"""What is held of a feature: level and moment (the beginning of `features.order`), then a record,
or what the fast lane read and the line or place of its document."""


class Fold:
    """The newest value of each feature of each patient, over a stream of documents.

    Values later than `as_of` are passed over; without it the newest of all time are held.
    """

    def __init__(self, context: Context | None = None, as_of: datetime | None = None) -> None:
        self.context = context or Context()
        self.limit = as_of.timestamp() if as_of else float("inf")
        self.as_of = as_of
        self.people: dict[str, Person] = {}
        self.held: dict[str, dict[str, Held]] = {}
        self.findings: list[Finding] = []
        self.documents = 0
        """Documents that were read, by either lane."""
        self.full = 0
        """Documents that the full lane read."""

    def lines(self, lines: Iterable[bytes], first: int = 1) -> None:
        """Read NDJSON; lines are counted from `first`, blank ones too."""
        for number, line in enumerate(lines, start=first):
            found = observation(line)
            if found is not None:
                self.documents += 1
                self.hold(found, number)
            elif line and not line.isspace():
                self.read(line, f"line[{number}]")

    def take(self, raw: bytes, at: str = "") -> None:
        """Read one document; `at` goes before its places."""
        found = observation(raw)
        if found is None:
            self.read(raw, at)
        else:
            self.documents += 1
            self.hold(found, at)

    def read(self, raw: bytes, at: str) -> None:
        """Read one document by the full lane."""
        self.documents += 1
        self.full += 1
        self.add(fast.read(raw, self.context, at))

    def hold(self, found: fast.Clean, at: int | str) -> None:
        """Hold the values of a clean Observation where they win."""
        sent, patient, when, listed = found
        if when > self.limit or not listed:
            return
        held = self.held.get(patient)
        if held is None:
            held = self.held[patient] = {}
        said = fast.told(sent, patient)
        for one in listed:
            feature = one[0].feature
            known = held.get(feature)
            offered = (CLEAN, when, said, one, at)
            if known is None or (known[1] < when and known[0] == CLEAN) or wins(offered, known):
                held[feature] = offered

    def add(self, mapped: Mapped) -> None:
        """Hold what the full lane says of a document."""
        self.findings += mapped.findings
        for person in mapped.people:
            known = self.people.get(person.reference)
            self.people.update(latest_people((known, person) if known else (person,)))
        for one in mapped.measurements:
            when = moment(one)
            if one.subject is not None and when <= self.limit:
                held = self.held.setdefault(one.subject, {})
                offered, there = (level(one), when, one, None, ""), held.get(one.feature)
                if there is None or wins(offered, there):
                    held[one.feature] = offered

    def rows(self, country: str | None = None) -> Iterator[FeatureRow]:
        """Yield the row of each patient, in the order in which patients first appeared."""
        for name in dict.fromkeys((*self.people, *self.held)):
            values = [record(one) for one in self.held.get(name, {}).values()]
            yield row(name, self.people.get(name), values, self.as_of, country)


def record(held: Held) -> Measurement:
    """Return the record of a held value."""
    _, _, said, value, at = held
    if isinstance(said, Measurement):
        return said
    assert value is not None  # a record alone goes without
    place = at if isinstance(at, str) else f"line[{at}]"
    return fast.measurement(said, value, f"{place}.Observation" if place else "Observation")


def wins(offered: Held, known: Held) -> bool:
    """Say whether a value outranks the one that is held, as `features.order` says."""
    if offered[:2] != known[:2]:
        return offered[:2] > known[:2]
    when = offered[1]
    return order(record(offered), when) > order(record(known), when)
