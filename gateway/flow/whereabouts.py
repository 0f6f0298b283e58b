"""Which resource of ours a source's reference means, and what the store's rows say of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gateway.store.assessments import Refusal
from gateway.store.identity import gid_of
from gateway.store.instants import interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gateway.pipeline import NotAssessed
    from gateway.store.resources import Row
    from terminology.records import Finding, Measurement


@dataclass(slots=True)
class Whereabouts:
    """The resources of some patients of one source, by the references that the source uses."""

    source: str
    rows: dict[str, Row] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    """``Type/gid`` to present version."""

    @classmethod
    def of(cls, source: str, rows: Iterable[Row]) -> Whereabouts:
        """Return the whereabouts of rows."""
        by_reference = {f"{row.type}/{row.id}": row for row in rows}
        versions = {f"{row.type}/{row.gid}": row.version for row in by_reference.values()}
        return cls(source, by_reference, versions)

    def place(self, reference: str) -> tuple[str, int]:
        """Return gid and version of a reference; version 0 of what is not here."""
        row = self.rows.get(reference)
        return (row.gid, row.version) if row else (self.gid(reference), 0)

    def gid(self, reference: str) -> str:
        """Return the gid of a reference, also of one to what is not here."""
        row = self.rows.get(reference)
        return row.gid if row else gid_of(self.source, reference.rpartition("/")[2])

    def served(self, reference: str) -> str:
        """Return a reference of the source as the gateway serves it, with the version here."""
        bare = reference.partition("/_history/")[0]
        row = self.rows.get(bare)
        if row is None:
            return reference
        version = f"/_history/{row.version}" if bare != reference else ""
        return f"{row.type}/{row.gid}{version}"

    def patient(self, subject: str | None) -> str | None:
        """Return the gid of a subject that is a Patient."""
        return self.gid(subject) if subject and subject.startswith("Patient/") else None

    def measurement(self, one: Measurement) -> dict[str, Any]:
        """Return the row of a measurement."""
        row = self.rows.get(one.resource)
        bounds = interval(one.effective) if one.effective else None
        number = isinstance(one.value, float) and not isinstance(one.value, bool)
        return {
            "source": self.source,
            "type": one.resource.partition("/")[0],
            "gid": self.gid(one.resource),
            "version": row.version if row else 0,
            "patient": self.patient(one.subject),
            "feature": one.feature,
            "value_number": one.value if number else None,
            "value_text": None if number else text_of(one.value),
            "unit": one.unit,
            "effective": one.effective,
            "instant": bounds[0] if bounds else None,
            "flags": list(one.flags),
            "data": one,
        }

    def finding(self, one: Finding) -> dict[str, Any]:
        """Return the row of a finding; it belongs to the patient of its resource."""
        row = self.rows.get(one.resource)
        owner = row.patient if row else None
        return {
            "source": self.source,
            "type": one.resource.partition("/")[0],
            "gid": self.gid(one.resource) if one.resource else "",
            "patient": owner or self.patient(one.subject),
            "at": one.at,
            "feature": one.feature,
            "reason": one.reason,
            "detail": one.detail,
            "system": one.code.system if one.code else None,
            "code": one.code.code if one.code else None,
            "unit": one.unit,
        }

    def refusal(self, one: NotAssessed) -> Refusal:
        """Return the record of a card that does not assess."""
        return Refusal(
            self.gid(one.row.patient), one.score.card, one.reason, tuple(one.score.missing)
        )


def text_of(value: float | str | bool) -> str:
    """Return a value that is no number as text; truths as JSON writes them."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def owned(rows: Iterable[dict[str, Any]], patients: Sequence[str]) -> list[dict[str, Any]]:
    """Return the rows that are about the patients at hand (others are kept with theirs)."""
    wanted = frozenset(patients)
    return [row for row in rows if row["patient"] in wanted]
