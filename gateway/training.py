"""FHIR as a recipe's table: the patients of each site, read as any partner's, are training rows.

Like `pipeline` it is pure and knows both `mappers` and `scoring`: resources are mapped, rows made,
and each row gives its inputs as it gives them to a card. Inputs that the terminology does not know
stand in Observations under the recipe's own code (see `gateway.sandbox.tables`, which writes them).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

import numpy as np

from mappers.document import Context, map_resources
from mappers.features import rows
from scoring.inputs import inputs_for
from scoring.training.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from scoring.cards import Input
    from scoring.training.recipe import Recipe
    from terminology.records import JSON, FeatureRow, Resource, Value

DAY = date(2000, 1, 1)
"""The day that tables without dates are written for: ages count to it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The inputs of a recipe, all of one day."""

    inputs: Mapping[str, Input]
    span_hours: None = None


OUTCOME = "outcome"
"""The recipe's own code of the outcome."""


def own_system(recipe: Recipe) -> str:
    """Return the code system of what only the recipe has a name for."""
    return f"urn:riskbridge:recipe:{recipe.id}"


def table_of(
    recipe: Recipe, sites: Mapping[str, Iterable[Resource]], sha256: str, day: date = DAY
) -> Table:
    """Return the patients of each site as rows; those without a told outcome are left out."""
    found: list[tuple[int, bool, Mapping[str, Value]]] = []
    silent = 0
    for place, resources in enumerate(sites.values()):
        for truth, values in patients(recipe, list(resources), day):
            if truth is None:
                silent += 1
            else:
                found.append((place, truth, values))
    columns = {
        name: column(recipe, name, [values for *_, values in found]) for name in recipe.inputs
    }
    return Table(
        columns,
        np.array([truth for _, truth, _ in found], dtype=bool),
        np.array([place for place, *_ in found], dtype=np.int64),
        tuple(sites),
        sha256,
        {"patients without the outcome left out": silent} if silent else {},
    )


def column(recipe: Recipe, name: str, given: list[Mapping[str, Value]]) -> np.ndarray:
    """Return one input of all rows, NaN where it is missing."""
    position = recipe.inputs[name].position
    return np.array(
        [position(values[name]) if name in values else np.nan for values in given],
        dtype=np.float64,
    )


def patients(
    recipe: Recipe, resources: list[Resource], day: date
) -> list[tuple[bool | None, Mapping[str, Value]]]:
    """Return for each patient of a site whether the outcome came, and the inputs."""
    told = own_values(recipe, resources)
    moment = datetime.combine(day, time.max, UTC)
    mapped = map_resources(resources, Context())
    return [told_of(recipe, row, told[row.patient], day) for row in rows(mapped, moment)]


def told_of(
    recipe: Recipe, row: FeatureRow, own: Mapping[str, Value], day: date
) -> tuple[bool | None, Mapping[str, Value]]:
    """Return whether the outcome came to one patient, and the inputs."""
    truth = own.get(OUTCOME)
    values = {**inputs_for(Asked(recipe.inputs), row, day).values, **own}
    return (None if truth is None else bool(truth)), values


def own_values(recipe: Recipe, resources: Iterable[Resource]) -> defaultdict[str, dict[str, Value]]:
    """Return patient to what is said under the recipe's own codes."""
    found: defaultdict[str, dict[str, Value]] = defaultdict(dict)
    for resource in resources:
        name = own_code(recipe, resource)
        value = own_value(resource) if name else None
        if name and value is not None:
            found[resource["subject"]["reference"]][name] = value
    return found


def own_code(recipe: Recipe, resource: Resource) -> str | None:
    """Return the recipe's own code of a resource, None when it has none."""
    codings = (resource.get("code") or {}).get("coding") or ()
    system = own_system(recipe)
    return next((one["code"] for one in codings if one.get("system") == system), None)


def own_value(resource: Resource) -> Value | None:
    """Return what a resource with a code of the recipe's own says."""
    if resource["resourceType"] == "Condition":
        return verified(resource.get("verificationStatus"))
    if "valueBoolean" in resource:
        return bool(resource["valueBoolean"])
    if "valueCodeableConcept" in resource:
        return str(resource["valueCodeableConcept"]["coding"][0]["code"])
    return float(resource["valueQuantity"]["value"])


def verified(status: JSON) -> bool | None:
    """Return whether a Condition is confirmed; None when it is neither that nor refuted."""
    code = status["coding"][0]["code"] if isinstance(status, dict) else status
    return {"confirmed": True, "refuted": False}.get(str(code))
