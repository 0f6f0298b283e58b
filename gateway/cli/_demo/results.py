"""What the demonstration did, in numbers: for machines as JSON, for people as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

from gateway.flow import partners
from gateway.flow.looking import decoded
from gateway.store.assessments import ENTERED_IN_ERROR, Figures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gateway.cli._demo.rounds import Done
    from gateway.store.sources import Known

HEADINGS = (
    "name", "country", "FHIR", "patients", "observations", "measurements", "findings",
    "assessed", "not assessable", "written", "on server",
)  # fmt: skip


def count_on_server(source: Known) -> int:
    """Return how many RiskAssessments the server itself shows, each once, in error or not aside."""
    found: set[str] = set()
    with partners.connect(source.settings) as client:
        for page in client.search("RiskAssessment", {"_count": "200"}):
            for one in decoded(entry.raw for entry in page.entries):
                if one.get("status") != ENTERED_IN_ERROR:
                    found.add(one["id"])
    return len(found)


def line(source: Known, done: Done, on_server: int) -> dict[str, Any]:
    """Return the numbers of one source."""
    figures = done.figures or Figures()
    return {
        "name": source.name,
        "base_url": source.settings.base_url,
        "country": source.settings.country,
        "fhir_version": source.fhir_version,
        "patients": figures.patients,
        "observations": figures.observations,
        "measurements": figures.measurements,
        "findings": figures.findings,
        "assessed": figures.assessed,
        "not_assessable": figures.not_assessable,
        "written": done.push.written if done.push else 0,
        "on_server": on_server,
    }


def report(
    lines: Sequence[dict[str, Any]], second: Mapping[str, Done], wall_s: float
) -> dict[str, Any]:
    """Return everything; `second` is what the second pass did, which should be nothing."""
    written = sum(done.written for done in second.values())
    return {
        "sources": list(lines),
        "second_pass": {"written": written},
        "wall_s": round(wall_s, 2),
    }


def table(told: Mapping[str, Any]) -> Table:
    """Return the table of a report."""
    drawn = Table(*HEADINGS)
    for column in drawn.columns[3:]:
        column.justify = "right"
    for one in told["sources"]:
        cells = [str(value) for key, value in one.items() if key != "base_url"]
        drawn.add_row(*cells)
    return drawn
