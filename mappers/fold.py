"""Many documents -> each patient's newest values, without keeping what they replace.

The fold is `mappers.features` done while reading: for each patient and feature it holds the one
value that would win, so memory grows with the patients and not with the file. Clean Observations
take the fast lane and become records only if they are still held at the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from mappers import fast
from mappers.features import CLEAN, latest_people, moment, order, row
from mappers.gather import Context
from terminology.records import Measurement

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from mappers.document import Mapped
    from terminology.records import FeatureRow, Finding, Person

Rank: TypeAlias = "tuple[int, float]"
"""The beginning of `features.order`: level and moment."""
Clean: TypeAlias = "tuple[fast.Told, fast.Value, int | str]"
"""One value of an Observation of the fast lane, and the line or place of the document."""
Held: TypeAlias = "tuple[Rank, Measurement | Clean]"


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
        self.fast = 0
        """Documents that took the fast lane."""
        self.full = 0
        """Documents that the full lane read."""

    def take(self, raw: bytes, at: int | str = "") -> None:
        """Read one document; `at` is what goes before its places, or its line in NDJSON."""
        found = None
        if raw.startswith(fast.PLAINLY) or fast.may_be_clean(raw):
            found = fast.observation(raw)
        if found is None:
            self.full += 1
            self.add(fast.read(raw, self.context, before(at)))
            return
        self.fast += 1
        if found[3] and found[2] <= self.limit:
            self.hold(found, at)

    def hold(self, found: fast.Clean, at: int | str) -> None:
        """Hold the values of a clean Observation where they win."""
        sent, patient, when, listed = found
        held = self.held.get(patient)
        if held is None:
            held = self.held[patient] = {}
        rank, said = (CLEAN, when), None
        for one in listed:
            feature = one[0].feature
            known = held.get(feature)
            if known is None or known[0] <= rank:
                said = said or fast.told(sent, patient)
                clean = (said, one, at)
                if known is None or known[0] < rank or wins(clean, known):
                    held[feature] = (rank, clean)

    def lines(self, lines: Iterable[bytes], first: int = 1) -> None:
        """Read NDJSON; lines are counted from `first`, blank ones too."""
        for number, line in enumerate(lines, start=first):
            if line and not line.isspace():
                self.take(line, number)

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
                rank, there = order(one, when)[:2], held.get(one.feature)
                if there is None or there[0] < rank or (there[0] == rank and wins(one, there)):
                    held[one.feature] = (rank, one)

    def rows(self, country: str | None = None) -> Iterator[FeatureRow]:
        """Yield the row of each patient, in the order in which patients first appeared."""
        for name in dict.fromkeys((*self.people, *self.held)):
            values = [record(one) for _, one in self.held.get(name, {}).values()]
            yield row(name, self.people.get(name), values, self.as_of, country)


def before(at: int | str) -> str:
    """Return what goes before the places of a document."""
    return at if isinstance(at, str) else f"line[{at}]"


def record(one: Measurement | Clean) -> Measurement:
    """Return the record of a held value."""
    if isinstance(one, Measurement):
        return one
    said, value, at = one
    place = before(at)
    return fast.measurement(said, value, f"{place}.Observation" if place else "Observation")


def wins(one: Measurement | Clean, held: Held) -> bool:
    """Say whether a value of the same rank wins by what `features.order` looks at last."""
    when = held[0][1]
    return order(record(one), when) > order(record(held[1]), when)
