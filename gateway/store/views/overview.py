"""The network at a glance: each source with its counts, the queue, the rates of a day."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from gateway.store.sources import every
from gateway.store.tables import assessment, finding, job, outbox, refusal, resource
from gateway.store.views import current, living

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.store.sources import Known

OPEN = {"due": "waiting", "failed": "dead", "refused": "dead"}
"""State in the outbox to the count it goes into; the other states are done."""

WRITTEN = "RiskAssessment"
"""Results are counted; the Devices and Provenances beside them are not."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Patients and what became of them, results to write, findings."""

    patients: int = 0
    assessed: int = 0
    refused: int = 0
    waiting: int = 0
    dead: int = 0
    findings: int = 0

    @property
    def pending(self) -> int:
        """Patients that have neither a score nor a reason yet."""
        return max(self.patients - self.assessed - self.refused, 0)


@dataclass(frozen=True, slots=True)
class Line:
    """A source; without a name: what was posted here; without an address: one removed since."""

    name: str
    base_url: str = ""
    country: str | None = None
    fhir_version: str | None = None
    reachable: bool | None = None
    probed_at: int | None = None
    last_pull_at: int | None = None
    last_error: str | None = None
    counts: Counts = field(default_factory=Counts)

    @property
    def answered_at(self) -> int | None:
        """When the server last answered as it should."""
        return max(self.probed_at or 0, self.last_pull_at or 0) or None


@dataclass(frozen=True, slots=True)
class Overview:
    """All sources (received directly: the one without a name), jobs, and a day's rates."""

    lines: tuple[Line, ...]
    dead_jobs: int
    late_jobs: int
    made: int
    written: int

    @property
    def names(self) -> frozenset[str]:
        """The names of all sources."""
        return frozenset(line.name for line in self.lines)

    def total(self, name: str) -> int:
        """Return the sum of one count over all sources."""
        return sum(getattr(line.counts, name) for line in self.lines)


def overview(connection: sa.Connection, *, since: int, late: int) -> Overview:
    """Return the network; rates count from `since`, jobs are late that were due by `late`."""
    counts = {
        "patients": patients(connection),
        "assessed": assessed(connection),
        "refused": refused(connection),
        "findings": findings(connection),
        **outgoing(connection),
    }
    lines = [_line(known, counts) for known in every(connection)]
    here = {line.name for line in lines}
    gone = {name for per_source in counts.values() for name in per_source} - here
    lines += [Line(name, counts=counts_of(name, counts)) for name in sorted(gone, reverse=True)]
    return Overview(
        tuple(lines),
        dead_jobs=_count(connection, job.c.state == "dead"),
        late_jobs=_count(connection, job.c.state == "queued", job.c.run_after < late),
        made=_count(connection, assessment.c.created_at >= since),
        written=_count(connection, outbox.c.written_at >= since, outbox.c.kind == WRITTEN),
    )


def _line(known: Known, counts: Mapping[str, Mapping[str, int]]) -> Line:
    """Return a source's line with its counts."""
    return Line(
        known.name,
        known.settings.base_url,
        known.settings.country,
        known.fhir_version,
        known.reachable,
        known.probed_at,
        known.last_pull_at,
        known.last_error,
        counts_of(known.name, counts),
    )


def counts_of(name: str, counts: Mapping[str, Mapping[str, int]]) -> Counts:
    """Return the counts of one source."""
    return Counts(**{key: found.get(name, 0) for key, found in counts.items()})


def patients(connection: sa.Connection) -> dict[str, int]:
    """Return the number of patients per source."""
    return _per_source(
        connection,
        sa.select(resource.c.source, sa.func.count()).where(living()).group_by(resource.c.source),
    )


def assessed(connection: sa.Connection) -> dict[str, int]:
    """Return the number of patients with a standing assessment per source."""
    of = assessment.c.source
    people = sa.func.count(assessment.c.patient.distinct())
    return _per_source(connection, sa.select(of, people).where(current()).group_by(of))


def refused(connection: sa.Connection) -> dict[str, int]:
    """Return the number of patients with a reason and no standing assessment per source."""
    same = (assessment.c.source == refusal.c.source, assessment.c.patient == refusal.c.patient)
    scored = sa.exists().where(*same, current())
    people = sa.func.count(refusal.c.patient.distinct())
    chosen = sa.select(refusal.c.source, people).where(~scored).group_by(refusal.c.source)
    return _per_source(connection, chosen)


def findings(connection: sa.Connection) -> dict[str, int]:
    """Return the number of findings per source."""
    chosen = sa.select(finding.c.source, sa.func.count()).group_by(finding.c.source)
    return _per_source(connection, chosen)


def outgoing(connection: sa.Connection) -> dict[str, dict[str, int]]:
    """Return how many RiskAssessments wait to be written, and how many failed, per source."""
    chosen = (
        sa.select(outbox.c.state, outbox.c.source, sa.func.count())
        .where(outbox.c.state.in_(OPEN), outbox.c.kind == WRITTEN)
        .group_by(outbox.c.state, outbox.c.source)
    )
    found: dict[str, dict[str, int]] = {"waiting": {}, "dead": {}}
    for state, name, count in connection.execute(chosen):
        into = found[OPEN[state]]
        into[name] = into.get(name, 0) + count
    return found


def _per_source(connection: sa.Connection, chosen: sa.Select[Any]) -> dict[str, int]:
    """Return rows of source and count as a mapping."""
    return {name: count for name, count in connection.execute(chosen)}  # noqa: C416 - Row to pair


def _count(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> int:
    """Return how many rows of one table fit."""
    return connection.scalar(sa.select(sa.func.count()).where(*where)) or 0
