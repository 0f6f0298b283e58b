"""References between resources: read, shortened, and resolved inside the document they stand in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from terminology.records import JSON, Resource

RELATIVE = re.compile(
    r"(?:^|/)(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-.]{1,64})(?:/_history/[^/]*)?/?$"
)
CONDITIONAL = re.compile(r"(?:^|/)(?P<type>[A-Z][A-Za-z]+)\?")
LONGEST = 300
"""Characters of a reference that is kept."""
PEOPLE = frozenset({"Patient", "Person", "RelatedPerson", "Practitioner"})
"""Types of resources that are human; a subject of another type is none."""
ANIMAL = "http://hl7.org/fhir/StructureDefinition/patient-animal"


@dataclass(slots=True)
class Scope:
    """The resources that a reference may mean: those of one Bundle, then of the one around it."""

    outer: Scope | None = None
    by_url: dict[str, Resource] = field(default_factory=dict)
    by_key: dict[str, Resource] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)
    """Keys that two different resources of this scope claim (from two servers)."""
    full_urls: dict[int, str] = field(default_factory=dict)
    """``id()`` of a resource to the fullUrl of its entry."""
    subjects: dict[str, tuple[str | None, bool]] = field(default_factory=dict)
    """Reference as sent to the subject's name and whether it is a person, once looked up."""
    family: set[str] = field(default_factory=set)
    """References that sections of family history list, as sent and as ``Type/id``."""

    def add(self, resource: Resource, full_url: JSON = None) -> None:
        """Make one resource findable by its fullUrl and by ``Type/id``."""
        if isinstance(full_url, str) and full_url:
            self.by_url.setdefault(full_url, resource)
            self.full_urls[id(resource)] = full_url
        name = key(resource)
        if name is None:
            return
        first = self.by_key.setdefault(name, resource)
        if first is not resource and self.full_urls.get(id(first)) != full_url:
            self.shared.add(name)

    def is_family(self, resource: Resource) -> bool:
        """Say whether a section of family history lists a resource."""
        scope: Scope | None = self
        while scope is not None:
            if scope.family & {key(resource), scope.full_urls.get(id(resource))}:
                return True
            scope = scope.outer
        return False

    def find(self, reference: str) -> Resource | None:
        """Return the resource meant by a fullUrl, an absolute or a relative reference."""
        short = reference_to(reference)
        scope: Scope | None = self
        while scope is not None:
            found = scope.by_url.get(reference) or scope.by_url.get(unversioned(reference))
            found = found or scope.by_key.get(short)
            if found is not None:
                return found
            scope = scope.outer
        return None

    def name(self, resource: Resource) -> str | None:
        """Return how this document names a resource: ``Type/id``, else its fullUrl.

        Two resources of one ``Type/id`` (a Bundle that gathers two servers) keep their fullUrls,
        so that two patients never become one.
        """
        scope: Scope | None = self
        while scope is not None:
            url = scope.full_urls.get(id(resource))
            if url is not None:
                name = key(resource)
                return url if name is None or name in scope.shared else name
            scope = scope.outer
        return key(resource)


def key(resource: Resource) -> str | None:
    """Return ``Type/id`` of a resource, None when it has no id."""
    kind, identity = resource.get("resourceType"), resource.get("id")
    if isinstance(kind, str) and isinstance(identity, str) and identity:
        return f"{kind}/{identity}"
    return None


def reference_to(reference: str) -> str:
    """Return ``Type/id`` of an absolute, relative or versioned reference, else it as it is.

    >>> reference_to("https://fhir.example/r4/Patient/p1/_history/2")
    'Patient/p1'
    >>> reference_to("urn:uuid:0d7c1c6e-8a04-4f63-9f0c-9a5d0f6d1f11")
    'urn:uuid:0d7c1c6e-8a04-4f63-9f0c-9a5d0f6d1f11'
    """
    return shortened(reference) if len(reference) <= LONGEST else without_server(reference)


def without_server(reference: str) -> str:
    """Return ``Type/id`` where a reference ends with one, else it as it is."""
    found = RELATIVE.search(reference)
    return f"{found['type']}/{found['id']}" if found else reference


shortened = lru_cache(maxsize=8192)(without_server)


def unversioned(reference: str) -> str:
    """Return the reference without ``/_history/...``."""
    return reference.partition("/_history/")[0]


def type_of(reference: str) -> str | None:
    """Return the type of resource that a reference names, when it names one.

    >>> type_of("Device/d1"), type_of("Group?identifier=x"), type_of("urn:oid:1.2")
    ('Device', 'Group', None)
    """
    found = RELATIVE.search(reference) or CONDITIONAL.search(reference)
    return found["type"] if found else None


def text_of(reference: JSON) -> str | None:
    """Return the text of a Reference, None when it has none."""
    text = reference.get("reference") if isinstance(reference, dict) else None
    return text.strip() if isinstance(text, str) and text.strip() else None


def contained(resource: Resource, name: str) -> Resource | None:
    """Return the contained resource of that id, such as ``#p1`` (``#`` alone is the container)."""
    if name == "#":
        return resource
    for inner in each_contained(resource):
        if inner.get("id") == name[1:]:
            return inner
    return None


def each_contained(resource: Resource) -> Iterable[Resource]:
    """Yield the contained resources that are resources at all."""
    inner = resource.get("contained")
    if isinstance(inner, list):
        yield from (one for one in inner if isinstance(one, dict))


def resolve(reference: JSON, container: Resource, scope: Scope) -> Resource | None:
    """Return the resource that a Reference means, None when it is not in the document."""
    text = text_of(reference)
    if text is None:
        return None
    return contained(container, text) if text.startswith("#") else scope.find(text)


def is_person(resource: Resource) -> bool:
    """Say whether a resource is about a human: no device, place or group, and no animal."""
    kind = resource.get("resourceType")
    return isinstance(kind, str) and kind in PEOPLE and not is_animal(resource)


def is_animal(patient: Resource) -> bool:
    """Say whether a Patient is an animal (extension of R4, element of STU3)."""
    if patient.get("animal"):
        return True
    extensions = patient.get("extension")
    return isinstance(extensions, list) and any(
        isinstance(one, dict) and one.get("url") == ANIMAL for one in extensions
    )


def names_person(reference: JSON) -> bool:
    """Say whether an unresolved Reference may be about a human, judged by the type it names."""
    if not isinstance(reference, dict):
        return True
    kind = type_of(text_of(reference) or "") or reference.get("type")
    return not isinstance(kind, str) or kind.rpartition("/")[2] in PEOPLE
