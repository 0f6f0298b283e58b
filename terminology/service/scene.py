"""What operations on code systems and value sets start from: the resources meant, the wishes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terminology.service.asked import languages_of
from terminology.service.library import canonical
from terminology.service.problems import ServiceError, UnresolvedError

if TYPE_CHECKING:
    from terminology.records import Resource
    from terminology.service.asked import Asked
    from terminology.service.concepts import CodeSystem
    from terminology.service.library import Library

SUPPLEMENT = "http://hl7.org/fhir/StructureDefinition/valueset-supplement"
EXPANSION_PARAMETER = "http://hl7.org/fhir/StructureDefinition/valueset-expansion-parameter"


def value_set(library: Library, asked: Asked) -> Resource:
    """Return the value set that a request is about.

    Raises:
        ServiceError: it names none, or one that nobody has.
    """
    given = asked.resource("valueSet", "ValueSet")
    if given is not None:
        return given
    if asked.instance:
        return by_id(library, asked.instance)
    url = asked.text("url", "identifier")
    if url is None:
        raise ServiceError(400, "required", "url or valueSet must say which value set is meant")
    version = asked.text("valueSetVersion")
    found = library.value_set(url, version) or implicit(library, url)
    if found is None:
        raise UnresolvedError("value set", "|".join(p for p in canonical(url, version) if p))
    return found


def by_id(library: Library, name: str) -> Resource:
    """Return the value set with an id.

    Raises:
        UnresolvedError: there is none.
    """
    for versions in library.value_sets.values():
        for one in versions:
            if one.get("id") == name:
                return one
    raise UnresolvedError("value set", name)


def implicit(library: Library, url: str) -> Resource | None:
    """Return the value set of all codes of a code system, by the URL that it gives that set."""
    for one in library.code_systems:
        if url in (f"{one}?fhir_vs", f"{one}/vs"):
            return {
                "resourceType": "ValueSet",
                "url": url,
                "status": "active",
                "compose": {"include": [{"system": one}]},
            }
    return None


def system_of(library: Library, url: str, version: str | None) -> CodeSystem:
    """Return a code system.

    Raises:
        UnresolvedError: there is none.
    """
    found = library.code_system(url, version)
    if found is None:
        raise UnresolvedError("code system", "|".join(p for p in canonical(url, version) if p))
    return found


def languages(asked: Asked, resource: Resource | None = None) -> tuple[str, ...]:
    """Return the languages wanted: by parameter, value set or header, in this order."""
    wanted = asked.text("displayLanguage")
    if wanted:
        return languages_of(wanted)
    for extension in extensions(resource, EXPANSION_PARAMETER):
        pieces = {p.get("url"): p for p in extension.get("extension") or () if isinstance(p, dict)}
        if (pieces.get("name") or {}).get("valueCode") == "displayLanguage":
            value = pieces.get("value") or {}
            return languages_of(value.get("valueCode") or value.get("valueString"))
    if asked.languages:
        return asked.languages
    own = (resource or {}).get("language")
    return (own,) if isinstance(own, str) else ()


def extensions(resource: Resource | None, url: str) -> list[Resource]:
    """Return the extensions of a resource and of its compose with that URL."""
    compose = (resource or {}).get("compose")
    rows = [
        *((resource or {}).get("extension") or ()),
        *((compose.get("extension") or ()) if isinstance(compose, dict) else ()),
    ]
    return [row for row in rows if isinstance(row, dict) and row.get("url") == url]


def supplements(library: Library, asked: Asked, resource: Resource | None) -> tuple[str, ...]:
    """Return the supplements to use.

    Raises:
        UnresolvedError: one of them nobody has.
    """
    named = [row.get("valueCanonical") for row in extensions(resource, SUPPLEMENT)]
    found = [one for one in (*named, *asked.values.get("useSupplement", ())) if one]
    for one in found:
        if not isinstance(one, str) or not library.supplements(one):
            raise UnresolvedError("supplement", str(one))
    return tuple(found)


def versions(asked: Asked) -> tuple[tuple[str, str], ...]:
    """Return code system to the version that a request wants for it."""
    found = []
    for name in ("system-version", "force-system-version", "default-system-version"):
        for value in asked.values.get(name, ()):
            url, _, version = str(value).partition("|")
            found.append((url, version))
    return tuple(found)
