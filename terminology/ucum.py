"""UCUM, exactly: units as a rational factor and dimensions, by the tables of `essence`.

Arithmetic is of fractions; only logarithmic units leave them. Three things differ from bare UCUM,
for safety:

- ``mol`` is a dimension of its own, not a number, and stays visible where it cancels:
  ``mmol/mol`` is no ``%``. Arbitrary units (``[IU]``) are treated alike.
- Special units (``Cel``, ``[pH]``, ``B``) convert alone or with a prefix, never inside a product.
- Length, nesting, exponents and magnitude are bounded: input is hostile.
"""

from __future__ import annotations

import functools
import re
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from terminology import essence
from terminology.scales import FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST = 255
DEEPEST = 32
LARGEST_EXPONENT = 300
LARGEST_BITS = 4096
"""Bounds: characters of a unit, open brackets, any exponent, bits of a factor's terms."""

Dimensions: TypeAlias = tuple[tuple[str, int], ...]

COUNTED = frozenset({"mol"})
"""Atoms that UCUM defines as numbers and that are dimensions here."""

PRINTABLE = re.compile(r"[!-~]*\Z")
SYMBOL = re.compile(r"(?:\[[^\[\]]*\]|[^\[\]./(){}])+")
SPLIT = re.compile(r"(.*?)([+-]?\d+)?\Z")
ANNOTATION = re.compile(r"\{[^{}]*\}")


class UnitError(ValueError):
    """A text that is no unit, or units that do not convert; the text says why."""


class Unit(NamedTuple):
    """A parsed unit: ``1 unit = factor`` in base units of `dimensions`."""

    factor: Fraction
    dimensions: Dimensions = ()
    special: str | None = None
    """Name of the function of a special unit; its argument is in units of `factor`."""
    scale: Fraction = Fraction(1)
    """Prefix of a special unit, applied before its function."""
    atoms: frozenset[str] = frozenset()

    @property
    def dimensionless(self) -> bool:
        """Return whether every dimension cancels (``%``, ``mg/g``, also ``mmol/mol``)."""
        return not any(exponent for _, exponent in self.dimensions)


@functools.lru_cache(maxsize=4096)
def parse(text: str) -> Unit:
    """Return the unit that `text` denotes.

    >>> parse("kPa").factor
    Fraction(1000000, 1)

    Raises:
        UnitError: it is not UCUM, or over a bound.
    """
    if not 0 < len(text) <= LONGEST:
        raise UnitError(f"a unit has 1 to {LONGEST} characters")
    if not PRINTABLE.match(text):
        raise UnitError("a unit holds blanks or characters that are not ASCII")
    reader = Reader(text)
    unit = reader.main()
    if reader.place < len(text):
        raise UnitError(f"{reader.peek()} does not fit at position {reader.place + 1}")
    return unit


def valid(text: str) -> bool:
    """Return whether `text` is UCUM (case sensitive), in bounded time for any text."""
    if len(text) > LONGEST:
        return False
    try:
        parse(text)
    except UnitError:
        return False
    return True


class Reader:
    """A recursive descent over one unit, left to right (UCUM section 2, grammar of table 1)."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0
        self.depth = 0

    def peek(self) -> str:
        """Return the next character, empty at the end."""
        return self.text[self.place : self.place + 1]

    def main(self) -> Unit:
        """Read ``/term`` or ``term``."""
        if self.peek() == "/":
            self.place += 1
            return self.term(power(self.component(), -1))
        return self.term(self.component())

    def term(self, unit: Unit) -> Unit:
        """Read ``.component`` and ``/component`` as long as they come, from the left."""
        while (sign := self.peek()) and sign in "./":
            self.place += 1
            other = self.component()
            unit = product(unit, other if sign == "." else power(other, -1))
        return unit

    def component(self) -> Unit:
        """Read a term in brackets, an annotation, or a symbol with its annotation."""
        if self.peek() == "(":
            return self.bracket()
        if self.peek() == "{":
            self.annotation()
            return ONE
        unit = self.symbol()
        if self.peek() == "{":
            self.annotation()
        return unit

    def bracket(self) -> Unit:
        """Read ``(term)``."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise UnitError(f"a unit nests deeper than {DEEPEST} brackets")
        self.place += 1
        unit = self.term(self.component())
        if self.peek() != ")":
            raise UnitError("a bracket is not closed")
        self.place += 1
        self.depth -= 1
        return unit

    def annotation(self) -> None:
        """Read past ``{...}``, which says nothing of the size."""
        found = ANNOTATION.match(self.text, self.place)
        if not found:
            raise UnitError("an annotation is not closed")
        self.place = found.end()

    def symbol(self) -> Unit:
        """Read an integer, or a unit with its exponent."""
        found = SYMBOL.match(self.text, self.place)
        if not found:
            raise UnitError(f"a unit is missing at position {self.place + 1}")
        self.place = found.end()
        token = found.group()
        if token.isdigit():
            return whole(token)
        name, exponent = SPLIT.match(token).groups()  # type: ignore[union-attr]
        if exponent is None:
            return named(name)
        if len(exponent) > len("-300") or abs(int(exponent)) > LARGEST_EXPONENT:
            raise UnitError(f"an exponent is larger than {LARGEST_EXPONENT}")
        return power(named(name), int(exponent))


