"""Findings as a chart, a table by country, and a file to download."""

from __future__ import annotations

import csv
import io
from collections import Counter
from typing import TYPE_CHECKING

from gateway.web.charts import Division, division
from gateway.web.ui_text import concept
from gateway.web.ui_text import reason as reason_words
from gateway.web.words import label, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gateway.store.views.findings import Group

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would run."""


def reasons_of(counts: Mapping[str, Counter[str]]) -> list[str]:
    """Return the reasons, the most frequent first."""
    total: Counter[str] = sum(counts.values(), Counter())
    return sorted(total, key=lambda reason: (-total[reason], reason))


def country(code: str | None) -> str:
    """Return a country's name, else its code."""
    return label("country", code or "?", code)


def chart_of(counts: Mapping[str, Counter[str]]) -> tuple[Division, str]:
    """Return the chart of findings by country and reason, and the same in words."""
    reasons = [reason_words(reason) for reason in reasons_of(counts)]
    named = {
        country(code): {reason_words(reason): number for reason, number in found.items()}
        for code, found in counts.items()
    }
    chart = division(named, reasons, say("findings.rest"))
    rows = [
        _row(bar.label, bar.total, [(part.count, part.label) for part in bar.parts])
        for bar in chart.bars
    ]
    if chart.hidden:
        rows.append(say("findings.chart_more", n=chart.hidden))
    return chart, say("findings.chart_desc", detail=" ".join(rows))


def _row(name: str, total: int, parts: Sequence[tuple[int, str]]) -> str:
    """Return one bar in words."""
    told = ", ".join(
        say("findings.chart_part", n=number, reason=reason) for number, reason in parts
    )
    return say("findings.chart_row", country=name, total=total, parts=told)


def as_csv(groups: Iterable[Group], countries: Mapping[str, str]) -> str:
    """Return the groups as CSV; no cell can be taken for a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["source", "country", "reason", "feature", "system", "code", "unit", "count"])
    for group in groups:
        cells = (group.feature, group.system, group.code, group.unit)
        shown = [group.source, countries.get(group.source), group.reason, *cells]
        writer.writerow([*(safe_cell(cell) for cell in shown), group.count])
    return out.getvalue()


def safe_cell(text: str | None) -> str:
    """Return a text that a spreadsheet shows and never runs.

    >>> safe_cell("=1+1"), safe_cell("mg/dL"), safe_cell(None)
    ("'=1+1", 'mg/dL', '')
    """
    shown = text or ""
    return f"'{shown}" if shown.startswith(FORMULA) else shown


def subject_of(group: Group) -> str:
    """Return what a group is about in words, for its link."""
    return concept(group.feature) if group.feature else say("findings.nocode")
