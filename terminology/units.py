"""Units of measured values: the closed tables of each feature first, then exact UCUM.

Every doubt is refused with a reason: ``unit-missing``, ``unit-unknown``, ``unit-incompatible``,
``unit-conflict``, ``feature-unknown``, and ``value-type`` for what is no number. Nothing is guessed
by magnitude. Arithmetic is exact; the one rounding is that of the result to a float.
"""

from __future__ import annotations

import functools
import re
from decimal import Context, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from terminology import analytes, systems, texts, ucum
from terminology.routes import BRACES, Coding, Linear, Resolved, Route, kind, linear, route, shown

if TYPE_CHECKING:
    from terminology.analytes import Analyte

UCUM_URI = "http://unitsofmeasure.org"
LONGEST = texts.LONGEST
DIGITS = Context(prec=80)
LARGEST_POWER = 400
MOST_WARM = 256
"""Bounds: characters of a unit, digits kept and power of ten of a value, routes of a feature."""

ROUNDED = DIGITS.plus
NEW = tuple.__new__

NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4})?\Z", re.ASCII)


class Converted(NamedTuple):
    """A value in the unit that was wanted, or the reason why there is none."""

    value: float | None
    error: str | None = None
    detail: str | None = None


def canonical(
    feature: str, value: Decimal | float, unit: str, coding: Coding | None = None
) -> Converted:
    """Return `value` in the canonical unit of `feature`; `unit` as `resolve` gave it.

    `coding` counts where a code has a scale of its own (HbA1c by JDS).

    >>> canonical("creatinine", Decimal("0.9"), "mg/dL").value
    79.5618
    """
    exact = value if isinstance(value, Decimal) else number(value)
    if exact is None:
        return Converted(None, "value-type", "the value is no number")
    try:
        return travel(exact, WARM[feature][unit])
    except KeyError:
        found = warmed(feature, unit, coding)
    return travel(exact, found) if isinstance(found, Route) else refusal(found)


WARM: dict[str, dict[str, Route]] = {}
"""Routes already found, for features whose codes all share one scale; never a refusal."""


def warmed(feature: str, unit: str, coding: Coding | None) -> Route | Resolved:
    """Return the route from `unit` to the canonical one, remembered when no code matters."""
    if len(unit) > LONGEST or len(feature) > LONGEST:
        return too_long(unit)
    found = route(feature, unit, coding)
    if isinstance(found, Route) and not depends(feature):
        warm = WARM.setdefault(feature, {})
        if len(warm) < MOST_WARM:
            warm[unit] = found
    return found


@functools.cache
def depends(feature: str) -> bool:
    """Return whether the code of a measurement matters to its scale."""
    analyte = analytes.load()[feature]
    return bool(analyte.scales) or any(row.codes for row in analyte.accepted)


def refusal(found: Resolved) -> Converted:
    """Return why there is no unit as why there is no value."""
    return Converted(None, found.reason, found.detail)


def travel(value: Decimal, found: Route) -> Converted:
    """Return `value` led along a route, rounded once."""
    times, plus, over = found
    try:
        if -LARGEST_POWER < value.adjusted() < LARGEST_POWER:
            n, d = ROUNDED(value).as_integer_ratio()
            return NEW(Converted, ((n * times + d * plus) / (d * over), None, None))
    except (ArithmeticError, ValueError):
        return Converted(None, "value-type", "the value is not a finite number")
    if value:
        return Converted(None, "value-type", "the value is too large or too small")
    return travel(Decimal(0), found)


def convert(
    value: Decimal | float | str,
    source: str,
    target: str,
    feature: str | None = None,
    coding: Coding | None = None,
) -> Converted:
    """Return `value`, stated in `source`, in `target`; both UCUM or a text of the table.

    Without `feature` only UCUM itself is used: mass to moles and mmol/mol to % need it.

    >>> convert("5.4", "mmol/L", "mg/dL", "total_cholesterol").value
    208.791
    >>> convert("48", "mmol/mol", "%").error
    'unit-incompatible'
    """
    exact = value if isinstance(value, Decimal) else number(value)
    if exact is None:
        return Converted(None, "value-type", "the value is no number")
    if len(source) + len(target) > LONGEST:
        return refusal(too_long(max(source, target, key=len)))
    found = between(source, target, feature, coding)
    if isinstance(found, Route):
        return travel(exact, found)
    return special(exact, source, target) if found.ucum is not None else refusal(found)


