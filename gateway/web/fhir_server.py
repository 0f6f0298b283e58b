"""What a FHIR endpoint is: its store, base URL, version and hooks; and what its answers carry."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from gateway.errors import InvalidError, Issue, NotFoundError
from gateway.fhir.capability import ASSESS, Found, Served, assess_definition, statement
from gateway.fhir.json import decode, encode
from gateway.fhir.references import rewritten
from gateway.fhir.structure import resource_types
from gateway.fhir.validate import is_valid, validate
from gateway.store import instants
from gateway.store.identity import Place
from gateway.store.query import searchable
from gateway.store.resources import place_of
from terminology.service.generated import served

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import sqlalchemy as sa

    from gateway.store.resources import Row
    from terminology.records import Resource

ID = re.compile(r"[A-Za-z0-9\-.]{1,64}\Z")
RELEASES = {"STU3": "3.0", "R4": "4.0", "R4B": "4.3", "R5": "5.0"}
"""FHIR version to the value of the media type's ``fhirVersion``."""


def nothing(_store: object, _patients: Sequence[str]) -> None:
    """Do nothing; the hook of a server that keeps resources and no more."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """What happens when data of patients came, changed or went; both get the Patients' gids."""

    stored: Callable[[sa.Connection, Sequence[str]], None] = nothing
    """Called in the transaction that stores the data."""
    received: Callable[[sa.Engine, Sequence[str]], None] = nothing
    """Called when it is durable, before the answer."""


@dataclass(frozen=True)
class Server:
    """One FHIR endpoint over one store."""

    engine: sa.Engine
    base_url: str
    """Where resources are reached, such as ``http://127.0.0.1:8080/fhir``."""
    fhir_version: str = "R4"
    hooks: Hooks = field(default_factory=Hooks)
    max_entries: int = 10_000
    title: str = "Riskbridge"
    operations: bool = False
    """Whether ``$assess-risk`` is served."""

    @cached_property
    def place(self) -> Place:
        """Return what references mean here."""
        return Place("", (self.base_url,))

    @cached_property
    def metadata(self) -> bytes:
        """Return the CapabilityStatement."""
        return encode(statement(self.declared))

    @cached_property
    def fixed(self) -> Mapping[str, bytes]:
        """Return ``Type/id`` to bytes of what is served and kept nowhere."""
        if not self.operations:
            return {}
        definition = assess_definition(self.declared)
        terms = {name: encode(one) for name, one in served(self.fhir_version).items()}
        return {f"OperationDefinition/{ASSESS}": encode(definition), **terms}

    @cached_property
    def declared(self) -> Served:
        """Return what is served, as the CapabilityStatement declares it."""
        return Served(
            self.base_url,
            self.fhir_version,
            self.title,
            instants.written(instants.now()),
            {
                kind: {name: Found(one.kind, one.targets) for name, one in searchable(kind).items()}
                for kind in self.types
            },
            assess=self.operations,
        )

    @cached_property
    def types(self) -> frozenset[str]:
        """Return the resource types that can be kept."""
        return resource_types(self.fhir_version) - {"Parameters"}

    def check_type(self, kind: str) -> None:
        """Raise unless `kind` is a resource type.

        Raises:
            NotFoundError: it is none.
        """
        if kind not in self.types:
            raise NotFoundError(f"there is no such resource type in FHIR {self.fhir_version}")

    def check(self, resource: Resource) -> tuple[Issue, ...]:
        """Return the warnings about a resource.

        Raises:
            InvalidError: it breaks the specification; each issue names its place.
        """
        issues = validate(resource, self.fhir_version)
        if not is_valid(issues):
            raise InvalidError("the resource is not valid", issues=issues)
        return issues

    def url(self, kind: str, gid: str) -> str:
        """Return where a resource is reached."""
        return f"{self.base_url}/{kind}/{gid}"


def bodies(conn: sa.Connection, rows: Sequence[Row]) -> list[bytes]:
    """Return the bytes of resources as this server serves them.

    What callers posted is stored that way. What was pulled is kept as its source sent it, and
    gets our id, version and references here.
    """
    names = {row.source for row in rows if row.mirrored}
    places = {name: place_of(conn, name) for name in names}
    return [mirrored(row, places[row.source]) if row.mirrored else row.raw for row in rows]


def mirrored(row: Row, place: Place) -> bytes:
    """Return the bytes of a source's resource with our id, version and references."""
    if row.deleted:
        return b""
    resource = rewritten(decode(row.raw), place.localise)
    meta = resource.get("meta")
    told = {"versionId": str(row.version), "lastUpdated": instants.written(row.last_updated)}
    kept = meta if isinstance(meta, dict) else {}
    return encode({**resource, "id": row.gid, "meta": {**kept, **told}})


def etag(version: int) -> str:
    """Return the entity tag of a version.

    >>> etag(3)
    'W/"3"'
    """
    return f'W/"{version}"'


def version_of(tag: str) -> str:
    """Return the version that an entity tag names, with or without its marks."""
    return tag.strip().removeprefix("W/").strip('"')
