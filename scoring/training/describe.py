"""What a table holds before anything is trained on it: counts, prevalence, gaps, by site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.training.fit import constant

if TYPE_CHECKING:
    from scoring.training.recipe import Recipe
    from scoring.training.table import Table


def describe(recipe: Recipe, table: Table) -> dict[str, Any]:
    """Return the table's description as JSON tells it."""
    return {
        "rows": len(table.truth),
        "outcome": float(table.truth.mean()),
        "sha256": table.sha256,
        "months": list(table.months),
        "sites": [of_site(recipe, table, place) for place in range(len(table.sites))],
        "missing": missing(table),
        "cleaned": dict(table.told),
        "left_out": list(table.failed),
        "leaks": dict(recipe.leaks),
        "constant": list(constant(table)),
    }


def of_site(recipe: Recipe, table: Table, place: int) -> dict[str, Any]:
    """Return rows, share with the outcome and gaps of one site."""
    name, rows = table.sites[place], table.site == place
    part = table.part(rows)
    return {
        "name": name,
        "country": recipe.data.countries.get(name, name),
        "rows": int(rows.sum()),
        "outcome": float(part.truth.mean()) if rows.any() else None,
        "missing": missing(part),
    }


def missing(table: Table) -> dict[str, float]:
    """Return the share of rows without each input, of those that any row lacks."""
    shares = {name: float(np.mean(np.isnan(c))) for name, c in table.columns.items() if len(c)}
    return {name: share for name, share in shares.items() if share}
