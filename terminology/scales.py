"""The functions of UCUM's special units: temperatures exactly, logarithms as floats (section 3)."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Function(NamedTuple):
    """A special unit's function: `forth` from its value, `back` to it (UCUM section 3)."""

    forth: Callable[[Fraction], Fraction]
    back: Callable[[Fraction], Fraction]


def offset(zero: str) -> Function:
    """Return the function of a temperature scale whose zero lies `zero` steps above absolute."""
    steps = Fraction(Decimal(zero))
    return Function(lambda value: value + steps, lambda value: value - steps)


def logarithm(base: float, times: int = 1) -> Function:
    """Return the function of ``times * log(value, base)``."""
    return Function(
        lambda value: Fraction(math.pow(base, value / times)),
        lambda value: Fraction(times * math.log(value) / math.log(base)),
    )


FUNCTIONS: Mapping[str, Function] = {
    "Cel": offset("273.15"),
    "degF": offset("459.67"),
    "degRe": offset("218.52"),
    "pH": logarithm(10, -1),
    "ln": logarithm(math.e),
    "lg": logarithm(10),
    "lgTimes2": logarithm(10, 2),
    "ld": logarithm(2),
    "hpX": logarithm(10, -1),
    "hpC": logarithm(100, -1),
    "hpM": logarithm(1000, -1),
    "hpQ": logarithm(50000, -1),
    "sqrt": Function(lambda value: value * value, lambda value: Fraction(math.sqrt(value))),
    "tanTimes100": Function(
        lambda value: Fraction(math.atan(value / 100)),
        lambda value: 100 * Fraction(math.tan(value)),
    ),
    "100tan": Function(
        lambda value: Fraction(math.degrees(math.atan(value / 100))),
        lambda value: 100 * Fraction(math.tan(math.radians(value))),
    ),
}
