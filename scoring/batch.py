"""A card over whole columns: the same reasons and, bit for bit, the same numbers as row by row.

Columns: numbers are float arrays (NaN is missing), truths bool arrays (or 0, 1, NaN), codes arrays
of text (None is missing) or of positions in the input's levels (-1 is missing). A column that is
not there is missing everywhere. Columns of objects may mix what they hold; what is no value of its
input's kind gives a reason, as in a single row. A million rows are worked through in pieces that
fit the cache.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.applicability import (
    MISSING,
    NOT_COMPUTABLE,
    RESIDENCE,
    WITHHELD,
    exclusions,
    stem,
)
from scoring.calibration import calibrated_columns
from scoring.cards import region
from scoring.codegen import Array, round_columns
from scoring.program import CHUNK, band_name, program

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scoring.cards import Bands, Card, Input
    from scoring.program import Program

ABSENT, STRANGE = -1, -2
"""Positions of a code that is missing, and of one that the card does not know."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Results of all rows."""

    outputs: Mapping[str, Array]
    """Output to values: NaN (numbers) or an empty text (classes) where there is none."""
    reason: Array
    """Position in ``reasons`` of each row; 0 where the card applies."""
    reasons: tuple[str, ...]
    conditions: Mapping[str, Array] = field(default_factory=dict)
    """Where bands hold that have a condition, by `scoring.program.band_name`."""

    @property
    def applicable(self) -> Array:
        """Return where the card applies."""
        found: Array = self.reason == 0
        return found


class Reasons:
    """The reason of each row of a piece: the first that was found stands."""

    def __init__(self, size: int, names: list[str]) -> None:
        self.rows = np.zeros(size, dtype=np.int16)
        self.names = names

    def mark(self, where: Array, name: str) -> None:
        """Note `name` for rows that have no reason yet."""
        if not np.any(where):
            return
        fresh = where & (self.rows == 0)
        if fresh.any():
            if name not in self.names:
                self.names.append(name)
            self.rows[fresh] = self.names.index(name)


def score_batch(
    card: Card, columns: Mapping[str, Any], *, country: Sequence[str | None] | None = None
) -> Batch:
    """Return what the card says of each row; ``country`` of residence gives missing regions.

    Raises:
        ValueError: the columns have different lengths.
    """
    wanted = {*card.inputs, "age"}
    arrays = {name: np.asarray(column) for name, column in columns.items() if name in wanted}
    lengths = {len(array) for array in arrays.values()} | ({len(country)} if country else set())
    if len(lengths) > 1:
        raise ValueError(f"columns of different lengths: {sorted(lengths)}")
    size = lengths.pop() if lengths else 0
    names = [""]
    if card.runtime == "withheld":
        return Batch({}, np.ones(size, dtype=np.int16), ("", WITHHELD))
    running = program(card)
    parts: list[tuple[dict[str, Array], Array]] = []
    with np.errstate(all="ignore"):
        for start in range(0, size, CHUNK):
            rows = slice(start, start + CHUNK)
            piece = {name: array[rows] for name, array in arrays.items()}
            where = country[rows] if country else None
            parts.append(_piece(running, piece, where, min(CHUNK, size - start), names))
    found = _joined(running, parts, names)
    return replace(found, outputs=calibrated_columns(card, found.outputs, columns, country))


def _piece(
    running: Program,
    piece: Mapping[str, Array],
    country: Sequence[str | None] | None,
    size: int,
    names: list[str],
) -> tuple[dict[str, Array], Array]:
    """Return the outputs and reasons of some rows."""
    card = running.card
    reasons = Reasons(size, names)
    values = {
        name: _read(name, given, piece.get(name), country, reasons)
        for name, given in card.inputs.items()
    }
    _check(card, values, piece, reasons)
    good = reasons.rows == 0
    every = bool(good.all())
    chosen = values if every else {name: value[good] for name, value in values.items()}
    count = size if every else int(good.sum())
    results = running.columns(chosen, count) if count else {}
    failed = np.zeros(count, dtype=bool)
    for name, result in results.items():
        if name in running.always:
            failed |= ~np.isfinite(result)
    if failed.any():
        whole = np.zeros(size, dtype=bool)
        whole[good] = failed
        reasons.mark(whole, NOT_COMPUTABLE)
    if every and not failed.any():
        return results, reasons.rows
    spread = {name: np.full(size, np.nan) for name in running.names}
    for name, result in results.items():
        spread[name][good] = np.where(failed, np.nan, result)
    return spread, reasons.rows


