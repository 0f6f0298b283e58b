"""TOML files of facts, read strictly into named tuples.

An unknown key, a missing one or a wrong type is an error that names file and key, so that a
spelling mistake in a table never passes as silence. Numbers are ``Decimal``: digits stay exact.
(Dataclasses would take longer to import than all the rest.)
"""

from __future__ import annotations

import tomllib
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T", bound=NamedTuple)

HERE = Path(__file__).parent


class FactError(ValueError):
    """A file of facts that cannot be: the text names file and key."""


def read(path: Path) -> dict[str, Any]:
    """Return the TOML document at `path`, its floats as ``Decimal``."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, ValueError) as error:
        raise FactError(f"{path.name}: cannot be read: {error}") from None


def record(kind: type[T], table: dict[str, Any], where: str) -> T:
    """Return `table` as a `kind`; its lists become tuples.

    Raises:
        FactError: a key is unknown or missing, or a text is none.
    """
    for key, value in table.items():
        if key not in kind._fields:
            raise FactError(f"{where}: unknown key {key}")
        if not fits(value, str(kind.__annotations__[key])):
            raise FactError(f"{where}: {key} has a wrong type")
    for name in kind._fields:
        if name not in table and name not in kind._field_defaults:
            raise FactError(f"{where}: {name} is missing")
    return kind._make(
        frozen(table[name]) if name in table else kind._field_defaults[name]
        for name in kind._fields
    )


def fits(value: object, annotation: str) -> bool:
    """Return whether a text is a text and a list of texts one, as the field's annotation says."""
    if "tuple[str, ...]" in annotation:
        return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
    if annotation in ("ForwardRef('str')", "ForwardRef('str | None')"):
        return isinstance(value, str)
    return True


def frozen(value: Any) -> Any:  # noqa: ANN401
    """Return a list as a tuple, anything else as it is."""
    return tuple(frozen(item) for item in value) if isinstance(value, list) else value


def exact(text: str | int | Decimal) -> Fraction:
    """Return the number that `text` states, exactly: ``88.402``, ``5/9`` or ``10/386.65``.

    >>> exact("10/386.65") == Fraction(1000, 38665)
    True
    """
    numerator, _, denominator = str(text).partition("/")
    return Fraction(Decimal(numerator)) / Fraction(Decimal(denominator or "1"))