def number(value: object) -> Decimal | None:
    """Return `value` as it was written, or None when it is no finite number."""
    if isinstance(value, str):
        return written(value) if len(value) <= LARGEST_POWER else None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    if isinstance(value, int) and value.bit_length() > LARGEST_POWER * 4:
        return None
    found = written(repr(value)) if isinstance(value, float) else Decimal(value)
    return found if found is not None and found.is_finite() else None


@functools.lru_cache(maxsize=4096)
def written(text: str) -> Decimal | None:
    """Return the number that a short text states (the same few come again and again)."""
    text = text.strip()
    return Decimal(text) if NUMBER.match(text) else None


def special(value: Decimal, source: str, target: str) -> Converted:
    """Return `value` converted through the functions of special units."""
    if not -LARGEST_POWER < value.adjusted() < LARGEST_POWER:
        return Converted(None, "value-type", "the value is too large or too small")
    try:
        units = [plain_ucum(name) for name in (source, target)]
        return Converted(float(ucum.convert(Fraction(DIGITS.plus(value)), *units)))
    except (ArithmeticError, ValueError):
        return Converted(None, "unit-incompatible", f"the value has no image in {shown(target)}")


@functools.lru_cache(maxsize=16384)
def between(
    source: str, target: str, feature: str | None, coding: Coding | None
) -> Route | Resolved:
    """Return the route from one unit to another; a `Resolved` with a unit when it is no line."""
    if feature is not None:
        return inside(source, target, feature, coding)
    units = [stated(source), stated(target)]
    for unit in units:
        if unit.ucum is None:
            return unit
    try:
        by = ucum.ratio(units[0].ucum or "", units[1].ucum or "")
    except ucum.UnitError as error:
        return Resolved(None, "unit-incompatible", str(error))
    return Resolved(units[1].ucum) if by is None else Linear(by).route()


def inside(source: str, target: str, feature: str, coding: Coding | None) -> Route | Resolved:
    """Return the route between two units of one feature; `coding` is of the value as it came."""
    ways: list[Linear] = []
    for text, scale in ((source, coding), (target, None)):
        unit = text_of(text, feature, scale)
        way = linear(feature, unit.ucum, scale) if unit.ucum else unit
        if isinstance(way, Resolved):
            return way
        ways.append(way)
    there, back = ways
    factor = there.factor / back.factor
    return Linear(factor, (there.offset - back.offset) / back.factor).route()


def resolve(
    system: str | None,
    code: str | None,
    text: str | None,
    feature: str,
    coding: Coding | None = None,
) -> Resolved:
    """Return the unit of a Quantity: its UCUM code, else its text, else why neither.

    >>> resolve("http://unitsofmeasure.org", "mm[Hg]", "mmHg", "systolic_bp").ucum
    'mm[Hg]'
    >>> resolve("http://unitsofmeasure.org", "mg/dL", "mmol/L", "glucose_random").reason
    'unit-conflict'
    """
    short_code = code if code is None or len(code) <= LONGEST else "{}"
    short_text = text if text is None or len(text) <= LONGEST else "?"
    short_system = system if system is None or len(system) <= LONGEST else "?"
    return _resolve(short_system, short_code, short_text, feature, coding)


@functools.lru_cache(maxsize=16384)
def _resolve(
    system: str | None, code: str | None, text: str | None, feature: str, coding: Coding | None
) -> Resolved:
    analyte = analytes.load().get(feature)
    if analyte is None or not analyte.canonical:
        return Resolved(None, "unit-incompatible", f"{shown(feature)} has no units")
    name, said = (code or "").strip(), texts.plain(text or "")
    uri = systems.normalise(system) if system and system.strip() else None
    if uri in (UCUM_URI, None) and usable(name, analyte):
        if isinstance(route(feature, name, coding), Route):
            return beside(analyte, name, said)
        if uri:
            return other_kind(analyte, name, said, coding)
    if not said:
        reason = "unit-unknown" if name else "unit-missing"
        return Resolved(None, reason, f"no unit of {feature} is stated")
    return of_feature(said, feature, coding)


def usable(code: str, analyte: Analyte) -> bool:
    """Return whether a code says anything: UCUM, and not an annotation that nobody listed."""
    if any(row.unit == code for row in analyte.accepted):
        return True
    return ucum.valid(code) and not BRACES.fullmatch(code)


