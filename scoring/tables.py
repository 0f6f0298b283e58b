"""Rows of a data set's own files as inputs of a card, by the layout that its recipe declares.

A layout says how the files are written (`Data`) and which column holds which input (`Column`).
Training reads whole columns by it, prediction one row after another; both give a cell the same
meaning. What is wrong with a cell is said with the file and the row, never with the value.
"""

from __future__ import annotations

import csv
import functools
import io
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from scoring.cards import Card, Input, Part, Plain
from terminology import units

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NOT_RECORDED = "not recorded"
ZERO = "0 means not recorded"
CANNOT_TELL = "written as not known"


class TableError(ValueError):
    """A file that cannot be read by its layout; the text names file, row and column."""


class Label(Part, frozen=True):
    """Which cells of a column mean that a row has the outcome, and which that it has not."""

    column: str
    yes: tuple[str, ...]
    no: tuple[str, ...]


class Dates(Part, frozen=True):
    """A column of months such as ``sty-91``, and what its names of months mean."""

    column: str
    months: dict[str, int]


class Data(Part, frozen=True):
    """How the files of a data set are written."""

    sites: dict[str, str]
    """Name of each site (or part) to its file."""
    columns: tuple[str, ...]
    """The files' own columns, in their order."""
    label: Label
    format: Literal["csv", "arff"] = "csv"
    header: bool = False
    """Whether the first row names the columns."""
    missing: tuple[str, ...] = ()
    """What stands for a value not recorded; an empty cell always does."""
    zero_is_missing: tuple[str, ...] = ()
    drop_repeated_rows: bool = True
    apart_from: tuple[str, ...] = ()
    """Columns that do not count when rows are compared: running numbers."""
    site_column: str | None = None
    """The column that names the site of a row, where one file holds many."""
    countries: dict[str, str] = msgspec.field(default_factory=dict)
    """Site, as the file or `sites` names it, to ISO 3166-1 alpha-2."""
    dates: Dates | None = None


class Column(Part, frozen=True):
    """Where an input stands in the files, and how it is written there."""

    column: str
    codes: dict[str, Plain] = msgspec.field(default_factory=dict)
    """Cell to what it means."""
    unknown: tuple[str, ...] = ()
    """Cells that say that it could not be told."""
    file_unit: str | None = None
    """The unit in the files, where it is another than the card's."""


class Layout(Part, frozen=True):
    """How to read the rows of a data set as inputs of a card."""

    data: Data
    columns: dict[str, Column]
    inputs: dict[str, Input]


@dataclass(slots=True)
class Sheet:
    """The cells of a file, trimmed, by row."""

    file: str
    names: tuple[str, ...]
    rows: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    """The line of the file that each row ends on."""
    surplus: int = 0
    """Rows with empty cells too many at their end, which were cut off."""
    broken: dict[int, str] = field(default_factory=dict)
    """Place of a row that has not the right number of cells, to what is wrong."""

    def cells(self, column: str) -> list[str]:
        """Return the cells of a column; empty where the row is broken or the file has it not."""
        if column not in self.names:
            return [""] * len(self.rows)
        place = self.names.index(column)
        return [row[place] if row else "" for row in self.rows]


def layout(card: Card) -> Layout:
    """Return how the files are written that the card was trained on.

    Raises:
        TableError: the card was trained on no such files.
    """
    recipe = card.training.recipe if card.training else {}
    try:
        data = msgspec.convert(recipe.get("data"), Data)
        columns = msgspec.convert(recipe.get("inputs"), dict[str, Column])
    except msgspec.ValidationError:
        raise TableError(f"{card.id} is no trained model: it has no CSV form") from None
    return Layout(data, columns, card.inputs)


def read_sheet(raw: bytes, data: Data, file: str) -> Sheet:
    """Return the cells of a file.

    Raises:
        TableError: it is no text, or no table.
    """
    quote = "'" if data.format == "arff" else '"'
    sheet = Sheet(file, data.columns)
    for number, line in enumerate(io.StringIO(decoded(raw, file), newline=""), 1):
        take(sheet, cells_of(line, quote, f"{file}, row {number}"), number, data)
    return sheet


def cells_of(line: str, quote: str, place: str) -> list[str]:
    """Return the trimmed cells of one line: a quote left open ends with its line, not the file.

    Raises:
        TableError: the line is no row of a table.
    """
    try:
        found = next(csv.reader([line], quotechar=quote, skipinitialspace=True), [])
    except csv.Error as error:
        raise TableError(f"{place}: {error}") from None
    return [cell.strip() for cell in found]


def decoded(raw: bytes, file: str) -> str:
    """Return the text of a file.

    Raises:
        TableError: its bytes are no UTF-8; the text names the row.
    """
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = raw.count(b"\n", 0, error.start) + 1
        raise TableError(f"{file}, row {row}: the bytes are no UTF-8 text") from None


