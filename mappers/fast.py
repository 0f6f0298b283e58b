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
from math import inf
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, TypeVar

import msgspec
from msgspec import UNSET, Raw, UnsetType

from mappers import choice, values
from mappers.document import Mapped, map_document
from mappers.gather import Context
from mappers.observation import PAIR, USED, disagrees
from terminology import records, units
from terminology.records import Finding, Measurement, Original
from terminology.routes import Route, route

if TYPE_CHECKING:
    from mappers.choice import Choice
    from mappers.observation import Range
    from terminology.records import JSON

PATIENT = re.compile(r"Patient/[A-Za-z0-9\-.]{1,64}\Z", re.ASCII)
MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-](?:0\d|1[0-3]):[0-5]\d))?\Z", re.ASCII
)
DIGITS = 8
"""Characters of a number in the fast lane; it has no sign and no exponent."""
LONGEST = 4000
"""Bytes of a code in the fast lane."""
MOST = 20000
"""Entries that each of the tables here may have."""
Absent: TypeAlias = "Raw | UnsetType"
"""An element that, when it is there at all, makes the Observation a case for the full lane."""


class Quantity(msgspec.Struct, gc=False):
    """A Quantity; its number is kept as sent."""

    value: Raw
    unit: str | None = None
    system: str | None = None
    code: str | None = None
    comparator: Absent = UNSET


class Component(msgspec.Struct, gc=False, rename="camel"):
    """A component of an Observation."""

    code: Raw
    value_quantity: Quantity
    body_site: Absent = UNSET
    method: Absent = UNSET
    data_absent_reason: Absent = UNSET
    component: Absent = UNSET


class Meta(msgspec.Struct, gc=False, rename="camel"):
    """What a server says of a resource."""

    version_id: str | None = None


class Observation(msgspec.Struct, gc=False, rename="camel"):
    """The elements of an Observation that decide anything."""

    resource_type: str
    code: Raw
    status: str
    subject: Raw
    effective_date_time: str | None = None
    id: str | None = None
    meta: Meta | None = None
    value_quantity: Quantity | None = None
    value_codeable_concept: Absent = UNSET
    component: list[Component] | None = None
    contained: Absent = UNSET
    body_site: Absent = UNSET
    method: Absent = UNSET
    data_absent_reason: Absent = UNSET


class Entry(NamedTuple):
    """What a code in a unit means, when nothing about it is hard."""

    feature: str
    coding: records.Coding
    unit: str | None
    flags: tuple[str, ...]
    unusual: tuple[str, ...] = ()
    """The flags of a value outside the plausible range."""
    route: Route | None = None
    """The way to the canonical unit, None when it is the unit."""
    hard: tuple[float, float] = (-inf, inf)
    plausible: tuple[float, float] = (-inf, inf)
    answer: str | None = None


Value: TypeAlias = "tuple[Entry, float | str, bytes | None, str | None, str | None, int]"
"""Entry, value, digits, unit, code as sent, and the number of the component (-1: none).

A plain tuple, since most of what a file holds is looked at and dropped.
"""

Clean: TypeAlias = "tuple[Observation, str, float, list[Value]]"
"""An Observation, its patient, its moment (seconds since 1970) and its values."""
Told: TypeAlias = "tuple[str | None, str | None, str, str | None]"
"""Id, version, patient and date of an Observation."""
Visit: TypeAlias = "tuple[bytes, str | None, tuple[str, float] | None]"
Met: TypeAlias = "tuple[Entry | None, tuple[str | None, str | None, str | None, bytes | None]]"
K = TypeVar("K", str, bytes)
V = TypeVar("V")

DECODER = msgspec.json.Decoder(Observation)
DOCUMENT = msgspec.json.Decoder(float_hook=Decimal)
PLAINLY = (b'{"resourceType":"Observation"', b'{"resourceType": "Observation"')
OTHER = re.compile(rb'.{0,64}"resourceType"\s*:\s*"(?!Observation")', re.DOTALL)
"""The first bytes of a document that tell that it is another resource."""
AS_IT_IS = Route(1, 0, 1)
TABLE: dict[tuple[object, ...], Entry | None] = {}
"""Codes (their JSON) and units to what they mean, None where the full lane has to decide."""
LATEST: dict[bytes, Met] = {}
"""A code to the entry and unit that it last came with: comparing is cheaper than hashing."""
UNMET: Met = (None, ("", "", "", b""))
SILENT: dict[bytes, bool] = {}
"""Codes (their JSON) to whether they mean nothing here."""
SUBJECTS: dict[bytes, str | None] = {}
"""References (their JSON) to ``Patient/id``, None where the full lane has to resolve."""
MOMENTS: dict[str, float | None] = {}
"""Dates as sent to seconds since 1970, None where the full lane has to look."""
NUMBERS: dict[bytes, float] = {}
"""Digits to their number."""
RECENT: list[Visit] = [(b"", None, None)]
"""The reference and date that came last, and what they mean: visits come together."""


def observation(raw: bytes) -> Clean | None:
    """Return an Observation and its values, None when the full lane has to read it.

    A code that means no feature has no values, whatever else the Observation says.
    """
    try:
        sent = DECODER.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if sent.contained is not UNSET or sent.resource_type != "Observation":
        return None
    code, quantity = bytes(sent.code), sent.value_quantity
    whose = visit(sent)
    if (
        whose is not None
        and (sent.status == "final" or sent.status in USED)
        and (sent.body_site is sent.method is sent.data_absent_reason is UNSET)
    ):
        if sent.component:
            found = panel(sent, code)
        elif quantity is None or sent.value_codeable_concept is not UNSET:
            found = coded(sent, code)
        else:
            found = measured(code, None, quantity, -1)
        if found is not None:
            return sent, *whose, found
    return (sent, "", 0.0, []) if not sent.component and means_nothing(code) else None


