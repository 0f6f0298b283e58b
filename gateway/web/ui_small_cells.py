"""Small cells: counts that could tell of single people, and those that would give them away.

A count of 1 to 4 is withheld. So are further ones, until nothing withheld follows from the rest:
in each line with its sum at least two cells and a hidden sum of at least five, and in the whole
table no cell that alone connects two parts (it would be the difference of known sums). Both margins
are treated by themselves, so that they are the same whatever a table is divided by.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SMALLEST = 5
"""The smallest count that is told."""

SUM = -1
"""The place of a line's sum."""

Cell = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Withheld:
    """Places that are not told: rows and columns whose sums are not, and cells."""

    rows: frozenset[int]
    columns: frozenset[int]
    cells: frozenset[Cell]

    def __bool__(self) -> bool:
        """Return whether anything is withheld."""
        return bool(self.rows or self.columns or self.cells)


def small(count: int) -> bool:
    """Return whether a count is too small to be told; none at all is not.

    >>> small(4), small(5), small(0)
    (True, False, False)
    """
    return 0 < count < SMALLEST


def line(counts: Sequence[int]) -> frozenset[int]:
    """Return the places to withhold in a line whose sum is told.

    >>> sorted(line([3, 40, 9])), sorted(line([7, 40])), sorted(line([1, 2, 30, 8]))
    ([0, 2], [], [0, 1, 3])
    """
    hidden = {place for place, count in enumerate(counts) if small(count)}
    rest = sorted((count, place) for place, count in enumerate(counts) if count >= SMALLEST)
    while hidden and rest and (len(hidden) < 2 or sum(counts[p] for p in hidden) < SMALLEST):
        hidden.add(rest.pop(0)[1])
    return frozenset(hidden)


def table(counts: Sequence[Sequence[int]]) -> Withheld:
    """Return what to withhold of a table whose overall sum is told."""
    made = _Table(counts)
    while (cell := made.weak()) is not None:
        more = made.candidate(cell)
        if more is None:
            made.settled.add(cell)
        else:
            made.hidden.add(more)
    return Withheld(
        frozenset(row for row, column in made.hidden if column == SUM),
        frozenset(column for row, column in made.hidden if row == SUM),
        frozenset(cell for cell in made.hidden if SUM not in cell),
    )


class _Table:
    """A table under way: withheld cells are edges between the lines that they stand in."""

    def __init__(self, counts: Sequence[Sequence[int]]) -> None:
        self.counts = counts
        self.rows, self.columns = range(len(counts)), range(len(counts[0]) if counts else 0)
        sums = [sum(row) for row in counts], [sum(column) for column in zip(*counts, strict=True)]
        self.empty = [{place for place, one in enumerate(found) if not one} for found in sums]
        self.hidden = {(row, SUM) for row in line(sums[0])} | {(SUM, c) for c in line(sums[1])}
        self.hidden |= {(r, c) for r in self.rows for c in self.columns if small(counts[r][c])}
        self.settled: set[Cell] = set()
        """Cells for which nothing more can be withheld."""

    def weak(self) -> Cell | None:
        """Return a withheld cell that follows from the rest, or None."""
        open_ = sorted(self.hidden - self.settled)
        return next((cell for cell in open_ if self.follows(cell) or self.thin(cell)), None)

    def follows(self, cell: Cell) -> bool:
        """Return whether a cell alone connects two parts of what is withheld."""
        return (1, cell[1]) not in self.part((0, cell[0]), cell)

    def part(self, start: Cell, without: Cell) -> set[Cell]:
        """Return the lines (0 for rows, 1 for columns, and place) that hang together with one."""
        seen, todo = {start}, [start]
        while todo:
            axis, place = todo.pop()
            for other in self.hidden - {without}:
                there = (1 - axis, other[1 - axis])
                if other[axis] == place and there not in seen:
                    seen.add(there)
                    todo.append(there)
        return seen

    def thin(self, cell: Cell) -> bool:
        """Return whether what is withheld in a line of the cell, its sum told, is too little."""
        row, column = cell
        lines = [[(row, c) for c in self.columns], [(r, column) for r in self.rows]]
        told = (row != SUM and (row, SUM) not in self.hidden, column != SUM)
        told = (told[0], told[1] and (SUM, column) not in self.hidden)
        return any(
            sum(self.counts[r][c] for r, c in cells if (r, c) in self.hidden) < SMALLEST
            for cells, known in zip(lines, told, strict=True)
            if known
        )

    def candidate(self, cell: Cell) -> Cell | None:
        """Return the next cell to withhold for one: what closes a ring, else one of its lines."""
        near, far = self.part((0, cell[0]), cell), self.part((1, cell[1]), cell)
        ring = [
            (row, column)
            for row, column in self.inner()
            if ((0, row) in near and (1, column) in far)
            or ((0, row) in far and (1, column) in near)
        ]
        lines = [other for other in self.inner() if other[0] == cell[0] or other[1] == cell[1]]
        found = ring if ring and self.follows(cell) else lines
        return min(found, key=lambda other: self.cost(cell, other), default=None)

    def inner(self) -> Iterator[Cell]:
        """Yield the cells that may still be withheld: not those of lines that are empty."""
        for row in self.rows:
            for column in self.columns:
                empty = row in self.empty[0] or column in self.empty[1]
                if not empty and (row, column) not in self.hidden:
                    yield row, column

    def cost(self, cell: Cell, other: Cell) -> tuple[int, bool, int, Cell]:
        """Return the order in which cells are withheld for one.

        First those of a line in which it stands alone, then small ones, empty ones last.
        """
        axis = 0 if cell[0] == other[0] else 1
        company = sum(one[axis] == cell[axis] for one in self.hidden)
        count = self.counts[other[0]][other[1]]
        return min(company, 2), not count, count, other
