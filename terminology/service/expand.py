"""``ValueSet/$expand``: all that a value set holds, in pages, flat or as a tree."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from terminology.service import scene
from terminology.service.compose import Entry, Scope, entries, whole
from terminology.service.displays import names, preferred
from terminology.service.problems import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from terminology.records import JSON, Resource
    from terminology.service.asked import Asked
    from terminology.service.library import Library

MOST = 10_000
"""More codes than this come only in pages."""

DEEPEST = 40
"""A tree of codes goes no deeper."""

ABOUT = ("url", "version", "name", "title", "status", "experimental", "date", "publisher",
         "language", "contained", "copyright")  # fmt: skip
TOLD = (
    ("count", "Integer"),
    ("offset", "Integer"),
    ("filter", "String"),
    ("activeOnly", "Boolean"),
    ("excludeNested", "Boolean"),
    ("includeDesignations", "Boolean"),
    ("displayLanguage", "Code"),
)
STATUS = "http://hl7.org/fhir/concept-properties#status"


def expand(library: Library, asked: Asked) -> Resource:
    """Return the value set with its expansion.

    Raises:
        ServiceError: it cannot be expanded: a part is unknown, or it is too large.
    """
    value_set = scene.value_set(library, asked)
    scope = Scope(library, value_set, versions=scene.versions(asked))
    found = list(kept(entries(scope).values(), asked))
    offset, count = asked.count("offset") or 0, asked.count("count")
    if count is None and len(found) - offset > MOST:
        text = f"the value set has more than {MOST} codes: ask for a count"
        raise ServiceError(422, "too-costly", text, "too-costly")
    page = found[offset : None if count is None else offset + count]
    shown = Shown(library, asked, value_set)
    rows = [shown.row(entry) for entry in page]
    if len(page) == len(found) and nests(value_set, asked):
        rows = tree(page, rows)
    status = any("property" in row for row in rows)
    expansion = {
        "identifier": asked.identifier,
        "timestamp": asked.instant,
        "total": len(found),
        **({"offset": offset} if offset or count is not None else {}),
        "parameter": told(asked, found),
        **({"property": [{"code": "status", "uri": STATUS}]} if status else {}),
        **({"contains": rows} if rows else {}),
    }
    about = {key: value_set[key] for key in ABOUT if key in value_set}
    compose = asked.flag("includeDefinition") and "compose" in value_set
    return {
        "resourceType": "ValueSet",
        "status": "active",
        **about,
        **({"compose": value_set["compose"]} if compose else {}),
        "expansion": expansion,
    }


def kept(found: Iterable[Entry], asked: Asked) -> Iterable[Entry]:
    """Return the entries that the request lets pass."""
    active, words = asked.flag("activeOnly"), (asked.text("filter") or "").casefold().split()
    for entry in found:
        said = f"{entry.concept.code} {entry.display or entry.concept.display or ''}".casefold()
        if not (active and entry.concept.inactive) and all(word in said for word in words):
            yield entry


class Shown:
    """Entries as rows of an expansion."""

    def __init__(self, library: Library, asked: Asked, value_set: Resource) -> None:
        self.library = library
        self.languages = scene.languages(asked, value_set)
        self.supplements = scene.supplements(library, asked, value_set)
        self.designations = asked.flag("includeDesignations")
        self.modern = asked.fhir_version == "R5"

    def row(self, entry: Entry) -> Resource:
        """Return one ``contains``; the status is shown in R5, which has a place for it."""
        concept, named = entry.concept, names(entry, self.library, self.supplements)
        made: dict[str, JSON] = {"system": entry.system.url}
        if concept.abstract:
            made["abstract"] = True
        if concept.inactive:
            made["inactive"] = True
        made["code"] = concept.code
        display = preferred(entry, named, self.languages)
        if display:
            made["display"] = display
        if self.designations and named:
            made["designation"] = [
                {
                    **({"language": name.language} if name.language else {}),
                    **({"use": name.use} if name.use else {}),
                    "value": name.value,
                }
                for name in named
            ]
        status = concept.status or ("inactive" if concept.inactive else None)
        if self.modern and status:
            made["property"] = [{"code": "status", "valueCode": status}]
        return made


def nests(value_set: Resource, asked: Asked) -> bool:
    """Return whether the expansion is a tree: of a whole code system, unless told otherwise."""
    if asked.flag("excludeNested") or asked.text("filter") or asked.flag("activeOnly"):
        return False
    return "compose" in value_set and whole(value_set)


def tree(page: Sequence[Entry], rows: Sequence[Resource]) -> list[Resource]:
    """Return the rows, each below its first parent; what is too deep, or in a loop, on top."""
    found = {entry.concept.code: row for entry, row in zip(page, rows, strict=True)}
    top = []
    for entry, row in zip(page, rows, strict=True):
        parent = next(iter(entry.concept.parents), None)
        above = list(islice(entry.system.ancestors(entry.concept.code), DEEPEST))
        if parent not in found or entry.concept.code in above or len(above) == DEEPEST:
            top.append(row)
        else:
            found[parent].setdefault("contains", []).append(row)
    return top


def told(asked: Asked, found: Sequence[Entry]) -> list[Resource]:
    """Return what the expansion went by: the request's wishes, the code systems used."""
    rows: list[Resource] = []
    for name, kind in TOLD:
        value: JSON = asked.one(name)
        if value is not None:
            if kind == "Integer":
                value = asked.count(name)
            elif kind == "Boolean":
                value = asked.flag(name)
            rows.append({"name": name, f"value{kind}": value})
    used = dict.fromkeys(entry.system.canonical for entry in found)
    name = "used-codesystem" if asked.fhir_version == "R5" else "version"
    return rows + [{"name": name, "valueUri": url} for url in used]
