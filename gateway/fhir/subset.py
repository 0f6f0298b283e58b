"""Parts of resources, for searches that ask for some elements only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.fhir.json import decode, encode
from gateway.fhir.structure import structure

if TYPE_CHECKING:
    from collections.abc import Collection

    from terminology.records import Resource

ALWAYS = frozenset({"resourceType", "id", "meta", "implicitRules"})
SYSTEM = {
    "STU3": "http://hl7.org/fhir/v3/ObservationValue",
    "R4": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
}


def with_elements(raw: bytes, wanted: Collection[str], fhir_version: str) -> bytes:
    """Return a resource with the elements `wanted` and those that it must have, marked as a part.

    An element of a choice may be named with or without its type.
    """
    resource = decode(raw)
    kept = ALWAYS | set(wanted) | mandatory(resource["resourceType"], fhir_version)
    choices = tuple(name.removesuffix("[x]") for name in wanted)
    return encode(
        marked(
            {
                name: value
                for name, value in resource.items()
                if name.removeprefix("_") in kept or is_choice(name, choices)
            },
            fhir_version,
        )
    )


def without_text(raw: bytes, fhir_version: str) -> bytes:
    """Return a resource without its narrative, marked as a part."""
    resource = decode(raw)
    return encode(
        marked({name: one for name, one in resource.items() if name != "text"}, fhir_version)
    )


def is_choice(name: str, stems: tuple[str, ...]) -> bool:
    """Say whether an element is one of a choice, ``valueQuantity`` of ``value``."""
    return any(name.startswith(stem) and name[len(stem) :][:1].isupper() for stem in stems)


def mandatory(kind: str, fhir_version: str) -> set[str]:
    """Return the elements that a resource type must have."""
    found = structure(kind, fhir_version)
    elements = found.elements.values() if found else ()
    return {element.name for element in elements if element.required}


def marked(resource: Resource, fhir_version: str) -> Resource:
    """Return the resource with the tag that says it is a part."""
    tag = {"system": SYSTEM.get(fhir_version, SYSTEM["R4"]), "code": "SUBSETTED"}
    meta = resource.get("meta", {})
    return {**resource, "meta": {**meta, "tag": [*meta.get("tag", []), tag]}}
