"""Rows of a data set's own files as inputs of a card, by the recipe that the card keeps."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence


def read_rows(lines: Iterable[str]) -> Iterator[list[str]]:
    """Yield the cells of each line; a heading (no number in it) and blank lines are passed over."""
    for place, cells in enumerate(csv.reader(lines)):
        trimmed = [cell.strip() for cell in cells]
        if not any(trimmed) or (place == 0 and not any(map(is_number, trimmed))):
            continue
        yield trimmed


def is_number(text: str) -> bool:
    """Say whether a cell holds a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def inputs_of(cells: Sequence[str], recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs of a row; a cell that cannot be read stays text, for the card to refuse."""
    data = recipe["data"]
    row = dict(zip(data["columns"], cells, strict=False))
    inputs = {}
    for name, given in recipe["inputs"].items():
        cell = row.get(given["column"], data["missing"])
        if cell in (data["missing"], ""):
            continue
        value = number_or_text(cell)
        if value == 0 and given["column"] in data["zero_is_missing"]:
            continue
        inputs[name] = meaning(value, given)
    return inputs


def number_or_text(cell: str) -> float | str:
    """Return the cell's number, or the cell."""
    return float(cell) if is_number(cell) else cell


def meaning(value: float | str, given: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any kind of input
    """Return what the number of a cell means for the input."""
    if isinstance(value, str):
        return value
    if given["type"] == "code":
        return given["codes"].get(f"{value:g}", f"{value:g}")
    if given["type"] == "boolean":
        return {0.0: False, 1.0: True}.get(value, value)
    return value


def label_of(cells: Sequence[str], recipe: Mapping[str, Any]) -> bool | None:
    """Return whether the row has the outcome; None when it does not say."""
    row = dict(zip(recipe["data"]["columns"], cells, strict=False))
    cell = row.get(recipe["data"]["target"], "")
    return float(cell) > 0 if is_number(cell) else None