def take(sheet: Sheet, cells: list[str], line: int, data: Data) -> None:
    """Add a row to the sheet; names of columns, comments and blank lines are none."""
    first = cells[0] if cells else ""
    if not any(cells) or (data.format == "arff" and first.startswith(("%", "@"))):
        if first.lower().startswith("@relation"):
            sheet.names = ()
        elif first.lower().startswith("@attribute"):
            sheet.names += (attribute(first),)
        return
    if not sheet.rows and is_heading(cells, data):
        sheet.names = tuple(cells)
        return
    add(sheet, cells, line, data.label.column)


def attribute(line: str) -> str:
    """Return the name in an ``@attribute`` line.

    >>> attribute("@attribute 'sg' {1.005")
    'sg'
    """
    rest = line.split(None, 1)[1]
    quote = rest[0]
    return rest[1:].partition(quote)[0] if quote in "'\"" else rest.split()[0]


def is_heading(cells: Sequence[str], data: Data) -> bool:
    """Say whether the first row names columns, whatever is usual for the data set."""
    return not any(map(is_number, cells)) and (data.header or bool({*cells} & {*data.columns}))


def is_number(text: str) -> bool:
    """Say whether a cell holds a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def add(sheet: Sheet, cells: list[str], line: int, label: str) -> None:
    """Add the cells of a row, made to fit the columns where that is safe."""
    wanted = len(sheet.names)
    if len(cells) > wanted and not any(cells[wanted:]):
        sheet.surplus += 1
        del cells[wanted:]
    if len(cells) == wanted - 1 and sheet.names[-1] == label:
        cells.append("")
    if len(cells) != wanted:
        sheet.broken[len(sheet.rows)] = f"{len(cells)} cells where {wanted} are expected"
        cells = []
    sheet.rows.append(cells)
    sheet.lines.append(line)


def meaning(cell: str, name: str, plan: Layout) -> tuple[Plain | None, str]:
    """Return what a cell means for the input `name`; None with the reason where it says nothing.

    Raises:
        ValueError: the cell holds what the layout does not know.
    """
    written, given = plan.columns[name], plan.inputs[name]
    if not cell or cell in plan.data.missing:
        return None, NOT_RECORDED
    if cell in written.unknown:
        return None, CANNOT_TELL
    if given.type in ("code", "boolean"):
        return coded(cell, written, given), ""
    number = float(cell)
    if not math.isfinite(number):
        raise ValueError
    if number == 0 and written.column in plan.data.zero_is_missing:
        return None, ZERO
    return converted(number, written.file_unit, given), ""


def coded(cell: str, written: Column, given: Input) -> Plain:
    """Return what a coded cell means: ``1`` and ``1.0`` are the same code.

    Raises:
        ValueError: the code is unknown.
    """
    plain = f"{float(cell):g}" if is_number(cell) else cell
    codes = written.codes or (
        {"0": False, "1": True}
        if given.type == "boolean"
        else {level: level for level in given.levels}
    )
    for key in (cell, plain):
        if key in codes:
            return codes[key]
    raise ValueError


@functools.lru_cache(maxsize=65536)
def _converted(number: float, source: str, target: str, feature: str | None) -> float:
    found = units.convert(number, source, target, feature).value
    if found is None:
        raise ValueError
    return found


def converted(number: float, source: str | None, given: Input) -> float:
    """Return a number of the file in the card's unit.

    Raises:
        ValueError: the terminology knows no such conversion.
    """
    if source is None or source == given.unit or given.unit is None:
        return number
    return _converted(number, source, given.unit, given.feature)


def inputs_of(sheet: Sheet, plan: Layout) -> Iterator[dict[str, Any] | None]:
    """Yield the inputs of each row, None for a broken one.

    A cell that cannot be read stays text, for the card to refuse.
    """
    places = {name: written.column for name, written in plan.columns.items()}
    columns = {name: sheet.cells(column) for name, column in places.items()}
    for place, row in enumerate(sheet.rows):
        yield understood({n: cells[place] for n, cells in columns.items()}, plan) if row else None


def understood(cells: dict[str, str], plan: Layout) -> dict[str, Any]:
    """Return the inputs that the cells of one row give."""
    inputs: dict[str, Any] = {}
    for name, cell in cells.items():
        try:
            value, _ = meaning(cell, name, plan)
        except ValueError:
            value = cell
        if value is not None:
            inputs[name] = value
    return inputs


def drop_repeated(sheet: Sheet, data: Data) -> int:
    """Drop rows that repeat another but for running numbers; return how many there were."""
    if not data.drop_repeated_rows:
        return 0
    places = [n for n, name in enumerate(sheet.names) if name not in data.apart_from]
    first: dict[tuple[str, ...], int] = {}
    for place, row in enumerate(sheet.rows):
        first.setdefault(tuple(row[n] for n in places) if row else (str(place),), place)
    dropped = len(sheet.rows) - len(first)
    sheet.rows = [sheet.rows[place] for place in first.values()]
    sheet.lines = [sheet.lines[place] for place in first.values()]
    return dropped


def outcome(cell: str, label: Label) -> bool | None:
    """Return whether a cell of the label says that the outcome came; None when it does not say."""
    plain = f"{float(cell):g}" if is_number(cell) else cell
    if plain in label.yes or cell in label.yes:
        return True
    return False if plain in label.no or cell in label.no else None
