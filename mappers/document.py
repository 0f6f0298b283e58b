"""A document -> everything in it: the full lane over resources of every kind.

The walk visits Bundles of every type (nested ones too), Parameters and contained resources in their
order, names each place as FHIRPath does, and lets references find what they mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mappers import choice
from mappers.conditions import family_entries, map_composition, map_condition, map_question
from mappers.family import map_family
from mappers.gather import Context, Gathered, Place
from mappers.medications import map_medication
from mappers.observation import map_observation
from mappers.patient import map_patient
from mappers.references import Scope
from mappers.versions import as_list
from terminology.records import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from terminology.records import JSON, Measurement, Person, Resource

__all__ = ["Context", "Mapped", "map_document", "map_resources"]

DEEPEST = 16
"""Bundles inside Bundles that are followed; deeper ones are told and left."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a document says: persons, usable values, and what could not be used."""

    people: tuple[Person, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    findings: tuple[Finding, ...] = ()


def map_observed(place: Place) -> None:
    """Add what an Observation says: measurements, findings, answers to national questions."""
    own = choice.as_sent(place.resource.get("code"))
    map_observation(place, own)
    if own and (asked := choice.asked(own)):
        map_question(place, asked)


MAPPERS: dict[str, Callable[[Place], None]] = {
    "Patient": map_patient,
    "Observation": map_observed,
    "Condition": map_condition,
    "MedicationStatement": map_medication,
    "MedicationRequest": map_medication,
    "Composition": map_composition,
    "FamilyMemberHistory": map_family,
}


VISITED = frozenset({*MAPPERS, "Bundle", "Parameters"})


def map_document(document: JSON, context: Context | None = None, at: str = "") -> Mapped:
    """Return everything that a resource (a Bundle of any type, too) says.

    `at` goes before every place, such as ``line[7]``. Nothing that JSON can hold raises.
    """
    gathered = Gathered()
    walk(document, f"{at}." if at else "", Scope(), context or Context(), gathered)
    return Mapped(tuple(gathered.people), tuple(gathered.measurements), tuple(gathered.findings))


def map_resources(resources: Iterable[Resource], context: Context | None = None) -> Mapped:
    """Return everything that loose resources of one server say; they refer to each other.

    Each place begins with the resource's type, as if it were alone: ``resource`` tells which it is.
    """
    listed = [resource for resource in resources if isinstance(resource, dict)]
    scope, gathered = Scope(), Gathered()
    for resource in listed:
        scope.add(resource)
    for resource in listed:
        walk(resource, "", scope, context or Context(), gathered)
    return Mapped(tuple(gathered.people), tuple(gathered.measurements), tuple(gathered.findings))


def walk(document: JSON, before: str, scope: Scope, context: Context, out: Gathered) -> None:
    """Visit a whole resource that stands at the root."""
    kind = document.get("resourceType") if isinstance(document, dict) else None
    root = Place(document, f"{before}{kind}", document, f"{before}{kind}", scope, context, out)
    if not isinstance(kind, str) or not kind.isalpha():
        at = before.rstrip(".")
        out.findings.append(malformed(at, "It is no FHIR resource: it has no resourceType."))
        return
    if kind not in ("Bundle", "Parameters"):
        scope.add(document)
    visit(root, 0)


def malformed(at: str, detail: str) -> Finding:
    """Return the finding of something that cannot be read."""
    return Finding(at, "malformed", detail)


def visit(place: Place, depth: int) -> None:
    """Map one resource, those contained in it, and those of a Bundle or Parameters."""
    resource = place.resource
    kind = resource.get("resourceType")
    mapper = MAPPERS.get(kind) if isinstance(kind, str) else None
    if mapper is not None:
        mapper(place)
    if resource.get("contained"):
        visit_contained(place)
    if kind == "Bundle":
        visit_bundle(place, depth)
    elif kind == "Parameters":
        visit_parameters(place, depth)


def visit_contained(place: Place) -> None:
    """Map the resources contained in one."""
    for index, inner in enumerate(as_list(place.resource.get("contained"))):
        kind = inner.get("resourceType") if isinstance(inner, dict) else None
        mapper = MAPPERS.get(kind) if isinstance(kind, str) else None
        if mapper is not None:
            at = f"{place.at}.contained[{index}]"
            mapper(
                Place(inner, at, place.resource, place.at, place.scope, place.context, place.out)
            )


def visit_bundle(place: Place, depth: int) -> None:
    """Map the entries of a Bundle; they find one another before what is around the Bundle."""
    if depth >= DEEPEST:
        place.refuse("malformed", f"Bundles are nested deeper than {DEEPEST}.")
        return
    scope = Scope(place.scope)
    found = list(entries(place))
    for _, resource, full_url in found:
        scope.add(resource, full_url)
        if resource.get("resourceType") == "Composition":
            scope.family.update(family_entries(resource))
    for at, resource, _ in found:
        kind = resource.get("resourceType")
        if "contained" in resource or (isinstance(kind, str) and kind in VISITED):
            visit(Place(resource, at, resource, at, scope, place.context, place.out), depth + 1)


def entries(place: Place) -> Iterator[tuple[str, Resource, JSON]]:
    """Yield place, resource and fullUrl of each entry that has a resource."""
    for index, entry in enumerate(as_list(place.resource.get("entry"))):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(resource, dict):
            yield f"{place.at}.entry[{index}].resource", resource, entry.get("fullUrl")


def visit_parameters(place: Place, depth: int) -> None:
    """Map the resources of Parameters (in their parts, too), which find one another."""
    found = list(parameters(place.resource, "parameter", place.at, 0))
    scope = Scope(place.scope)
    for _, resource in found:
        scope.add(resource)
    if depth < DEEPEST:
        for at, resource in found:
            visit(Place(resource, at, resource, at, scope, place.context, place.out), depth + 1)


def parameters(node: Resource, element: str, at: str, depth: int) -> Iterator[tuple[str, Resource]]:
    """Yield place and resource of each parameter, and of its parts, that has one."""
    for index, inner in enumerate(as_list(node.get(element))):
        if not isinstance(inner, dict):
            continue
        here = f"{at}.{element}[{index}]"
        if isinstance(inner.get("resource"), dict):
            yield f"{here}.resource", inner["resource"]
        if depth < DEEPEST:
            yield from parameters(inner, "part", here, depth + 1)
