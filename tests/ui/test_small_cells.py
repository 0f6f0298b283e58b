"""Small cells stay hidden from whoever has the rest of the table and can solve equations."""

from __future__ import annotations

import doctest
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from gateway.web import ui_small_cells
from gateway.web.ui_small_cells import SUM, line, small, table

if TYPE_CHECKING:
    from gateway.web.ui_small_cells import Withheld

COUNTS = st.integers(0, 12) | st.integers(0, 300)


@st.composite
def tables(draw: st.DrawFn) -> list[list[int]]:
    """Return tables of 1 to 4 rows and 2 to 5 columns."""
    columns = draw(st.integers(2, 5))
    row = st.lists(COUNTS, min_size=columns, max_size=columns)
    return draw(st.lists(row, min_size=1, max_size=4))


def room(counts: list[list[int]], hidden: Withheld) -> dict[tuple[int, int], float]:
    """Return for each hidden cell how much its value can vary, given all that is told."""
    rows, columns = len(counts), len(counts[0])
    unknown = sorted(
        [*hidden.cells, *((r, SUM) for r in hidden.rows), *((SUM, c) for c in hidden.columns)]
    )
    lines = [([(row, c) for c in range(columns)], (row, SUM)) for row in [*range(rows), SUM]]
    lines += [([(r, c) for r in range(rows)], (SUM, c)) for c in [*range(columns), SUM]]
    signs = [{**dict.fromkeys(cells, 1), total: -1} for cells, total in lines]
    equations = [[float(one.get(cell, 0)) for cell in unknown] for one in signs]
    known = [
        -sum(sign * value(counts, cell) for cell, sign in one.items() if cell not in unknown)
        for one in signs
    ]
    found = {}
    for place, cell in enumerate(unknown):
        aim = np.eye(len(unknown))[place]
        low = linprog(aim, A_eq=np.array(equations), b_eq=known)
        high = linprog(-aim, A_eq=np.array(equations), b_eq=known)
        found[cell] = np.inf if high.status == 3 else -high.fun - low.fun
    return found


def value(counts: list[list[int]], cell: tuple[int, int]) -> int:
    """Return a count of the table with its sums."""
    row, column = cell
    rows = counts if row == SUM else [counts[row]]
    return sum(sum(one) if column == SUM else one[column] for one in rows)


@settings(max_examples=150, deadline=None)
@given(tables())
def test_no_small_cell_follows_from_the_rest(counts: list[list[int]]) -> None:
    if value(counts, (SUM, SUM)) < 15:
        return
    hidden = table(counts)
    for cell, span in room(counts, hidden).items():
        if small(value(counts, cell)):
            assert span >= 1 - 1e-6, (cell, span, hidden)


@settings(max_examples=150, deadline=None)
@given(tables())
def test_every_small_cell_and_sum_is_hidden(counts: list[list[int]]) -> None:
    hidden = table(counts)
    rows, columns = range(len(counts)), range(len(counts[0]))
    assert {(r, c) for r in rows for c in columns if small(counts[r][c])} <= hidden.cells
    assert {r for r in rows if small(sum(counts[r]))} <= hidden.rows
    assert {c for c in columns if small(value(counts, (SUM, c)))} <= hidden.columns


@given(st.lists(st.integers(5, 300), min_size=4, max_size=4))
def test_nothing_is_hidden_without_need(counts: list[int]) -> None:
    assert not table([counts[:2], counts[2:]])


@given(tables())
def test_margins_are_the_same_whatever_divides_them(counts: list[list[int]]) -> None:
    assert table(counts).columns == line([sum(column) for column in zip(*counts, strict=True)])


def test_a_complement_that_would_reveal_is_hidden_too() -> None:
    hidden = table([[3, 40, 50], [60, 70, 80]])
    assert hidden.cells == {(0, 0), (0, 1), (1, 0), (1, 1)}


@pytest.mark.parametrize("name", ["ui_small_cells"])
def test_examples_in_docstrings_hold(name: str) -> None:
    assert doctest.testmod(ui_small_cells).failed == 0, name
