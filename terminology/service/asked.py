"""What a terminology request asks: Parameters or a query string, in the words of R4 and of R5."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from terminology.service.problems import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from terminology.records import JSON, Resource


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters of one request, and what its answer needs from the world."""

    values: Mapping[str, tuple[JSON, ...]]
    """Name to values; a resource counts as a value."""
    fhir_version: str = "R4"
    languages: tuple[str, ...] = ()
    """Of ``Accept-Language``, best first."""
    identifier: str = "urn:uuid:00000000-0000-4000-8000-000000000000"
    instant: str = "1970-01-01T00:00:00Z"
    """Name and time of the answer, where it has one."""
    instance: str | None = None
    """The id in the address, such as ``ValueSet/{id}/$expand``."""
    resources: tuple[Resource, ...] = field(default=())
    """The resources that came with the request (``tx-resource``)."""

    def one(self, *names: str) -> JSON | None:
        """Return the first value of the first name that has one."""
        for name in names:
            for value in self.values.get(name, ()):
                return value
        return None

    def text(self, *names: str) -> str | None:
        """Return a value that must be text, None when absent or empty.

        Raises:
            ServiceError: it is something else.
        """
        value = self.one(*names)
        if value is not None and not isinstance(value, str):
            raise ServiceError(400, "invalid", f"{names[0]} must be a text")
        return value or None

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a value that must be true or false.

        Raises:
            ServiceError: it is something else.
        """
        value = self.one(name)
        if value is None:
            return default
        if value in (True, "true"):
            return True
        if value in (False, "false"):
            return False
        raise ServiceError(400, "invalid", f"{name} must be true or false")

    def count(self, name: str) -> int | None:
        """Return a value that must be a whole number from 0.

        Raises:
            ServiceError: it is something else.
        """
        value = self.one(name)
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
            return int(value)
        if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
            return value
        raise ServiceError(400, "invalid", f"{name} must be a whole number from 0")

    def resource(self, name: str, kind: str) -> Resource | None:
        """Return a resource given as a parameter.

        Raises:
            ServiceError: it is none of that type.
        """
        value = self.one(name)
        if value is None:
            return None
        if not isinstance(value, dict) or value.get("resourceType") != kind:
            raise ServiceError(400, "invalid", f"{name} must be a {kind}")
        return value


def of_parameters(resource: Resource) -> dict[str, tuple[JSON, ...]]:
    """Return name to values of a Parameters resource.

    Raises:
        ServiceError: it is none.
    """
    rows = resource.get("parameter", [])
    if resource.get("resourceType") != "Parameters" or not isinstance(rows, list):
        raise ServiceError(400, "structure", "the body must be a Parameters resource")
    found: dict[str, tuple[JSON, ...]] = {}
    for number, row in enumerate(rows):
        name = row.get("name") if isinstance(row, dict) else None
        if not isinstance(name, str):
            raise ServiceError(400, "structure", f"Parameters.parameter[{number}] has no name")
        values = [v for k, v in row.items() if k == "resource" or k.startswith("value")]
        found[name] = (*found.get(name, ()), *values[:1])
    return found


def of_pairs(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[JSON, ...]]:
    """Return name to values of a query string."""
    found: dict[str, tuple[JSON, ...]] = {}
    for name, value in pairs:
        found[name] = (*found.get(name, ()), value)
    return found


def languages_of(header: str | None) -> tuple[str, ...]:
    """Return the language tags of ``Accept-Language`` or ``displayLanguage``, best first.

    >>> languages_of("de-CH;q=0.5, fr")
    ('fr', 'de-CH')
    """
    found = []
    for place, part in enumerate((header or "")[:1000].split(",")):
        tag, _, quality = part.strip().partition(";")
        if tag and tag != "*":
            found.append((-weight(quality), place, tag.strip()))
    return tuple(tag for _, _, tag in sorted(found))


def weight(quality: str) -> float:
    """Return the number in ``q=0.5``; 1 when there is none."""
    try:
        return float(quality.strip().removeprefix("q="))
    except ValueError:
        return 1.0


def parameters(*rows: Resource | None) -> Resource:
    """Return a Parameters resource of the rows that there are."""
    return {"resourceType": "Parameters", "parameter": [row for row in rows if row]}


def row(name: str, kind: str, value: JSON) -> Resource | None:
    """Return one parameter, or None when it has no value.

    >>> row("result", "Boolean", True)
    {'name': 'result', 'valueBoolean': True}
    """
    return None if value is None else {"name": name, f"value{kind}": value}


def parts(name: str, *rows: Resource | None) -> Resource:
    """Return one parameter with parts."""
    return {"name": name, "part": [row for row in rows if row]}
