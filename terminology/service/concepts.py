"""A CodeSystem, read once: codes to concepts, their hierarchy, displays and states."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from terminology.service.problems import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from terminology.records import JSON, Resource

PROPERTIES = "http://hl7.org/fhir/concept-properties#"
KNOWN = ("inactive", "status", "notSelectable", "parent", "child")
MOST_LINES = 64
OVER = ("retired", "inactive")
"""Values of ``status`` that make a concept inactive."""


@dataclass(frozen=True, slots=True)
class Designation:
    """Another name of a concept."""

    value: str
    language: str | None = None
    use: Resource | None = None


@dataclass(slots=True)
class Concept:
    """One concept; parents and children by code, in the order of the resource."""

    code: str
    display: str | None = None
    definition: str | None = None
    designations: tuple[Designation, ...] = ()
    properties: tuple[Resource, ...] = ()
    parents: list[str] = field(default_factory=list)
    children: list[str] = field(default_factory=list)
    abstract: bool = False
    inactive: bool = False
    status: str | None = None

    def values(self, name: str) -> list[JSON]:
        """Return the values of one property."""
        return [value_of(row) for row in self.properties if row.get("code") == name]


@dataclass(slots=True)
class CodeSystem:
    """A code system by code; one whose codes are a grammar knows them all and lists none."""

    url: str
    version: str | None = None
    name: str = ""
    language: str | None = None
    content: str = "complete"
    sensitive: bool = True
    supplements: str | None = None
    concepts: dict[str, Concept] = field(default_factory=dict)
    folded: dict[str, str] = field(default_factory=dict)
    declared: frozenset[str] = frozenset()
    """Codes of the properties that the resource declares or uses."""
    grammar: Callable[[str], bool] | None = None
    lines: dict[tuple[str, bool], frozenset[str]] = field(default_factory=dict)
    """Code and direction to all that is above or below it, as far as it was asked."""

    def line(self, code: str, *, up: bool) -> frozenset[str]:
        """Return all codes above or below a code; asked again it costs nothing."""
        if (code, up) not in self.lines:
            if len(self.lines) >= MOST_LINES:
                self.lines.clear()
            reached = self.ancestors(code) if up else self.descendants(code)
            self.lines[code, up] = frozenset(reached)
        return self.lines[code, up]

    @property
    def canonical(self) -> str:
        """Return ``url|version``."""
        return f"{self.url}|{self.version}" if self.version else self.url

    @property
    def partial(self) -> bool:
        """Return whether there may be codes that are not listed."""
        return self.content == "fragment"

    def find(self, code: str) -> Concept | None:
        """Return the concept of a code, by case where case counts."""
        if self.grammar:
            return Concept(code, code) if self.grammar(code) else None
        found = self.concepts.get(code)
        if found is None and not self.sensitive:
            found = self.concepts.get(self.folded.get(code.casefold(), ""))
        return found

    def ancestors(self, code: str) -> Iterator[str]:
        """Return the codes above a code, each once, nearest first; in a loop itself too."""
        return self.walk(code, lambda concept: concept.parents)

    def descendants(self, code: str) -> Iterator[str]:
        """Return the codes below a code, each once; in a loop itself too."""
        return self.walk(code, lambda concept: concept.children)

    def walk(self, code: str, step: Callable[[Concept], list[str]]) -> Iterator[str]:
        """Return what is reached from a code by repeated steps."""
        seen: set[str] = set()
        queue = deque([code])
        while queue:
            concept = self.concepts.get(queue.popleft())
            for other in step(concept) if concept else ():
                if other not in seen:
                    seen.add(other)
                    queue.append(other)
                    yield other


def value_of(row: Resource) -> JSON:
    """Return the value of a property, whatever its type."""
    return next((value for key, value in row.items() if key.startswith("value")), None)


def code_system(resource: Resource) -> CodeSystem:
    """Return a CodeSystem resource as a table of concepts.

    Raises:
        ServiceError: it has no url, or a concept no code.
    """
    url = resource.get("url")
    if not isinstance(url, str):
        raise ServiceError(422, "invalid", "a CodeSystem has no url")
    made = CodeSystem(
        url,
        resource.get("version"),
        str(resource.get("name") or resource.get("title") or ""),
        resource.get("language"),
        str(resource.get("content") or "complete"),
        resource.get("caseSensitive", True) is not False,
        resource.get("supplements"),
    )
    names = standard_names(resource)
    made.declared = frozenset(names) | {p["code"] for p in rows(resource, "property")}
    for concept in nested(resource, made):
        states(concept, names)
    linked(made, names)
    if not made.sensitive:
        made.folded = {code.casefold(): code for code in made.concepts}
    return made


def rows(resource: Resource, key: str) -> list[Resource]:
    """Return the entries of a list that are objects with a code."""
    found = resource.get(key)
    if not isinstance(found, list):
        return []
    return [r for r in found if isinstance(r, dict) and isinstance(r.get("code"), str)]


def standard_names(resource: Resource) -> dict[str, str]:
    """Return what this code system calls a property to the name that FHIR gives it."""
    found = {name: name for name in KNOWN} | {"subsumedBy": "parent"}
    for row in rows(resource, "property"):
        uri = row.get("uri")
        if isinstance(uri, str) and uri.startswith(PROPERTIES):
            found[row["code"]] = uri.removeprefix(PROPERTIES)
    return found


def nested(resource: Resource, system: CodeSystem) -> Iterator[Concept]:
    """Put every concept of a resource into `system`, whatever its depth, and return it.

    Raises:
        ServiceError: one has no code.
    """
    left: list[tuple[Resource, str | None]] = [(c, None) for c in reversed(listed(resource))]
    while left:
        given, parent = left.pop()
        if not isinstance(given, dict) or not isinstance(given.get("code"), str):
            raise ServiceError(422, "invalid", f"a concept of {system.url[:200]} has no code")
        concept = system.concepts.setdefault(given["code"], read(given))
        if parent is not None:
            concept.parents.append(parent)
            system.concepts[parent].children.append(concept.code)
        left += [(child, concept.code) for child in reversed(listed(given))]
        yield concept


def listed(resource: Resource) -> list[JSON]:
    """Return ``concept`` of a CodeSystem or of a concept."""
    found = resource.get("concept")
    return found if isinstance(found, list) else []


def read(given: Resource) -> Concept:
    """Return one concept without its place in the hierarchy."""
    names = given.get("designation")
    designations = tuple(
        Designation(name["value"], name.get("language"), name.get("use"))
        for name in (names if isinstance(names, list) else [])
        if isinstance(name, dict) and isinstance(name.get("value"), str)
    )
    return Concept(
        given["code"],
        given.get("display"),
        given.get("definition"),
        designations,
        tuple(rows(given, "property")),
    )


def states(concept: Concept, names: Mapping[str, str]) -> None:
    """Set whether a concept is abstract or inactive, from its properties."""
    for row in concept.properties:
        name, value = names.get(row["code"]), value_of(row)
        if name == "notSelectable":
            concept.abstract = value is True
        elif name == "inactive":
            concept.inactive = concept.inactive or value is True
        elif name == "status" and isinstance(value, str):
            concept.status = value
            concept.inactive = concept.inactive or value in OVER


def linked(system: CodeSystem, names: Mapping[str, str]) -> None:
    """Add the hierarchy that properties state."""
    for concept in system.concepts.values():
        for row in concept.properties:
            name, value = names.get(row["code"]), value_of(row)
            if name == "parent" and isinstance(value, str):
                link(system, value, concept.code)
            elif name == "child" and isinstance(value, str):
                link(system, concept.code, value)


def link(system: CodeSystem, parent: str, child: str) -> None:
    """Put one code above another, once."""
    if parent in system.concepts and child in system.concepts:
        above, below = system.concepts[parent].children, system.concepts[child].parents
        if child not in above:
            above.append(child)
        if parent not in below:
            below.append(parent)