def _read(
    name: str,
    given: Input,
    column: Array | None,
    country: Sequence[str | None] | None,
    reasons: Reasons,
) -> Array:
    """Return an input of all rows as numbers (NaN missing) or positions; note what is no value."""
    size = len(reasons.rows)
    if given.type == "code":
        places = np.full(size, ABSENT) if column is None else _places(column, given.levels)
        reasons.mark(places == STRANGE, f"{stem(name, given)}_unknown")
        if country is not None and (given.source or "").startswith(RESIDENCE):
            places = _residence(name, given, places, country, reasons)
        return places
    if column is None:
        return np.full(size, np.nan)
    if given.type == "boolean":
        return _truths(name, given, column, reasons)
    return _numbers(name, given, column, reasons)


def _places(column: Array, levels: tuple[str, ...]) -> Array:
    """Return positions in the levels."""
    if column.dtype.kind in "iu":
        known = (column >= ABSENT) & (column < len(levels))
        return np.where(known, column, STRANGE) if not known.all() else column
    table: dict[object, int] = {level: place for place, level in enumerate(levels)}
    table[None] = ABSENT
    listed = (one if isinstance(one, Hashable) else STRANGE for one in column.tolist())
    return np.array([table.get(one, STRANGE) for one in listed], dtype=np.int64)


def _residence(
    name: str, given: Input, places: Array, country: Sequence[str | None], reasons: Reasons
) -> Array:
    """Return the positions with missing regions taken from the countries."""
    table = (given.source or "").removeprefix(RESIDENCE)
    by_country = {
        place: given.levels.index(found) if (found := region(table, place)) else STRANGE
        for place in set(country)
        if place
    }
    told = np.array([by_country.get(place or "", ABSENT) for place in country])
    asked = places == ABSENT
    reasons.mark(asked & (told == STRANGE), f"country_without_{name}")
    return np.where(asked, told, places)


def _truths(name: str, given: Input, column: Array, reasons: Reasons) -> Array:
    """Return truths as bool, or as 0, 1 and NaN where some are missing."""
    if column.dtype.kind == "b":
        return column
    numbers, strange = _plain(column, bool)
    strange |= ~np.isnan(numbers) & (numbers != 0) & (numbers != 1)
    reasons.mark(strange, f"{stem(name, given)}_not_a_truth_value")
    return np.where(strange, np.nan, numbers)


def _numbers(name: str, given: Input, column: Array, reasons: Reasons) -> Array:
    """Return numbers, rounded as the card says."""
    numbers, strange = _plain(column, int, float)
    reasons.mark(strange, f"{stem(name, given)}_not_a_number")
    if np.isinf(numbers).any():
        reasons.mark(np.isinf(numbers), f"{stem(name, given)}_not_finite")
    if given.round is not None:
        numbers = round_columns(numbers, given.round)
    if given.type == "integer":
        whole = np.isnan(numbers) | (numbers == np.floor(numbers))
        reasons.mark(~whole, f"{stem(name, given)}_not_a_whole_number")
    return numbers


def _plain(column: Array, *kinds: type) -> tuple[Array, Array]:
    """Return a column as numbers (NaN missing), and where it holds none of these kinds."""
    if column.dtype.kind in "fiu":
        return column.astype(np.float64, copy=False), np.zeros(len(column), dtype=bool)
    listed = column.tolist()
    wanted = [isinstance(one, kinds) and (bool in kinds) is isinstance(one, bool) for one in listed]
    pairs = list(zip(listed, wanted, strict=True))
    numbers = np.array([_float(one) if fits else np.nan for one, fits in pairs], dtype=np.float64)
    return numbers, np.array([one is not None and not fits for one, fits in pairs], dtype=bool)


def _float(number: float) -> float:
    """Return a number of Python as one of the processor; what is too large is infinite."""
    try:
        return float(number)
    except OverflowError:
        return math.inf


def _check(
    card: Card, values: dict[str, Array], piece: Mapping[str, Array], reasons: Reasons
) -> None:
    """Note the first reason of each row, in the order of `scoring.applicability`; fill gaps."""
    if card.ages is not None:
        age = values.get("age")
        age = _plain(piece["age"], int, float)[0] if age is None and "age" in piece else age
        if age is not None:
            reasons.mark(age < card.ages[0], "age_below_min")
            reasons.mark(age > card.ages[1], "age_above_max")
    missing = np.zeros(len(reasons.rows), dtype=bool)
    gaps: dict[str, Array] = {}
    for name, given in card.inputs.items():
        values[name], gap = filled(card, name, given, values[name])
        if gap is not None:
            gaps[name] = gap
            missing |= gap
    for uses, condition, _, reason in exclusions(card):
        holds = np.asarray(condition(*(values[name] for name in uses))[0])
        for name in uses:
            holds = holds & ~gaps[name] if name in gaps else holds
        reasons.mark(holds, reason)
    reasons.mark(missing, MISSING)
    for name, given in card.inputs.items():
        _check_range(name, given, values[name], reasons)


