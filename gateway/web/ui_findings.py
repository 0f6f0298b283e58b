"""Findings as a chart, a table by country, and a file to download."""

from __future__ import annotations

import csv
import io
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

from gateway.web.charts import Division, division
from gateway.web.ui_text import concept
from gateway.web.ui_text import reason as reason_words
from gateway.web.words import label, say
from terminology import analytes, codes, coverage, reasons

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gateway.store.views.findings import Group

COLUMNS = (
    "source", "country", "reason", "feature", "system", "code", "unit", "who", "what_to_do",
    "nearest_known",
)  # fmt: skip
"""Of the download, before the count."""

LOINC = "http://loinc.org"

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
    told = [reason_words(reason) for reason in reasons_of(counts)]
    named = {
        country(code): {reason_words(reason): number for reason, number in found.items()}
        for code, found in counts.items()
    }
    chart = division(named, told, say("findings.rest"))
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
    """Return the groups as CSV, with what to do; no cell can be taken for a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([*COLUMNS, "count"])
    for group in groups:
        found = reasons.find(group.reason)
        told = (found[0].who, found[0].do) if found else ("", "")
        near = ", ".join(text for _, text in suggestions(group))
        cells = (group.feature, group.system, group.code, group.unit, *told, near)
        shown = [group.source, countries.get(group.source), group.reason, *cells]
        writer.writerow([*(safe_cell(cell) for cell in shown), group.count])
    return out.getvalue()


def suggestions(group: Group) -> list[tuple[str, str]]:
    """Return the nearest known units or code of a group, for a person to judge; never used.

    Each is what to ask the codes page for, and its words.
    """
    unit, feature = group.unit or "", analytes.load().get(group.feature or "")
    if feature and unit and group.reason.startswith("unit-"):
        return [(name, name) for name in near_units(feature.key, unit, group.reason)]
    if feature and feature.loinc and group.reason == "qualifier":
        return [(f"{LOINC}|{feature.loinc}", feature.loinc)]
    if group.code and not codes.find(group.system, group.code):
        found = coverage.nearest_code(group.system or "", group.code, "")
        return [(f"{found.system}|{found.code}", found.code)] if found else []
    return []


@lru_cache(maxsize=4096)
def near_units(feature: str, unit: str, reason: str) -> tuple[str, ...]:
    """Return the units of a feature that a refused one looks like (the same few come again)."""
    return coverage.nearest_units(feature, unit, unit, reason)


def question(group: Group) -> str:
    """Return what to ask the codes page about the code of a group."""
    return f"{group.system}|{group.code}" if group.system else group.code or ""


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
