"""Contained resources: what refers to them must find them, and what they must not hold.

While a resource is walked, every local reference (``#a``) is noted as a problem; here, where the
contained resources are known, the notes are settled (ref-1), and those that nothing refers to, or
that hold what they must not, are found (dom-2 to dom-5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.fhir.invariants import objects
from gateway.fhir.problems import Problem, joined, wrong

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.fhir.problems import Check, Problems
    from terminology.records import JSON, Resource


def settled(check: Check) -> Check:
    """Return the check of a resource, with all that it says of contained ones settled."""

    def whole(value: JSON) -> Problems:
        found = check(value)
        if found is None and "contained" not in value:
            return None
        contained = dict(objects(value.get("contained"))) if value.__class__ is dict else {}
        return settle(contained, found or [])

    return whole


def settle(contained: dict[int, Resource], found: list[Problem]) -> Problems:
    """Return what remains wrong, given the contained resources by index."""
    kinds = {str(each.get("id")): str(each.get("resourceType")) for each in contained.values()}
    kept = [problem for problem in found if problem.local is None or unresolved(problem, kinds)]
    used = {problem.local for problem in found}
    upward = {problem.at.partition(".")[0] for problem in found if problem.local == ""}
    seen: set[str] = set()
    for index, resource in contained.items():
        place = f"contained[{index}]"
        if str(resource.get("id")) in seen:
            kept.append(Problem("invariant", "an earlier one has the same id", f"{place}.id"))
        seen.add(str(resource.get("id")))
        if str(resource.get("id")) not in used and place not in upward:
            kept.append(Problem("invariant", "dom-3: nothing refers to it", place))
        kept += inner(resource, place) or ()
    for problem in kept:
        problem.local = None
    return kept or None


def unresolved(problem: Problem, kinds: dict[str, str]) -> bool:
    """Whether a local reference finds nothing, or something of another type."""
    if problem.severity == "information":
        return False
    if problem.local == "":
        return not problem.at.startswith("contained[")
    if problem.local not in kinds:
        return True
    if problem.targets and kinds[problem.local] not in problem.targets:
        problem.code = "invalid"
        problem.text = f"names another type than {', '.join(sorted(problem.targets))}"
        return True
    return False


def inner(resource: Resource, place: str) -> Problems:
    """Say what a contained resource must not hold (dom-2, dom-4, dom-5)."""
    found: Problems = None
    for path, text in forbidden(resource):
        found = joined(found, wrong("invariant", text, f"{place}.{path}"))
    return found


def forbidden(resource: Resource) -> Iterator[tuple[str, str]]:
    """Yield the place and the rule of each thing that a contained resource must not hold."""
    meta = resource.get("meta")
    meta = meta if isinstance(meta, dict) else {}
    if "contained" in resource:
        yield "contained", "dom-2: a contained resource contains none"
    for name in ("versionId", "lastUpdated"):
        if name in meta:
            yield f"meta.{name}", "dom-4: a contained resource has no version"
    if "security" in meta:
        yield "meta.security", "dom-5: a contained resource has no security label"