def filled(card: Card, name: str, given: Input, column: Array) -> tuple[Array, Array | None]:
    """Return the column with defaults in its gaps, and the gaps that stay (None without any)."""
    gap = column < 0 if given.type == "code" else np.isnan(column) if _floats(column) else None
    if gap is None or not gap.any():
        return column.astype(bool) if given.type == "boolean" else column, None
    imputed = card.training.impute if card.training else {}
    stand_in = given.default
    if stand_in is None and not given.required:
        stand_in = imputed.get(name)
    if given.type == "code":
        filler: Any = 0 if stand_in is None else given.levels.index(str(stand_in))
    else:
        filler = 0 if stand_in is None else stand_in
    whole = np.where(gap, filler, column)
    whole = whole.astype(bool) if given.type == "boolean" else whole
    return whole, gap if stand_in is None else None


def _floats(column: Array) -> bool:
    return column.dtype.kind == "f"


def _check_range(name: str, given: Input, column: Array, reasons: Reasons) -> None:
    """Note numbers outside the published or the sensible range."""
    if given.type in ("boolean", "code"):
        return
    if given.positive:
        reasons.mark(column <= 0, f"{stem(name, given)}_not_positive")
    limits = [pair for pair in (given.range, given.guard) if pair]
    low = max((pair[0] for pair in limits if pair[0] is not None), default=None)
    high = min((pair[1] for pair in limits if pair[1] is not None), default=None)
    if low is not None:
        reasons.mark(column < low, f"{stem(name, given)}_out_of_range")
    if high is not None:
        reasons.mark(column > high, f"{stem(name, given)}_out_of_range")


def _joined(
    running: Program, parts: Sequence[tuple[dict[str, Array], Array]], names: list[str]
) -> Batch:
    """Return the pieces as one, classes as texts."""
    outputs: dict[str, Array] = {}
    for name in running.card.outputs:
        pieces = [results.get(name, np.full(len(rows), np.nan)) for results, rows in parts]
        column = np.concatenate(pieces) if pieces else np.zeros(0)
        levels = running.output_levels.get(name)
        outputs[name] = column if levels is None else _texts(column, levels)
    reason = np.concatenate([rows for _, rows in parts]) if parts else np.zeros(0, np.int16)
    bands = [name for name in running.names if name not in running.card.outputs]
    conditions = {
        name: np.concatenate([held(results, name, len(rows)) for results, rows in parts])
        for name in bands
        if parts
    }
    return Batch(outputs, reason, tuple(names), conditions)


def held(results: Mapping[str, Array], name: str, size: int) -> Array:
    """Return where a condition holds; nowhere where nothing was computed."""
    found: Array = results[name] == 1 if name in results else np.zeros(size, dtype=bool)
    return found


def categories(card: Card, found: Batch) -> Array:
    """Return the category of each row as text, an empty one for none (see `scoring.engine`)."""
    if card.category:
        classes: Array = found.outputs[card.category]
        return classes
    chosen = np.full(len(found.reason), "", dtype=object)
    for on in dict.fromkeys(bands.on for bands in card.bands):
        for place, bands in enumerate(card.bands):
            if bands.on == on:
                holds = found.conditions.get(band_name(place), chosen == "") if bands.when else True
                labels = banded(bands, found.outputs[on])
                chosen = np.where((chosen == "") & holds, labels, chosen)
    return chosen.astype(str)


def banded(bands: Bands, column: Array) -> Array:
    """Return the label of the band that holds each value, an empty text for none."""
    labels = np.array([*(label for label, _ in bands.bands), ""], dtype=object)
    places = np.searchsorted([low for _, low in bands.bands], column, side="right") - 1
    found: Array = labels[np.where(np.isnan(column), -1, places)]
    return found


def _texts(column: Array, levels: tuple[str, ...]) -> Array:
    """Return positions as the texts they stand for, an empty one for none."""
    places = np.where(np.isnan(column), len(levels), column).astype(np.int64)
    found: Array = np.array([*levels, ""])[places]
    return found
