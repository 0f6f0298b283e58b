"""The codes page: what a code, a unit or a feature means to us, and a conversion to try.

All answers come from the functions behind `riskbridge units` and the terminology service; this
module finds out what a text may be, and puts in rows what those functions say.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.web import ui_codes_units
from gateway.web.ui_text import concept
from terminology import analytes, codes, coverage, systems
from terminology.service.generated import of_loinc

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gateway.web.ui_codes_units import Tried, UnitSheet
    from terminology.analytes import Analyte, Code
    from terminology.coverage import Suggestion
    from terminology.records import JSON
    from terminology.systems import System

LONGEST = 120
"""Characters of a field that are looked at; no code, unit or name of a feature is longer."""

LIKELY = 0.7
"""Least likeness of a feature's name to what was asked, for a suggestion."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """A code that a table holds: of a feature, of an answer, or one that is no feature of ours."""

    system: System
    code: str
    entry: Code | None = None
    feature: str = ""
    answer: str = ""
    display: str = ""
    why: str = ""
    """Why it is never used, when it is not."""
    loinc: Mapping[str, JSON] | None = None
    """The LOINC code that a national one stands for, as the service's maps say."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of a text."""

    text: str
    cut: bool
    meanings: tuple[Meaning, ...]
    features: tuple[Analyte, ...]
    unit: UnitSheet | None
    code_near: Suggestion | None = None
    features_near: tuple[str, ...] = ()
    units_near: tuple[str, ...] = ()

    @property
    def any(self) -> bool:
        """Whether anything is known."""
        return bool(self.meanings or self.features or self.unit)

    @property
    def near(self) -> bool:
        """Whether something looks like it."""
        return bool(self.code_near or self.features_near or self.units_near)


def context(asked: Mapping[str, str]) -> dict[str, Any]:
    """Return all that the template of the codes page needs."""
    fields = {name: asked.get(name, "") for name in ("q", "value", "from", "to", "feature")}
    texts = {name: plain(text) for name, text in fields.items()}
    return {
        "asked": texts,
        "found": look_up(texts["q"], cut=len(fields["q"]) > LONGEST) if texts["q"] else None,
        "tried": tried(texts),
        "choices": choices(),
        "every": tuple(analytes.load().values()),
        "codes_of": codes_of,
        "exactly": ui_codes_units.exactly,
        "formula": ui_codes_units.formula,
    }


def plain(text: str) -> str:
    """Return a field as it is looked at."""
    return text.replace("\0", "").strip()[:LONGEST].strip()


def choices() -> list[tuple[str, str]]:
    """Return the features that have a unit, with their words, in the order of these."""
    named = ((key, one.label) for key, one in analytes.load().items() if one.canonical)
    return sorted(named, key=lambda pair: pair[1].casefold())


def look_up(text: str, *, cut: bool = False) -> Found:
    """Return what a text means: a code, ``system|code``, a unit or a feature; or what is near."""
    system, bar, code = text.rpartition("|")
    known = tuple(meanings(system, code.strip()))
    features = () if bar else features_named(text)
    unit = None if bar or (known and text.isdigit()) else ui_codes_units.sheet(text)
    found = Found(text, cut, known, features, unit)
    if found.any:
        return found
    return Found(
        text,
        cut,
        (),
        (),
        None,
        coverage.nearest_code(system, code.strip(), "" if bar else text),
        () if bar else features_near(text),
        () if bar else ui_codes_units.near(text),
    )


def meanings(system: str, code: str) -> Iterator[Meaning]:
    """Yield what the tables hold of a code, in one system or (none given) in any."""
    entries: dict[Code, None] = {}
    for uri in uris(system):
        if entry := codes.find(uri, code):
            entries[entry] = None
        entries |= dict.fromkeys(codes.sides().get((uri, code), ()))
        yield from answers(uri, code)
        yield from never(uri, code)
    yield from (of_entry(entry) for entry in entries)


def uris(system: str) -> tuple[str, ...]:
    """Return the URI of a system, given by any spelling or by our short name; none: of all."""
    if not system.strip():
        return tuple(systems.by_uri())
    short = systems.load().get(system.strip().casefold())
    uri = short.uri if short else codes.normalise_system(system)
    return (uri,) if uri and uri in systems.by_uri() else ()


def of_entry(entry: Code) -> Meaning:
    """Return a code of a feature."""
    system = systems.by_uri()[entry.system]
    why = codes.contradiction(entry.system, entry.code, None, entry.feature) or ""
    loinc = None if system.key == "loinc" else of_loinc(entry)
    return Meaning(system, entry.code, entry, entry.feature, "", entry.display, why, loinc)


def answers(uri: str, code: str) -> Iterator[Meaning]:
    """Yield the features to which a code is an answer."""
    for feature in analytes.load().values():
        if value := codes.answer(feature.key, uri, code):
            displays = (a.display for a in feature.answers if (a.system, a.code) == (uri, code))
            display = next(displays, "")
            yield Meaning(systems.by_uri()[uri], code, None, feature.key, value, display)


def never(uri: str, code: str) -> Iterator[Meaning]:
    """Yield why a code is no feature: for those it was taken for, else for any."""
    of = {key[0] for key in codes.not_codes() if key[1:] == (uri, code)}
    for feature in sorted(of, key=str) or [None]:
        if why := codes.contradiction(uri, code, None, feature):
            yield Meaning(systems.by_uri()[uri], code, None, feature or "", why=why)


def features_named(text: str) -> tuple[Analyte, ...]:
    """Return the feature of that name, else those whose name has all of these words."""
    wanted = coverage.words(text.replace("_", " "))
    named = {key: names(one) for key, one in analytes.load().items()}
    exact = [key for key, known in named.items() if " ".join(wanted) in known]
    part = [key for key, known in named.items() if set(wanted) <= set(" ".join(known).split())]
    return tuple(analytes.load()[key] for key in (exact or part) if wanted)


def names(feature: Analyte) -> tuple[str, ...]:
    """Return the key, label and short name of a feature, in small words."""
    told = (feature.key.replace("_", " "), feature.label, concept(feature.key))
    return tuple(" ".join(coverage.words(name)) for name in told)


def features_near(text: str) -> tuple[str, ...]:
    """Return the features whose names look like the text, the likest first."""
    spelled = {name: key for key, one in analytes.load().items() for name in names(one)}
    near = difflib.get_close_matches(text.casefold().replace("_", " "), spelled, 3, LIKELY)
    return tuple(dict.fromkeys(spelled[name] for name in near))


def codes_of(feature: Analyte) -> list[tuple[System, list[Code]]]:
    """Return the codes of a feature by system."""
    by_system: dict[str, list[Code]] = {}
    for code in feature.codes:
        by_system.setdefault(code.system, []).append(code)
    return [(systems.by_uri()[uri], found) for uri, found in by_system.items()]


def tried(texts: Mapping[str, str]) -> Tried | None:
    """Return the conversion that was asked for, None when none was."""
    if not (texts["value"] and texts["from"]):
        return None
    return ui_codes_units.convert(texts["value"], texts["from"], texts["to"], texts["feature"])
