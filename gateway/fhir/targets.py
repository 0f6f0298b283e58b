"""References: of which type is what they name, and may it stand there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gateway.fhir.problems import joined, wrong
from gateway.fhir.structure import resource_types

if TYPE_CHECKING:
    from gateway.fhir.problems import Check, Problems
    from terminology.records import JSON, Resource

LITERAL = re.compile(r"(?:https?://.+/)?([A-Z][A-Za-z]+)/[^/\s?#]+(?:/_history/[^/\s]+)?\Z")


def reference_to(targets: frozenset[str], version: str, base: Check) -> Check:
    """Return the check of a Reference that may name resources of the types `targets`."""
    types = resource_types(version)
    plain = re.compile(rf"(?:{'|'.join(sorted(targets))})/[A-Za-z0-9.-]{{1,64}}\Z").match
    text = f"names another type than {', '.join(sorted(targets))}"

    def check(value: JSON) -> Problems:
        if value.__class__ is not dict:
            return base(value)
        reference = value.get("reference")
        if reference.__class__ is str and len(value) == 1 and plain(reference):
            return None
        said = base(value)
        if reference.__class__ is str and reference.partition("/")[0] not in targets:
            for problem in said or ():
                problem.targets = targets
            if named(reference, types) not in (None, *targets):
                said = joined(said, wrong("invalid", text, "reference"))
        if "type" in value and stated(value, types) not in (None, *targets):
            said = joined(said, wrong("invalid", text, "type"))
        return said

    return check


def named(reference: str, types: frozenset[str]) -> str | None:
    """Return the resource type that a literal reference names, if it names one."""
    match = LITERAL.match(reference)
    return match[1] if match and match[1] in types else None


def stated(value: Resource, types: frozenset[str]) -> str | None:
    """Return ``Reference.type`` when it is a resource type."""
    name = value["type"]
    return name if isinstance(name, str) and name in types else None
