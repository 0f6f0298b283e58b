"""TOML files of facts, read strictly into frozen dataclasses.

An unknown key, a missing one or a wrong type is an error that names file and key, so that a
spelling mistake in a table never passes as silence. Numbers are ``Decimal``: digits stay exact.
"""

from __future__ import annotations

import dataclasses
import tomllib
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

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
        FactError: a key is unknown or missing.
    """
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for key in table:
        if key not in fields:
            raise FactError(f"{where}: unknown key {key}")
    for name, field in fields.items():
        required = (
            field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        )
        if required and name not in table:
            raise FactError(f"{where}: {name} is missing")
    return kind(**{key: frozen(value) for key, value in table.items()})


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
