"""Pull and assess in one go, and the numbers of a source that people and programs get."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.flow import partners
from gateway.flow.assessing import assess_due
from gateway.flow.progress import Progress, silent
from gateway.flow.pulling import pull
from gateway.store import assessments
from gateway.store.engine import reading

if TYPE_CHECKING:
    import sqlalchemy as sa

    from gateway.fhir.client import Client
    from gateway.flow.intake import Tally
    from gateway.store.assessments import Figures
    from gateway.store.sources import Known


@dataclass(frozen=True, slots=True)
class PullReport:
    """What a pull brought, and what there is of the source since."""

    source: str
    tally: Tally
    figures: Figures

    @property
    def failures(self) -> list[str]:
        """Return what went wrong, in lines for people."""
        lines = [f"{self.source}: {kind} did not come wholly" for kind in self.tally.incomplete]
        if self.tally.refused:
            lines.append(f"{self.source}: {self.tally.refused} entries could not be kept")
        return lines

    def plain(self) -> dict[str, str | int]:
        """Return the report as the command prints it."""
        return {
            "source": self.source,
            "patients": self.figures.patients,
            "observations": self.figures.observations,
            "new": self.tally.new,
            "changed": self.tally.changed + self.tally.deleted,
            "findings": self.figures.findings,
            "assessed": self.figures.assessed,
            "not_assessable": self.figures.not_assessable,
        }


def pull_and_assess(
    engine: sa.Engine,
    source: Known,
    client: Client,
    *,
    full: bool = False,
    progress: Progress = silent,
) -> PullReport:
    """Bring what is new, assess whom it is about, and return the numbers.

    Raises:
        RemoteError: the server failed for good; the next pull goes on from there.
    """
    tally = pull(engine, source, client, full=full, progress=progress)
    known = partners.known(engine, source.name)
    assess_due(engine, known, progress)
    with reading(engine) as connection:
        return PullReport(source.name, tally, assessments.figures(connection, source.name))
