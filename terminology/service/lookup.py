"""``CodeSystem/$lookup`` and ``CodeSystem/$subsumes``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terminology.service import scene
from terminology.service.asked import parameters, parts, row
from terminology.service.compose import Entry
from terminology.service.displays import names, preferred
from terminology.service.problems import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from terminology.records import JSON, Resource
    from terminology.service.asked import Asked
    from terminology.service.concepts import CodeSystem, Concept, Designation
    from terminology.service.library import Library

ANY = ("*", "")


def lookup(library: Library, asked: Asked) -> Resource:
    """Return what is known of a code: display, definition, designations, properties.

    Raises:
        ServiceError: the code system or the code is not known.
    """
    code, url, version = coded(asked, "code", "coding")
    system = scene.system_of(library, url, version)
    concept = found(system, code)
    languages = scene.languages(asked)
    entry = Entry(system, concept)
    designations = names(entry, library, scene.supplements(library, asked, None))
    modern = asked.fhir_version == "R5"
    return parameters(
        row("name", "String", system.name or system.url),
        row("version", "String", system.version),
        row("display", "String", preferred(entry, designations, languages) or concept.code),
        row("code", "Code", concept.code) if modern else None,
        row("system", "Uri", system.url) if modern else None,
        row("definition", "String", concept.definition) if modern else None,
        row("abstract", "Boolean", concept.abstract) if modern else None,
        *(designation(each) for each in designations),
        *properties(system, concept, asked),
    )


def coded(asked: Asked, code_name: str, coding_name: str) -> tuple[str, str, str | None]:
    """Return code, system and version of a request.

    Raises:
        ServiceError: one of the first two is missing.
    """
    coding = asked.one(coding_name)
    given = coding if isinstance(coding, dict) else {}
    code = given.get("code") or asked.text(code_name)
    system = given.get("system") or asked.text("system")
    if not isinstance(code, str) or not isinstance(system, str):
        raise ServiceError(400, "required", f"{code_name} and system, or {coding_name}, must stand")
    return code, system, given.get("version") or asked.text("version")


def found(system: CodeSystem, code: str) -> Concept:
    """Return the concept of a code.

    Raises:
        ServiceError: the code system does not have it.
    """
    concept = system.find(code)
    if concept is None:
        text = f"{code[:100]} is no known code of {system.canonical[:200]}"
        raise ServiceError(404, "not-found", text, "invalid-code")
    return concept


def designation(name: Designation) -> Resource:
    """Return one designation as a parameter."""
    return parts(
        "designation",
        row("language", "Code", name.language),
        row("use", "Coding", name.use),
        row("value", "String", name.value),
    )


def properties(system: CodeSystem, concept: Concept, asked: Asked) -> Iterator[Resource]:
    """Return the properties that a request wants; all when it names none."""
    wanted = {str(value) for value in asked.values.get("property", ())}
    everything = not wanted or bool(wanted & set(ANY))
    for name, kind, value in stated(system, concept, asked.fhir_version):
        if everything or name in wanted:
            described = system.concepts.get(value) if kind == "Code" else None
            yield parts(
                "property",
                row("code", "Code", name),
                row("description", "String", described.display if described else None),
                row("value", kind, value),
            )


def stated(system: CodeSystem, concept: Concept, version: str) -> Iterator[tuple[str, str, JSON]]:
    """Return name, type and value of each property; the hierarchy and the state are properties."""
    if not system.grammar:
        yield "inactive", "Boolean", concept.inactive
    if version != "R5" and concept.definition:
        yield "definition", "String", concept.definition
    for parent in concept.parents:
        yield "parent", "Code", parent
    for child in concept.children:
        yield "child", "Code", child
    for each in concept.properties:
        if each["code"] not in ("parent", "child", "inactive", "subsumedBy"):
            yield from typed(each)


def typed(row_: Resource) -> Iterator[tuple[str, str, JSON]]:
    """Return name, type and value of a property as the resource states it."""
    for key, value in row_.items():
        if key.startswith("value"):
            yield row_["code"], key.removeprefix("value"), value


def subsumes(library: Library, asked: Asked) -> Resource:
    """Return whether code A is above code B, below it, the same or neither.

    Raises:
        ServiceError: the code system does not know one of them, or states no hierarchy.
    """
    left, url, version = coded(asked, "codeA", "codingA")
    right, other, _ = coded(asked, "codeB", "codingB")
    if url != other:
        raise ServiceError(422, "invalid", "both codes must be of one code system")
    system = scene.system_of(library, url, version)
    a, b = found(system, left).code, found(system, right).code
    if a == b:
        outcome = "equivalent"
    elif system.partial or system.grammar:
        text = f"the hierarchy of {system.canonical[:200]} is not known here"
        raise ServiceError(422, "not-supported", text)
    elif a in system.ancestors(b):
        outcome = "subsumes"
    else:
        outcome = "subsumed-by" if b in system.ancestors(a) else "not-subsumed"
    return parameters(row("outcome", "Code", outcome))
