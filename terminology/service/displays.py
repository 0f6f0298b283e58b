"""What a concept is called: in which language, and which other names are right."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from terminology.service.compose import Entry
    from terminology.service.concepts import Designation
    from terminology.service.library import Library

NAMING = ("display", "preferredForLanguage", "900000000000003001", "900000000000013009")
"""Codes of ``designation.use`` that mean a name to show."""


def names(entry: Entry, library: Library, supplements: Iterable[str] = ()) -> list[Designation]:
    """Return the designations of an entry: its own, its value set's, its supplements'."""
    found = [*entry.designations, *entry.concept.designations]
    for url in supplements:
        for other in library.supplements(url):
            concept = other.concepts.get(entry.concept.code)
            if concept and (other.supplements or "").partition("|")[0] == entry.system.url:
                found += concept.designations
                found += own_name(concept.display, other.language)
    return found


def own_name(display: str | None, language: str | None) -> list[Designation]:
    """Return a display as a designation."""
    from terminology.service.concepts import Designation  # noqa: PLC0415 - only for supplements

    return [Designation(display, language)] if display else []


def speaks(language: str | None, wanted: str) -> bool:
    """Return whether a name in `language` serves who wants `wanted`.

    >>> speaks("de-CH", "de"), speaks("de", "de-CH"), speaks("en", "de")
    (True, True, False)
    """
    if language is None:
        return False
    left, right = language.casefold(), wanted.casefold()
    return left == right or left.startswith(f"{right}-") or right.startswith(f"{left}-")


def preferred(
    entry: Entry, designations: Iterable[Designation], languages: Sequence[str]
) -> str | None:
    """Return what to show: the value set's word, the first language that has one, the display."""
    for wanted in languages:
        if speaks(entry.system.language, wanted) and entry.concept.display:
            break
        for name in designations:
            if speaks(name.language, wanted) and shows(name):
                return name.value
    return entry.display or entry.concept.display


def shows(name: Designation) -> bool:
    """Return whether a designation is a name to show, not a synonym of some other use."""
    return not name.use or name.use.get("code") in NAMING


def acceptable(
    entry: Entry, designations: Iterable[Designation], languages: Sequence[str]
) -> list[str]:
    """Return the names that are right in the languages wanted; in any when none is.

    Where no name is in them, those of the code system itself are right.
    """
    own = [name for name in (entry.display, entry.concept.display) if name]
    others = list(designations)
    if not languages:
        return [*own, *(name.value for name in others)]
    language = entry.system.language
    found = list(spoken(others, languages))
    if language is None or any(speaks(language, wanted) for wanted in languages):
        found = own + found
    return found or own


def spoken(designations: Iterable[Designation], languages: Sequence[str]) -> Iterator[str]:
    """Return the designations in one of the languages."""
    for name in designations:
        if any(speaks(name.language, wanted) for wanted in languages):
            yield name.value
