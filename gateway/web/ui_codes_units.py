"""Units on the codes page: what a text means, where it counts and by which factor, exactly."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from gateway.web.words import label, say
from terminology import analytes, coverage, routes, texts, ucum, units

if TYPE_CHECKING:
    from collections.abc import Iterator

    from terminology.analytes import Analyte
    from terminology.texts import Entry
    from terminology.ucum import Unit

PLACES = 18
"""Longest decimal shown; a longer factor stands as a fraction."""

LIKE_A_UNIT = 30
"""Characters of a text for which near units are sought."""

RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class Use:
    """A feature that takes the unit: read as `unit`, led to the canonical one by `formula`."""

    feature: str
    label: str
    unit: str
    canonical: str
    formula: str
    source: str


@dataclass(frozen=True, slots=True)
class UnitSheet:
    """What a text means as a unit."""

    text: str
    valid: bool
    """Whether the text itself is UCUM."""
    ucum: str
    """The UCUM code it stands for (whatever the feature), empty for none."""
    entry: Entry | None
    """What the table of unit texts says of it."""
    base: str
    """The unit in base units."""
    kind: str
    """Its dimensions in words, as far as it has a name."""
    uses: tuple[Use, ...]


@dataclass(frozen=True, slots=True)
class Tried:
    """A conversion: the value, or the reason why there is none."""

    value: str
    unit: str
    result: str = ""
    reason: str = ""
    detail: str = ""


def sheet(text: str) -> UnitSheet | None:
    """Return what a text means as a unit, None when neither UCUM nor the tables know it."""
    valid, entry = units.is_valid(text), texts.find(text)
    means = (entry.unit or "") if entry else text if valid else ""
    found = tuple(uses(text))
    if not (valid or entry or found):
        return None
    parsed = ucum.parse(means) if means and units.is_valid(means) else None
    base, kind = (in_base(parsed), kind_of(parsed)) if parsed else ("", "")
    return UnitSheet(text, valid, means, entry, base, kind, found)


def uses(text: str) -> Iterator[Use]:
    """Yield the features that take a text as a unit, and by which factor."""
    for feature in analytes.load().values():
        if not feature.canonical:
            continue
        unit = units.sloppy(text, feature.key).ucum
        way = routes.linear(feature.key, unit) if unit else None
        if unit and isinstance(way, routes.Linear):
            steps = formula(way.factor, way.offset)
            yield Use(
                feature.key, feature.label, unit, feature.canonical, steps, source_of(feature, unit)
            )


def source_of(feature: Analyte, unit: str) -> str:
    """Return where a factor comes from: the feature's table, else the dimension."""
    rows = (row for row in feature.accepted if row.unit in (unit, routes.bare(unit)))
    return next((row.source for row in rows if not row.codes), say("codes.by_dimension"))


def formula(factor: Fraction, offset: Fraction = Fraction(0)) -> str:
    """Return how a value is led to the canonical unit.

    >>> formula(Fraction(9148, 100000), Fraction("2.152")), formula(Fraction(2), Fraction(-3))
    ('× 0.09148 + 2.152', '× 2 − 3')
    """
    steps = f"× {exactly(factor)}"
    if not offset:
        return steps
    return f"{steps} {'+' if offset > 0 else '−'} {exactly(abs(offset))}"


def exactly(value: Fraction) -> str:
    """Return a number exactly: as a decimal when that ends soon, else as a fraction.

    >>> exactly(Fraction("88.402")), exactly(Fraction(200, 7733)), exactly(Fraction(10**21))
    ('88.402', '200/7733 (≈ 0.0258632)', '10²¹')
    """
    decimal = Decimal(value.numerator) / Decimal(value.denominator)
    if Fraction(decimal) != value:
        near = f"≈ {Context(prec=6).plus(decimal):g}"
        whole = f"{value.numerator}/{value.denominator}"
        return f"{whole} ({near})" if len(whole) <= PLACES else near
    text = f"{decimal:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    if len(text) <= PLACES:
        return text
    digits, _, power = f"{decimal.normalize():e}".partition("e")
    times = "" if digits == "1" else f"{digits} · "
    return f"{times}10{str(int(power)).translate(RAISED)}"


def in_base(unit: Unit) -> str:
    """Return one unit in base units.

    >>> in_base(ucum.parse("mm[Hg]")), in_base(ucum.parse("Cel"))
    ('133322 g·m⁻¹·s⁻²', 'Cel(1 K)')
    """
    parts = "·".join(
        base + (str(exponent).translate(RAISED) if exponent != 1 else "")
        for base, exponent in sorted(unit.dimensions, key=lambda pair: (pair[1] < 0, pair))
        if exponent
    )
    shown = f"{exactly(unit.factor)} {parts}".strip()
    return f"{unit.special}({shown})" if unit.special else shown


def kind_of(unit: Unit) -> str:
    """Return the name of a unit's dimensions, empty for those without one.

    >>> kind_of(ucum.parse("mg/dL")), kind_of(ucum.parse("/min"))
    ('mass concentration', 'rate')
    """
    parts = ".".join(f"{base}{exponent}" for base, exponent in unit.dimensions if exponent)
    return label("dimension", parts or "1", " ").strip()


def near(text: str) -> tuple[str, ...]:
    """Return the known units that a text looks like, whatever the feature."""
    if len(text) > LIKE_A_UNIT:
        return ()
    found = (
        unit
        for key, feature in analytes.load().items()
        if feature.canonical
        for unit in coverage.nearest_units(key, "", text, "unit-unknown")
    )
    return tuple(dict.fromkeys(found))[:5]


def convert(value: str, source: str, target: str, feature: str) -> Tried:
    """Return a value in another unit; without a target in the canonical one of its feature."""
    known = analytes.load().get(feature)
    wanted = target or (known.canonical if known else "") or ""
    found = units.convert(value, source, wanted, feature or None)
    if found.value is None:
        return Tried(value, wanted, "", found.error or "", found.detail or "")
    return Tried(value, wanted, shown(found.value))


def shown(value: float) -> str:
    """Return a converted number with all digits that mean anything.

    >>> shown(208.79100000000003), shown(1e-9)
    ('208.791', '1e-09')
    """
    return f"{value:.12g}"
