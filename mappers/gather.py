"""What the mapper of one kind of resource needs to know, and where it puts what it finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mappers import references
from terminology.records import Finding

if TYPE_CHECKING:
    from mappers.references import Scope
    from terminology.records import JSON, Coding, Measurement, Person, Resource


@dataclass(frozen=True, slots=True)
class Context:
    """What the caller knows of the source; None where each resource has to tell by itself."""

    country: str | None = None
    fhir_version: str | None = None


@dataclass(slots=True)
class Gathered:
    """Everything found in one document, in its order."""

    people: list[Person] = field(default_factory=list)
    measurements: list[Measurement] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


@dataclass(slots=True)
class Place:
    """One resource, where it stands, and what its references may mean."""

    resource: Resource
    at: str
    container: Resource
    """The resource it is contained in, else itself."""
    container_at: str
    scope: Scope
    context: Context
    out: Gathered

    @property
    def reference(self) -> str:
        """Return ``Type/id`` of the whole resource that can be read from a server, or nothing."""
        return self.scope.name(self.container) or ""

    @property
    def version(self) -> str | None:
        """Return ``meta.versionId`` of the whole resource."""
        meta = self.container.get("meta")
        version = meta.get("versionId") if isinstance(meta, dict) else None
        return version if isinstance(version, str) else None

    def subject(self, reference: JSON) -> tuple[str | None, bool]:
        """Return how the document names the subject, and whether it may be a person."""
        text = references.text_of(reference)
        if text is None:
            return None, references.names_person(reference)
        if text.startswith("#"):
            found = references.contained(self.container, text)
            person = references.is_person(found) if found else True
            return self.inner(text), person
        kept = self.scope.subjects.get(text)
        if kept is None:
            kept = self.scope.subjects[text] = self.named(text, reference)
        return kept

    def named(self, text: str, reference: JSON) -> tuple[str | None, bool]:
        """Return name and humanity of a subject outside of the resource."""
        found = self.scope.find(text)
        if found is None:
            return references.reference_to(text), references.names_person(reference)
        return self.scope.name(found) or text, references.is_person(found)

    def inner(self, text: str) -> str:
        """Return how the document names a contained resource, given ``#id``."""
        return f"{self.reference or self.container_at}{text}"

    def refuse(
        self,
        reason: str,
        detail: str,
        *,
        at: str | None = None,
        feature: str | None = None,
        subject: str | None = None,
        code: Coding | None = None,
        unit: str | None = None,
    ) -> None:
        """Record that something could not be used, and why."""
        finding = Finding(
            at or self.at, reason, detail, feature, self.reference, subject, code, unit
        )
        self.out.findings.append(finding)
