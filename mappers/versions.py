"""STU3, R4, R4B and R5: their differences as one table (``versions.toml``), and which it is.

The mapper reads the elements of every version wherever they stand, since servers mix them; the
table says what each version calls them, for what has to be written and for naming a version.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mappers.references import text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from terminology.records import JSON, Resource

HAS_MEMBER = "has-member"


@dataclass(frozen=True, slots=True)
class Version:
    """What one version calls things; see the head of ``versions.toml``."""

    name: str
    number: str
    members: str
    encounter: str
    note: str
    absent_system: str
    category_system: str
    condition_status: str
    condition_recorded: str
    medication: str
    taken: str
    animal: str
    medication_active: tuple[str, ...]
    signs: tuple[str, ...]


@cache
def load() -> Mapping[str, Version]:
    """Return the versions by name: ``STU3``, ``R4``, ``R4B``, ``R5``."""
    text = (resources.files("mappers") / "versions.toml").read_text(encoding="utf-8")
    return MappingProxyType(
        {
            name: Version(name, **{k: frozen(v) for k, v in table.items()})
            for name, table in tomllib.loads(text).items()
        }
    )


def frozen(value: Any) -> Any:  # noqa: ANN401 - a value of the file
    """Return a list as a tuple."""
    return tuple(value) if isinstance(value, list) else value


def named(number: str) -> str | None:
    """Return the version of a ``fhirVersion`` such as ``4.0.1`` or ``4.3.0-cibuild``.

    >>> named("3.0.2"), named("4.3.0"), named("4.0.0"), named("5.0.0-ballot"), named("1.0.2")
    ('STU3', 'R4B', 'R4', 'R5', None)
    """
    digits = number.split(".")[:2]
    if digits[0] == "4":
        return "R4B" if digits[1:] in (["1"], ["3"]) else "R4"
    return {"3": "STU3", "5": "R5"}.get(digits[0])


def recognise(resource: Resource) -> str | None:
    """Return the version that the elements of a resource (or of a Bundle's) betray, or None."""
    return next(iter(betrayed(resource)), None)


def betrayed(resource: Resource) -> Iterator[str]:
    """Yield the versions whose signs a resource shows."""
    for one in each(resource):
        kind = one.get("resourceType")
        for version in load().values():
            if any(shows(one, sign, kind) for sign in version.signs):
                yield version.name


def each(resource: Resource) -> Iterable[Resource]:
    """Yield a resource, or the resources of a Bundle."""
    entries = resource.get("entry")
    if resource.get("resourceType") != "Bundle" or not isinstance(entries, list):
        return [resource]
    inner = (entry.get("resource") for entry in entries if isinstance(entry, dict))
    return [one for one in inner if isinstance(one, dict)]


def shows(resource: Resource, sign: str, kind: JSON) -> bool:
    """Say whether a resource has the element of a sign (``Type.element`` or ``...:code``)."""
    of, _, element = sign.partition(".")
    name, _, form = element.partition(":")
    if of != kind or name not in resource:
        return False
    return not form or isinstance(resource[name], str)


def members(observation: Resource) -> list[str]:
    """Return the references to an Observation's members (R4 hasMember, STU3 related)."""
    related = [one for one in as_list(observation.get("related")) if isinstance(one, dict)]
    sent = [
        *as_list(observation.get("hasMember")),
        *(one.get("target") for one in related if one.get("type", HAS_MEMBER) == HAS_MEMBER),
    ]
    return [reference for reference in map(text_of, sent) if reference]


def as_list(value: JSON) -> list[JSON]:
    """Return the list; an object alone is a list of one, as XML of another version gives it."""
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, dict) else []


def status_code(status: JSON) -> str | None:
    """Return the code of a status that is a code (STU3) or a CodeableConcept (R4 and later)."""
    if isinstance(status, str):
        return status
    codings = status.get("coding") if isinstance(status, dict) else None
    for coding in as_list(codings):
        code = coding.get("code") if isinstance(coding, dict) else None
        if isinstance(code, str):
            return code
    return None
