"""What of a partner's codes and units is known: counts, and a suggestion for a person to judge.

A suggestion is never used: it says which known code or unit looks nearest, so that whoever keeps
the tables can ask the partner.
"""

from __future__ import annotations

import difflib
import functools
import math
import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from terminology import analytes, codes, routes, texts, units

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from terminology.analytes import Code
    from terminology.records import JSON, Resource

LONGEST = 200
DEEPEST = 20
"""Bounds: characters that are kept of a text, Bundles in Bundles."""

ALIKE = 0.5
"""Least share of common words, by weight, for a suggestion."""

WORD = re.compile(r"[^\W_]+")


class Suggestion(NamedTuple):
    """The nearest known code, for a person to judge."""

    system: str
    code: str
    display: str
    feature: str
    why: str


class CodeUse(NamedTuple):
    """One coding of the data: how often it stands there, and how often with no known one."""

    system: str
    code: str
    display: str
    seen: int
    alone: int
    feature: str | None = None
    relation: str | None = None
    suggestion: Suggestion | None = None


class UnitUse(NamedTuple):
    """One way in which the data state the unit of a feature."""

    feature: str
    system: str
    code: str
    text: str
    seen: int
    ucum: str | None = None
    reason: str | None = None
    suggestions: tuple[str, ...] = ()


class AnswerUse(NamedTuple):
    """One coded answer to a feature that has answers."""

    feature: str
    system: str
    code: str
    seen: int
    value: str | None = None


class Coverage(NamedTuple):
    """What was found in the Observations of some data, the most frequent first."""

    observations: int
    codes: tuple[CodeUse, ...]
    units: tuple[UnitUse, ...]
    answers: tuple[AnswerUse, ...]

    def plain(self) -> dict[str, Any]:
        """Return the same as JSON can hold it, with totals."""
        known = sum(use.seen for use in self.codes if use.feature)
        fitting = sum(use.seen for use in self.units if use.ucum)
        return {
            "observations": self.observations,
            "codings": sum(use.seen for use in self.codes),
            "codings_known": known,
            "quantities": sum(use.seen for use in self.units),
            "quantities_known": fitting,
            "codes": [plain(use) for use in self.codes],
            "units": [plain(use) for use in self.units],
            "answers": [plain(use) for use in self.answers],
        }


def plain(use: CodeUse | UnitUse | AnswerUse) -> dict[str, Any]:
    """Return one row as JSON can hold it, without what it does not have."""
    found = use._asdict()
    found = {"count": found.pop("seen"), **found}
    if isinstance(use, CodeUse) and use.suggestion:
        found["suggestion"] = use.suggestion._asdict()
    return {key: value for key, value in found.items() if value not in (None, "", ())}


class Survey:
    """Counts what resources hold, one after the other; `coverage` judges it at the end."""

    def __init__(self) -> None:
        self.observations = 0
        self.codes: Counter[tuple[str, str]] = Counter()
        self.alone: Counter[tuple[str, str]] = Counter()
        self.displays: dict[tuple[str, str], str] = {}
        self.units: Counter[tuple[str, str, str, str]] = Counter()
        self.answers: Counter[tuple[str, str, str]] = Counter()

    def see(self, resource: Resource) -> None:
        """Count the Observations in a resource, alone, contained or in a Bundle."""
        for observation in observations(resource, 0):
            self.observations += 1
            self.see_one(observation)
            for component in objects(observation.get("component")):
                self.see_one(component)

    def see_one(self, given: Resource) -> None:
        """Count the codings of an Observation or component, its unit and its answer."""
        found = codings(given.get("code"))
        known = [entry for system, code, _ in found if (entry := codes.find(system, code))]
        for system, code, display in found:
            self.codes[system, code] += 1
            self.alone[system, code] += not known
            if display:
                self.displays.setdefault((system, code), display)
        features = {entry.feature for entry in known}
        if len(features) == 1:
            self.see_value(features.pop(), given)

    def see_value(self, feature: str, given: Resource) -> None:
        """Count the unit or the answer of a known feature."""
        quantity = given.get("valueQuantity")
        if isinstance(quantity, dict) and analytes.load()[feature].canonical:
            stated = tuple(text(quantity.get(key)) for key in ("system", "code", "unit"))
            self.units[feature, stated[0], stated[1], stated[2]] += 1
        for system, code, _ in codings(given.get("valueCodeableConcept")):
            self.answers[feature, system, code] += 1

    def coverage(self) -> Coverage:
        """Return what is known of all that was counted."""
        return Coverage(
            self.observations,
            tuple(self.code_use(key, seen) for key, seen in ordered(self.codes)),
            tuple(unit_use(key, seen) for key, seen in ordered(self.units)),
            tuple(answer_use(key, seen) for key, seen in ordered(self.answers)),
        )

    def code_use(self, key: tuple[str, str], seen: int) -> CodeUse:
        """Return what is known of one coding."""
        system, code = key
        display = self.displays.get(key, "")
        made = CodeUse(system, code, display, seen, self.alone[key])
        entry = codes.find(system, code)
        if entry:
            return made._replace(feature=entry.feature, relation=entry.relation)
        return made._replace(suggestion=nearest_code(system, code, display))


def survey(resources: Iterable[Resource]) -> Coverage:
    """Return the coverage of resources of any type; only Observations count."""
    made = Survey()
    for resource in resources:
        made.see(resource)
    return made.coverage()


