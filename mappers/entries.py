"""What a code in a unit means for the fast lane: entries, made once by asking the full lane.

The key of an entry is the code's JSON as sent, with the unit beside it. An entry exists where the
full lane would find nothing hard; where it would, the table remembers that it has to be asked.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, TypeVar

import msgspec
from msgspec import UNSET

from mappers import choice, values
from mappers.observation import disagrees
from mappers.typed import DOCUMENT, UCUM
from terminology import records, units
from terminology.routes import Route, route

if TYPE_CHECKING:
    from mappers.choice import Choice
    from mappers.observation import Range
    from mappers.typed import Quantity
    from terminology.records import JSON

LONGEST = 4000
"""Bytes of a code that is kept."""
MOST = 20000
"""Entries that each of the tables here may have."""


class Entry(NamedTuple):
    """What a code in a unit means, when nothing about it is hard."""

    feature: str
    coding: records.Coding
    unit: str | None
    flags: tuple[str, ...]
    numbers: dict[bytes, float]
    """Digits to their number in the canonical unit, for those inside the hard limits."""
    unusual: tuple[str, ...] = ()
    """The flags of a value outside the plausible range."""
    route: Route | None = None
    """The way to the canonical unit, None when it is the unit."""
    hard: tuple[float, float] = (-inf, inf)
    plausible: tuple[float, float] = (-inf, inf)
    answer: str | None = None


Met: TypeAlias = "tuple[str, str | None, bytes | None, Entry | None, dict[bytes, float]]"
"""A unit's code and text, the parent's code, what they mean, and numbers by their digits.

The numbers are in the canonical unit, and inside the hard limits.
"""
K = TypeVar("K", str, bytes)
V = TypeVar("V")

AS_IT_IS = Route(1, 0, 1)
TABLE: dict[tuple[object, ...], Entry | None] = {}
"""Codes (their JSON) and units to what they mean, None where the full lane has to decide."""
LATEST: dict[bytes, Met] = {}
"""A code to what it last came with: comparing units is cheaper than hashing them."""
UNMET: Met = ("", "", b"", None, {})
SILENT: dict[bytes, bool] = {}
"""Codes (their JSON) to whether they mean nothing here."""


def means_nothing(code: bytes) -> bool:
    """Say whether a code means no feature and asks no national question."""
    known = SILENT.get(code)
    if known is not None:
        return known
    sent = choice.as_sent(opened(code))
    silent = not sent or (choice.chosen(sent) is None and choice.asked(sent) is None)
    return remember(SILENT, code, silent and opened(code) is not None)


def remember(table: dict[K, V], key: K, value: V, most: int = MOST) -> V:
    """Return a value, kept in a table of bounded size for the next time."""
    if len(table) >= most:
        table.clear()
    if len(key) < LONGEST:
        table[key] = value
    return value


def looked_up(code: bytes, parent: bytes | None, sent: Quantity) -> Met:
    """Return what a code in a unit means, made when it is met for the first time."""
    key = (code, parent, sent.code, sent.unit)
    entry = TABLE.get(key, UNSET)
    if entry is UNSET:
        entry = keep(key, compiled(code, parent, sent))
    met = (sent.code, sent.unit, parent, entry, {} if entry is None else entry.numbers)
    return remember(LATEST, code, met)


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
    unit = units.resolve(UCUM, sent.code, sent.unit, chosen.feature, chosen.pair).ucum
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
        {},
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
    return Entry(chosen.feature, chosen.coding, None, chosen.flags, {}, answer=answer)
