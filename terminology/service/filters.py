"""Filters of a value set: which concepts of a code system pass (R4 and R5 operators)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terminology.service.patterns import matches
from terminology.service.problems import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from terminology.records import JSON, Resource
    from terminology.service.concepts import CodeSystem, Concept

OF_ALL = frozenset({"concept", "code", "display", "definition", "parent", "child", "inactive",
                    "status", "notSelectable"})  # fmt: skip
HIERARCHY = ("is-a", "descendent-of", "is-not-a", "generalizes", "child-of", "descendent-leaf")


def passes(system: CodeSystem, concept: Concept, one: Resource) -> bool:
    """Return whether a concept passes one filter.

    Raises:
        ServiceError: the filter says nothing, or nothing that is understood.
    """
    name, operator, value = stated(system, one)
    if operator in HIERARCHY:
        return below(system, concept, operator, value)
    found = values(concept, name)
    if operator == "exists":
        return bool(found) == (value == "true")
    if operator == "not-in":
        return not any(TESTS["in"](each, value) for each in found)
    return any(TESTS[operator](each, value) for each in found)


def stated(system: CodeSystem, one: Resource) -> tuple[str, str, str]:
    """Return property, operator and value of a filter.

    Raises:
        ServiceError: one of them is missing or unknown.
    """
    name, operator, value = (one.get(key) for key in ("property", "op", "value"))
    if not isinstance(value, str) or not value:
        raise broken(system, one, "has no value")
    if not isinstance(name, str) or not name:
        raise broken(system, one, "has no property")
    hierarchy = operator in HIERARCHY and name in ("concept", "code")
    if not hierarchy and operator not in (*TESTS, "not-in", "exists"):
        raise broken(system, one, "is not understood")
    if name not in OF_ALL | system.declared:
        raise broken(system, one, "is of a property that the code system does not have")
    return name, str(operator), value


def broken(system: CodeSystem, one: Resource, what: str) -> ServiceError:
    """Return the error of a filter that cannot be used."""
    said = " ".join(str(one.get(key))[:60] for key in ("property", "op"))
    text = f"a filter of a value set on {system.url[:200]} ({said}) {what}"
    return ServiceError(422, "invalid", text, "vs-invalid")


def below(system: CodeSystem, concept: Concept, operator: str, value: str) -> bool:
    """Return whether a concept stands where a filter on the hierarchy wants it."""
    if operator == "generalizes":
        return concept.code == value or concept.code in system.line(value, up=True)
    if operator == "child-of":
        return value in concept.parents
    under = concept.code in system.line(value, up=False)
    if operator == "descendent-leaf":
        return under and not concept.children
    if operator == "descendent-of":
        return under
    return (under or concept.code == value) == (operator == "is-a")


def values(concept: Concept, name: str) -> list[str]:
    """Return the values of a property of a concept as text."""
    of_concept: dict[str, Iterable[JSON]] = {
        "concept": [concept.code],
        "code": [concept.code],
        "display": [concept.display],
        "definition": [concept.definition],
        "parent": concept.parents,
        "child": concept.children,
        "inactive": [concept.inactive],
    }
    found = of_concept.get(name, concept.values(name))
    return [text(value) for value in found if value is not None]


def text(value: JSON) -> str:
    """Return a property's value as a filter writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value.get("code")) if isinstance(value, dict) else str(value)


TESTS: dict[str, Callable[[str, str], bool]] = {
    "=": lambda found, value: found == value,
    "regex": matches,
    "in": lambda found, value: found in [each.strip() for each in value.split(",")],
}
