"""The code systems, value sets and concept maps that a request may speak of."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from terminology import systems
from terminology.service.concepts import CodeSystem, code_system
from terminology.service.maps import Table, canonical_of, table
from terminology.service.problems import ServiceError, UnresolvedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from terminology.records import JSON, Resource

MOST = 1000
"""More resources than this with one request are refused."""


@dataclass(frozen=True, slots=True)
class Library:
    """Resources by canonical URL, each with its versions, the newest last."""

    code_systems: Mapping[str, tuple[CodeSystem, ...]] = field(default_factory=dict)
    value_sets: Mapping[str, tuple[Resource, ...]] = field(default_factory=dict)
    concept_maps: tuple[Table, ...] = ()

    def code_system(self, url: str, version: str | None = None) -> CodeSystem | None:
        """Return a code system by any spelling of its URL, the newest when no version is asked."""
        url, version = canonical(url, version)
        found: CodeSystem | None = newest(self.systems(url), version)
        return found

    def systems(self, url: str) -> tuple[CodeSystem, ...]:
        """Return the versions of a code system."""
        found = self.code_systems.get(url) or self.code_systems.get(systems.normalise(url), ())
        return tuple(one for one in found if one.content != "supplement")

    def value_set(self, url: str, version: str | None = None) -> Resource | None:
        """Return a value set, the newest when no version is asked."""
        url, version = canonical(url, version)
        found = self.value_sets.get(url, ())
        value_set: Resource | None = newest(found, version)
        return value_set

    def needed_value_set(self, url: str, version: str | None = None) -> Resource:
        """Return a value set.

        Raises:
            UnresolvedError: there is none.
        """
        found = self.value_set(url, version)
        if found is None:
            raise UnresolvedError("value set", "|".join(p for p in canonical(url, version) if p))
        return found

    def supplements(self, url: str) -> tuple[CodeSystem, ...]:
        """Return the supplements of that URL."""
        url, version = canonical(url, None)
        found = self.code_systems.get(url, ())
        return tuple(
            one for one in found if one.content == "supplement" and version in (None, one.version)
        )


def canonical(url: str, version: str | None) -> tuple[str, str | None]:
    """Return URL and version; one written into the URL (``url|1.0``) counts when none is given."""
    plain, _, pinned = url.partition("|")
    return plain, version or pinned or None


def newest(found: Sequence[JSON], version: str | None) -> JSON:
    """Return the entry of a version, or the last one."""
    if version is not None:
        found = [one for one in found if mark(one) == version]
    return found[-1] if found else None


def order(version: str | None) -> tuple[tuple[int, str], ...]:
    """Return a key that sorts versions: numbers by size, then words.

    >>> order("1.10") > order("1.9")
    True
    """
    pieces = re.findall(r"[0-9]{1,18}|[^0-9.]+", version or "")
    return tuple((int(p), "") if p.isdigit() else (-1, p) for p in pieces)


def shelved(base: Library, resources: Iterable[JSON]) -> Library:
    """Return `base` with the resources of a request on top; the same URL and version replaces.

    Raises:
        ServiceError: one is no terminology resource, or there are too many.
    """
    given = list(resources)
    if not given:
        return base
    if len(given) > MOST:
        raise ServiceError(413, "too-long", f"at most {MOST} resources may come with a request")
    kinds: dict[str, list[Resource]] = {"CodeSystem": [], "ValueSet": [], "ConceptMap": []}
    for resource in given:
        kind = resource.get("resourceType") if isinstance(resource, dict) else None
        if not isinstance(kind, str) or kind not in kinds:
            text = "tx-resource must be a CodeSystem, ValueSet or ConceptMap"
            raise ServiceError(400, "invalid", text)
        kinds[kind].append(resource)
    maps = agreeing(kinds["ConceptMap"])
    return Library(
        merged(base.code_systems, {}, [code_system(one) for one in kinds["CodeSystem"]]),
        merged(base.value_sets, {}, kinds["ValueSet"]),
        (*unlike(base.concept_maps, maps), *map(table, maps)),
    )


def agreeing(given: list[Resource]) -> list[Resource]:
    """Return the maps of a request, each once.

    Raises:
        ServiceError: two of one URL and version differ: which of them is meant cannot be told.
    """
    found: dict[str, Resource] = {}
    for place, one in enumerate(given):
        name = canonical_of(one) if one.get("url") else str(place)
        if found.setdefault(name, one) != one:
            text = f"two different maps '{name[:200]}' came with the request"
            raise ServiceError(409, "conflict", text)
    return list(found.values())


def unlike(kept: Iterable[Table], given: Iterable[Resource]) -> tuple[Table, ...]:
    """Return the maps that no given one replaces."""
    urls = {one.get("url") for one in given}
    return tuple(one for one in kept if one.resource.get("url") not in urls)


def merged(base: Mapping[str, JSON], found: dict[str, JSON], given: Iterable[JSON]) -> JSON:
    """Return URL to versions, of `base` and of `given`."""
    for one in given:
        url = one.url if isinstance(one, CodeSystem) else one.get("url")
        if not isinstance(url, str):
            continue
        plain = systems.normalise(url)
        kept: Iterable[JSON] = found.get(plain) or base.get(plain) or ()
        others = [old for old in kept if mark(old) != mark(one)]
        found[plain] = tuple(sorted([*others, one], key=lambda each: order(mark(each))))
    return {**base, **found}


def mark(one: JSON) -> str | None:
    """Return the version of a code system or resource."""
    version = one.version if isinstance(one, CodeSystem) else one.get("version")
    return version if isinstance(version, str) else None
