"""Many documents -> each patient's newest values, without keeping what they replace.

The fold is `mappers.features` done while reading: for each patient and feature it holds the one
value that would win, so memory grows with the patients and not with the file. Clean Observations
take the fast lane and become records only if they are still held at the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from msgspec import UNSET

from mappers import fast
from mappers.entries import LATEST, UNMET
from mappers.fast import COPIED, DECODE, PATIENT, REFUSED, clean, moment, told
from mappers.features import CLEAN, latest_people, level, order, row
from mappers.features import moment as moment_of
from mappers.gather import Context
from terminology.records import Measurement

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from mappers.document import Mapped
    from mappers.typed import Observation
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
        self.plain: dict[str, dict[str, Held]] = {}
        """Those held by a reference that means the same in every document."""
        self.findings: list[Finding] = []
        self.documents = 0
        """Documents that were read, by either lane."""
        self.full = 0
        """Documents that the full lane read."""

    def lines(self, lines: Iterable[bytes], first: int = 1) -> None:
        """Read NDJSON; lines are counted from `first`, blank ones too.

        What most lines are, one number of a code, unit and patient met before, is read here, with
        no step and no call more than it needs; `look` reads the others.
        """
        latest, patients, date, when = LATEST.get, self.plain.get, "", None
        for number, line in enumerate(lines, start=first):
            try:
                sent = DECODE(line)
            except REFUSED:
                if line and not line.isspace():
                    self.read(line, number)
                continue
            if sent.effective_date_time != date:  # those of a visit come together
                date = sent.effective_date_time
                when = moment(date)
            held, quantity = patients(sent.subject.reference), sent.value_quantity
            if (
                quantity is None
                or held is None
                or when is None
                or sent.component is not None
                or sent.value_codeable_concept is not UNSET
            ):
                self.look(sent, line, number)
                continue
            ucum, unit, parent, entry, numbers = latest(COPIED((sent.code,)), UNMET)
            digits = COPIED((quantity.value,))
            value = numbers.get(digits)
            if (
                value is None
                or entry is None
                or parent is not None
                or ucum != quantity.code
                or unit != quantity.unit
            ):
                self.look(sent, line, number)
                continue
            self.documents += 1
            known = held.get(entry.feature)
            if known is None or known[1] <= when or known[0] != CLEAN:
                one = (entry, value, digits, unit, ucum, -1)
                self.offer(held, (CLEAN, when, told(sent, sent.subject.reference), one, number))

    def take(self, raw: bytes, at: str = "") -> None:
        """Read one document; `at` goes before its places."""
        try:
            sent = DECODE(raw)
        except REFUSED:
            self.read(raw, at)
        else:
            self.look(sent, raw, at)

    def read(self, raw: bytes, at: int | str) -> None:
        """Read one document by the full lane."""
        self.documents += 1
        self.full += 1
        self.add(fast.read(raw, self.context, at if isinstance(at, str) else f"line[{at}]"))

    def look(self, sent: Observation, raw: bytes, at: int | str) -> None:
        """Read an Observation by the fast lane where that can, else by the full one."""
        listed, patient, when = (
            clean(sent),
            sent.subject.reference,
            moment(sent.effective_date_time),
        )
        held = self.patient(patient)
        if listed is not None and held is not None and when is not None:
            for one in listed:
                self.offer(held, (CLEAN, when, told(sent, patient), one, at))
        elif listed != []:
            self.read(raw, at)
            return
        self.documents += 1

    def offer(self, held: dict[str, Held], offered: Held) -> None:
        """Hold a value of a clean Observation where it wins."""
        _, when, _, one, _ = offered
        if one is not None and when <= self.limit:
            known = held.get(one[0].feature)
            if known is None or wins(offered, known):
                held[one[0].feature] = offered

    def patient(self, reference: str) -> dict[str, Held] | None:
        """Return what is held of a patient, None when the reference is not plain."""
        held = self.plain.get(reference)
        if held is None and PATIENT.match(reference):
            held = self.plain[reference] = self.held.setdefault(reference, {})
        return held

    def add(self, mapped: Mapped) -> None:
        """Hold what the full lane says of a document."""
        self.findings += mapped.findings
        for person in mapped.people:
            known = self.people.get(person.reference)
            self.people.update(latest_people((known, person) if known else (person,)))
        for one in mapped.measurements:
            when = moment_of(one)
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
    if offered[0] != known[0]:
        return offered[0] > known[0]
    when = offered[1]
    if when != known[1]:
        return when > known[1]
    return order(record(offered), when) > order(record(known), when)
