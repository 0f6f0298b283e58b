"""The fast lane: clean Observations by typed decoding and one table look-up each.

It takes an Observation (a quantity, a coded answer, or a panel of quantities) whose code, unit,
status, date and patient reference leave nothing to decide; everything else it hands over, whole, to
the full lane. A table entry is made by asking the full lane's own functions once for each code (its
JSON as sent) and unit that is met, so both lanes say the same (a property test holds them to it)
and new facts need no change here.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from mappers.document import Mapped, map_document
from mappers.entries import (
    LATEST,
    TABLE,
    UNMET,
    Entry,
    answered,
    keep,
    looked_up,
    means_nothing,
    remember,
)
from mappers.features import CLEAN, numbered
from mappers.gather import Context
from mappers.observation import PAIR
from mappers.typed import DECODER, DOCUMENT, Meta, Observation, Quantity
from terminology import units
from terminology.records import Finding, Measurement, Original

if TYPE_CHECKING:
    from mappers.features import Rank

PATIENT = re.compile(r"Patient/[A-Za-z0-9\-.]{1,64}\Z", re.ASCII)
MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-](?:0\d|1[0-3]):[0-5]\d))?\Z", re.ASCII
)
DIGITS = 17
"""Characters of a number in the fast lane; it has no sign and no exponent."""

Value: TypeAlias = "tuple[Entry, float | str, bytes | None, str | None, str | None, int]"
"""Entry, value, digits, unit, code as sent, and the number of the component (-1: none).

