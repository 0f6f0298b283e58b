"""What a value set holds: its includes, their filters and imports, its excludes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from terminology.service.concepts import CodeSystem, Concept, Designation
from terminology.service.filters import passes
from terminology.service.library import canonical
from terminology.service.problems import ServiceError, UnresolvedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from terminology.records import JSON, Resource
    from terminology.service.library import Library

DEEPEST = 20
"""Value sets that import value sets, one in the other."""

MOST = 2_000_000
"""Concepts that are looked at, and a hundred times value sets that are entered, for one answer."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A concept as a value set holds it."""

    system: CodeSystem
    concept: Concept
    display: str | None = None
    """What the value set itself calls it."""
    designations: tuple[Designation, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """Return what makes it the same entry as another."""
        return self.system.url, self.concept.code


@dataclass(frozen=True, slots=True)
class Scope:
    """A value set in its library, and by which others it was reached."""

    library: Library
    value_set: Resource
    path: tuple[str, ...] = ()
    versions: tuple[tuple[str, str], ...] = ()
    """Code system to the version to use where the value set says none."""
    spent: list[int] = field(default_factory=lambda: [0])
    """How much was looked at so far, in this scope and all that it led to."""

    def spend(self, cost: int = 1) -> None:
        """Count work done.

        Raises:
            ServiceError: it is more than one answer may take.
        """
        self.spent[0] += cost
        if self.spent[0] > MOST:
            text = "the value set is too large, or imports too much"
            raise ServiceError(422, "too-costly", text, "too-costly")

    def inner(self, reference: str) -> Scope:
        """Return the scope of an imported value set, contained (``#id``) or known by its URL.

        Raises:
            ServiceError: it is not there, or imports itself.
        """
        self.spend(100)
        if reference.startswith("#"):
            found = contained(self.value_set, reference[1:])
        else:
            found = self.library.needed_value_set(reference)
        name = f"{found.get('url') or reference}|{found.get('version') or ''}"
        if name in self.path or len(self.path) > DEEPEST:
            text = f"value set {name[:200]} imports itself, or too deep"
            raise ServiceError(422, "processing", text, "vs-invalid")
        return replace(self, value_set=found, path=(*self.path, name))

    def system(self, include: Resource, version: str | None = None) -> CodeSystem | None:
        """Return the code system of an include; a version asked for must be the one it names."""
        url = include["system"]
        pinned = include.get("version") or dict(self.versions).get(url)
        plain, pinned = canonical(url, pinned)
        if version is not None and pinned is not None and version != pinned:
            return None
        return self.library.code_system(plain, pinned or version)


def contained(value_set: Resource, name: str) -> Resource:
    """Return a contained value set.

    Raises:
        UnresolvedError: there is none of that id.
    """
    for one in value_set.get("contained") or ():
        if isinstance(one, dict) and one.get("id") == name and one["resourceType"] == "ValueSet":
            return {**one, "contained": value_set["contained"]}
    raise UnresolvedError("value set", f"#{name}")


def parts(value_set: Resource, key: str) -> list[Resource]:
    """Return the includes or excludes of a value set.

    Raises:
        ServiceError: it does not say what it holds.
    """
    compose = value_set.get("compose")
    if not isinstance(compose, dict) and key == "include":
        expansion = value_set.get("expansion")
        if isinstance(expansion, dict):
            return expanded(expansion)
        raise ServiceError(422, "invalid", "the value set has no compose", "vs-invalid")
    found = (compose or {}).get(key) or []
    if not isinstance(found, list) or not all(isinstance(part, dict) for part in found):
        raise ServiceError(422, "invalid", f"compose.{key} is no list of objects", "vs-invalid")
    for part in found:
        if not isinstance(part.get("system"), str) and not part.get("valueSet"):
            raise ServiceError(422, "invalid", f"compose.{key} names no system", "vs-invalid")
    return found


def expanded(expansion: Resource) -> list[Resource]:
    """Return the codes of a stored expansion as includes, one for each."""
    found, left = [], [row for row in expansion.get("contains") or () if isinstance(row, dict)]
    while left:
        row = left.pop(0)
        left += [inner for inner in row.get("contains") or () if isinstance(inner, dict)]
        if isinstance(row.get("system"), str) and isinstance(row.get("code"), str):
            named = {key: row[key] for key in ("code", "display") if key in row}
            found.append({"system": row["system"], "concept": [named]})
    return found


def active_only(value_set: Resource) -> bool:
    """Return whether a value set leaves inactive concepts out."""
    compose = value_set.get("compose")
    return isinstance(compose, dict) and compose.get("inactive") is False


def member(
    scope: Scope, system: CodeSystem, concept: Concept, version: str | None = None
) -> Entry | None:
    """Return the entry of a concept in a value set, or None when it is not in.

    Raises:
        ServiceError: an imported value set or a filter cannot be used.
    """
    if active_only(scope.value_set) and concept.inactive:
        return None
    for exclude in parts(scope.value_set, "exclude"):
        if within(scope, exclude, system, concept, version):
            return None
    for include in parts(scope.value_set, "include"):
        if entry := within(scope, include, system, concept, version):
            return entry
    return None


def within(
    scope: Scope, part: Resource, system: CodeSystem, concept: Concept, version: str | None
) -> Entry | None:
    """Return the entry of a concept in one include or exclude, or None."""
    entry: Entry | None = None
    if "system" in part:
        own = scope.system(part, version)
        if own is None or own.url != system.url:
            return None
        entry = chosen(own, part, concept)
        if entry is None:
            return None
    for reference in references(part):
        imported = member(scope.inner(reference), system, concept, version)
        if imported is None:
            return None
        entry = entry or imported
    return entry


def references(part: Resource) -> list[str]:
    """Return the value sets that an include names."""
    found = part.get("valueSet") or []
    return [one for one in (found if isinstance(found, list) else [found]) if isinstance(one, str)]


def chosen(system: CodeSystem, part: Resource, concept: Concept) -> Entry | None:
    """Return the entry of a concept that an include lists or lets pass."""
    if "concept" in part:
        for row in listed(part):
            if row["code"] == concept.code or (
                not system.sensitive and row["code"].casefold() == concept.code.casefold()
            ):
                return named(system, concept, row)
        return None
    if all(passes(system, concept, one) for one in filters(part)):
        return Entry(system, concept)
    return None


def listed(part: Resource) -> list[Resource]:
    """Return the concepts that an include lists."""
    found = part["concept"] if isinstance(part["concept"], list) else []
    return [row for row in found if isinstance(row, dict) and isinstance(row.get("code"), str)]


def filters(part: Resource) -> list[Resource]:
    """Return the filters of an include."""
    found = part.get("filter") or []
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def named(system: CodeSystem, concept: Concept, row: Resource) -> Entry:
    """Return an entry with what the value set calls it."""
    names = row.get("designation")
    designations = tuple(
        Designation(name["value"], name.get("language"), name.get("use"))
        for name in (names if isinstance(names, list) else [])
        if isinstance(name, dict) and isinstance(name.get("value"), str)
    )
    display = row.get("display")
    return Entry(system, concept, display if isinstance(display, str) else None, designations)


def entries(scope: Scope) -> dict[tuple[str, str], Entry]:
    """Return all that a value set holds, in its order.

    Raises:
        ServiceError: a code system, value set or filter cannot be used.
    """
    found: dict[tuple[str, str], Entry] = {}
    for include in parts(scope.value_set, "include"):
        for entry in of_part(scope, include):
            found.setdefault(entry.key, entry)
    for exclude in parts(scope.value_set, "exclude"):
        for entry in of_part(scope, exclude):
            found.pop(entry.key, None)
    if active_only(scope.value_set):
        return {key: entry for key, entry in found.items() if not entry.concept.inactive}
    return found


def of_part(scope: Scope, part: Resource) -> Iterator[Entry]:
    """Return the entries of one include or exclude: of its system and of each value set."""
    imported = [entries(scope.inner(reference)) for reference in references(part)]
    if "system" not in part:
        first, *others = imported
        own: Iterator[Entry] = iter(first.values())
    else:
        own, others = of_system(scope, part), imported
    for entry in own:
        if all(entry.key in other for other in others):
            yield entry


def of_system(scope: Scope, part: Resource) -> Iterator[Entry]:
    """Return the entries of one code system.

    Raises:
        ServiceError: there is no such code system, or it does not list its codes.
    """
    system = scope.system(part)
    if system is None or system.content == "not-present":
        raise UnresolvedError("code system", str(part["system"]))
    if "concept" in part:
        scope.spend(len(part["concept"]))
        yield from of_list(system, part)
        return
    if system.grammar:
        text = f"the codes of {system.url} cannot be listed"
        raise ServiceError(422, "too-costly", text, "vs-invalid")
    wanted = filters(part)
    for concept in system.concepts.values():
        scope.spend(1 + len(wanted))
        if all(passes(system, concept, one) for one in wanted):
            yield Entry(system, concept)


def of_list(system: CodeSystem, part: Resource) -> Iterator[Entry]:
    """Return the entries that an include lists; of a fragment unlisted codes count too."""
    for row in listed(part):
        concept = system.find(row["code"])
        if concept is None and system.partial:
            concept = Concept(row["code"])
        if concept is not None:
            yield named(system, concept, row)


def whole(value_set: Resource) -> bool:
    """Return whether a value set is one whole code system and nothing else."""
    includes = parts(value_set, "include")
    keys = {key for include in includes for key in include}
    return len(includes) == 1 and keys <= {"system", "version"} and not parts(value_set, "exclude")


def systems_of(value_set: Resource) -> list[JSON]:
    """Return the code systems that a value set names itself."""
    return [part["system"] for part in parts(value_set, "include") if "system" in part]
