"""What a code means: (system, code) to feature, and what makes a measurement another thing."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from terminology import analytes, systems
from terminology.analytes import Code
from terminology.facts import HERE, FactError, frozen, read

if TYPE_CHECKING:
    from collections.abc import Mapping

CodeEntry = Code
"""The name under which other packages know one code of one feature."""

SIDE = ("implies", "implies-absent", "opposite")
"""Relations that tell something of a feature without measuring it."""


def normalise_system(uri: str | None) -> str | None:
    """Return the one URI of a known system, else `uri` trimmed; None for none.

    >>> normalise_system("urn:oid:2.16.840.1.113883.6.1")
    'http://loinc.org'
    """
    return systems.normalise(uri) if isinstance(uri, str) and uri.strip() else None


@functools.cache
def index() -> Mapping[tuple[str, str], Code]:
    """Return (system URI, code) to the entry of the feature that the code measures.

    Raises:
        FactError: a code measures two features.
    """
    found: dict[tuple[str, str], Code] = {}
    for analyte in analytes.load().values():
        for entry in analyte.codes:
            if entry.relation in SIDE:
                continue
            if (entry.system, entry.code) in found:
                raise FactError(f"{analyte.key}.toml: {entry.code} is in two features")
            found[entry.system, entry.code] = entry
    return found


@functools.cache
def sides() -> Mapping[tuple[str, str], tuple[Code, ...]]:
    """Return (system URI, code) to what the code implies of other features."""
    found: dict[tuple[str, str], tuple[Code, ...]] = {}
    for analyte in analytes.load().values():
        for entry in analyte.codes:
            if entry.relation in SIDE:
                key = (entry.system, entry.code)
                found[key] = (*found.get(key, ()), entry)
    return found


LONGEST = 255
"""No system, code or display of the tables is longer; longer ones are not kept in a cache."""


def find(system: str | None, code: str | None) -> Code | None:
    """Return the entry of a code, whole and by case, or None when the tables do not know it.

    >>> find("https://loinc.org", " 8480-6 ").feature
    'systolic_bp'
    >>> find("http://npu-terminology.org", "npu01567") is None
    True
    """
    if not system or not code or len(system) > LONGEST or len(code) > LONGEST:
        return None
    return _find(system, code)


@functools.lru_cache(maxsize=8192)
def _find(system: str, code: str) -> Code | None:
    known = systems.by_uri().get(systems.normalise(system))
    while known:
        if entry := index().get((known.uri, code.strip())):
            return entry
        known = systems.load().get(known.extends) if known.extends else None
    return None


def answer(feature: str, system: str | None, code: str | None) -> str | None:
    """Return the value that a coded answer stands for in `feature`, or None.

    >>> answer("smoking_status", "http://loinc.org", "LA18978-9")
    'never'
    """
    analyte = analytes.load().get(feature)
    if analyte is None or not system or not code:
        return None
    return analyte.answer_values.get((systems.normalise(system), code.strip()))


class Words(NamedTuple):
    """Words that make a measurement another thing, for all features or some."""

    why: str
    pattern: re.Pattern[str]
    only: tuple[str, ...] = ()
    never: tuple[str, ...] = ()

    def hold_for(self, feature: str | None) -> bool:
        """Return whether the words count for `feature` (None: for any)."""
        return feature not in self.never and (not self.only or feature in self.only)


@functools.cache
def contradictions() -> tuple[Mapping[tuple[str, str], str], tuple[Words, ...]]:
    """Return the contradicting codes with their reasons, and the contradicting words."""
    path = HERE / "contradictions.toml"
    table = read(path)
    coded = {
        (analytes.uri(system, path.name), row["code"]): row["why"]
        for system, rows in table["codes"].items()
        for row in rows
    }
    return coded, tuple(words(row) for row in table["words"])


@functools.cache
def not_codes() -> Mapping[tuple[str | None, str, str], str]:
    """Return (feature, system URI, code) of what was taken for a feature and is not, and why."""
    return {
        (feature.key, each.system, each.code): each.why
        for feature in analytes.load().values()
        for each in feature.not_codes
    }


def words(row: dict[str, Any]) -> Words:
    """Return one row of contradicting words, its pattern compiled."""
    return Words(
        **{**{k: frozen(v) for k, v in row.items()}, "pattern": re.compile(row["pattern"])}
    )


def contradiction(
    system: str | None, code: str | None, text: str | None, feature: str | None = None
) -> str | None:
    """Return why a coding, body site or method makes `feature` another thing, or None.

    A code of the contradicting list always does, one that is known not to be the feature (urine
    creatinine) for that feature. Words do only when the tables do not know the
    code: the display of a known code is the business of whoever maintains it.

    >>> contradiction(None, None, "Fetal ultrasound Doppler", "heart_rate")
    'birth, newborn, fetus'
    >>> contradiction("http://loinc.org", "8480-6", "Right atrium") is None
    True
    """
    coded, _ = contradictions()
    uri = normalise_system(system)
    key = (uri or "", (code or "").strip())
    if why := coded.get(key) or not_codes().get((feature, *key)):
        return why
    if not text or find(system, code):
        return None
    return in_words(text[:LONGEST], feature)


@functools.lru_cache(maxsize=8192)
def in_words(text: str, feature: str | None) -> str | None:
    """Return why words make `feature` another thing, or None."""
    lowered = text.lower()
    for row in contradictions()[1]:
        if row.hold_for(feature) and row.pattern.search(lowered):
            return row.why
    return None


def contradicts(
    system: str | None, code: str | None, text: str | None, feature: str | None = None
) -> bool:
    """Return whether a coding, body site or method makes `feature` another thing."""
    return contradiction(system, code, text, feature) is not None
