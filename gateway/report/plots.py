"""The drawings of a report, by matplotlib: each a function from an appraisal to a figure.

Groups differ by marker and line as well as by colour. Every figure is drawn in the colours of
`INK`, which the page replaces by those of the reader's scheme.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from gateway.report.content import odds_ratios
from scoring.calibration import COUNTRY
from scoring.evidence import SEX
from scoring.fairness import net_benefit
from scoring.judge import BINS, bins_of, share

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from scoring.appraisal import Appraisal
    from scoring.codegen import Array

INK, SOFT, LINE, ACCENT, SECOND, THIRD = (
    "#1a2126", "#525d66", "#d7dcdf", "#0b6470", "#b8400e", "#6750a4"
)  # fmt: skip
STYLES = ((ACCENT, "-", "o"), (SECOND, "--", "s"), (THIRD, ":", "^"))
MOST = 12
"""Small multiples at most: the largest groups."""

STYLE: Any = {
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 10,
    "figure.dpi": 72,
    "font.size": 9,
    "grid.color": LINE,
    "legend.frameon": False,
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "riskbridge",
    "text.color": INK,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
}


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawing with what it is called and how it is read."""

    title: str
    note: str
    figure: Figure
    wide: bool = False
    """Whether it needs the whole width."""


def styled() -> AbstractContextManager[None]:
    """Return the context in which figures are drawn and written."""
    return mpl.rc_context(STYLE)


def all_of(found: Appraisal) -> list[Plot]:
    """Return the drawings of a report."""
    with styled():
        made = [draw(found) for draw in DRAWN]
    return [plot for plot in made if plot is not None]


