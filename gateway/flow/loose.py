"""What is kept and used for no one: about nobody known, or posted about a patient of a partner."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gateway import pipeline
from gateway.fhir.json import decode
from gateway.flow.whereabouts import Whereabouts
from gateway.store import assessments, mirror
from gateway.store.engine import reading, writing
from gateway.store.resources import Key
from terminology.records import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable

    import sqlalchemy as sa

    from gateway.store.resources import Row
    from gateway.store.sources import Known

DETAIL = "It is about nobody who is known here."
FOREIGN = "It was posted here about a patient of another server, whose record is kept there."


def note_loose(engine: sa.Engine, source: Known) -> int:
    """Give a finding to each Observation of the source without a patient; return how many."""
    with reading(engine) as connection:
        rows = mirror.loose(connection, source.name)
    if not rows:
        return 0
    where = Whereabouts.of(source.name, rows)
    options = pipeline.Options(
        datetime.now(UTC), source.name, source.settings.country, fhir_version=source.fhir_version
    )
    mapped = pipeline.mapped_of([decode(row.raw) for row in rows], options)
    findings = [*(finding_of(row) for row in rows), *mapped.findings]
    told = {(one.resource, one.at, one.reason): where.finding(one) for one in findings}
    with writing(engine) as connection:
        mirror.settle(connection, [Key(row.type, row.gid) for row in rows])
        assessments.replace_findings(connection, (), list(told.values()))
    return len(rows)


def finding_of(row: Row, detail: str = DETAIL) -> Finding:
    """Return the finding of a resource that is about nobody, or about somebody it must not be."""
    return Finding(row.type, "subject", detail, resource=f"{row.type}/{row.id}")


def foreign(source: Known, rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Return the rows of findings for what did not come from the patient's own source."""
    others = [row for row in rows if row.source != source.name]
    return [Whereabouts.of(row.source, [row]).finding(finding_of(row, FOREIGN)) for row in others]
