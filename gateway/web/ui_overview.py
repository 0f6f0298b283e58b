"""The overview's chart: what became of each source's patients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.web.charts import Division, division
from gateway.web.words import say

if TYPE_CHECKING:
    from gateway.store.views.overview import Line, Overview

PARTS = ("assessed", "refused", "pending")


def chart_of(seen: Overview) -> tuple[Division, str]:
    """Return the chart of patients by source, and the same in words."""
    named = {name_of(line): line for line in seen.lines if line.counts.patients}
    counts = {
        name: {say(f"overview.legend_{part}"): getattr(line.counts, part) for part in PARTS}
        for name, line in named.items()
    }
    chart = division(counts, [say(f"overview.legend_{part}") for part in PARTS])
    rows = [_row(bar.label, named[bar.label]) for bar in chart.bars]
    if chart.hidden:
        rows.append(say("overview.chart_more", n=chart.hidden))
    return chart, say("overview.chart_desc", detail=" ".join(rows))


def _row(name: str, line: Line) -> str:
    """Return one bar in words."""
    parts = {part: getattr(line.counts, part) for part in PARTS}
    return say("overview.chart_row", source=name, total=line.counts.patients, **parts)


def name_of(line: Line) -> str:
    """Return a source's name; what was posted here has words instead."""
    return line.name or say("overview.direct")
