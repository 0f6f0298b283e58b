"""``ConceptMap/$translate``: a code of one system in the words of another, with its source.

Two maps that say different things of one code are an error, never a choice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from terminology import systems
from terminology.service.asked import parameters, parts, row
from terminology.service.library import canonical
from terminology.service.maps import (
    SAFE,
    TO_R4,
    TURNED,
    UNRELATED,
    Mapping,
    Table,
    objects,
    table,
    unmapped,
)
from terminology.service.problems import ServiceError, UnresolvedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from terminology.records import Resource
    from terminology.service.asked import Asked
    from terminology.service.library import Library

DEEPEST = 5
"""Maps that hand on to other maps, one after the other."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The codings to translate and what the answer is limited to."""

    codings: tuple[tuple[str, str], ...]
    reverse: bool = False
    target_system: str | None = None
    source_scope: str | None = None
    target_scope: str | None = None
    dependencies: tuple[tuple[str, str], ...] = ()


def translate(library: Library, asked: Asked) -> Resource:
    """Return the translations of a code, each with its relationship and its map.

    Raises:
        ServiceError: no code or no such map, or maps that contradict one another.
    """
    wanted = wished(asked)
    chosen = maps(library, asked, wanted)
    found = [
        each
        for code in wanted.codings
        for each in translated(library, chosen, code, wanted, depth=0)
    ]
    named = asked.one("url", "conceptMap") is not None or asked.instance is not None
    if not named:
        refuse_contradiction(found)
    return answer(unique(found), wanted, asked)


def wished(asked: Asked) -> Wanted:
    """Return what a request wants, in the words of R4 or of R5.

    Raises:
        ServiceError: it has no code.
    """
    back = codings(asked, "target")
    reverse = bool(back) or asked.flag("reverse")
    found = back or codings(asked, "source")
    if not found:
        raise ServiceError(400, "required", "a code with its system must stand, to be translated")
    target = asked.text("targetSystem", "targetsystem")
    return Wanted(
        found,
        reverse,
        systems.normalise(target) if target else None,
        asked.text("sourceScope", "source"),
        asked.text("targetScope", "target"),
        tuple(dependency(each) for each in objects(list(asked.values.get("dependency", ())))),
    )


def dependency(each: Resource) -> tuple[str, str]:
    """Return element and value of a dependency of the request."""
    given = {part.get("name"): part for part in objects(each.get("part"))}
    name, value = (given.get(k, {}) for k in ("element", "concept"))
    return str(name.get("valueUri")), str(value)


def codings(asked: Asked, side: str) -> tuple[tuple[str, str], ...]:
    """Return (system, code) of each coding of one side of a request."""
    names = {
        "source": ("sourceCodeableConcept", "codeableConcept"),
        "target": ("targetCodeableConcept",),
    }
    concept = asked.one(*names[side])
    if isinstance(concept, dict):
        return pairs(objects(concept.get("coding")))
    coding = asked.one(*(("sourceCoding", "coding") if side == "source" else ("targetCoding",)))
    if isinstance(coding, dict):
        return pairs([coding])
    code = asked.text(*(("sourceCode", "code") if side == "source" else ("targetCode",)))
    if code is None:
        return ()
    of_target = ("targetSystem", "targetsystem", "system")
    system = asked.text(*(("sourceSystem", "system") if side == "source" else of_target))
    return pairs([{"system": system, "code": code}])


def pairs(found: Iterable[Resource]) -> tuple[tuple[str, str], ...]:
    """Return (system, code) of codings; a system that is not said is empty."""
    return tuple(
        (systems.normalise(str(one.get("system") or "").partition("|")[0]), one["code"])
        for one in found
        if isinstance(one.get("code"), str)
    )


def maps(library: Library, asked: Asked, wanted: Wanted) -> list[Table]:
    """Return the maps to look into.

    Raises:
        UnresolvedError: the request names one that nobody has.
    """
    given = asked.resource("conceptMap", "ConceptMap")
    if given is not None:
        return [table(given)]
    url, version = asked.text("url"), asked.text("conceptMapVersion")
    known = library.concept_maps
    if url is None and asked.instance is None:
        return [one for one in known if in_scope(one.resource, wanted)]
    if url is not None:
        plain, version = canonical(url, version)
        found = [one for one in known if one.resource.get("url") == plain]
        found = [one for one in found if version in (None, one.resource.get("version"))][-1:]
    else:
        found = [one for one in known if one.resource.get("id") == asked.instance]
    if not found:
        raise UnresolvedError("concept map", str(url or asked.instance))
    return found


def in_scope(resource: Resource, wanted: Wanted) -> bool:
    """Return whether a map is between the value sets that a request names."""
    for side, asked in (("source", wanted.source_scope), ("target", wanted.target_scope)):
        stated = {str(resource.get(key)) for key in scopes(resource, side)}
        if asked is not None and asked not in stated:
            return False
    return True


def scopes(resource: Resource, side: str) -> list[str]:
    """Return the elements that hold the scope of one side, in R4 and in R5."""
    return [
        key
        for key in resource
        if key in (f"{side}Uri", f"{side}Canonical", f"{side}ScopeUri", f"{side}ScopeCanonical")
    ]


def translated(
    library: Library, chosen: Sequence[Table], code: tuple[str, str], wanted: Wanted, depth: int
) -> list[Mapping]:
    """Return what maps say of one code; a map that hands on is followed, but not for ever."""
    found: list[Mapping] = []
    for one in chosen:
        rows = [each for each in rows_of(one, code, wanted) if allowed(each, wanted)]
        found += rows
        if rows or wanted.reverse:
            continue
        for each in unmapped(one.resource, *code):
            if isinstance(each, Mapping):
                found += [each] if fits(each, wanted) else []
            elif depth < DEEPEST:
                others = [m for m in library.concept_maps if m.resource.get("url") == each]
                found += translated(library, others, code, wanted, depth + 1)
    return found


