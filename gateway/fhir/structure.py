"""The element tables of FHIR STU3, R4, R4B and R5: what an element is called, is, and how often.

The tables are the data files `structures/*.json`, written by `scripts/structures.py` from the
classes of fhir.resources: one line a type, its kind (which elements it begins with) and then its
own elements in the order of the specification, each as

    name:type[(target|target)][*][!]     * list, ! at least one
    name[x]:type,type[!]                 one of these types, under the name plus the type
    name[x]:any                          one of the types that an extension may carry

`structures/R4.json` holds the lines in which plain R4 differs from R4B, the release its table is
read from; null marks a type that R4 has not. A line is parsed when its type is first asked for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VERSIONS = ("STU3", "R4", "R4B", "R5")
LAYERS = {"STU3": ("STU3",), "R4": ("R4B", "R4"), "R4B": ("R4B",), "R5": ("R5",)}
PRIMITIVE_ELEMENT = "FHIRPrimitiveExtension"
"""The type of the ``_name`` beside a primitive: an id and extensions."""

BASES = {
    "complex": "id:string extension:Extension*",
    "backbone": "id:string extension:Extension* modifierExtension:Extension*",
    "resource": "id:id meta:Meta implicitRules:uri language:code",
    "domain": "id:id meta:Meta implicitRules:uri language:code text:Narrative contained:Resource* "
    "extension:Extension* modifierExtension:Extension*",
}
WORD = re.compile(r"(\w+)(\[x\])?:(.+?)(\*?)(!?)\Z")
TYPE = re.compile(r"(\w+)(?:\(([\w|]+)\))?")


@dataclass(frozen=True, slots=True)
class Element:
    """An element as it stands in JSON: ``valueQuantity`` of the choice ``value``, say."""

    name: str
    type: str
    """A primitive (in lower case), a data type, a nested type (``PatientContact``) or Resource."""
    many: bool = False
    required: bool = False
    choice: str | None = None
    targets: tuple[str, ...] = ()
    """Resource types that a Reference may name; empty when any."""

    @property
    def primitive(self) -> bool:
        """Whether the value is a JSON string, number or truth."""
        return self.type[0].islower()


@dataclass(frozen=True, slots=True)
class Structure:
    """A type: its elements by JSON name, in the order of the specification."""

    name: str
    resource: bool
    domain: bool
    elements: Mapping[str, Element]


@cache
def table(version: str) -> Mapping[str, str]:
    """Return type name to line of a version.

    Raises:
        ValueError: there is no such version.
    """
    if version not in LAYERS:
        raise ValueError(f"not a FHIR version known here: {version}")
    folder = resources.files(__package__) / "structures"
    lines: dict[str, str | None] = {}
    for layer in LAYERS[version]:
        lines |= msgspec.json.decode((folder / f"{layer}.json").read_bytes())
    return {name: line for name, line in lines.items() if line is not None}


@cache
def resource_types(version: str) -> frozenset[str]:
    """Return the names of all resource types of a version."""
    rows = table(version).items()
    return frozenset(name for name, line in rows if line.startswith(("resource", "domain")))


@cache
def structure(name: str, version: str) -> Structure | None:
    """Return the type called `name`, None when the version has none."""
    line = table(version).get(name)
    if line is None or name == "any":
        return None
    kind, _, own = line.partition(" ")
    found = elements(f"{BASES[kind]} {own}", version)
    return Structure(
        name,
        resource=kind in ("resource", "domain"),
        domain=kind == "domain",
        elements={element.name: element for element in found},
    )


def elements(line: str, version: str) -> Iterator[Element]:
    """Yield the elements that a line names; a choice yields one for each of its types."""
    for word in line.split():
        match = WORD.match(word)
        if match is None:
            raise ValueError(f"not an element: {word}")
        name, choice, types, many, required = match.groups()
        if types == "any":
            types = table(version)["any"]
        for each in TYPE.finditer(types):
            yield Element(
                name + each[1][0].upper() + each[1][1:] if choice else name,
                each[1],
                many=bool(many),
                required=bool(required),
                choice=name if choice else None,
                targets=tuple(each[2].split("|")) if each[2] else (),
            )
