"""One coding against its code system and a value set: what holds, and each thing that does not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from terminology.service.compose import Entry, Scope, active_only, entries, member, systems_of
from terminology.service.concepts import Concept
from terminology.service.displays import acceptable, names, preferred
from terminology.service.problems import ServiceError, UnresolvedError, issue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from terminology.records import Resource
    from terminology.service.concepts import CodeSystem
    from terminology.service.library import Library


@dataclass(frozen=True, slots=True)
class Given:
    """A coding as it was sent, and where it stood."""

    code: str
    system: str | None = None
    version: str | None = None
    display: str | None = None
    at: str = ""
    infer: bool = False
    """Whether the value set may tell the code system."""

    def place(self, element: str = "") -> str:
        """Return where an issue about this coding, or an element of it, stands."""
        return ".".join(piece for piece in (self.at, element) if piece) or element


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a validation goes by."""

    library: Library
    value_set: Resource | None = None
    languages: tuple[str, ...] = ()
    supplements: tuple[str, ...] = ()
    versions: tuple[tuple[str, str], ...] = ()
    lenient: bool = False
    """A wrong display is a warning."""
    abstract: bool = True
    active_only: bool = False
    membership_only: bool = False

    @property
    def scope(self) -> Scope:
        """Return the value set with its library."""
        assert self.value_set is not None
        return Scope(self.library, self.value_set, versions=self.versions)

    @property
    def named(self) -> str:
        """Return the canonical of the value set."""
        given = self.value_set or {}
        return "|".join(str(given[key]) for key in ("url", "version") if given.get(key))


@dataclass(slots=True)
class Check:
    """The outcome for one coding; `member` of the value set, or of the code system alone."""

    given: Given
    member: bool = False
    system: str | None = None
    version: str | None = None
    code: str | None = None
    display: str | None = None
    normalized: str | None = None
    inactive: bool = False
    status: str | None = None
    unknown: str | None = None
    """The canonical of a code system that nobody has."""
    issues: list[Resource] = field(default_factory=list)
    outside: list[Resource] = field(default_factory=list)
    """Why it is not in the value set."""

    @property
    def failed(self) -> bool:
        """Return whether an issue other than membership is an error."""
        return any(each["severity"] == "error" for each in self.issues)

    def note(self, severity: str, code: str, kind: str, text: str, element: str = "") -> None:
        """Add an issue about an element of the coding."""
        self.issues.append(issue(severity, code, kind, text, self.given.place(element)))


def check(wishes: Wishes, given: Given) -> Check:
    """Return the outcome for one coding."""
    made = Check(given, code=given.code, system=given.system, version=given.version)
    if given.system is None:
        return unnamed(wishes, made)
    version = given.version or dict(wishes.versions).get(given.system)
    system = wishes.library.code_system(given.system, version)
    if system is None or system.content in ("not-present", "example"):
        return unknown_system(wishes, made, version)
    made.version = system.version
    concept = system.find(given.code)
    if concept is None:
        return unknown_code(wishes, made, system)
    described(wishes, made, system, concept)
    return made


def unnamed(wishes: Wishes, made: Check) -> Check:
    """Return the outcome for a code without a system, which the value set may tell."""
    code = made.given.code
    if not made.given.infer or wishes.value_set is None:
        text = "a code without a system has no meaning: no value set can hold it"
        made.note("error", "invalid", "invalid-data", text)
        return not_in(wishes, made)
    found = {entry.system.url for entry in holding(wishes, code)}
    if len(found) != 1:
        text = f"the system of the code '{code[:100]}' could not be told from {wishes.named}"
        made.note("error", "not-found", "cannot-infer", text, "code")
        return not_in(wishes, made)
    given = made.given
    return check(wishes, Given(code, found.pop(), given.version, given.display, given.at))


def holding(wishes: Wishes, code: str) -> list[Entry]:
    """Return the entries of the value set that have a code, in whatever system."""
    found = []
    for url in dict.fromkeys(systems_of(wishes.value_set or {})) or (None,):
        system = wishes.library.code_system(url) if url else None
        concept = system.find(code) if system else None
        if system and concept and member(wishes.scope, system, concept):
            found.append(Entry(system, concept))
    if found:
        return found
    try:
        return [entry for entry in entries(wishes.scope).values() if entry.concept.code == code]
    except ServiceError:
        return []