def rows_of(table_: Table, code: tuple[str, str], wanted: Wanted) -> list[Mapping]:
    """Return the rows of a map for a code, turned when it is read backwards."""
    rows = table_.rows(*code, reverse=wanted.reverse)
    if wanted.reverse:
        return [turned(each) for each in rows]
    return [each for each in rows if fits(each, wanted)]


def fits(each: Mapping, wanted: Wanted) -> bool:
    """Return whether a row leads to the system that is wanted."""
    return wanted.target_system in (None, each.target_system)


def allowed(each: Mapping, wanted: Wanted) -> bool:
    """Return whether what a row depends on is known to hold, or the request says nothing of it."""
    stated = dict(wanted.dependencies)
    for need in each.depends:
        name = str(need.get("attribute") or need.get("property"))
        if name in stated and str(need.get("value")) not in stated[name]:
            return False
    return True


def turned(each: Mapping) -> Mapping:
    """Return a row read from its target to its source."""
    return replace(
        each,
        source_system=each.target_system,
        source=each.target or "",
        target_system=each.source_system,
        target=each.source,
        relationship=TURNED.get(each.relationship, each.relationship),
        display=each.source_display,
        source_display=each.display,
    )


def refuse_contradiction(found: Sequence[Mapping]) -> None:
    """Refuse what maps contradict one another in.

    Raises:
        ServiceError: two maps lead one code to different codes of one system, or one denies what
            another says.
    """
    said: dict[tuple[str, str, str], dict[str, set[str]]] = {}
    for each in found:
        if each.target and each.relationship in SAFE:
            key = (each.source_system, each.source, each.target_system)
            said.setdefault(key, {}).setdefault(each.map_url, set()).add(each.target)
    for (_, source, target), by_map in said.items():
        first, *others = by_map.values()
        if any(other != first for other in others):
            raise contradiction(source, target, by_map)
    refuse_denial(found)


def refuse_denial(found: Sequence[Mapping]) -> None:
    """Refuse two codes that one map relates and another one says are not related.

    Raises:
        ServiceError: there are two such maps.
    """
    told: dict[tuple[str, str, str, str], dict[bool, set[str]]] = {}
    for each in found:
        if each.target:
            key = (each.source_system, each.source, each.target_system, each.target)
            sides = told.setdefault(key, {True: set(), False: set()})
            sides[each.relationship == UNRELATED].add(each.map_url)
    for (_, source, target, _), sides in told.items():
        if all(sides.values()) and sides[True] != sides[False]:
            raise contradiction(source, target, sides[True] | sides[False])


def contradiction(source: str, target: str, urls: Iterable[str]) -> ServiceError:
    """Return the error that names the maps."""
    text = f"maps contradict one another on {source[:100]} in {target[:200]}: "
    return ServiceError(409, "conflict", text + ", ".join(sorted(urls)))


def unique(found: Iterable[Mapping]) -> list[Mapping]:
    """Return each translation once."""
    seen: dict[tuple[str, str | None, str, str], Mapping] = {}
    for each in found:
        key = (each.target_system, each.target, each.relationship, each.map_url)
        seen.setdefault(key, each)
    return list(seen.values())


def answer(found: Sequence[Mapping], wanted: Wanted, asked: Asked) -> Resource:
    """Return the Parameters: whether there is a translation, and each one."""
    good = [each for each in found if each.target and each.relationship != UNRELATED]
    names = ", ".join(code for _, code in wanted.codings)[:200]
    text = None if good else f"no translation of {names} was found"
    matches = [match(each, asked.fhir_version) for each in found]
    return parameters(
        row("result", "Boolean", bool(good)), row("message", "String", text), *matches
    )


def match(each: Mapping, version: str) -> Resource:
    """Return one translation in the words of a FHIR version."""
    coding = {"system": each.target_system, "code": each.target, "display": each.display}
    concept = {key: value for key, value in coding.items() if value}
    if version == "R5":
        return parts(
            "match",
            row("relationship", "Code", each.relationship),
            row("concept", "Coding", concept if each.target else None),
            *(attribute("dependsOn", need) for need in each.depends),
            *(attribute("product", made) for made in each.product),
            row("originMap", "Uri", each.map_url or None),
        )
    equivalence = "unmatched" if each.target is None else TO_R4.get(each.relationship, "relatedto")
    return parts(
        "match",
        row("equivalence", "Code", equivalence),
        row("concept", "Coding", concept if each.target else None),
        *(product_r4(made) for made in each.product),
        row("source", "Uri", each.map_url or None),
    )


def attribute(name: str, given: Resource) -> Resource:
    """Return a dependency or product as R5 answers it."""
    key = given.get("attribute") or given.get("property")
    value = {k: v for k, v in given.items() if k.startswith("value")}
    return parts(name, row("attribute", "Uri", key), {"name": "value", **value} if value else None)


def product_r4(given: Resource) -> Resource:
    """Return a product as R4 answers it."""
    coding = {"system": given.get("system"), "code": given.get("value")}
    concept = {key: value for key, value in coding.items() if isinstance(value, str)}
    return parts(
        "product",
        row("element", "Uri", given.get("property") or given.get("attribute")),
        row("concept", "Coding", concept or given.get("valueCoding")),
    )
