"""Structural validation of FHIR resources: the specification's own rules, each with its place.

Checked are cardinality, types and forms of primitives, choices, required bindings, invariants,
ids, dates, empty or null members, narratives, the form and targets of references, contained
resources, the shape of extensions. Not checked are profiles and codes of other bodies.

Elements that FHIR does not define are warnings. Texts name places, never values.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from gateway.errors import Issue
from gateway.fhir import bundle_invariants  # noqa: F401  importing it declares them
from gateway.fhir.contained import settled
from gateway.fhir.invariants import BY_TYPE
from gateway.fhir.problems import joined, placed, wrong
from gateway.fhir.shapes import Shape
from gateway.fhir.structure import resource_types, structure
from gateway.fhir.targets import reference_to

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.fhir.problems import Check, Problems
    from terminology.records import JSON, Resource

MAX_ISSUES = 200
KNOWN = 4096
MAX_KNOWN = 256


def validate(
    resource: Resource, fhir_version: str = "R4", *, limit: int | None = MAX_ISSUES
) -> tuple[Issue, ...]:
    """Return what is wrong with a resource; nothing when it is valid.

    Of more than `limit` issues the rest is left out, warnings first; None returns all.

    Raises:
        ValueError: there is no such version of FHIR.
    """
    found = any_resource(fhir_version)(resource)
    if found is None:
        return ()
    placed(found, str(resource["resourceType"]) if knows(resource, fhir_version) else "Resource")
    if limit is not None and len(found) > limit:
        found.sort(key=lambda problem: problem.severity == "warning")
    return tuple(
        Issue(problem.code, problem.text, problem.at, problem.severity) for problem in found[:limit]
    )


def knows(resource: JSON, version: str) -> bool:
    """Whether a JSON value says that it is a resource of a known type."""
    name = resource.get("resourceType") if isinstance(resource, dict) else None
    return isinstance(name, str) and name in resource_types(version)


def is_valid(issues: Iterable[Issue]) -> bool:
    """Whether there is no error among the issues."""
    return all(issue.severity not in ("error", "fatal") for issue in issues)


@cache
def any_resource(version: str, *, inside: bool = False) -> Check:
    """Return the check of a resource by its resourceType; `inside` another, it is not settled."""
    types = resource_types(version)

    def check(value: JSON) -> Problems:
        if value.__class__ is not dict:
            return wrong("structure", "not an object, where a resource must stand")
        name = value.get("resourceType")
        if name.__class__ is not str or name not in types:
            return wrong("structure", f"not a resource type of FHIR {version}", "resourceType")
        return checker(name, version)(value) if inside else resource_checker(name, version)(value)

    return check


@cache
def resource_checker(name: str, version: str) -> Check:
    """Return the check of resources of a type that stand for themselves."""
    return settled(checker(name, version))


@cache
def checker(name: str, version: str) -> Check:
    """Return the check of objects of a type.

    ``Resource`` stands for whatever an object says it is, ``Contained`` for that inside another.
    """
    if name in ("Resource", "Contained"):
        return any_resource(version, inside=name == "Contained")
    found = structure(name, version)
    if found is None:
        raise ValueError(f"not a type of FHIR {version}: {name}")
    shape = Shape(
        found,
        version,
        lambda other: checker(other, version),
        lambda targets: reference_to(targets, version, checker("Reference", version)),
    )
    check = walk(shape, tuple(BY_TYPE.get((name, version), ())))
    return remembering(check) if name == "Coding" else check


def remembering(check: Check) -> Check:
    """Return a check that knows the flat objects it found valid: the same codes come in again."""
    known: set[tuple[tuple[str, str], ...]] = set()

    def remembered(value: JSON) -> Problems:
        if value.__class__ is not dict:
            return check(value)
        key = tuple(value.items())
        try:
            if key in known:
                return None
        except TypeError:  # something in it is no text
            return check(value)
        if (found := check(value)) is not None:
            return found
        # A truth equals a number: only texts are what they seem.
        if all(each.__class__ is str and len(each) <= MAX_KNOWN for each in value.values()):
            if len(known) >= KNOWN:
                known.clear()
            known.add(key)
        return None

    return remembered


def walk(shape: Shape, invariants: tuple[Check, ...]) -> Check:
    """Return the check of an object by its shape and invariants."""
    plan_of, plan_for = shape.plans.get, shape.plan_for

    def check(value: JSON) -> Problems:
        if value.__class__ is not dict:
            return wrong("structure", "not an object, where an object must stand")
        names = tuple(value)
        checks, odd = plan_of(names) or plan_for(names)
        found = odd(value) if odd else None
        for name, one, item in zip(names, checks, value.values(), strict=True):
            if (said := one(item)) is not None:
                found = joined(found, placed(said, name.removeprefix("_")))
        for invariant in invariants:
            found = joined(found, invariant(value))
        return found

    return check