def ordered(counted: Counter[Any]) -> list[tuple[Any, int]]:
    """Return what was counted, the most frequent first, ties by name."""
    return sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))


def observations(resource: JSON, depth: int) -> Iterator[Resource]:
    """Return the Observations in a resource, whatever holds them."""
    if not isinstance(resource, dict) or depth > DEEPEST:
        return
    if resource.get("resourceType") == "Observation":
        yield resource
    for inner in objects(resource.get("contained")):
        yield from observations(inner, depth + 1)
    if resource.get("resourceType") == "Bundle":
        for entry in objects(resource.get("entry")):
            yield from observations(entry.get("resource"), depth + 1)


def objects(found: JSON) -> list[Resource]:
    """Return the objects of a list."""
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def codings(concept: JSON) -> list[tuple[str, str, str]]:
    """Return system, code and display of the codings that have a code."""
    found = objects(concept.get("coding")) if isinstance(concept, dict) else []
    rows = [tuple(text(one.get(key)) for key in ("system", "code", "display")) for one in found]
    return [(row[0], row[1], row[2]) for row in rows if row[1]]


def text(value: JSON) -> str:
    """Return a text, trimmed and cut; empty for anything else."""
    return value.strip()[:LONGEST] if isinstance(value, str) else ""


def answer_use(key: tuple[str, str, str], seen: int) -> AnswerUse:
    """Return what is known of one coded answer."""
    return AnswerUse(*key, seen, codes.answer(*key))


def unit_use(key: tuple[str, str, str, str], seen: int) -> UnitUse:
    """Return what is known of one way to state a unit."""
    feature, system, code, said = key
    found = units.resolve(system or None, code or None, said or None, feature)
    made = UnitUse(*key, seen, found.ucum, found.reason)
    if found.ucum:
        return made
    return made._replace(suggestions=nearest_units(feature, code, said, found.reason))


def nearest_units(feature: str, code: str, said: str, reason: str | None) -> tuple[str, ...]:
    """Return the units of a feature that an unknown one looks like."""
    for given in (said, code):
        entry = texts.find(given) if given else None
        if entry and entry.candidates:
            return tuple(unit for unit in entry.candidates if fits(feature, unit))
    if reason != "unit-unknown":
        return ()
    spelled = spellings(feature)
    for given in (said, code):
        folded = texts.plain(given).casefold()
        near = difflib.get_close_matches(folded, spelled, 3, 0.75) if folded else []
        if near:
            return tuple(dict.fromkeys(spelled[name] for name in near))
    return ()


def fits(feature: str, unit: str) -> bool:
    """Return whether a unit is one of the feature."""
    return isinstance(routes.route(feature, unit), routes.Route)


@functools.cache
def spellings(feature: str) -> dict[str, str]:
    """Return the known spellings, without case, of units of a feature."""
    accepted = {row.unit.casefold(): row.unit for row in analytes.load()[feature].accepted}
    known = {
        name.casefold(): entry.unit
        for name, entry in texts.load().items()
        if entry.unit and (entry.features is None or feature in entry.features)
        if not entry.refused and fits(feature, entry.unit)
    }
    return {**known, **accepted}


def nearest_code(system: str, code: str, display: str) -> Suggestion | None:
    """Return the known code that an unknown one looks like: the same code, or alike in words."""
    for entry in by_code().get(code.casefold(), ()):
        same = codes.normalise_system(system) == entry.system
        why = "the same code in other letters" if same else "the same code in another system"
        return suggested(entry, why)
    wanted = set(words(display))
    if not wanted:
        return None
    shared: Counter[Code] = Counter()
    for word in wanted:
        shared.update(by_word().get(word, ()))
    best = [(likeness(wanted, entry), entry) for entry, _ in shared.most_common(50)]
    for _, entry in sorted((p for p in best if p[0] >= ALIKE), key=lambda pair: -pair[0]):
        if not codes.contradicts(None, None, display, entry.feature):
            return suggested(entry, "a similar display")
    return None


def likeness(wanted: set[str], entry: Code) -> float:
    """Return how much words are like the display of a known code, 0 to 1; rare words weigh more."""
    own = set(words(entry.display))
    return sum(map(weight, wanted & own)) / sum(map(weight, wanted | own))


@functools.lru_cache(maxsize=8192)
def weight(word: str) -> float:
    """Return the weight of a word: the fewer known displays have it, the more it says."""
    return math.log(1 + len(codes.index()) / (1 + len(by_word().get(word, ()))))


def suggested(entry: Code, why: str) -> Suggestion:
    """Return a known code as a suggestion."""
    return Suggestion(entry.system, entry.code, entry.display, entry.feature, why)


def words(display: str) -> list[str]:
    """Return the words of a display."""
    return WORD.findall(display.casefold())


@functools.cache
def by_code() -> dict[str, tuple[Code, ...]]:
    """Return the known codes by their letters and digits, without case."""
    found: dict[str, list[Code]] = defaultdict(list)
    for entry in codes.index().values():
        found[entry.code.casefold()].append(entry)
    return {key: tuple(entries) for key, entries in found.items()}


@functools.cache
def by_word() -> dict[str, tuple[Code, ...]]:
    """Return the known codes by the words of their displays."""
    found: dict[str, list[Code]] = defaultdict(list)
    for entry in codes.index().values():
        for word in set(words(entry.display)):
            found[word].append(entry)
    return {key: tuple(entries) for key, entries in found.items()}
