"""The primitive types of FHIR: what a JSON value must look like (the regular expressions of R4).

Each check takes a value and says nothing (None) when it fits. They are called for every leaf of
every resource, so the common case comes first and texts that repeat (codes, URIs, dates) are
remembered. Nothing they say holds the value.
"""

from __future__ import annotations

import binascii
import re
from calendar import monthrange
from decimal import Decimal
from typing import TYPE_CHECKING

from gateway.fhir.narrative import check_narrative
from gateway.fhir.problems import Problem, wrong

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.fhir.problems import Check, Problems
    from terminology.records import JSON

KNOWN_TEXTS = 4096
MAX_TEXT = 1024 * 1024
ZONE = r"(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?"
DAY = r"(?!0000)([0-9]{4})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
MONTH = r"(?!0000)[0-9]{4}(-(0[1-9]|1[0-2]))?"
DATE = re.compile(rf"{MONTH}|{DAY}")
DATE_TIME = re.compile(rf"{MONTH}|{DAY}(T{CLOCK}{ZONE})?")
INSTANT = re.compile(rf"{DAY}T{CLOCK}{ZONE}")
TIME = re.compile(CLOCK)
CODE = re.compile(r"\S+(\s\S+)*")
URI = re.compile(  # of urn:uuid: and urn:oid: the form is known; capitals are let pass
    r"(?!urn:(?:uuid|oid):)\S+"
    r"|urn:uuid:[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\S*"
    r"|urn:oid:[0-2](\.(0|[1-9][0-9]*))+"
)
CANONICAL = re.compile(r"#\S*|\S*[:/]\S*")
OID = re.compile(r"urn:oid:[0-2](\.(0|[1-9][0-9]*))+")
UUID = re.compile(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
INTEGER64 = re.compile(r"0|[-+]?[1-9][0-9]{0,18}")
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def boolean(value: JSON) -> Problems:
    """``true`` or ``false``."""
    return None if value is True or value is False else misfit(value, "true or false")


def decimal(value: JSON) -> Problems:
    """A JSON number."""
    kind = value.__class__
    if kind is Decimal or kind is int or (kind is float and value - value == 0):
        return None
    return misfit(value, "a number")


def whole(low: int, text: str) -> Check:
    """Return the check of an integer of 32 bits, not below `low`."""

    def check(value: JSON) -> Problems:
        if value.__class__ is int and low <= value <= 2147483647:
            return None
        return misfit(value, text)

    return check


def string(value: JSON) -> Problems:
    """A text with something in it (which R4 allows to be white space)."""
    if value.__class__ is str and value.isprintable() and value:
        return None if len(value) <= MAX_TEXT else wrong("value", "longer than a string may be")
    return text_problem(value)


def text_problem(value: JSON) -> Problems:
    """Say what is wrong with a text that is not plainly right."""
    if value.__class__ is not str:
        return misfit(value, "a string")
    if not value:
        return wrong("value", "an empty string")
    if CONTROL.search(value):
        return wrong("value", "a string with control characters")
    return wrong("value", "longer than a string may be") if len(value) > MAX_TEXT else None


def pattern(expression: re.Pattern[str], text: str, *, local: bool = False) -> Check:
    """Return the check of a text by a regular expression; fitting texts are remembered.

    With `local`, a text that begins with ``#`` speaks of a contained resource.
    """
    known: set[str] = set()
    fits = expression.fullmatch

    def check(value: JSON) -> Problems:
        if value.__class__ is not str:
            return misfit(value, f"a string: {text}")
        if value in known:
            return None
        if not fits(value):
            return wrong("value", f"not {text}")
        if local and value[0] == "#":
            return [mention(value)]
        remember(known, value)
        return None

    return check


def mention(value: str) -> Problem:
    """Return the word that a contained resource is spoken of; no problem by itself."""
    problem = Problem("informational", "", severity="information")
    problem.local = value[1:]
    return problem


def remember(known: set[str], value: str) -> None:
    """Keep a text, up to a bound on number and length."""
    if len(value) <= 256:
        if len(known) >= KNOWN_TEXTS:
            known.clear()
        known.add(value)


def calendar(expression: re.Pattern[str], text: str, day: int) -> Check:
    """Return the check of a date by its form and, where it names a day, by the calendar.

    `day` is the number of the group that holds the year; month and day follow it.
    """
    known: set[str] = set()
    fits = expression.fullmatch

    def check(value: JSON) -> Problems:
        if value.__class__ is not str:
            return misfit(value, f"a string: {text}")
        if value in known:
            return None
        match = fits(value)
        if not match:
            return wrong("value", f"not {text}")
        number = match[day + 2]
        if number and number > "28" and not exists(match[day], match[day + 1], number):
            return wrong("value", "a day that the calendar does not have")
        remember(known, value)
        return None

    return check


def exists(year: str, month: str, day: str) -> bool:
    """Whether the calendar has that day."""
    return int(day) <= monthrange(int(year), int(month))[1]


def base64(value: JSON) -> Problems:
    """Base64 (RFC 4648), white space allowed."""
    if value.__class__ is not str:
        return misfit(value, "a string in base64")
    try:
        binascii.a2b_base64("".join(value.split()).encode("ascii"), strict_mode=True)
    except (ValueError, binascii.Error):
        return wrong("value", "not base64")
    return None if value else wrong("value", "an empty string")


def misfit(value: JSON, text: str) -> Problems:
    """Say that the JSON type is another."""
    if value is None:
        return wrong("structure", f"null, where {text} must stand")
    names: dict[type, str] = {dict: "an object", list: "a list", str: "a string", bool: "a truth"}
    return wrong("structure", f"{names.get(value.__class__, 'a number')}, not {text}")


A_DATE = "a date (YYYY, YYYY-MM or YYYY-MM-DD)"
A_TIME = "a date or a time with seconds and zone (YYYY-MM-DDThh:mm:ss+zz:zz)"
AN_INSTANT = "an instant (YYYY-MM-DDThh:mm:ss+zz:zz)"
CHECKS: dict[str, Check] = {
    "base64Binary": base64,
    "boolean": boolean,
    "canonical": pattern(CANONICAL, "a canonical URL", local=True),
    "code": pattern(CODE, "a code (no spaces around, no double spaces)"),
    "date": calendar(DATE, A_DATE, 3),
    "dateTime": calendar(DATE_TIME, A_TIME, 3),
    "decimal": decimal,
    "id": pattern(ID, "an id (1 to 64 of A-Z, a-z, 0-9, - and .)"),
    "instant": calendar(INSTANT, AN_INSTANT, 1),
    "integer": whole(-2147483648, "an integer of 32 bits"),
    "integer64": pattern(INTEGER64, "an integer of 64 bits, as a string"),
    "markdown": string,
    "oid": pattern(OID, "an OID (urn:oid:...)"),
    "positiveInt": whole(1, "an integer above 0"),
    "string": string,
    "time": pattern(TIME, "a time of day (hh:mm:ss)"),
    "unsignedInt": whole(0, "an integer of 0 or more"),
    "uri": pattern(URI, "a URI (no spaces; a UUID or OID of the right form)", local=True),
    "url": pattern(URI, "a URL (no spaces)", local=True),
    "uuid": pattern(UUID, "a UUID (urn:uuid:...)"),
    "xhtml": check_narrative,
}


def one_of(kind: str, codes: frozenset[str]) -> Check:
    """Return the check of a primitive that must be one of `codes`."""
    form: Callable[[JSON], Problems] = CHECKS[kind]

    def check(value: JSON) -> Problems:
        if value.__class__ is str and value in codes:
            return None
        return form(value) or wrong("code-invalid", f"not one of {listed(codes)}")

    return check


def listed(codes: frozenset[str]) -> str:
    """Return codes as a text, cut when there are many."""
    names = sorted(codes)
    return ", ".join(names[:20]) + (" ..." if len(names) > 20 else "")
