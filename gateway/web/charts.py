"""Geometry of the console's charts: shares of the width in percent, drawn by `charts.html`.

Widths are percentages so that a chart fits a phone and a wide screen while its letters keep their
size. Every chart stands beside a table of the same figures; marks differ by letter and hatching,
never by colour alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

TONES = 6
"""Distinct fills of a divided bar; further parts are summed up in the last one."""

ROWS = 12
LETTER_ROOM = 7.0
"""A part narrower than this share of the width has no room for its letter."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One line of a chart of contributions, before it has a place."""

    label: str
    value: str
    effect: float
    shown: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar from the zero line: `start` and `width` in percent of the width."""

    label: str
    value: str
    effect: float
    shown: str
    start: float
    width: float
    turn: str
    """``raises``, ``lowers`` or ``level``."""


@dataclass(frozen=True, slots=True)
class Bars:
    """A chart of contributions: the zero line at `zero` percent, largest effect first."""

    zero: float
    bars: tuple[Bar, ...]


def contributions(effects: Iterable[Effect]) -> Bars:
    """Return bars to both sides of a zero line, on one scale.

    >>> chart = contributions([Effect("Age", "60", 0.5, "+0.5"), Effect("HDL", "1", -0.25, "")])
    >>> chart.zero, chart.bars[0].width, chart.bars[1].turn
    (33.33, 66.67, 'lowers')
    """
    ordered = sorted(effects, key=lambda effect: (-abs(effect.effect), effect.label))
    low = min((effect.effect for effect in ordered), default=0.0)
    high = max((effect.effect for effect in ordered), default=0.0)
    low, high = min(low, 0.0), max(high, 0.0)
    span = (high - low) or 1.0
    zero = -low / span * 100
    return Bars(round(zero, 2), tuple(_bar(effect, zero, span) for effect in ordered))


def _bar(effect: Effect, zero: float, span: float) -> Bar:
    """Return the bar of one effect."""
    width = abs(effect.effect) / span * 100
    start = zero - width if effect.effect < 0 else zero
    turn = "level" if not effect.effect else "raises" if effect.effect > 0 else "lowers"
    placed = (round(start, 2), round(width, 2))
    return Bar(effect.label, effect.value, effect.effect, effect.shown, *placed, turn)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a divided bar; `tone` counts from 1."""

    letter: str
    label: str
    count: int
    start: float
    width: float
    tone: int

    @property
    def roomy(self) -> bool:
        """Whether its letter fits."""
        return self.width >= LETTER_ROOM


@dataclass(frozen=True, slots=True)
class Divided:
    """A bar divided into parts."""

    label: str
    total: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Division:
    """A chart of divided bars on one scale, its key, and how many bars found no place."""

    bars: tuple[Divided, ...]
    key: tuple[tuple[str, str, int], ...]
    """Letter, label and tone."""
    hidden: int = 0


def division(
    counts: Mapping[str, Mapping[str, int]], columns: Sequence[str], rest: str = ""
) -> Division:
    """Return bars, the longest first, each divided by `columns` in their order.

    From the sixth column on they are summed up as `rest`.

    >>> chart = division({"FI": {"no unit": 3, "status": 1}, "GB": {"status": 2}},
    ...                  ["no unit", "status"])
    >>> [(bar.label, [(part.letter, part.width) for part in bar.parts]) for bar in chart.bars]
    [('FI', [('A', 75.0), ('B', 25.0)]), ('GB', [('B', 50.0)])]
    """
    shown = list(columns) if len(columns) <= TONES else [*columns[: TONES - 1], rest]
    key = tuple((chr(65 + place), label, place + 1) for place, label in enumerate(shown))
    totals = {row: sum(parts.values()) for row, parts in counts.items()}
    rows = sorted(totals, key=lambda row: (-totals[row], row))
    longest = max(totals.values(), default=0) or 1
    bars = tuple(_divided(row, counts[row], key, longest) for row in rows[:ROWS])
    return Division(bars, key, max(len(rows) - ROWS, 0))


def _divided(
    row: str, counts: Mapping[str, int], key: Sequence[tuple[str, str, int]], longest: int
) -> Divided:
    """Return one bar; what has no column of its own is summed up in the last part."""
    named = [counts.get(label, 0) for _, label, _ in key[:-1]]
    total = sum(counts.values())
    parts, start = [], 0.0
    for (letter, label, tone), count in zip(key, [*named, total - sum(named)], strict=True):
        width = count / longest * 100
        if count:
            parts.append(Part(letter, label, count, round(start, 2), round(width, 2), tone))
        start += width
    return Divided(row, total, tuple(parts))