def unknown_system(wishes: Wishes, made: Check, version: str | None) -> Check:
    """Return the outcome for a code of a system, or a version of it, that nobody has."""
    url = made.given.system or ""
    versions = [one.version for one in wishes.library.systems(url.partition("|")[0])]
    known = ", ".join(one for one in versions if one)
    what = f"'{url[:200]}'" + (f" version '{version[:60]}'" if version else "")
    text = f"the code system {what} could not be found, so the code cannot be validated"
    if known:
        text += f"; versions known: {known}"
    made.note("error", "not-found", "not-found", text, "system")
    made.unknown = f"{url}|{version}" if version else url
    return not_in(wishes, made)


def unknown_code(wishes: Wishes, made: Check, system: CodeSystem) -> Check:
    """Return the outcome for a code that its system does not list; a fragment may have it."""
    where = f"in the code system '{system.url}'"
    if system.version:
        where += f" version '{system.version}'"
    text = f"unknown code '{made.given.code[:100]}' {where}"
    if not system.partial:
        made.note("error", "code-invalid", "invalid-code", text, "code")
        return not_in(wishes, made)
    text += ", of which only a fragment is known: the code may be valid"
    made.note("warning", "code-invalid", "invalid-code", text, "code")
    belongs(wishes, made, system, Concept(made.given.code))
    return made


def described(wishes: Wishes, made: Check, system: CodeSystem, concept: Concept) -> None:
    """Add all that is to be said of a known code."""
    entry = belongs(wishes, made, system, concept) or Entry(system, concept)
    if concept.code != made.given.code:
        made.normalized = concept.code
        text = f"the code '{made.given.code[:100]}' differs from '{concept.code}' by case"
        made.note("information", "business-rule", "code-rule", text, "code")
    if concept.abstract and not wishes.abstract:
        text = f"the concept '{concept.code}' is abstract"
        made.note("error", "business-rule", "code-rule", text, "code")
    stated(made, concept)
    designations = names(entry, wishes.library, wishes.supplements)
    made.display = preferred(entry, designations, wishes.languages)
    named(wishes, made, acceptable(entry, designations, wishes.languages))


def stated(made: Check, concept: Concept) -> None:
    """Add that a concept is inactive, or on its way out."""
    made.status = concept.status
    if concept.inactive:
        made.inactive = True
        words = [w for w in (concept.status, "inactive") if w]
        text = f"the concept '{concept.code}' is {' and '.join(dict.fromkeys(words))}"
        made.note("warning", "business-rule", "code-comment", f"{text}: its use needs a review")
    elif concept.status in ("deprecated", "withdrawn"):
        text = f"the concept '{concept.code}' is {concept.status}: its use needs a review"
        made.note("warning", "business-rule", "code-comment", text)


def named(wishes: Wishes, made: Check, right: Sequence[str]) -> None:
    """Add that the display is wrong, when it is."""
    given = made.given.display
    if given is None or not right or given.casefold() in {name.casefold() for name in right}:
        return
    blanks = {" ".join(name.split()).casefold() for name in right}
    what = (
        "white space in the display" if " ".join(given.split()).casefold() in blanks else "display"
    )
    shown = "', '".join(dict.fromkeys(right))
    text = f"wrong {what} for '{made.given.code[:100]}'; right is '{shown}'"
    severity = "warning" if wishes.lenient else "error"
    made.note(severity, "invalid", "invalid-display", text, "display")


def belongs(wishes: Wishes, made: Check, system: CodeSystem, concept: Concept) -> Entry | None:
    """Set whether a concept is in the value set, and return its entry there."""
    if wishes.value_set is None:
        made.member = True
        return None
    try:
        entry = member(wishes.scope, system, concept, made.given.version)
    except UnresolvedError as error:
        text = f"whether the code is in {wishes.named} cannot be told: {error.text}"
        made.outside.append(issue("error", "not-found", "not-found", text, made.given.place()))
        made.unknown = error.canonical
        return None
    except ServiceError as error:
        made.outside.append(issue("error", error.code, error.kind or "vs-invalid", error.text))
        return None
    idle = concept.inactive and (wishes.active_only or active_only(wishes.value_set))
    made.member = entry is not None and not idle
    if idle:
        text = f"the concept '{concept.code}' is valid but not active"
        made.outside.append(
            issue("error", "business-rule", "code-rule", text, made.given.place("code"))
        )
    if not made.member:
        not_in(wishes, made)
    return entry


def not_in(wishes: Wishes, made: Check) -> Check:
    """Add that the code is not in the value set."""
    made.member = False
    if wishes.value_set is not None:
        code = f"{made.given.system or ''}#{made.given.code[:100]}"
        text = f"the code '{code}' was not found in the value set '{wishes.named}'"
        made.outside.append(
            issue("error", "code-invalid", "not-in-vs", text, made.given.place("code"))
        )
    return made
