"""The rows of a recipe's files, cleaned, as columns: what was cleaned is counted and told."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from scoring.applicability import inside
from scoring.tables import Sheet, TableError, drop_repeated, meaning, outcome, read_sheet
from scoring.training.recipe import TrainingError
from terminology import analytes, units

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring.cards import Input
    from scoring.codegen import Array
    from scoring.tables import Dates, Layout
    from scoring.training.recipe import Recipe

ENOUGH = 10
"""So many values show that a whole column is in another unit."""


@dataclass(frozen=True, slots=True)
class Table:
    """Inputs as columns (NaN where missing, codes as positions), truth and site of each row."""

    columns: Mapping[str, Array]
    truth: Array
    """(n,) bool: whether the row has the outcome."""
    site: Array
    """(n,) position of the row's site in `sites`."""
    sites: tuple[str, ...]
    """ISO country where one column names it, else the recipe's name of the site."""
    sha256: str
    """Hash of the bytes of all files read."""
    told: Mapping[str, int]
    """What was cleaned, in words, to how often."""
    failed: tuple[str, ...] = ()
    """Sites that could not be read, each with the reason."""
    compare: Mapping[str, Array] = field(default_factory=dict)
    """Published scores of the files, NaN where there is none."""
    months: tuple[str, ...] = ()
    """The first and the last month of the rows, ``1991-01``, where the files tell."""

    def part(self, rows: Array) -> Table:
        """Return some of the rows."""
        chosen = {name: column[rows] for name, column in self.columns.items()}
        scores = {name: column[rows] for name, column in self.compare.items()}
        return Table(
            chosen, self.truth[rows], self.site[rows], self.sites, self.sha256, self.told,
            self.failed, scores, self.months,
        )  # fmt: skip

    def drawn(self, size: int, seed: int) -> Table:
        """Return at most so many rows, drawn by the seed, in their order."""
        if len(self.truth) <= size:
            return self
        rows = np.random.default_rng(seed).choice(len(self.truth), size, replace=False)
        return self.part(np.sort(rows))


@dataclass(slots=True)
class Rows:
    """Rows of one file that are kept, as columns, before the sites are joined."""

    columns: dict[str, Array]
    truth: Array
    site: list[str]
    compare: dict[str, Array]
    months: list[str]


def read_table(recipe: Recipe, data: Path | Mapping[str, Path]) -> Table:
    """Return the rows of all sites of the recipe.

    `data` is the folder with the recipe's files, or the file of each site by name; then the names
    given are the sites. A site that cannot be read is left out, and told in `failed`.

    Raises:
        TrainingError: no site can be read.
    """
    files = files_of(recipe, data)
    told: Counter[str] = Counter()
    digest, found, failed = hashlib.sha256(), [], []
    for name, path in files.items():
        try:
            raw = path.read_bytes()
            found.append(rows_of(recipe, raw, path.name, name, told))
            digest.update(raw)
        except OSError as error:
            failed.append(f"{path.name}: cannot be read: {error.strerror}")
        except TableError as error:
            failed.append(str(error))
    if not found:
        raise TrainingError("; ".join(failed) or nothing(recipe, data))
    return joined(found, digest.hexdigest(), told, tuple(failed))


def files_of(recipe: Recipe, data: Path | Mapping[str, Path]) -> dict[str, Path]:
    """Return the files that are there, by site.

    Where a recipe has one file, another one of its kind may stand in its place, alone in the
    folder: the rows of other sites, under a name of their own.
    """
    if not isinstance(data, Path):
        return dict(data)
    paths = {name: data / file for name, file in recipe.data.sites.items()}
    found = {name: path for name, path in paths.items() if path.is_file()}
    if found or len(paths) > 1:
        return found
    ((name, usual),) = paths.items()
    others = sorted(data.glob(f"*{usual.suffix}"))
    return {name: others[0]} if len(others) == 1 else {}


def nothing(recipe: Recipe, data: object) -> str:
    """Return that none of the recipe's files is there."""
    wanted = ", ".join(recipe.data.sites.values())
    return f"{data}: needs rows with and without the outcome, but holds none of {wanted}"


def rows_of(recipe: Recipe, raw: bytes, file: str, name: str, told: Counter[str]) -> Rows:
    """Return the rows of one file that say whether the outcome came, repetitions dropped.

    Raises:
        TableError: the file is not written as the recipe says.
    """
    sheet = read_sheet(raw, recipe.data, file)
    check(recipe, sheet)
    note(told, "rows with a comma too many mended", sheet.surplus)
    note(told, "repeated rows left out", drop_repeated(sheet, recipe.data))
    plan, label = recipe.layout, recipe.data.label
    truths = [outcome(cell, label) for cell in sheet.cells(label.column)]
    kept = np.array([truth is not None for truth in truths], dtype=bool)
    if not kept.any():
        raise TableError(f"{file}: no row says whether the outcome came")
    note(told, f"{label.column}: rows without the outcome left out", int((~kept).sum()))
    columns = {key: column(sheet, key, plan, told)[kept] for key in recipe.inputs}
    scores = {key: numbers(sheet.cells(place))[kept] for key, place in recipe.compare.items()}
    sites = [site for site, keep in zip(sites_of(recipe, sheet, name), kept, strict=True) if keep]
    truth = np.array([truth for truth in truths if truth is not None], dtype=bool)
    return Rows(columns, truth, sites, scores, months_of(sheet, recipe.data.dates))


