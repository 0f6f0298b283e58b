"""Rows of a data set with what a card says of them and what came of them.

The files are read by the card's own layout (`scoring.tables`): rows without a label are left out
and counted, repeated rows count once, and each row keeps its country, its sex and its age.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.calibration import COUNTRY
from scoring.engine import score
from scoring.tables import TableError, drop_repeated, inputs_of, layout, outcome, read_sheet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scoring.cards import Card
    from scoring.codegen import Array
    from scoring.tables import Layout, Sheet

SITE, SEX, AGE = "site", "sex", "age"
UNKNOWN = "unknown"
BANDS = (40, 50, 60, 70, 80)
"""Ages, in completed years, at which a band begins."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A row before it is scored."""

    inputs: dict[str, Any]
    """With the column that the card's calibration goes by, where the files have it."""
    country: str | None
    site: str
    cells: Mapping[str, str]
    """The row as it stands in the file."""
    whole: bool
    """False for a row with too many or too few cells."""


@dataclass(frozen=True)
class Evidence:
    """Rows that have both a probability and a truth."""

    card: Card
    rows: tuple[Asked, ...]
    probability: Array
    truth: Array
    told: Mapping[str, int]
    """What was left out, in words, to how often."""
    sha256: str
    """Of the bytes of all files, as training hashes them."""
    files: tuple[str, ...]

    def groups(self, by: str) -> Array:
        """Return the name of each row's group by ``country``, ``site``, ``age`` or an input.

        Raises:
            TableError: there is no such thing to go by.
        """
        given = self.card.inputs.get(by)
        of_source = {name: one for name, one in self.card.inputs.items() if one.source == by}
        name = next(iter(of_source), by)
        if by == COUNTRY:
            found = [row.country or UNKNOWN for row in self.rows]
        elif by == SITE:
            found = [row.site for row in self.rows]
        elif by == AGE and AGE in self.card.inputs:
            found = [band(row.inputs.get(AGE)) for row in self.rows]
        elif of_source or (given and given.type in ("code", "boolean")):
            found = [str(row.inputs.get(name, UNKNOWN)) for row in self.rows]
        else:
            raise TableError(f"{self.card.id} cannot be told apart by {by}")
        return np.array(found, dtype=object)

    def missing(self) -> dict[str, Array]:
        """Return where each input is missing, (n,) each."""
        return {
            name: np.array([name not in row.inputs for row in self.rows], dtype=bool)
            for name in self.card.inputs
        }


def band(age: object) -> str:
    """Return the age band of an age.

    >>> band(39.5), band(40), band(93), band(None)
    ('0-39', '40-49', '80+', 'unknown')
    """
    if not isinstance(age, int | float):
        return UNKNOWN
    place = sum(age >= start for start in BANDS)
    if place == len(BANDS):
        return f"{BANDS[-1]}+"
    return f"{(0, *BANDS)[place]}-{BANDS[place] - 1}"


def gather(card: Card, files: Mapping[str, bytes]) -> Evidence:
    """Return the rows of the files, file name to bytes, with what the card says of them.

    Raises:
        TableError: the card has no such files, or one of them is no table.
    """
    plan = layout(card)
    told: Counter[str] = Counter()
    digest = hashlib.sha256()
    rows: list[Asked] = []
    for name, raw in files.items():
        digest.update(raw)
        sheet = read_sheet(raw, plan.data, name)
        told["repeated rows left out"] += drop_repeated(sheet, plan.data)
        rows += asked(card, plan, sheet)
    labelled, truth = with_label(rows, plan, told)
    scores = [probability(card, row) for row in labelled]
    kept = [place for place, value in enumerate(scores) if value is not None]
    told["rows that the card says nothing of"] += len(scores) - len(kept)
    return Evidence(
        card,
        tuple(labelled[place] for place in kept),
        np.array([scores[place] for place in kept], dtype=np.float64),
        np.array([truth[place] for place in kept], dtype=bool),
        {words: count for words, count in told.items() if count},
        digest.hexdigest(),
        tuple(files),
    )


def with_label(
    rows: Sequence[Asked], plan: Layout, told: Counter[str]
) -> tuple[list[Asked], list[bool]]:
    """Return the rows whose outcome is known, and it."""
    label = plan.data.label
    truths = [outcome(row.cells.get(label.column, ""), label) for row in rows]
    broken = sum(not row.whole for row in rows)
    told["rows with too many or too few cells left out"] += broken
    told["rows without the outcome left out"] += sum(truth is None for truth in truths) - broken
    kept = [(row, truth) for row, truth in zip(rows, truths, strict=True) if truth is not None]
    return [row for row, _ in kept], [truth for _, truth in kept]


def asked(card: Card, plan: Layout, sheet: Sheet, country: str | None = None) -> Iterator[Asked]:
    """Yield the rows of a sheet; `country` is that of rows that do not tell theirs."""
    by = card.calibration.by if card.calibration else ""
    site = next((name for name, file in plan.data.sites.items() if file == sheet.file), sheet.file)
    for inputs, row in zip(inputs_of(sheet, plan), sheet.rows, strict=True):
        cells = dict(zip(sheet.names, row, strict=False))
        place = cells.get(plan.data.site_column or "") or site
        known = plan.data.countries.get(place)
        if known is None and plan.data.site_column in cells:
            known = place
        given = inputs or {}
        if by in cells and by not in given:
            given[by] = cells[by]
        yield Asked(given, known or country, place, cells, inputs is not None)


def probability(card: Card, row: Asked) -> float | None:
    """Return the card's first output for a row, None where it cannot be told."""
    found = score(card, row.inputs, country=row.country)
    value = found.outputs.get(next(iter(card.outputs)))
    return value if row.whole and isinstance(value, float) else None
