"""Many documents -> each patient's newest values, without keeping what they replace.

The fold is `mappers.features` done while reading: for each patient and feature it holds the one
value that would win, so memory grows with the patients and not with the file. Clean Observations
take the fast lane and become records only if they are still held at the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import msgspec
from msgspec import UNSET

from mappers import bundles, fast
from mappers.document import map_document
from mappers.entries import LATEST, UNMET
from mappers.fast import COPIED, DECODE, PATIENT, REFUSED, Seen, clean, moment, seen
from mappers.features import CLEAN, latest_people, level, rank, row
from mappers.features import moment as moment_of
from mappers.gather import Context
from terminology.records import Measurement  # noqa: TC001 - msgspec looks at the types of fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from mappers.document import Mapped
    from mappers.features import Rank
    from mappers.typed import Observation
    from terminology.records import FeatureRow, Finding, Person


class Told(msgspec.Struct, gc=False):
    """A value that the full lane read, ranked."""

    level: int
    when: float
    made: Measurement

    def record(self, _: str) -> Measurement:
        """Return its record."""
        return self.made

    def rank(self) -> Rank:
        """Return what settles equal moments."""
        return rank(self.made)


Held: TypeAlias = "Seen | Told"


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
        """Documents that were read, by either lane; of a Bundle read in parts, its entries."""
        self.full = 0
        """Documents that the full lane read."""

    def lines(self, lines: Iterable[bytes], first: int = 1) -> None:
        """Read NDJSON; lines are counted from `first`, blank ones too.

        What most lines are, one number of a code, unit and patient met before, is read here, with
        no step and no call more than it needs; `look` reads the others.
        """
        latest, patients, limit = LATEST.get, self.plain.get, self.limit
        date, when = "", None
        for number, line in enumerate(lines, start=first):
            try:
                sent = DECODE(line)
            except REFUSED:
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
                self.look(sent, line, number, when)
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
                self.look(sent, line, number, when)
                continue
            self.documents += 1
            feature = entry.feature
            known = held.get(feature)
            if known is None or known.when <= when or known.level != CLEAN:
                offered = Seen(
                    CLEAN,
                    when,
                    entry,
                    value,
                    digits,
                    unit,
                    ucum,
                    -1,
                    sent.id,
                    sent.meta,
                    date,
                    number,
                )
                if when <= limit and (known is None or wins(offered, known)):
                    held[feature] = offered

    def take(self, raw: bytes, at: str = "") -> None:
        """Read one document; `at` goes before its places."""
        try:
            sent = DECODE(raw)
        except REFUSED:
            self.read(raw, at)
        else:
            self.look(sent, raw, at, moment(sent.effective_date_time))

    def read(self, raw: bytes, at: int | str) -> None:
        """Read what is no clean Observation: a Bundle in parts, all else by the full lane."""
        if isinstance(at, int):
            if not raw or raw.isspace():
                return
            at = f"line[{at}]"
        parts = bundles.opened(raw)
        if parts is None:
            self.documents += 1
            self.full += 1
            self.add(fast.read(raw, self.context, at))
        else:
            self.bundle(parts, at)

    def bundle(self, parts: bundles.Opened, at: str) -> None:
        """Hold what a Bundle's clean Observations say, and what the full lane says of the rest."""
        self.documents += len(parts.read) + parts.hard
        self.full += parts.hard
        before = f"{at}." if at else ""
        patients = {text: self.held.setdefault(name, {}) for text, name in parts.subjects.items()}
        for number, sent, values, when in parts.read:
            for one in values:
                held = patients[sent.subject.reference]
                self.offer(held, seen(sent, one, when, (before, number)))
        if parts.hard:
            self.add(map_document(parts.rest, self.context, at))

    def look(self, sent: Observation, raw: bytes, at: int | str, when: float | None) -> None:
        """Read an Observation by the fast lane where that can, else by the full one."""
        listed, held = clean(sent), self.patient(sent.subject.reference)
        if listed is not None and held is not None and when is not None:
            for one in listed:
                self.offer(held, seen(sent, one, when, at))
        elif listed != []:
            self.read(raw, at)
            return
        self.documents += 1

    def offer(self, held: dict[str, Held], offered: Seen) -> None:
        """Hold a value of a clean Observation where it wins."""
        if offered.when <= self.limit:
            feature = offered.entry.feature
            known = held.get(feature)
            if known is None or wins(offered, known):
                held[feature] = offered

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
                offered, there = Told(level(one), when, one), held.get(one.feature)
                if there is None or wins(offered, there):
                    held[one.feature] = offered

    def rows(self, country: str | None = None) -> Iterator[FeatureRow]:
        """Yield the row of each patient, in the order in which patients first appeared."""
        for name in dict.fromkeys((*self.people, *self.held)):
            values = [one.record(name) for one in self.held.get(name, {}).values()]
            yield row(name, self.people.get(name), values, self.as_of, country)


def wins(offered: Held, known: Held) -> bool:
    """Say whether a value outranks the one that is held, as `features.order` says."""
    if offered.level == known.level:
        if offered.when == known.when:
            return offered.rank() > known.rank()
        return offered.when > known.when
    return offered.level > known.level
