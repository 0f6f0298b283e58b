"""ConceptMaps of R4 and R5 as one table: what each source code means elsewhere.

Relationships are kept in the words of R5, which say the direction; R4 gets its own on the way out
(its ``wider`` means that the TARGET is wider).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from terminology import systems
from terminology.service.problems import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from terminology.records import JSON, Resource

EQUIVALENT, RELATED, UNRELATED = "equivalent", "related-to", "not-related-to"
NARROWER = "source-is-narrower-than-target"
BROADER = "source-is-broader-than-target"
OF_R4 = {
    "relatedto": RELATED,
    "equivalent": EQUIVALENT,
    "equal": EQUIVALENT,
    "wider": NARROWER,
    "subsumes": NARROWER,
    "narrower": BROADER,
    "specializes": BROADER,
    "inexact": RELATED,
    "unmatched": UNRELATED,
    "disjoint": UNRELATED,
}
TO_R4 = {
    EQUIVALENT: "equivalent",
    RELATED: "relatedto",
    UNRELATED: "disjoint",
    NARROWER: "wider",
    BROADER: "narrower",
}
TURNED = {NARROWER: BROADER, BROADER: NARROWER}
SAFE = (EQUIVALENT, NARROWER)
"""Relationships under which a code may stand for another without a rule."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """One row of a map: a source code, its target and how they relate."""

    source_system: str
    source: str
    target_system: str
    target: str | None
    """None where the map says that there is none."""
    relationship: str
    display: str | None = None
    comment: str | None = None
    map_url: str = ""
    depends: tuple[Resource, ...] = ()
    product: tuple[Resource, ...] = ()
    source_display: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A ConceptMap with its rows by source and by target."""

    resource: Resource
    forward: dict[tuple[str, str], list[Mapping]]
    backward: dict[tuple[str, str], list[Mapping]]

    def rows(self, system: str, code: str, *, reverse: bool) -> list[Mapping]:
        """Return the rows of a code; a system that is not said (empty) may be any."""
        found = self.backward if reverse else self.forward
        if system:
            return found.get((system, code), [])
        return [row for (_, name), rows in found.items() if name == code for row in rows]


def table(resource: Resource) -> Table:
    """Return a ConceptMap as a table.

    Raises:
        ServiceError: its groups are none.
    """
    made = Table(resource, {}, {})
    for row in mappings(resource):
        made.forward.setdefault((row.source_system, row.source), []).append(row)
        if row.target is not None:
            made.backward.setdefault((row.target_system, row.target), []).append(row)
    return made


def canonical_of(resource: Resource) -> str:
    """Return ``url|version`` of a map."""
    return "|".join(str(resource[key]) for key in ("url", "version") if resource.get(key))


def groups(resource: Resource) -> list[Resource]:
    """Return the groups of a map.

    Raises:
        ServiceError: they are none.
    """
    found = resource.get("group") or []
    if not isinstance(found, list) or not all(isinstance(group, dict) for group in found):
        raise ServiceError(422, "invalid", "ConceptMap.group is no list of objects")
    return found


def sides(group: Resource) -> tuple[str, str]:
    """Return the source and target systems of a group, without versions."""
    found = [str(group.get(key) or "").partition("|")[0] for key in ("source", "target")]
    return systems.normalise(found[0]), systems.normalise(found[1])


def mappings(resource: Resource) -> Iterator[Mapping]:
    """Return every row of a map."""
    for group in groups(resource):
        source, target = sides(group)
        for element in objects(group.get("element")):
            if element.get("noMap") is True:
                yield Mapping(
                    source, str(element.get("code")), target, None, UNRELATED,
                    map_url=canonical_of(resource),
                )  # fmt: skip
            for each in objects(element.get("target")):
                yield mapping(resource, (source, target), element, each)


def mapping(
    resource: Resource, between: tuple[str, str], element: Resource, each: Resource
) -> Mapping:
    """Return one row of a map.

    Raises:
        ServiceError: its relationship is none that FHIR knows: it would be a guess.
    """
    relationship = related(each)
    code = each.get("code")
    return Mapping(
        between[0],
        str(element.get("code")),
        between[1],
        code if isinstance(code, str) else None,
        relationship,
        each.get("display"),
        each.get("comment"),
        canonical_of(resource),
        tuple(objects(each.get("dependsOn"))),
        tuple(objects(each.get("product"))),
        element.get("display"),
    )


def related(each: Resource) -> str:
    """Return the relationship of a row in the words of R5; related, where it says none.

    Raises:
        ServiceError: it is none that FHIR knows.
    """
    said = each.get("relationship") or each.get("equivalence")
    if said is None:
        return RELATED
    if said in TO_R4:
        return str(said)
    if said in OF_R4:
        return OF_R4[said]
    raise ServiceError(422, "code-invalid", f"a map's relationship is {str(said)[:60]!r}")


def objects(found: JSON) -> list[Resource]:
    """Return the objects of a list."""
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def unmapped(resource: Resource, system: str, code: str) -> Iterator[Mapping | str]:
    """Return what a map says of codes that it does not list; a text is another map to ask."""
    for group in groups(resource):
        rule = group.get("unmapped")
        source, target = sides(group)
        if not isinstance(rule, dict) or source != system:
            continue
        relationship = str(rule.get("relationship") or EQUIVALENT)
        mode, url = rule.get("mode"), canonical_of(resource)
        if mode in ("use-source-code", "provided"):
            yield Mapping(source, code, target, code, relationship, map_url=url)
        elif mode == "fixed" and isinstance(rule.get("code"), str):
            related = str(rule.get("relationship") or RELATED)
            yield Mapping(
                source, code, target, rule["code"], related, rule.get("display"), map_url=url
            )
        elif mode == "other-map":
            yield str(rule.get("otherMap") or rule.get("url") or "")
