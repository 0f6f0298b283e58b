"""A report as one HTML page: styles and drawings inside, no script, light and dark, print."""

from __future__ import annotations

import io
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from gateway.report import plots
from gateway.report.content import facts, sheets

if TYPE_CHECKING:
    from jinja2 import Template

    from gateway.report.plots import Plot
    from scoring.appraisal import Appraisal

FOLDER = Path(__file__).parent
COLOURS = {
    plots.INK: "var(--ink)",
    plots.SOFT: "var(--soft)",
    plots.LINE: "var(--line)",
    plots.ACCENT: "var(--accent)",
    plots.SECOND: "var(--second)",
    plots.THIRD: "var(--third)",
}
NO_DATE = {"Date": None, "Creator": None, "Format": None, "Type": None}


def made(found: Appraisal) -> bytes:
    """Return the page, in UTF-8."""
    drawn = [(plot, drawing(plot, place)) for place, plot in enumerate(plots.all_of(found))]
    style = Markup((FOLDER / "report.css").read_text(encoding="utf-8"))  # noqa: S704 - our own file
    text = template().render(
        card=found.card,
        facts=facts(found.card),
        notes=found.notes,
        overall=found.overall,
        drawn=drawn,
        sheets=sheets(found),
        style=style,
    )
    return text.encode()


@cache
def template() -> Template:
    """Return the page before it is filled in."""
    files = FileSystemLoader(FOLDER)
    environment = Environment(loader=files, autoescape=True, undefined=StrictUndefined)
    environment.trim_blocks = environment.lstrip_blocks = True
    return environment.get_template("report.html")


def drawing(plot: Plot, place: int) -> Markup:
    """Return the drawing as SVG to stand inside the page: its names apart, colours the page's."""
    file = io.StringIO()
    with plots.styled():
        plot.figure.savefig(file, format="svg", transparent=True, metadata=NO_DATE)
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>d{place}-", svg)
    for colour, named in COLOURS.items():
        svg = svg.replace(colour, named)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, count=1, flags=re.DOTALL)
    label = f'<svg role="img" aria-label="{plot.title}" '
    return Markup(svg.replace("<svg ", label, 1))  # noqa: S704 - drawn by matplotlib, texts escaped