def visit(sent: Observation) -> tuple[str, float] | None:
    """Return patient and moment of an Observation, None when they are not plain."""
    subject, effective = bytes(sent.subject), sent.effective_date_time
    last = RECENT[0]
    if last[0] == subject and last[1] == effective:
        return last[2]
    patient = SUBJECTS.get(subject, UNSET)
    if isinstance(patient, UnsetType):
        patient = patient_of(subject)
    when = moment(effective) if effective is not None else None
    found = None if patient is None or when is None else (patient, when)
    RECENT[0] = (subject, effective, found)
    return found


def patient_of(subject: bytes) -> str | None:
    """Return ``Patient/id`` of a Reference as sent, None when it says anything else."""
    sent = opened(subject)
    text = sent.get("reference") if isinstance(sent, dict) else None
    found = text if isinstance(text, str) and PATIENT.match(text) else None
    return remember(SUBJECTS, subject, found)


def means_nothing(code: bytes) -> bool:
    """Say whether a code means no feature and asks no national question."""
    known = SILENT.get(code)
    if known is not None:
        return known
    sent = choice.as_sent(opened(code))
    silent = not sent or (choice.chosen(sent) is None and choice.asked(sent) is None)
    return remember(SILENT, code, silent and opened(code) is not None)


def remember(table: dict[K, V], key: K, value: V) -> V:
    """Return a value, kept in a table for the next time."""
    if len(table) >= MOST:
        table.clear()
    if len(key) < LONGEST:
        table[key] = value
    return value


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
        if not (
            part.body_site is part.method is part.data_absent_reason is part.component is UNSET
        ):
            return None
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
    if beside != (sent.unit, sent.code, sent.system, parent):
        entry = looked_up(code, parent, sent)
    if entry is None or value is None or sent.comparator is not UNSET:
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


def looked_up(code: bytes, parent: bytes | None, sent: Quantity) -> Entry | None:
    """Return the entry of a code in a unit, made when it is met for the first time."""
    key = (code, parent, sent.unit, sent.code, sent.system)
    entry = TABLE.get(key, UNSET)
    if entry is UNSET:
        entry = keep(key, compiled(code, parent, sent))
    remember(LATEST, code, (entry, (sent.unit, sent.code, sent.system, parent)))
    return entry


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


def keep(key: tuple[object, ...], entry: Entry | None) -> Entry | None:
    """Return an entry, kept for the next time when its key is short."""
    if len(TABLE) >= MOST:
        TABLE.clear()
    if all(not isinstance(part, str | bytes) or len(part) < LONGEST for part in key):
        TABLE[key] = entry
    return entry


def opened(raw: bytes | None) -> JSON:
    """Return what a part of a document holds, None when it cannot be read."""
    try:
        return DOCUMENT.decode(raw) if raw is not None else None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError):
        return None


def meaning(code: JSON, parent: JSON) -> Choice | None:
    """Return the feature of a code when the full lane would find nothing hard about it."""
    sent, above = choice.as_sent(code), choice.as_sent(parent)
    chosen = choice.chosen(sent) if sent else None
    if chosen is None or chosen.why or chosen.answer is not None or choice.asked(above or sent):
        return None
    if parent is not None and (not above or choice.chosen(above) is not None):
        return None
    for concept, own in ((code, ()), (parent, above)):
        if concept is not None and choice.contradicted({"code": concept}, chosen.feature, own):
            return None
    return chosen


def compiled(code: bytes, parent: bytes | None, sent: Quantity) -> Entry | None:
    """Return the entry of a code in a unit, None when the full lane has to decide."""
    chosen = meaning(opened(code), opened(parent))
    if chosen is None or chosen.analyte.kind == "coded":
        return None
    unit = units.resolve(sent.system, sent.code, sent.unit, chosen.feature, chosen.pair).ucum
    if unit is None or disagrees(chosen.properties, unit):
        return None
    way, analyte = route(chosen.feature, unit, chosen.pair), chosen.analyte
    if not isinstance(way, Route):
        return None
    return Entry(
        chosen.feature,
        chosen.coding,
        analyte.canonical,
        chosen.flags,
        (*chosen.flags, "outside-plausible"),
        None if way == AS_IT_IS else way,
        bounds(analyte.hard),
        bounds(analyte.plausible),
    )


def bounds(limits: Range | None) -> tuple[float, float]:
    """Return limits as floats; no limits are infinite ones."""
    return (float(limits[0]), float(limits[1])) if limits else (-inf, inf)


def answered(code: bytes, concept: bytes) -> Entry | None:
    """Return the entry of a code with an answer, None when the full lane has to decide."""
    chosen = meaning(opened(code), None)
    if chosen is None or chosen.analyte.kind != "coded":
        return None
    answer = values.answer(chosen.feature, {"valueCodeableConcept": opened(concept)}, None)
    if not isinstance(answer, str):
        return None
    return Entry(chosen.feature, chosen.coding, None, chosen.flags, answer=answer)


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


def may_be_clean(raw: bytes) -> bool:
    """Say whether the first bytes of a document leave it open that it is an Observation."""
    return raw.startswith(PLAINLY) or not OTHER.match(raw)


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
    found = observation(raw) if may_be_clean(raw) else None
    if found is None:
        return read(raw, context or Context(), at)
    sent, patient, _, listed = found
    said, place = told(sent, patient), f"{at}.Observation" if at else "Observation"
    return Mapped(measurements=tuple(measurement(said, one, place) for one in listed))
