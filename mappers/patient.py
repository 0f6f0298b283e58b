"""Patient -> person: sex, birth, identifiers and country; nothing is filled in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mappers import choice, countries, dates, identifiers, references
from mappers.versions import as_list
from terminology.records import Person

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mappers.countries import Scheme
    from mappers.gather import Place
    from terminology.records import JSON, Identifier, Resource

SEXES = frozenset({"male", "female", "other", "unknown"})
ESTIMATED = "estimat"
ACCURACY = re.compile(r"[AEU]{3}")
"""A date accuracy indicator: day, month and year are accurate, estimated or unknown."""
TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
"""A language tag of BCP 47, in its common form."""


def map_patient(place: Place) -> None:
    """Add the person of one Patient, or the finding that it is an animal."""
    patient = place.resource
    if references.is_animal(patient):
        place.refuse("subject", "The patient is an animal.")
        return
    sent = as_list(patient.get("identifier"))
    read = [one for one in map(identifiers.read, sent) if one]
    person = Person(
        at=place.at,
        id=patient["id"] if isinstance(patient.get("id"), str) else None,
        country=place.context.country or country(patient, [code for *_, code in read]),
        sex=sex(patient.get("gender")),
        birth=birth(patient.get("birthDate")),
        birth_estimated=estimated(patient.get("_birthDate")),
        identifiers=tuple(identifier for identifier, *_ in read),
        reference=name(place),
        version=place.version,
        language=language(patient.get("communication")),
    )
    place.out.people.append(person)
    for identifier, scheme, _ in read:
        compare(place, person, identifier, scheme)
    if any(isinstance(one, dict) and identifiers.unverified(one) for one in sent):
        place.refuse(
            "identifier-unverified",
            "The source says that an identifier has not been verified.",
            subject=person.reference or None,
        )


def name(place: Place) -> str:
    """Return how references of the document name this patient."""
    if place.resource is place.container:
        return place.reference
    return place.inner(f"#{place.resource.get('id')}")


def sex(gender: JSON) -> str | None:
    """Return the administrative gender, None when it is absent or illegal."""
    return gender if isinstance(gender, str) and gender in SEXES else None


def birth(sent: JSON) -> str | None:
    """Return the birth date as sent (it may be partial), None when it cannot be one."""
    return sent if dates.valid_date(sent) else None


def estimated(sibling: JSON) -> bool:
    """Say whether an extension of birthDate calls the date estimated or partly unknown."""
    extensions = sibling.get("extension") if isinstance(sibling, dict) else None
    return any(tells_estimate(one) for one in as_list(extensions) if isinstance(one, dict))


def tells_estimate(extension: Resource) -> bool:
    """Say whether one extension does: an accuracy code, or true under a url that says so."""
    url = extension.get("url")
    if not isinstance(url, str):
        return False
    if extension.get("valueBoolean") is True:
        return ESTIMATED in url.lower() or url in countries.extensions("birth-estimated")
    return any(ACCURACY.fullmatch(code) and code != "AAA" for code in told_codes(extension))


def told_codes(extension: Resource) -> Iterator[str]:
    """Yield the codes that an extension has as its value."""
    for key in ("valueCoding", "valueCode", "valueString"):
        sent = extension.get(key)
        code = sent.get("code") if isinstance(sent, dict) else sent
        if isinstance(code, str):
            yield code
    yield from (
        code for _, code, _ in choice.as_sent(extension.get("valueCodeableConcept")) if code
    )


def country(patient: Resource, schemes: list[str]) -> str | None:
    """Return the country of the address, else of a recognised identifier, else None."""
    for address in as_list(patient.get("address")):
        sent = address.get("country") if isinstance(address, dict) else None
        if isinstance(sent, str):
            known = countries.by_name().get(sent.strip().upper())
            if known or (len(sent) == 2 and sent.isalpha() and sent.isascii()):
                return known or sent.upper()
    return schemes[0] if schemes else None


def language(communication: JSON) -> str | None:
    """Return the language that the patient prefers, or the only one, as BCP 47 names it."""
    spoken = [one for one in as_list(communication) if isinstance(one, dict)]
    preferred = [one for one in spoken if one.get("preferred") is True]
    for one in preferred or (spoken if len(spoken) == 1 else []):
        for _, code, _ in choice.as_sent(one.get("language")):
            if code and TAG.fullmatch(code):
                return code
    return None


def compare(place: Place, person: Person, identifier: Identifier, scheme: Scheme) -> None:
    """Record that sex or birth date differ from what a valid number carries."""
    told = identifiers.implied(scheme, identifier.value) if identifier.valid else None
    if told is not None and told.differs(person.sex, person.birth):
        place.refuse(
            "identifier-mismatch",
            f"Sex or birth date differ from what the {identifier.scheme} number carries.",
            subject=person.reference or None,
        )