def whole(digits: str) -> Unit:
    """Return the unit of an integer factor.

    Raises:
        UnitError: it is zero.
    """
    if not digits.strip("0"):
        raise UnitError("a unit is not zero")
    return Unit(Fraction(int(digits)))


@functools.lru_cache(maxsize=4096)
def named(name: str) -> Unit:
    """Return the unit of one symbol, with or without a metric prefix.

    Raises:
        UnitError: there is no such unit, or it takes no prefix.
    """
    tables = essence.load()
    if name in tables.bases or name in tables.units:
        return atom(name)
    for size in (1, 2):
        prefix, rest = name[:size], name[size:]
        if prefix in tables.prefixes and (
            rest in tables.bases or (rest in tables.units and tables.units[rest].metric)
        ):
            return scaled(atom(rest), tables.prefixes[prefix])
    raise UnitError(f"{name[:40]} is no unit")


def scaled(unit: Unit, prefix: Fraction) -> Unit:
    """Return `unit` with a prefix; that of a special unit applies before its function."""
    if unit.special:
        return Unit(unit.factor, unit.dimensions, unit.special, unit.scale * prefix, unit.atoms)
    return Unit(unit.factor * prefix, unit.dimensions, atoms=unit.atoms)


@functools.cache
def atom(name: str) -> Unit:
    """Return a unit of the tables, resolved to base units."""
    tables = essence.load()
    own = frozenset({name})
    if name in tables.bases:
        return Unit(Fraction(1), ((name, 1),), atoms=own)
    row = tables.units[name]
    if name in COUNTED or (row.arbitrary and row.unit == "1"):
        return Unit(Fraction(1), ((name, 1),), atoms=own)
    unit = parse(row.unit)
    factor = unit.factor * Fraction(Decimal(row.value))
    return Unit(factor, unit.dimensions, row.function, atoms=own)


ONE = Unit(Fraction(1))


def product(left: Unit, right: Unit) -> Unit:
    """Return the unit of `left` times `right`."""
    exponents = dict(left.dimensions)
    for base, exponent in right.dimensions:
        exponents[base] = exponents.get(base, 0) + exponent
    return bounded(
        Unit(
            left.factor * right.factor,
            dimensions(exponents),
            opaque(left, right),
            atoms=left.atoms | right.atoms,
        )
    )


def opaque(*units: Unit) -> str | None:
    """Return the mark of a product that holds a special unit: UCUM, and converts to nothing."""
    return "product" if any(unit.special for unit in units) else None


def power(unit: Unit, exponent: int) -> Unit:
    """Return `unit` raised to an integer."""
    if exponent == 1:
        return unit
    terms = (unit.factor.numerator, unit.factor.denominator)
    if max(term.bit_length() for term in terms) * abs(exponent) > LARGEST_BITS:
        raise UnitError("a unit is too large or too small")
    exponents = {base: size * exponent for base, size in unit.dimensions}
    return bounded(
        Unit(unit.factor**exponent, dimensions(exponents), opaque(unit), atoms=unit.atoms)
    )


def dimensions(exponents: Mapping[str, int]) -> Dimensions:
    """Return sorted dimensions; a base that cancels is dropped, an amount or [IU] is kept at 0."""
    bases = essence.load().bases
    return tuple(sorted((b, e) for b, e in exponents.items() if e or b not in bases))


def bounded(unit: Unit) -> Unit:
    """Return `unit`.

    Raises:
        UnitError: its factor or an exponent is out of bounds.
    """
    size = max(unit.factor.numerator.bit_length(), unit.factor.denominator.bit_length())
    if size > LARGEST_BITS or any(abs(e) > LARGEST_EXPONENT for _, e in unit.dimensions):
        raise UnitError("a unit is too large or too small")
    return unit


@functools.lru_cache(maxsize=4096)
def ratio(source: str, target: str) -> Fraction | None:
    """Return by what to multiply a value in `source` to have it in `target`; None when special.

    >>> ratio("[in_i]", "cm")
    Fraction(127, 50)

    Raises:
        UnitError: one is no unit, or they are not commensurable.
    """
    left, right = parse(source), parse(target)
    if "product" in (left.special, right.special) and left != right:
        raise UnitError("a special unit does not convert inside a product")
    if left.dimensions != right.dimensions:
        raise UnitError(f"{source[:40]} and {target[:40]} are of different kinds")
    return None if left.special or right.special else left.factor / right.factor


def convert(value: Fraction, source: str, target: str) -> Fraction:
    """Return `value`, given in `source`, in `target`: exact but for logarithmic units.

    >>> convert(Fraction(37), "Cel", "[degF]")
    Fraction(493, 5)

    Raises:
        UnitError: one is no unit, they are not commensurable, or the value has no image.
    """
    by = ratio(source, target)
    if by is not None:
        return value * by
    left, right = parse(source), parse(target)
    if left == right:
        return value
    try:
        return from_base(to_base(value, left), right)
    except (ArithmeticError, ValueError):
        raise UnitError(f"the value does not convert to {target[:40]}") from None


def to_base(value: Fraction, unit: Unit) -> Fraction:
    """Return `value` in base units."""
    if unit.special is None:
        return value * unit.factor
    return FUNCTIONS[unit.special].forth(value * unit.scale) * unit.factor


def from_base(value: Fraction, unit: Unit) -> Fraction:
    """Return a value in base units in `unit`."""
    if unit.special is None:
        return value / unit.factor
    return FUNCTIONS[unit.special].back(value / unit.factor) / unit.scale
