#!/usr/bin/env python
"""Write `gateway/fhir/structures/*.json`, the element tables, from the classes of fhir.resources.

Usage: `.venv/bin/python scripts/structures.py [FOLDER [VERSION]]`, after a new fhir.resources.
Importing all its classes takes twenty seconds, reading the tables two milliseconds. The notation
is that of `gateway/fhir/structure.py`.
"""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import re
import sys
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

PACKAGES = {
    "STU3": "fhir.resources.STU3",
    "R4B": "fhir.resources.R4B",
    "R5": "fhir.resources",
}
FOLDER = Path(__file__).parent.parent / "gateway" / "fhir" / "structures"
PRIMITIVES = [
    *("base64Binary", "boolean", "canonical", "code", "date", "dateTime", "decimal", "id"),
    *("instant", "integer", "integer64", "markdown", "oid", "positiveInt", "string", "time"),
    *("unsignedInt", "uri", "url", "uuid", "xhtml"),
]
LOWERED = {name[0].upper() + name[1:]: name for name in PRIMITIVES}
RESOURCE = ["id", "meta", "implicitRules", "language"]
KINDS = {  # longest beginning first
    "domain": [*RESOURCE, "text", "contained", "extension", "modifierExtension"],
    "resource": RESOURCE,
    "backbone": ["id", "extension", "modifierExtension"],
    "complex": ["id", "extension"],
}
ABSTRACT = {
    *("Base", "DataType", "Element", "BackboneElement", "BackboneType", "PrimitiveType"),
    *("CanonicalResource", "MetadataResource", "Resource", "DomainResource", "FHIRResourceModel"),
}


class Member(NamedTuple):
    """An element of a class: its JSON name, type with targets, marks and choice group."""

    name: str
    type: str
    many: str
    required: str
    choice: str | None


def classes(package: str) -> dict[str, Any]:
    """Return name to class for every concrete type that `package` defines."""
    root = importlib.import_module(package)
    found = {}
    for module in pkgutil.iter_modules(root.__path__):
        if not module.ispkg and module.name != "fhirtypes":
            content = vars(importlib.import_module(f"{package}.{module.name}"))
            found.update(
                (name, kind)
                for name, kind in content.items()
                if inspect.isclass(kind) and kind.__module__.endswith(f".{module.name}")
            )
    return {
        name: kind
        for name, kind in sorted(found.items())
        if hasattr(kind, "elements_sequence") and name not in ABSTRACT
    }


def written_types(kind: Any) -> dict[str, str]:  # noqa: ANN401
    """Return field name to its annotation as it stands in the source."""
    return {
        name: text
        for parent in reversed(kind.__mro__)
        for name, text in vars(parent).get("__annotations__", {}).items()
    }


def member(name: str, annotation: str, field: Any) -> Member:  # noqa: ANN401
    """Return the facts of one field."""
    facts = field.json_schema_extra or {}
    match = re.search(r"fhirtypes\.(\w+?)Type\b|(bool)\b", annotation)
    if match is None:
        raise ValueError(f"{name}: {annotation}")
    kind = "boolean" if match[2] else LOWERED.get(match[1], match[1])
    targets = facts.get("enum_reference_types", [])
    must = field.is_required() or facts.get("element_required") or facts.get("one_of_many_required")
    return Member(
        name,
        kind + (f"({'|'.join(targets)})" if targets and targets != ["Resource"] else ""),
        "*" if "List[" in annotation else "",
        "!" if must else "",
        facts.get("one_of_many"),
    )


def members(kind: Any) -> list[Member]:  # noqa: ANN401
    """Return the elements of a class in the order of the specification."""
    annotations = written_types(kind)
    fields = {field.alias: (name, field) for name, field in kind.model_fields.items()}
    return [
        member(alias, annotations[fields[alias][0]], fields[alias][1])
        for alias in kind.elements_sequence()
    ]


def row(kind: Any, open_types: str) -> str:  # noqa: ANN401
    """Return the table line of one class."""
    found = members(kind)
    names = [each.name for each in found]
    base = next(base for base, start in KINDS.items() if names[: len(start)] == start)
    words = [base]
    for choice, group in groupby(found[len(KINDS[base]) :], key=lambda each: each.choice):
        if choice is None:
            words += [f"{each.name}:{each.type}{each.many}{each.required}" for each in group]
        else:
            same = list(group)
            types = ",".join(each.type for each in same).replace(open_types, "any")
            words.append(f"{choice}[x]:{types}{same[0].required}")
    return " ".join(words)


def table(package: str) -> dict[str, str]:
    """Return type name to line of a package, led by the types that `any` stands for."""
    found = classes(package)
    open_types = ",".join(each.type for each in members(found["Extension"]) if each.choice)
    return {"any": open_types} | {name: row(kind, open_types) for name, kind in found.items()}


def main() -> None:
    """Write one file for each version, or for one."""
    folder, *versions = [Path(sys.argv[1]), *sys.argv[2:]] if len(sys.argv) > 1 else [FOLDER]
    for version in versions or PACKAGES:
        text = json.dumps(table(PACKAGES[version]), indent=0, ensure_ascii=False)
        (folder / f"{version}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
