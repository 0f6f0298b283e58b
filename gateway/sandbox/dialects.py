"""How one country writes: its country file read the other way round, and what only we need.

`mappers/countries/*.toml` says which codes, units and person numbers a country uses; a file of the
same name in `dialects/` adds names for invented people, the clock, and habits that no reader needs
to know. A country without such a file is served too, with plain habits.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from gateway.errors import UsageError
from mappers import countries

if TYPE_CHECKING:
    from mappers.countries import Country

Version = Literal["STU3", "R4", "R4B", "R5"]


class Names(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parts that invented names are put together from."""

    family: tuple[tuple[str, ...], ...] = (("Alba", "Bora", "Cori"), ("dor", "len", "mir"))
    female: tuple[str, ...] = ("Alma", "Ida", "Vera")
    male: tuple[str, ...] = ("Ivo", "Leo", "Max")
    prefix: tuple[str, ...] = ("",)
    joiner: str = ""
    family_kana: tuple[tuple[str, ...], ...] = ()
    female_kana: tuple[str, ...] = ()
    male_kana: tuple[str, ...] = ()


class Habits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keys of one file in `dialects/`."""

    zone: str = "+00:00"
    """Offset of the country's clock, as dates are written."""
    names: Names = Names()
    blood_pressure: Literal["components", "members", "separate"] = "components"
    facts: Literal["conditions", "questions", "none-known"] = "conditions"
    bmi: bool = False
    """Whether the body mass index is sent beside height and weight."""
    egfr: str | None = None
    """LOINC code under which the laboratory sends its own eGFR (CKD-EPI 2021)."""
    coded_units: bool = True
    """Whether quantities have a UCUM code; without it only the unit's text is sent."""
    units: dict[str, tuple[str, ...]] = {}
    """Units of a feature, one of which each practice uses; they win over the country file's."""
    texts: dict[str, str] = {}
    """What stands in ``Quantity.unit`` for a UCUM unit."""


class Dialect(msgspec.Struct, frozen=True):
    """A country's habits and its file."""

    country: Country
    habits: Habits
    version: Version

    def unit(self, feature: str, practice: int, canonical: str) -> str:
        """Return the UCUM unit that one practice (by its number) sends a feature in."""
        choices = self.habits.units.get(feature)
        if choices:
            return choices[practice % len(choices)]
        return self.country.writes.units.get(feature, canonical)


def load(country: str, version: str | None = None) -> Dialect:
    """Return the dialect of a country (``FI``, ``ips`` ...); `version` None is its usual one.

    Raises:
        UsageError: there is no such country file, or no such FHIR version.
    """
    known = countries.load().get(country.upper())
    if known is None:
        raise UsageError(f"no country file for {country}: try one of {', '.join(countries.load())}")
    chosen = version or known.fhir_versions[0]
    if chosen not in countries.VERSIONS:
        raise UsageError(f"no FHIR version {chosen}: one of {', '.join(countries.VERSIONS)}")
    return Dialect(known, habits(known.code.lower()), chosen)  # type: ignore[arg-type]


@cache
def habits(name: str) -> Habits:
    """Return the habits of ``dialects/NAME.toml``, or plain ones where there is no such file.

    Raises:
        ValueError: the file has an unknown key or a value that cannot be.
    """
    file = files(__package__) / "dialects" / f"{name}.toml"
    if not file.is_file():
        return Habits()
    document: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    try:
        return msgspec.convert(document, Habits)
    except msgspec.ValidationError as error:
        raise ValueError(f"dialects/{name}.toml: {error}") from None