def months_of(sheet: Sheet, dates: Dates | None) -> list[str]:
    """Return the month of each row that tells it, ``1991-01``.

    Raises:
        TableError: a name of a month is unknown.
    """
    found = []
    for cell in dict.fromkeys(sheet.cells(dates.column)) if dates else ():
        name, _, year = cell.partition("-")
        if dates is not None and cell and name not in dates.months:
            raise TableError(f"{sheet.file}, {dates.column}: {name!r} is no known month")
        if dates is not None and cell:
            found.append(f"19{year}-{dates.months[name]:02d}")
    return found


def note(told: Counter[str], words: str, count: int) -> None:
    """Count what was cleaned, when there was any."""
    if count:
        told[words] += count


def check(recipe: Recipe, sheet: Sheet) -> None:
    """Demand rows of the right length and all columns that are used.

    Raises:
        TableError: the first that is wrong, with file and row or column.
    """
    wanted = [given.column for given in recipe.inputs.values()] + [recipe.data.label.column]
    for name in wanted:
        if name not in sheet.names:
            raise TableError(f"{sheet.file}: there is no column {name}")
    for place, problem in sheet.broken.items():
        raise TableError(f"{sheet.file}, row {sheet.lines[place]}: {problem}")


def sites_of(recipe: Recipe, sheet: Sheet, name: str) -> list[str]:
    """Return the site of each row: the country of its column, or the file's site."""
    place = recipe.data.site_column
    if place is None or name not in recipe.data.sites:
        return [name] * len(sheet.rows)
    return [recipe.data.countries.get(cell, cell) for cell in sheet.cells(place)]


def column(sheet: Sheet, name: str, plan: Layout, told: Counter[str]) -> Array:
    """Return an input of all rows: numbers, truths as 0 and 1, codes as positions.

    Raises:
        TableError: a cell holds what the recipe does not know, or all are in another unit.
    """
    cells = sheet.cells(plan.columns[name].column)
    known = {cell: placed(cell, name, plan, sheet, cells) for cell in dict.fromkeys(cells)}
    for cell, count in Counter(cells).items():
        reason = known[cell][1]
        note(told, f"{name}: {reason}", count if reason else 0)
    values = np.array([known[cell][0] for cell in cells], dtype=np.float64)
    return guarded(values, name, plan, sheet, told)


def placed(cell: str, name: str, plan: Layout, sheet: Sheet, cells: list[str]) -> tuple[float, str]:
    """Return a cell as a number (NaN with the reason where it says nothing).

    Raises:
        TableError: it holds what the recipe does not know.
    """
    try:
        value, reason = meaning(cell, name, plan)
    except ValueError:
        row = sheet.lines[cells.index(cell)]
        where = f"{sheet.file}, row {row}, {plan.columns[name].column}"
        raise TableError(f"{where}: a cell holds what the recipe does not know") from None
    if value is None:
        return np.nan, reason
    return plan.inputs[name].position(value), reason


def guarded(values: Array, name: str, plan: Layout, sheet: Sheet, told: Counter[str]) -> Array:
    """Return the column with values outside the sensible limits missing.

    Raises:
        TableError: most of them are outside: the column is in another unit.
    """
    given = plan.inputs[name]
    if given.guard is None:
        return values
    low, high = given.guard
    outside = (values < (-np.inf if low is None else low)) | (
        values > (np.inf if high is None else high)
    )
    known = int((~np.isnan(values)).sum())
    span = f"{low or 0:g}-{high or np.inf:g} {given.unit or ''}".strip()
    if known >= ENOUGH and outside.sum() * 2 > known:
        perhaps = likely(values[outside], plan.columns[name].file_unit, given)
        raise TableError(
            f"{sheet.file}, {plan.columns[name].column}: {int(outside.sum())} of {known} values "
            f"lie outside {span}: the column is in another unit{perhaps}"
        )
    note(told, f"{name}: outside {span}, taken as missing", int(outside.sum()))
    return np.where(outside, np.nan, values)


def likely(values: Array, written: str | None, given: Input) -> str:
    """Return the unit in which the values would make sense, in words; nothing where none does."""
    analyte, unit = analytes.load().get(given.feature or ""), given.unit
    if analyte is None or unit is None:
        return ""
    middle = float(np.median(values))
    raw = units.convert(middle, unit, written or unit, given.feature).value
    for accepted in analyte.accepted:
        found = units.convert(raw or middle, accepted.unit, unit, given.feature).value
        if found is not None and inside(found, given.guard):
            return f", perhaps {accepted.unit}"
    return ""


def numbers(cells: list[str]) -> Array:
    """Return a published score's column, NaN where a cell holds no number."""
    found = []
    for cell in cells:
        try:
            found.append(float(cell))
        except ValueError:
            found.append(np.nan)
    return np.array(found)


def joined(parts: list[Rows], sha256: str, told: Counter[str], failed: tuple[str, ...]) -> Table:
    """Return the rows of all files as one table, sites in order of appearance."""
    sites = tuple(dict.fromkeys(site for part in parts for site in part.site))
    places = {site: place for place, site in enumerate(sites)}
    months = [month for part in parts for month in part.months]
    return Table(
        {n: np.concatenate([p.columns[n] for p in parts]) for n in parts[0].columns},
        np.concatenate([part.truth for part in parts]),
        np.array([places[site] for part in parts for site in part.site], dtype=np.int64),
        sites,
        sha256,
        dict(told),
        failed,
        {n: np.concatenate([p.compare[n] for p in parts]) for n in parts[0].compare},
        (min(months), max(months)) if months else (),
    )
