"""A report as a PDF document, A4: the model card, the drawings, the tables."""

from __future__ import annotations

import io
import textwrap
from typing import TYPE_CHECKING

from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure

from gateway.report import plots
from gateway.report.content import Sheet, facts, sheets

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scoring.appraisal import Appraisal

WIDTH, HEIGHT = 8.27, 11.69
"""A4 upright, in inches."""
MARGIN = 0.7
LINE = 0.165
"""Height of a line of text, in inches."""
FOOT = 0.6
"""Room for the note below a drawing, in inches."""
LETTERS = 108
"""Letters that fit across the page at 7.5 points."""
NO_DATE = {"CreationDate": None, "Creator": None, "Producer": None}


def made(found: Appraisal) -> bytes:
    """Return the document."""
    file = io.BytesIO()
    title = f"{found.card.title}: report"
    with (
        plots.styled(),
        PdfPages(file, metadata={**NO_DATE, "Title": title}) as pages,
    ):
        lines = [line for sheet in first(found) for line in written(sheet)]
        for figure in pages_of(title, lines):
            pages.savefig(figure)
        for plot in plots.all_of(found):
            pages.savefig(titled(plot))
        lines = [line for sheet in sheets(found) for line in written(sheet)]
        for figure in pages_of("Tables", lines):
            pages.savefig(figure)
    return file.getvalue()


def first(found: Appraisal) -> list[Sheet]:
    """Return what stands on the first page."""
    notes = tuple(("-", note) for note in found.notes)
    known = [Sheet("To know first", ("", ""), notes)] if notes else []
    return [*known, facts(found.card)]


def titled(plot: plots.Plot) -> Figure:
    """Return a drawing with its title above and its note below."""
    width, height = plot.figure.get_size_inches()
    tall = height + 1 + FOOT
    plot.figure.set_size_inches(width, tall)
    plot.figure.set_layout_engine("constrained", rect=(0, FOOT / tall, 1, 1 - FOOT / tall))
    plot.figure.suptitle(plot.title, fontsize=13, fontweight="bold")
    note = "\n".join(textwrap.wrap(plot.note, int(width * 15)))
    plot.figure.text(0.02, FOOT / tall, note, va="top", fontsize=8, color=plots.SOFT)
    return plot.figure


def written(sheet: Sheet) -> Iterator[tuple[str, bool]]:
    """Yield the lines of a table, each with whether it is bold."""
    yield "", False
    yield sheet.title, True
    widths = column_widths(sheet)
    heads = [sheet.heads] if any(sheet.heads) else []
    for row in (*heads, *sheet.rows):
        for line in wrapped(row, widths):
            yield line, bool(heads) and row is sheet.heads
    for line in textwrap.wrap(sheet.note, LETTERS):
        yield line, False


def column_widths(sheet: Sheet) -> list[int]:
    """Return letters for each column: what it needs, the widest ones cut until all fit."""
    columns = zip(sheet.heads, *sheet.rows, strict=True)
    widths = [max(map(len, column)) for column in columns]
    while sum(widths) + 2 * len(widths) > LETTERS:
        widths[widths.index(max(widths))] -= 1
    return widths


def wrapped(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    """Yield the lines that a row of cells takes."""
    cells = [
        textwrap.wrap(cell, max(4, width)) or [""] for cell, width in zip(row, widths, strict=True)
    ]
    for place in range(max(map(len, cells))):
        parts = [cell[place] if place < len(cell) else "" for cell in cells]
        yield "  ".join(part.ljust(width) for part, width in zip(parts, widths, strict=True))


def pages_of(title: str, lines: Sequence[tuple[str, bool]]) -> Iterator[Figure]:
    """Yield pages of text."""
    room = int((HEIGHT - 2 * MARGIN - 0.4) / LINE)
    for start in range(0, len(lines), room):
        figure = Figure(figsize=(WIDTH, HEIGHT))
        top = 1 - MARGIN / HEIGHT
        figure.text(MARGIN / WIDTH, top, title, fontsize=14, fontweight="bold", va="top")
        for place, (line, bold) in enumerate(lines[start : start + room]):
            y = top - (0.4 + place * LINE) / HEIGHT
            weight = "bold" if bold else "normal"
            figure.text(
                MARGIN / WIDTH, y, line.replace("$", r"\$"), fontsize=7.5, va="top",
                family="monospace", fontweight=weight,
            )  # fmt: skip
        yield figure
