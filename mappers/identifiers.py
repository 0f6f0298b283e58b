"""Identifiers of known schemes: recognised by system, normalised, checked, compared."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from mappers.checkdigits import CHECKS
from mappers.choice import as_sent
from mappers.countries import extensions, plain, schemes
from mappers.implied import IMPLIED
from mappers.versions import as_list
from terminology.records import Identifier

if TYPE_CHECKING:
    from mappers.countries import Scheme
    from mappers.implied import Implied
    from terminology.records import JSON

SEPARATORS = re.compile(r"[\s.\-/]")
MASKED = re.compile(r"[*•●#✱＊]|[xX]{2,}|\$\{|\{\{|^urn:|…")
"""Signs of a number that was blotted out, replaced by a pseudonym, or never filled in."""


def read(identifier: JSON) -> tuple[Identifier, Scheme, str] | None:
    """Return identifier, scheme and country of a FHIR Identifier of a known scheme, else None."""
    system = identifier.get("system") if isinstance(identifier, dict) else None
    known = schemes().get(plain(system)) if isinstance(system, str) else None
    if known is None:
        return None
    scheme, country = known
    value = identifier.get("value")
    if not isinstance(value, str) or not value.strip():
        return Identifier(scheme.scheme, None, None), scheme, country
    if scheme.ignores and re.search(scheme.ignores, value):
        return None
    return Identifier(scheme.scheme, value, validity(scheme, value)), scheme, country


def normalise(scheme: Scheme, value: str) -> str:
    """Return the number itself: without separators, in upper case."""
    kept = re.escape(scheme.keeps)
    without = SEPARATORS if not kept else re.compile(rf"(?![{kept}])[\s.\-/]")
    return without.sub("", value).upper()


def validity(scheme: Scheme, value: str) -> bool | None:
    """Return whether the check digit fits; None when it cannot be known (no digit, masked).

    A value of the wrong length or alphabet is false, dates inside a number are not judged, and a
    scheme that no longer guarantees its check digit is never false for that digit.
    """
    number = normalise(scheme, value)
    if not pattern(scheme.pattern).fullmatch(number):
        return None if MASKED.search(unicodedata.normalize("NFKC", value)) else False
    if scheme.check is None:
        return None
    fits = CHECKS[scheme.check](number)
    return None if fits is False and not scheme.guaranteed else fits


@cache
def pattern(text: str) -> re.Pattern[str]:
    """Return the compiled pattern; letters and digits are ASCII."""
    return re.compile(text, re.ASCII)


def implied(scheme: Scheme, value: str | None) -> Implied | None:
    """Return the sex and birth date that a well-formed number carries, None when it tells none."""
    if value is None or scheme.implies is None:
        return None
    number = normalise(scheme, value)
    if not pattern(scheme.pattern).fullmatch(number):
        return None
    return IMPLIED[scheme.implies](number)


def unverified(identifier: JSON) -> bool:
    """Say whether a national extension of an identifier says that nobody has verified it."""
    known = extensions("identifier-status")
    for extension in as_list(identifier.get("extension")):
        url = extension.get("url") if isinstance(extension, dict) else None
        if isinstance(url, str) and url in known:
            codes = {code for _, code, _ in as_sent(extension.get("valueCodeableConcept"))}
            coding = extension.get("valueCoding")
            codes |= {code for _, code, _ in as_sent({"coding": [coding]})}
            return bool(codes) and not any(known[url].values.get(code or "") for code in codes)
    return False
