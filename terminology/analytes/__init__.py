"""The features: one TOML file each, with codes, units, factors, answers, ranges and traps.

Words of a file (an unknown one is an error):

    key, label, kind   kind: quantity, coded, quantity_or_coded, coded_or_quantity or panel
    loinc              the code we write and translate to
    canonical          the unit we keep; ``factor`` and ``offset`` lead to it
    molar_mass         g/mol, of the analyte (for a ratio to creatinine: of creatinine)
    plausible, hard    adult ranges in the canonical unit: outside the first a flag, outside the
                       second refused
    visible            what an annotation of the unit must show, or the unit is refused
    values             the answers we keep, for coded features
    traps              what goes wrong in the field
    [[accepted]]       unit, factor, offset, source; ``codes``: only beside one of these codes;
                       ``same_as``: the accepted unit that it is another spelling of
    [[scales]]         a code (prefix) whose unit is on another scale
    [[parts]]          codes that are only a part of the feature, and their units
    [[not_codes]]      codes that were taken for this feature and are not
    [[answers]]        value, system, code, display
    [codes]            per system: code, display, relation (same when absent), property, unit, note,
                       edition, loinc (the equivalent LOINC code), source
"""

from __future__ import annotations

import functools
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from terminology import systems
from terminology.facts import FactError, exact, read, record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from decimal import Decimal

USED = ("same", "narrower", "broader", "specimen")
RELATIONS = (*USED, "related", "implies", "implies-absent", "opposite")
KINDS = ("quantity", "coded", "quantity_or_coded", "coded_or_quantity", "panel")


class Code(NamedTuple):
    """One code of one feature, in the URI of its system."""

    feature: str
    system: str
    code: str
    display: str
    source: str
    relation: str = "same"
    property: str | None = None
    unit: str | None = None
    note: str | None = None
    edition: str | None = None
    loinc: str | None = None


class AcceptedUnit(NamedTuple):
    """A unit and its way to the canonical one: ``canonical = factor * value + offset``, exactly."""

    unit: str
    factor: Fraction
    source: str
    offset: Fraction = Fraction(0)
    codes: tuple[str, ...] = ()
    same_as: str | None = None
    """The unit that this one is another spelling of, though UCUM keeps them apart."""


class Scale(NamedTuple):
    """Codes (by prefix) whose `unit` is on another scale than the feature's own."""

    system: str
    prefix: str
    unit: str
    factor: Fraction
    offset: Fraction
    source: str


class Part(NamedTuple):
    """A code that is one item of the feature, in the unit of that item."""

    system: str
    code: str
    unit: str


class NotCode(NamedTuple):
    """A code that others took for this feature, and what it is."""

    system: str
    code: str
    why: str


class Answer(NamedTuple):
    """A coded answer and the value that we keep for it."""

    value: str
    system: str
    code: str
    display: str
    edition: str | None = None


class Analyte(NamedTuple):
    """One feature: all that its file states."""

    key: str
    label: str
    kind: str
    loinc: str | None = None
    canonical: str | None = None
    molar_mass: Fraction | None = None
    plausible: tuple[Decimal | int, Decimal | int] | None = None
    hard: tuple[Decimal | int, Decimal | int] | None = None
    visible: str | None = None
    values: tuple[str, ...] = ()
    traps: tuple[str, ...] = ()
    accepted: tuple[AcceptedUnit, ...] = ()
    scales: tuple[Scale, ...] = ()
    parts: tuple[Part, ...] = ()
    not_codes: tuple[NotCode, ...] = ()
    answers: tuple[Answer, ...] = ()
    codes: tuple[Code, ...] = ()
    answer_values: Mapping[tuple[str, str], str] = MappingProxyType({})
    """(system URI, code) of an answer to the value we keep."""


@functools.cache
def load() -> Mapping[str, Analyte]:
    """Return all features by key, read once."""
    paths = sorted(Path(__file__).parent.glob("*.toml"))
    return MappingProxyType({path.stem: analyte(path) for path in paths})


def analyte(path: Path) -> Analyte:
    """Return the feature of one file.

    Raises:
        FactError: the file breaks the rules in the head of this module.
    """
    table, where = read(path), path.name
    if table.get("key") != path.stem:
        raise FactError(f"{where}: key must be {path.stem}")
    if table.get("kind") not in KINDS:
        raise FactError(f"{where}: kind must be one of {', '.join(KINDS)}")
    for name, kind in (("accepted", AcceptedUnit), ("scales", Scale)):
        table[name] = [
            record(kind, exactly(row), f"{where}: {name}") for row in table.get(name, [])
        ]
    for name, plain in (("parts", Part), ("not_codes", NotCode), ("answers", Answer)):
        table[name] = [located(plain, row, f"{where}: {name}") for row in table.get(name, [])]
    if "molar_mass" in table:
        table["molar_mass"] = exact(table["molar_mass"])
    table["codes"] = list(codes(table["key"], table.get("codes", {}), where))
    table["answer_values"] = {(a.system, a.code): a.value for a in table["answers"]}
    return record(Analyte, table, where)


def exactly(row: dict[str, Any]) -> dict[str, Any]:
    """Return `row` with its factor and offset as fractions, and its system as a URI."""
    place = {"system": uri(row["system"])} if "system" in row else {}
    return {key: exact(v) if key in ("factor", "offset") else v for key, v in row.items()} | place


def located(kind: type[Any], row: dict[str, Any], where: str) -> Any:  # noqa: ANN401
    """Return `row` as a `kind`, its system as a URI."""
    return record(kind, {**row, "system": uri(row.get("system", ""), where)}, where)


def uri(system: str, where: str = "") -> str:
    """Return the URI of a short system name.

    Raises:
        FactError: there is no such system.
    """
    known = systems.load().get(system)
    if known is None:
        raise FactError(f"{where}: unknown system {system}")
    return known.uri


def codes(feature: str, table: dict[str, Any], where: str) -> Iterator[Code]:
    """Return the codes of one feature, system by system."""
    for system, rows in table.items():
        for row in rows:
            place = f"{where}: codes.{system}"
            code = record(Code, {"feature": feature, "system": uri(system, place), **row}, place)
            if code.relation not in RELATIONS:
                raise FactError(f"{place}: unknown relation {code.relation}")
            yield code