def axes(width: float, height: float) -> tuple[Figure, Any]:
    """Return a figure of that size, in inches, with one pair of axes."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot()


def roc(found: Appraisal) -> Plot | None:
    """Return the ROC curve of all rows, and of each sex."""
    figure, ax = axes(5, 4.6)
    p, y = found.evidence.probability, found.evidence.truth
    curves = [("all", np.ones(len(y), dtype=bool))]
    if SEX in found.by:
        sexes = found.evidence.groups(SEX)
        curves += [(name, sexes == name) for name, one in found.by[SEX].items() if one.compared]
    drawn = 0
    for (name, rows), (colour, line, _) in zip(curves, STYLES, strict=False):
        if 0 < y[rows].sum() < rows.sum():
            ax.plot(*roc_points(p[rows], y[rows]), color=colour, linestyle=line, label=name)
            drawn += 1
    ax.plot([0, 1], [0, 1], color=SOFT, linewidth=0.7)
    ax.set(xlabel="1 - specificity", ylabel="sensitivity", xlim=(0, 1), ylim=(0, 1), aspect=1)
    ax.legend(loc="lower right")
    note = "How well the probabilities rank people: the further above the diagonal the better."
    return Plot("ROC curve", note, figure) if drawn else None


def roc_points(p: Array, y: Array) -> tuple[Array, Array]:
    """Return false-positive and true-positive rate at every threshold."""
    order = np.argsort(-p, kind="stable")
    last = np.append(np.diff(p[order]) != 0, True)
    true, false = np.cumsum(y[order])[last], np.cumsum(~y[order])[last]
    return np.insert(false / false[-1], 0, 0.0), np.insert(true / true[-1], 0, 0.0)


def reliability(found: Appraisal) -> Plot:
    """Return observed against expected by tenths of the probability, for each country."""
    p, y = found.evidence.probability, found.evidence.truth
    groups = [("all", np.ones(len(y), dtype=bool))]
    names = found.evidence.groups(COUNTRY)
    known = found.by.get(COUNTRY, {})
    large = sorted((one for one in known.values() if one.compared), key=lambda g: -g.judgement.n)
    groups += [(one.group, names == one.group) for one in large[: MOST - 1]]
    across = min(4, len(groups))
    down = -(-len(groups) // across)
    figure = Figure(figsize=(2.4 * across, 2.4 * down), layout="constrained")
    for place, (name, rows) in enumerate(groups):
        ax = figure.add_subplot(down, across, place + 1)
        bins(ax, p[rows], y[rows])
        ax.set_title(f"{name} (n = {rows.sum()})")
    figure.supxlabel("probability", fontsize=9)
    figure.supylabel("observed", fontsize=9)
    note = (
        "A point for each tenth of the probability, with 95 % intervals; on the diagonal what "
        f"was expected was observed. At most the {MOST - 1} largest countries."
    )
    return Plot("Reliability by country", note, figure, wide=True)


def bins(ax: Any, p: Array, y: Array) -> None:  # noqa: ANN401 - axes of matplotlib
    """Draw one reliability diagram."""
    place = bins_of(p)
    for one in range(BINS):
        rows = place == one
        if not rows.any():
            continue
        told = share(int(y[rows].sum()), int(rows.sum()))
        x = p[rows].mean()
        ax.plot([x, x], [told.low, told.high], color=ACCENT, linewidth=1)
        ax.plot([x], [told.value], "o", color=ACCENT, markersize=4)
    ax.plot([0, 1], [0, 1], color=SOFT, linewidth=0.7)
    ax.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1), aspect=1)


def observed_expected(found: Appraisal) -> Plot | None:
    """Return observed over expected of every group, on a logarithmic scale."""
    told = [
        (f"{by} {name}", one.judgement.o_e)
        for by, groups in found.by.items()
        for name, one in groups.items()
        if one.judgement.o_e.value is not None
    ]
    if not told:
        return None
    figure, ax = axes(6, 0.8 + 0.24 * len(told))
    for place, (_, ratio) in enumerate(told):
        ax.plot([ratio.low, ratio.high], [place, place], color=ACCENT, linewidth=1)
        ax.plot([ratio.value], [place], "o", color=ACCENT, markersize=4)
    ends = [(ratio.low, ratio.high) for _, ratio in told]
    forest(ax, [name for name, _ in told], ends)
    ax.set_xlabel("observed / expected")
    note = "Right of 1 more people had the outcome than the model expected. With 95 % intervals."
    return Plot("Observed over expected", note, figure)


def forest(ax: Any, names: list[str], ends: list[tuple[Any, Any]]) -> None:  # noqa: ANN401 - axes of matplotlib
    """Give a logarithmic scale around 1 its names and its plain numbers."""
    ax.axvline(1, color=SOFT, linewidth=0.7)
    ax.set_xscale("log")
    low = min(1.0, *(low for low, _ in ends))
    high = max(1.0, *(high for _, high in ends))
    ax.set_xlim(low / 1.1, high * 1.1)
    choices = [0.05, 0.1, 0.2, 0.33, 0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3, 5, 10, 20]
    ticks = [tick for tick in choices if low / 1.1 <= tick <= high * 1.1]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)


def decisions(found: Appraisal) -> Plot:
    """Return the net benefit of treating by the model, everybody, or nobody."""
    p, y = found.evidence.probability, found.evidence.truth
    thresholds = np.arange(1, 100) / 100
    model = net_benefit(p, y, thresholds)
    everybody = net_benefit(np.ones(len(y)), y, thresholds)
    figure, ax = axes(6, 4)
    ax.plot(thresholds, model, color=ACCENT, label="by the model")
    ax.plot(thresholds, everybody, color=SECOND, linestyle="--", label="everybody")
    ax.axhline(0, color=SOFT, linewidth=0.9, label="nobody")
    top = float(y.mean())
    ax.set(xlim=(0, 1), ylim=(-0.15 * top - 0.01, 1.1 * top + 0.01))
    ax.set(xlabel="probability from which on to treat", ylabel="net benefit a person")
    ax.axvline(found.threshold, color=LINE, linewidth=0.9)
    ax.legend(loc="upper right")
    note = (
        "True positives less false positives, these weighted by the odds of the threshold: "
        "where the model's line is the highest, deciding by it does the most good."
    )
    return Plot("Decision curve", note, figure)


def ratios(found: Appraisal) -> Plot | None:
    """Return the coefficients as odds ratios."""
    told = odds_ratios(found.card)
    if not told:
        return None
    figure, ax = axes(6, 0.8 + 0.24 * len(told))
    for place, (_, ratio) in enumerate(told):
        ax.plot([1, ratio], [place, place], color=ACCENT if ratio >= 1 else SECOND)
        ax.plot([ratio], [place], "o" if ratio >= 1 else "s",
                color=ACCENT if ratio >= 1 else SECOND, markersize=4)  # fmt: skip
    forest(ax, [name for name, _ in told], [(ratio, ratio) for _, ratio in told])
    ax.set_xlabel("odds ratio")
    note = "Of one standard deviation where a term is scaled (per SD), else of yes against no."
    return Plot("Odds ratios", note, figure)


DRAWN: tuple[Callable[[Appraisal], Plot | None], ...] = (
    reliability, roc, decisions, observed_expected, ratios
)  # fmt: skip
