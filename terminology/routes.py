"""Ways from units to the canonical unit of a feature: its table first, then dimensions.

Nothing is guessed: what has no dimension (``%``, ``mg/g``), special units (``Cel``) and units that
depend on the substance (``meq``) count only where the feature's table lists them.
"""

from __future__ import annotations

import functools
import re
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from terminology import analytes, texts, ucum

if TYPE_CHECKING:
    from collections.abc import Iterator

    from terminology.analytes import AcceptedUnit, Analyte

BRACES = re.compile(r"\{[^{}]*\}")
VALENT = frozenset({"eq", "osm"})
"""Atoms that UCUM equates with the mole and that depend on the substance."""

Coding = tuple[str, str]
"""(system URI, code) of the measurement, where a code has a scale of its own."""


class Resolved(NamedTuple):
    """The UCUM unit that a quantity states, or the reason why there is none."""

    ucum: str | None
    reason: str | None = None
    detail: str | None = None


class Route(NamedTuple):
    """``(n * times + d * plus) / (d * over)`` leads a value n/d to its target, in integers."""

    times: int
    plus: int
    over: int


class Linear(NamedTuple):
    """``factor * value + offset`` in the canonical unit."""

    factor: Fraction
    offset: Fraction = Fraction(0)

    def route(self) -> Route:
        """Return the same over one denominator."""
        times = self.factor.numerator * self.offset.denominator
        plus = self.offset.numerator * self.factor.denominator
        return Route(times, plus, self.factor.denominator * self.offset.denominator)


@functools.lru_cache(maxsize=16384)
def route(feature: str, unit: str, coding: Coding | None = None) -> Route | Resolved:
    """Return the route from `unit` to the canonical unit of `feature`, or why there is none."""
    found = linear(feature, unit, coding)
    return found.route() if isinstance(found, Linear) else found


def linear(feature: str, unit: str, coding: Coding | None = None) -> Linear | Resolved:
    """Return how `unit` leads to the canonical unit of `feature`, or why it does not."""
    analyte = analytes.load().get(feature)
    if analyte is None:
        return Resolved(None, "feature-unknown", f"{shown(feature)} is no feature")
    found = scaled(analyte, unit, coding) or listed(analyte, unit, coding)
    if found is None and not ucum.valid(unit):
        return Resolved(None, "unit-unknown", f"{shown(unit)} is no UCUM unit")
    found = found or by_dimension(analyte, unit)
    if found is None:
        return Resolved(None, "unit-incompatible", f"{shown(unit)} is no unit of {feature}")
    return found


def scaled(analyte: Analyte, unit: str, coding: Coding | None) -> Linear | None:
    """Return the way of a code that is on another scale, such as HbA1c by JDS."""
    for scale in analyte.scales if coding else ():
        if coding and coding[0] == scale.system and coding[1].startswith(scale.prefix):
            return Linear(scale.factor, scale.offset) if bare(unit) == scale.unit else None
    return None


def listed(analyte: Analyte, unit: str, coding: Coding | None) -> Linear | None:
    """Return the way of a unit that the feature's table lists, annotations ignored."""
    without = None if analyte.visible else bare(unit)
    for row in analyte.accepted:
        if row.codes and not (coding and coding[1] in row.codes):
            continue
        if row.unit == unit or (without and without == row.unit):
            return Linear(row.factor, row.offset)
    return None


def bare(unit: str) -> str:
    """Return `unit` without annotations.

    >>> bare("10*3{platelets}/uL")
    '10*3/uL'
    """
    return BRACES.sub("", unit)


def by_dimension(analyte: Analyte, unit: str) -> Linear | None:
    """Return the way of any unit of the dimension of an accepted one; `unit` must be UCUM.

    Not so for what has no dimension, for special units, and where an annotation must be visible.
    """
    stated_unit = ucum.parse(unit)
    if stated_unit.special or stated_unit.dimensionless or refused(unit):
        return None
    if analyte.visible and analyte.visible not in shown_by(unit):
        return None
    for row, accepted in parsed(analyte):
        if accepted.dimensions != stated_unit.dimensions:
            continue
        if (stated_unit.atoms - accepted.atoms) & VALENT:
            continue
        return Linear(row.factor * stated_unit.factor / accepted.factor, row.offset)
    return None


def parsed(analyte: Analyte) -> Iterator[tuple[AcceptedUnit, ucum.Unit]]:
    """Return the accepted units that others may be measured by."""
    for row in analyte.accepted:
        unit = ucum.parse(row.unit)
        if not (unit.special or unit.dimensionless or row.codes):
            yield row, unit


def shown_by(unit: str) -> str:
    """Return the annotations of `unit`, without the signs that spellings differ in."""
    found = "".join(BRACES.findall(unit)).lower().replace(",", ".")
    return re.sub(r"[\s_^*{}]", "", found).replace("sqm", "m2")


def refused(unit: str) -> bool:
    """Return whether `unit` is UCUM whose meaning is never what the sender meant (``103/uL``)."""
    entry = texts.find(unit)
    return entry is not None and entry.unit is None


def kind(analyte: Analyte, unit: str) -> ucum.Dimensions:
    """Return the dimensions of `unit`, of another spelling those of the unit it stands for."""
    dimensions = ucum.parse(unit).dimensions
    for row in analyte.accepted:
        if row.same_as and ucum.parse(row.unit).dimensions == dimensions:
            return ucum.parse(row.same_as).dimensions
    return dimensions


def shown(text: str) -> str:
    """Return a text short enough for a sentence."""
    return text if len(text) <= 40 else text[:40] + "…"
