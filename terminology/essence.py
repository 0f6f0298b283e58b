"""The tables of UCUM, read from the verbatim essence file that the package ``ucumvert`` carries.

UCUM 2.2. Its licence forbids derived tables, so the XML itself is read, once, at first use.
"""

from __future__ import annotations

import functools
import importlib.util
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from xml.etree import ElementTree as ET


class EssenceError(RuntimeError):
    """The tables of UCUM are not installed."""


class Definition(NamedTuple):
    """One row of the essence file."""

    value: str
    unit: str
    metric: bool
    arbitrary: bool
    function: str | None = None


class Essence(NamedTuple):
    """The tables of UCUM: prefixes, base units and all other units."""

    prefixes: Mapping[str, Fraction]
    bases: frozenset[str]
    units: Mapping[str, Definition]


@functools.cache
def load() -> Essence:
    """Return the tables of the essence file, read once."""
    from xml.etree import ElementTree as ET  # noqa: PLC0415 - most callers never need it

    root = ET.parse(place()).getroot()  # noqa: S314 - a file of our own environment
    space = "{http://unitsofmeasure.org/ucum-essence}"
    prefixes = {
        row.attrib["Code"]: Fraction(Decimal(row.find(f"{space}value").attrib["value"]))  # type: ignore[union-attr]
        for row in root.findall(f"{space}prefix")
    }
    bases = frozenset(row.attrib["Code"] for row in root.findall(f"{space}base-unit"))
    units = {row.attrib["Code"]: definition(row, space) for row in root.findall(f"{space}unit")}
    return Essence(prefixes, bases, units)


def place() -> Path:
    """Return where ``ucumvert`` keeps the essence file, without importing it (pint is heavy).

    Raises:
        EssenceError: the package is not installed.
    """
    found = importlib.util.find_spec("ucumvert")
    if found is None or not found.submodule_search_locations:
        raise EssenceError("the package ucumvert with the UCUM tables is not installed")
    return Path(found.submodule_search_locations[0]) / "vendor" / "ucum-essence.xml"


def definition(row: ET.Element, space: str) -> Definition:
    """Return the definition in one ``unit`` element."""
    value = row.find(f"{space}value")
    assert value is not None
    function = value.find(f"{space}function")
    source = (value if function is None else function).attrib
    return Definition(
        source["value"],
        source["Unit"],
        metric=row.get("isMetric") == "yes",
        arbitrary=row.get("isArbitrary") == "yes",
        function=None if function is None else function.attrib["name"],
    )
