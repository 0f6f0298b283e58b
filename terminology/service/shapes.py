"""The shapes of resources and codings of a request, checked before they are read."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from terminology.facts import read
from terminology.service.problems import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from terminology.records import JSON

PARAMETERS = {
    "valueSet": "ValueSet",
    "codeSystem": "CodeSystem",
    "conceptMap": "ConceptMap",
    "coding": "coding",
    "codingA": "coding",
    "codingB": "coding",
    "sourceCoding": "coding",
    "targetCoding": "coding",
    "codeableConcept": "codeableConcept",
    "sourceCodeableConcept": "codeableConcept",
    "targetCodeableConcept": "codeableConcept",
}
"""Parameters that are an object, and its shape."""

WORDS = {"text": str, "truth": bool}


@functools.cache
def shapes() -> Mapping[str, Mapping[str, str]]:
    """Return the shapes by name (``shapes.toml``)."""
    return read(Path(__file__).parent / "shapes.toml")


def check_parameters(values: Mapping[str, tuple[JSON, ...]]) -> None:
    """Check every object that a request brings.

    Raises:
        ServiceError: an element has another type than FHIR gives it.
    """
    for name, found in values.items():
        for value in found:
            if name == "tx-resource" and isinstance(value, dict):
                kind = value.get("resourceType")
                if isinstance(kind, str) and kind in shapes():
                    check(value, kind, kind)
            elif name in PARAMETERS:
                check(value, PARAMETERS[name], name)


def check(value: JSON, shape: str, at: str) -> None:
    """Check an object against a shape; what the shape does not name may be anything.

    Raises:
        ServiceError: it is no object, or an element has another type; the text says where.
    """
    left = [(value, shape, at)]
    while left:
        found, name, place = left.pop()
        if not isinstance(found, dict):
            raise wrong(place, "an object")
        for key, kind in shapes()[name].items():
            if key in found:
                left += inner(found[key], kind.rstrip("!"), f"{place}.{key}")
            elif kind.endswith("!"):
                raise wrong(f"{place}.{key}", "there")


def inner(value: JSON, kind: str, at: str) -> Iterable[tuple[JSON, str, str]]:
    """Return the objects in an element that remain to be checked.

    Raises:
        ServiceError: the element has another type.
    """
    if not kind.endswith("*"):
        return one(value, kind, at)
    if not isinstance(value, list):
        raise wrong(at, "a list")
    return [
        each
        for number, item in enumerate(value)
        for each in one(item, kind.rstrip("*"), f"{at}[{number}]")
    ]


def one(value: JSON, kind: str, at: str) -> list[tuple[JSON, str, str]]:
    """Return an object that remains to be checked; nothing for a plain value of the right type.

    Raises:
        ServiceError: the value has another type.
    """
    if kind not in WORDS:
        return [(value, kind, at)]
    if not isinstance(value, WORDS[kind]):
        raise wrong(at, "a text" if kind == "text" else "true or false")
    return []


def wrong(at: str, what: str) -> ServiceError:
    """Return the error of an element that is not what it must be."""
    return ServiceError(422, "structure", f"{at[:300]} must be {what}")
