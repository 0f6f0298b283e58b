"""``ValueSet/$validate-code`` and ``CodeSystem/$validate-code``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terminology.service import scene
from terminology.service.asked import parameters, row
from terminology.service.checks import Check, Given, Wishes, check
from terminology.service.concepts import code_system
from terminology.service.library import shelved
from terminology.service.problems import ServiceError, issue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from terminology.records import JSON, Resource
    from terminology.service.asked import Asked
    from terminology.service.library import Library


def validate_in_value_set(library: Library, asked: Asked) -> Resource:
    """Return whether a code, a coding or one coding of a concept is in a value set.

    Raises:
        ServiceError: nothing can be said: no code, or no such value set.
    """
    value_set = scene.value_set(library, asked)
    wishes = wished(library, asked, value_set)
    return answered(wishes, givens(asked), asked)


def validate_in_code_system(library: Library, asked: Asked) -> Resource:
    """Return whether a code, or one coding of a concept, is of a code system.

    Raises:
        ServiceError: nothing can be said: no code, or no system.
    """
    resource = asked.resource("codeSystem", "CodeSystem")
    url = asked.text("url", "system")
    if resource is not None:
        library, url = shelved(library, [resource]), code_system(resource).url
    found = [
        given if given.system else Given(given.code, url, given.version, given.display, given.at)
        for given in givens(asked)
    ]
    if any(given.system is None for given in found):
        raise ServiceError(400, "required", "url must say which code system is meant")
    strangers = [given for given in found if url is not None and given.system != url]
    if strangers and len(strangers) == len(found):
        raise ServiceError(422, "invalid", "the coding is of another code system than url says")
    kept = [given for given in found if given not in strangers]
    return answered(wished(library, asked, None), kept, asked)


def wished(library: Library, asked: Asked, value_set: Resource | None) -> Wishes:
    """Return what the validation goes by."""
    return Wishes(
        library,
        value_set,
        scene.languages(asked, value_set),
        scene.supplements(library, asked, value_set),
        scene.versions(asked),
        lenient=asked.flag("lenient-display-validation"),
        abstract=asked.flag("abstract", default=True),
        active_only=asked.flag("activeOnly"),
        membership_only=asked.flag("valueset-membership-only"),
    )


def givens(asked: Asked) -> list[Given]:
    """Return the codings of a request.

    Raises:
        ServiceError: there is none, or one without a code.
    """
    concept, coding = asked.one("codeableConcept"), asked.one("coding")
    if isinstance(concept, dict):
        rows = concept.get("coding") or []
        places = [f"CodeableConcept.coding[{n}]" for n in range(len(rows))]
        return [given(each, place) for each, place in zip(rows, places, strict=True)]
    if isinstance(coding, dict):
        return [given(coding, "Coding")]
    code = asked.text("code")
    if code is None:
        raise ServiceError(400, "required", "code, coding or codeableConcept must stand")
    version = asked.text("systemVersion", "version")
    system = asked.text("system")
    return [Given(code, system, version, asked.text("display"), "", infer=True)]


def given(coding: JSON, place: str) -> Given:
    """Return one coding.

    Raises:
        ServiceError: it has no code, or an element that is no text.
    """
    found = coding if isinstance(coding, dict) else {}
    code, *others = (found.get(key) for key in ("code", "system", "version", "display"))
    if not isinstance(code, str) or not all(isinstance(each, str | None) for each in others):
        raise ServiceError(400, "invalid", f"{place} has no code")
    system, version, display = others
    return Given(code, system, version, display, place)


def answered(wishes: Wishes, codings: Sequence[Given], asked: Asked) -> Resource:
    """Return the answer: true when one coding is in, and nothing is wrong with any."""
    done = [check(wishes, each) for each in codings]
    inside = [each for each in done if each.member]
    concept = asked.one("codeableConcept")
    wrong = [] if wishes.membership_only else [e for e in done if harms(e, inside)]
    result = bool(inside) and not wrong
    shown = (inside or done[:1] if len(done) == 1 or inside else [None])[0]
    issues = told(wishes, done, inside)
    failures = [each["details"]["text"] for each in issues if each["severity"] != "information"]
    unknown = next((each.unknown for each in done if each.unknown and not inside), None)
    return parameters(
        row("result", "Boolean", result),
        row("message", "String", "; ".join(failures) or None),
        *of(shown),
        row("codeableConcept", "CodeableConcept", concept),
        row("x-caused-by-unknown-system", "Canonical", unknown),
        {"name": "issues", "resource": {"resourceType": "OperationOutcome", "issue": issues}}
        if issues
        else None,
    )


def harms(one: Check, inside: Sequence[Check]) -> bool:
    """Return whether a coding spoils the whole; one of an unknown system does not beside a good."""
    return one.failed and not (one.unknown and inside)


def told(wishes: Wishes, done: Sequence[Check], inside: Sequence[Check]) -> list[Resource]:
    """Return the issues of all codings; that one is outside matters only when all are."""
    found: list[Resource] = []
    for one in done:
        if not inside:
            found += one.outside
        if not wishes.membership_only:
            found += [softened(each, one, inside) for each in one.issues]
    if not done and wishes.value_set is not None:
        text = f"no coding was given for the value set '{wishes.named}'"
        found.append(issue("error", "code-invalid", "not-in-vs", text, "CodeableConcept"))
    return found


def softened(each: Resource, one: Check, inside: Sequence[Check]) -> Resource:
    """Return an issue, a warning when it does not spoil the whole."""
    return {**each, "severity": "warning"} if one.unknown and inside else each


def of(one: Check | None) -> tuple[Resource | None, ...]:
    """Return what is said of the coding that counts."""
    if one is None:
        return ()
    return (
        row("code", "Code", one.code),
        row("system", "Uri", one.system),
        row("version", "String", one.version),
        row("display", "String", one.display),
        row("normalized-code", "Code", one.normalized),
        row("inactive", "Boolean", one.inactive or None),
        row("status", "Code", one.status if one.inactive else None),
    )