def beside(analyte: Analyte, code: str, text: str) -> Resolved:
    """Return `code`, unless a text beside it, known to the tables, is of another dimension."""
    denoted = denotes(text)
    if denoted and kind(analyte, denoted) != kind(analyte, code):
        return Resolved(None, "unit-conflict", f"code {shown(code)}, text {shown(text)}")
    return Resolved(code)


def other_kind(analyte: Analyte, code: str, text: str, coding: Coding | None) -> Resolved:
    """Return why a UCUM code that is no unit of the feature is refused."""
    if text and of_feature(text, analyte.key, coding).ucum:
        return Resolved(None, "unit-conflict", f"code {shown(code)}, text {shown(text)}")
    return Resolved(None, "unit-incompatible", f"{shown(code)} is no unit of {analyte.key}")


def of_feature(text: str, feature: str, coding: Coding | None) -> Resolved:
    """Return the unit that a text denotes, if it is one of `feature`."""
    unit = text_of(text, feature, coding)
    if unit.ucum is None:
        return unit
    found = route(feature, unit.ucum, coding)
    return found if isinstance(found, Resolved) else unit


def denotes(text: str) -> str | None:
    """Return the unit of a text that the tables know, whatever the feature; None when not."""
    entry = texts.find(text) if text else None
    if entry:
        return entry.unit
    return text if text in every_accepted() else None


@functools.cache
def every_accepted() -> frozenset[str]:
    """Return the accepted units of all features."""
    return frozenset(row.unit for a in analytes.load().values() for row in a.accepted)


def sloppy(text: str, feature: str | None = None) -> Resolved:
    """Return the UCUM unit that a text means, for `feature` or (None) for any.

    >>> sloppy("K/uL", "wbc").ucum, sloppy("K/uL").reason
    ('10*3/uL', 'unit-unknown')
    """
    return text_of(text, feature) if len(text) <= LONGEST else too_long(text)


def text_of(text: str, feature: str | None, coding: Coding | None = None) -> Resolved:
    """Return the UCUM unit of a text: by the table, else the text itself when it is UCUM."""
    said = texts.plain(text)
    if not said:
        return Resolved(None, "unit-missing", "no unit is stated")
    entry = texts.find(said)
    if entry is None:
        return itself(said, feature, coding)
    if feature in entry.refused:
        return Resolved(None, "unit-incompatible", f"{shown(said)}: {entry.why}")
    if entry.unit is None:
        return Resolved(None, "unit-unknown", f"{shown(said)}: {entry.why}")
    if entry.features is not None and feature not in entry.features:
        return Resolved(None, "unit-unknown", f"{shown(said)} means {entry.unit} for some features")
    return Resolved(entry.unit)


def itself(said: str, feature: str | None, coding: Coding | None) -> Resolved:
    """Return a text that no table knows, when it is UCUM (and a unit of `feature`)."""
    if feature is not None:
        found = route(feature, said, coding)
        return found if isinstance(found, Resolved) else Resolved(said)
    if ucum.valid(said):
        return Resolved(said)
    return Resolved(None, "unit-unknown", f"{shown(said)} is no UCUM unit")


def stated(text: str) -> Resolved:
    """Return the unit of a text without a feature; UCUM that means what the table says counts."""
    said = texts.plain(text)
    entry = texts.find(said) if said else None
    if entry and entry.unit and entry.features is not None and ucum.valid(said):
        here, there = ucum.parse(said), ucum.parse(entry.unit)
        if (here.factor, here.dimensions) == (there.factor, there.dimensions):
            return Resolved(said)
    return text_of(text, None)


def plain_ucum(text: str) -> str:
    """Return the UCUM unit that `stated` found."""
    return stated(text).ucum or ""


def is_valid(unit: str) -> bool:
    """Return whether `unit` is UCUM; it may still mean something else than its sender thinks."""
    return ucum.valid(unit)


def disagrees(property_: str | None, unit: str) -> bool:
    """Return whether a LOINC property and a unit differ in kind: mass against moles.

    >>> disagrees("SCnc", "mg/dL"), disagrees("MCnc", "mg/dL")
    (True, False)
    """
    if property_ not in ("MCnc", "SCnc", "MRto"):
        return False
    exponents = dict(ucum.parse(unit).dimensions)
    moles = "mol" in exponents
    if property_ == "SCnc":
        return "g" in exponents and not moles
    return moles


def too_long(text: str) -> Resolved:
    """Return the refusal of a text that is too long for a unit."""
    return Resolved(None, "unit-unknown", f"{shown(text)} is longer than {LONGEST} characters")
