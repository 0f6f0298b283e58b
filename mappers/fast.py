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
from typing import TypeAlias

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
from mappers.gather import Context
from mappers.observation import PAIR
from mappers.typed import DECODER, DOCUMENT, Observation, Quantity
from terminology import units
from terminology.records import Finding, Measurement, Original

PATIENT = re.compile(r"Patient/[A-Za-z0-9\-.]{1,64}\Z", re.ASCII)
MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-](?:0\d|1[0-3]):[0-5]\d))?\Z", re.ASCII
)
DIGITS = 8
"""Characters of a number in the fast lane; it has no sign and no exponent."""


Value: TypeAlias = "tuple[Entry, float | str, bytes | None, str | None, str | None, int]"
"""Entry, value, digits, unit, code as sent, and the number of the component (-1: none).

A plain tuple, since most of what a file holds is looked at and dropped.
"""

Clean: TypeAlias = "tuple[Observation, str, float, list[Value]]"
"""An Observation, its patient, its moment (seconds since 1970) and its values."""
Told: TypeAlias = "tuple[str | None, str | None, str, str | None]"
"""Id, version, patient and date of an Observation."""
Visit: TypeAlias = "tuple[str, str, float | None]"

MOMENTS: dict[str, float | None] = {}
"""Dates as sent to seconds since 1970, None where the full lane has to look."""
NUMBERS: dict[bytes, float] = {}
"""Digits to their number."""
RECENT: list[Visit] = [("", "", None)]
"""The reference and date that came last, and their moment: visits come together."""
DECODE = DECODER.decode


def observation(raw: bytes) -> Clean | None:
    """Return an Observation and its values, None when the full lane has to read it.

    A code that means no feature has no values, whatever else the Observation says.
    """
    try:
        sent = DECODE(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    code, quantity = bytes(sent.code), sent.value_quantity
    subject, effective, when = RECENT[0]
    if subject != sent.subject.reference or effective != sent.effective_date_time:
        subject, when = (
            sent.subject.reference,
            visit(sent.subject.reference, sent.effective_date_time),
        )
    found = None
    if when is None:
        pass
    elif sent.component:
        found = panel(sent, code)
    elif quantity is not None and sent.value_codeable_concept is UNSET:
        found = measured(code, None, quantity, -1)
    else:
        found = coded(sent, code)
    if found is not None and when is not None:
        return sent, subject, when, found
    return (sent, "", 0.0, []) if not sent.component and means_nothing(code) else None


def visit(subject: str, effective: str) -> float | None:
    """Return the moment of a date, None when that or the reference to the patient is not plain."""
    when = moment(effective) if PATIENT.match(subject) else None
    RECENT[0] = (subject, effective, when)
    return when


def moment(text: str) -> float | None:
    """Return the seconds since 1970 of a whole day or moment, None for anything else."""
    known = MOMENTS.get(text, UNSET)
    if not isinstance(known, UnsetType):
        return known
    found = None
    if MOMENT.match(text):
        try:
            when = datetime.fromisoformat(text)
        except ValueError:
            when = datetime.min  # noqa: DTZ901 - only its year is looked at
        if 1 < when.year < 9999:
            found = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    return remember(MOMENTS, text, found)


def panel(sent: Observation, code: bytes) -> list[Value] | None:
    """Return the values of components whose parent has no value and is a panel."""
    if sent.value_quantity is not None or sent.value_codeable_concept is not UNSET:
        return None
    found: list[Value] = []
    for index, part in enumerate(sent.component or ()):
        one = measured(bytes(part.code), code, part.value_quantity, index)
        if one is None:
            return None
        found += one
    return found if consistent(found) else None


def consistent(found: list[Value]) -> bool:
    """Say whether each feature stands once and systolic, when there, above diastolic."""
    numbers = {one[0].feature: float(one[1]) for one in found}
    upper, lower = (numbers.get(name) for name in PAIR)
    above = upper is None or lower is None or upper > lower
    return above and len(numbers) == len(found)


def measured(code: bytes, parent: bytes | None, sent: Quantity, index: int) -> list[Value] | None:
    """Return the one value of a quantity, None when the full lane has to read it."""
    digits = bytes(sent.value)
    value = NUMBERS.get(digits) or number(digits)
    entry, beside = LATEST.get(code, UNMET)
    if beside != (sent.code, sent.unit, parent):
        entry = looked_up(code, parent, sent)
    if entry is None or value is None:
        return None
    if entry.route is not None:
        value = units.travel(Decimal(digits.decode()), entry.route).value or 0.0
    if not entry.hard[0] <= value <= entry.hard[1]:
        return None
    return [(entry, value, digits, sent.unit, sent.code, index)]


def number(digits: bytes) -> float | None:
    """Return the number of a few digits with or without a point, None for anything else."""
    if len(digits) > DIGITS or not digits.replace(b".", b"0").isdigit():
        return None
    return remember(NUMBERS, digits, float(digits))


def coded(sent: Observation, code: bytes) -> list[Value] | None:
    """Return the one coded answer of an Observation, None when the full lane has to read it."""
    concept = sent.value_codeable_concept
    if isinstance(concept, UnsetType) or sent.value_quantity is not None:
        return None
    key = (code, bytes(concept))
    entry = TABLE.get(key, UNSET)
    if entry is UNSET:
        entry = keep(key, answered(*key))
    if entry is None or entry.answer is None:
        return None
    return [(entry, entry.answer, None, None, None, -1)]


def told(sent: Observation, patient: str) -> Told:
    """Return what an Observation says for all of its values."""
    version = sent.meta.version_id if sent.meta is not None else None
    return sent.id, version, patient, sent.effective_date_time


def measurement(said: Told, one: Value, at: str) -> Measurement:
    """Return the record of one value of an Observation that stands at `at`."""
    entry, value, digits, unit, code, index = one
    identity, version, subject, effective = said
    usual = isinstance(value, str) or entry.plausible[0] <= value <= entry.plausible[1]
    return Measurement(
        entry.feature,
        value,
        entry.unit,
        at if index < 0 else f"{at}.component[{index}]",
        f"Observation/{identity}" if identity else "",
        version,
        subject,
        effective,
        None,
        entry.coding,
        Original(digits.decode() if digits is not None else None, unit, code),
        entry.flags if usual else entry.unusual,
    )


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
    found = observation(raw)
    if found is None:
        return read(raw, context or Context(), at)
    sent, patient, _, listed = found
    said, place = told(sent, patient), f"{at}.Observation" if at else "Observation"
    return Mapped(measurements=tuple(measurement(said, one, place) for one in listed))
