"""A feature in the words of a dialect: codings, numbers with their unit, coded answers."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

from gateway.sandbox.population import read
from terminology import analytes, systems

if TYPE_CHECKING:
    from gateway.sandbox.dialects import Dialect
    from terminology.analytes import Analyte, Code
    from terminology.records import JSON

UCUM = "http://unitsofmeasure.org"
PLACES = 12
"""Decimals after which the arithmetic of doubles shows."""
PROJECT = "riskbridge"
"""The terminology's list of codes of our own, for what no published code names."""
MOLAR = ("SCnc", "MCnc")
"""LOINC properties that go with an amount and with a mass of substance per volume."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A number as it is written down, and what it comes to in the canonical unit."""

    value: Decimal
    unit: str
    canonical: float


def amount(feature: str, canonical: float, unit: str) -> Amount:
    """Return a canonical value in `unit`, rounded as instruments and laboratories round.

    >>> amount("body_temperature", 37.0, "[degF]")
    Amount(value=Decimal('98.6'), unit='[degF]', canonical=37.0)
    """
    way = accepted(feature, unit)
    written = Decimal(f"{(canonical - way.offset) / way.factor:.{way.digits}f}")
    back = way.factor * float(written) + way.offset
    return Amount(written, unit, round(back, PLACES))


@dataclass(frozen=True, slots=True)
class Way:
    """How a unit leads to the canonical one: ``canonical = factor * value + offset``."""

    factor: float
    offset: float
    digits: int


@cache
def accepted(feature: str, unit: str) -> Way:
    """Return how `unit` leads to the canonical unit of the feature, and with how many decimals.

    Raises:
        ValueError: the feature does not take that unit.
    """
    for way in analytes.load()[feature].accepted:
        if way.unit == unit:
            return Way(float(way.factor), float(way.offset), digits(feature, unit))
    raise ValueError(f"{feature} is not written in {unit}")


def digits(feature: str, unit: str) -> int:
    """Return how many decimals a value of the feature has in `unit`."""
    tables = read("writing")
    number: int = tables["digits_of"].get(feature, {}).get(unit, tables["digits"].get(unit, 1))
    return number


def quantity(dialect: Dialect, written: Amount) -> JSON:
    """Return the FHIR Quantity of an amount."""
    text = dialect.habits.texts.get(written.unit) or read("writing")["texts"].get(written.unit)
    sent = {"value": written.value, "unit": text or written.unit}
    return sent | ({"system": UCUM, "code": written.unit} if dialect.habits.coded_units else {})


def concept(dialect: Dialect, feature: str, unit: str | None = None) -> JSON:
    """Return the CodeableConcept of what is measured, in the country's code systems.

    Raises:
        ValueError: the terminology has no code for the feature.
    """
    wanted = dialect.habits.egfr if feature == "egfr" else None
    found = codings(dialect.country.code, dialect.country.writes.codes, feature, unit, wanted)
    if not found:
        raise ValueError(f"no code for {feature}")
    return {"coding": list(found), "text": analytes.load()[feature].label}


@cache
def codings(
    country: str, lists: tuple[str, ...], feature: str, unit: str | None, wanted: str | None
) -> tuple[JSON, ...]:
    """Return one coding a code system, the country's first; LOINC stands in where it has none."""
    analyte = analytes.load()[feature]
    coded = analyte.kind == "coded"
    words = [word for word in lists if not (coded and word == "jlac10")]
    found = [
        coding(code, uri)
        for name, uri in (place(word) for word in words)
        if (code := first(analyte, name, country, unit, wanted))
    ]
    if not found:
        found = [
            coding(code, code.system)
            for name in ("loinc", PROJECT)
            if (code := first(analyte, name, country, unit, wanted))
        ]
    return tuple(found)


def place(word: str) -> tuple[str, str]:
    """Return the terminology's name of a code list and the URI it is sent under."""
    known = read("writing")["systems"].get(word)
    if known:
        return known["list"], known["uri"]
    return word, systems.load()[word].uri


def first(
    analyte: Analyte, name: str, country: str, unit: str | None, wanted: str | None
) -> Code | None:
    """Return the first code of one system that means the feature itself in that unit."""
    system = systems.load().get(name)
    for code in analyte.codes:
        if system is None or code.system != system.uri:
            continue
        if wanted is not None and name == "loinc":
            if code.code == wanted:
                return code
        elif code.relation == "same" and goes_with(code, unit) and used_in(code.edition, country):
            return code
    return None


def goes_with(code: Code, unit: str | None) -> bool:
    """Say whether a code is for results in that unit, and names a question, not an answer."""
    if code.note and "itself is the answer" in code.note:
        return False
    if unit is None or code.property not in MOLAR:
        return code.unit in (None, unit) or unit is None or code.unit not in ("%", "mmol/mol")
    return (code.property == "SCnc") == ("mol" in unit)


def used_in(edition: str | None, country: str) -> bool:
    """Say whether a code of a national edition is used in the country."""
    return edition in (None, "INT", {"GB": "UK"}.get(country, country))


def coding(code: Code, uri: str) -> JSON:
    """Return the FHIR Coding of a code."""
    return {"system": uri, "code": code.code, "display": code.display}


def answer(dialect: Dialect, feature: str, value: str) -> JSON:
    """Return the CodeableConcept of a coded answer.

    Raises:
        ValueError: the terminology has no such answer.
    """
    found = answers(dialect.country.code, dialect.country.writes.codes, feature, value)
    if not found:
        raise ValueError(f"no answer {value} of {feature}")
    return {"coding": list(found), "text": found[0]["display"]}


@cache
def answers(country: str, lists: tuple[str, ...], feature: str, value: str) -> tuple[JSON, ...]:
    """Return the answer's coding in the country's first system that has it, LOINC else."""
    known = analytes.load()[feature].answers
    for name in (*lists, "loinc", "snomed", PROJECT):
        uri = place(name)[1] if name in systems.load() or name in read("writing")["systems"] else ""
        for one in known:
            if one.value == value and one.system == uri and used_in(one.edition, country):
                return ({"system": uri, "code": one.code, "display": one.display},)
    return ()