A plain tuple, since most of what a file holds is looked at and dropped.
"""

DAYS: dict[str, float] = {}
"""Dates as sent to seconds since 1970 at their beginning."""
CLOCKS: dict[str, float] = {}
"""What stands behind a date (nothing, or a time with a zone) to the seconds that it adds."""
SECONDS = 100_000
"""Entries of the latter: more than a day has seconds."""
REFUSED = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
DECODE = DECODER.decode
COPIED = b"".join
"""Copies what it is given; for one piece of a document it is faster than `bytes`."""


def clean(sent: Observation) -> list[Value] | None:
    """Return the values of an Observation, None when the full lane has to read it.

    A code that means no feature has no values, whatever else the Observation says.
    """
    code, quantity, concept = COPIED((sent.code,)), sent.value_quantity, sent.value_codeable_concept
    if sent.component:
        return panel(sent, code)
    found = None
    if isinstance(concept, UnsetType):
        found = measured(code, None, quantity, -1) if quantity is not None else None
    elif quantity is None:
        found = coded(code, COPIED((concept,)))
    return [found] if found is not None else [] if means_nothing(code) else None


def moment(text: str) -> float | None:
    """Return the seconds since 1970 of a whole day or moment, None for anything else."""
    day, clock = DAYS.get(text[:10]), CLOCKS.get(text[10:])
    return calculated(text) if day is None or clock is None else day + clock


def calculated(text: str) -> float | None:
    """Return what `moment` has not met; the parts of a whole second are kept."""
    if not MOMENT.match(text):
        return None
    try:
        day, when = (datetime.fromisoformat(part) for part in (text[:10], text))
    except ValueError:
        return None
    if not 1 < when.year < 9999:
        return None
    first, found = (
        (one if one.tzinfo else one.replace(tzinfo=UTC)).timestamp() for one in (day, when)
    )
    if "." not in text:
        remember(DAYS, text[:10], first)
        remember(CLOCKS, text[10:], found - first, SECONDS)
    return found


def panel(sent: Observation, code: bytes) -> list[Value] | None:
    """Return the values of components whose parent has no value and is a panel."""
    if sent.value_quantity is not None or sent.value_codeable_concept is not UNSET:
        return None
    found: list[Value] = []
    for index, part in enumerate(sent.component or ()):
        one = measured(COPIED((part.code,)), code, part.value_quantity, index)
        if one is None:
            return None
        found.append(one)
    return found if consistent(found) else None


def consistent(found: list[Value]) -> bool:
    """Say whether each feature stands once and systolic, when there, above diastolic."""
    numbers = {one[0].feature: one[1] for one in found}
    upper, lower = numbers.get(PAIR[0]), numbers.get(PAIR[1])
    above = upper is None or lower is None or float(upper) > float(lower)
    return above and len(numbers) == len(found)


def measured(code: bytes, parent: bytes | None, sent: Quantity, index: int) -> Value | None:
    """Return the value of a quantity, None when the full lane has to read it."""
    ucum, unit, above, entry, numbers = LATEST.get(code, UNMET)
    if ucum != sent.code or unit != sent.unit or above != parent:
        ucum, unit, _, entry, numbers = looked_up(code, parent, sent)
    if entry is None:
        return None
    digits = COPIED((sent.value,))
    value = numbers.get(digits)
    if value is None:
        value = number(digits, entry)
    return None if value is None else (entry, value, digits, unit, ucum, index)


def number(digits: bytes, entry: Entry) -> float | None:
    """Return the number of a few digits in the canonical unit, None for anything else."""
    if len(digits) > DIGITS or not digits.replace(b".", b"0").isdigit():
        return None
    value = float(digits)
    if entry.route is not None:
        value = units.travel(Decimal(digits.decode()), entry.route).value or 0.0
    inside = entry.hard[0] <= value <= entry.hard[1]
    return remember(entry.numbers, digits, value, 1000) if inside else None


def coded(code: bytes, concept: bytes) -> Value | None:
    """Return the one coded answer of an Observation, None when the full lane has to read it."""
    key = (code, concept)
    entry = TABLE.get(key, UNSET)
    if entry is UNSET:
        entry = keep(key, answered(*key))
    if entry is None or entry.answer is None:
        return None
    return entry, entry.answer, None, None, None, -1


class Seen(msgspec.Struct, gc=False):
    """A value that the fast lane read, kept flat and cheap until its record is asked for."""

    level: int
    when: float
    """Level and moment, as `mappers.features.order` begins."""
    entry: Entry
    value: float | str
    digits: bytes | None
    unit: str | None
    ucum: str | None
    index: int
    sent: str | None
    """The id of the Observation."""
    meta: Meta | None
    effective: str
    at: int | str | tuple[str, int]
    """The line of its document, or the place of that; a Bundle's place and the entry in it."""

    def record(self, patient: str) -> Measurement:
        """Return the record that the full lane would make."""
        entry, digits = self.entry, self.digits
        return Measurement(
            entry.feature,
            self.value,
            entry.unit,
            self.place(),
            self.resource(),
            self.version(),
            patient,
            self.effective,
            None,
            entry.coding,
            Original(digits.decode() if digits is not None else None, self.unit, self.ucum),
            self.flags(),
        )

    def rank(self) -> Rank:
        """Return what `mappers.features.rank` says of the record."""
        return -len(self.flags()), numbered(self.version()), self.resource(), self.place()

    def flags(self) -> tuple[str, ...]:
        """Return the flags of the value."""
        value, entry = self.value, self.entry
        usual = isinstance(value, str) or entry.plausible[0] <= value <= entry.plausible[1]
        return entry.flags if usual else entry.unusual

    def version(self) -> str | None:
        """Return the version of the Observation."""
        return self.meta.version_id if self.meta is not None else None

    def resource(self) -> str:
        """Return the reference of the Observation."""
        return f"Observation/{self.sent}" if self.sent else ""

    def place(self) -> str:
        """Return where the value stands."""
        at = self.at
        if isinstance(at, tuple):
            at = f"{at[0]}Bundle.entry[{at[1]}].resource"
        elif isinstance(at, int):
            at = f"line[{at}].Observation"
        else:
            at = f"{at}.Observation" if at else "Observation"
        return at if self.index < 0 else f"{at}.component[{self.index}]"


def seen(sent: Observation, one: Value, when: float, at: int | str | tuple[str, int]) -> Seen:
    """Return one value of an Observation with what that says for all of them."""
    entry, value, digits, unit, ucum, index = one
    date = sent.effective_date_time
    return Seen(CLEAN, when, entry, value, digits, unit, ucum, index, sent.id, sent.meta, date, at)


def read(raw: bytes, context: Context, at: str) -> Mapped:
    """Return what the full lane says of a document's bytes."""
    try:
        document = DOCUMENT.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError):
        return Mapped(findings=(Finding(at, "malformed", "It cannot be read: no JSON."),))
    return map_document(document, context, at)


def map_bytes(raw: bytes, context: Context | None = None, at: str = "") -> Mapped:
    """Return everything that one document's JSON says; see `mappers.document.map_document`.

    `at` goes before its places, such as ``line[7]``.
    """
    try:
        sent = DECODE(raw)
    except REFUSED:
        return read(raw, context or Context(), at)
    listed, patient, when = clean(sent), sent.subject.reference, moment(sent.effective_date_time)
    if listed is None or (listed and (when is None or not PATIENT.match(patient))):
        return read(raw, context or Context(), at)
    return Mapped(
        measurements=tuple(seen(sent, one, when or 0, at).record(patient) for one in listed)
    )
