"""A recipe's table as FHIR: each row a patient, written as a server of the row's country would.

What the terminology knows is written in the country's codes and units, with all digits, so that
reading it back gives the same number; other inputs are Observations under a code of the recipe's
own, and the outcome is a Condition, confirmed or refuted. Nothing is invented: what the table does
not say is not written.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from gateway.errors import UsageError
from gateway.sandbox import dialects, vocabulary
from gateway.sandbox.histories import History
from gateway.sandbox.observations import Writer
from gateway.sandbox.vocabulary import UCUM, Amount
from gateway.training import DAY, OUTCOME, own_system
from mappers import countries
from scoring.inputs import feature_of
from terminology import analytes
from terminology.units import convert

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.sandbox.dialects import Dialect
    from scoring.training.recipe import Given, Recipe
    from scoring.training.table import Table
    from terminology.records import JSON, Resource, Value

ELSEWHERE = "ips"
"""The dialect of countries that have no file: that of the international patient summary."""


def written(recipe: Recipe, table: Table) -> Iterator[tuple[str, Resource]]:
    """Yield site and resource for everything that the rows say, site by site.

    Raises:
        UsageError: a row's age is not in whole years, which a birth date cannot say.
    """
    for place in np.argsort(table.site, kind="stable").tolist():
        site = table.sites[int(table.site[place])]
        row = Row(recipe, dialect_of(recipe, site), site, place)
        values = {name: column[place] for name, column in table.columns.items()}
        for resource in row.resources(values, truth=bool(table.truth[place])):
            yield site, resource


def country_of(recipe: Recipe, site: str) -> str | None:
    """Return the country (ISO 3166-1 alpha-2) of a site, when the recipe tells."""
    found = recipe.data.countries.get(site, site)
    return found if len(found) == 2 and found.isupper() else None


def dialect_of(recipe: Recipe, site: str) -> Dialect:
    """Return how the site's country writes."""
    country = country_of(recipe, site) or ELSEWHERE
    return dialects.load(country if country in countries.load() else ELSEWHERE)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table as one patient."""

    recipe: Recipe
    dialect: Dialect
    site: str
    place: int

    @property
    def id(self) -> str:
        """Return the patient's id."""
        return f"{self.site.lower().replace('_', '-')}-{self.place:06}"

    def resources(self, values: dict[str, float], *, truth: bool) -> Iterator[Resource]:
        """Yield the patient, an Observation for each value that is there, and the outcome."""
        yield self.patient(values)
        for name, value in values.items():
            given = self.recipe.inputs[name]
            if given.source is None and not math.isnan(value):
                yield self.observation(name, given, meant(given, value))
        history = History(self.dialect, self.id, DAY.isoformat(), np.random.default_rng(0))
        code = {"coding": [{"system": own_system(self.recipe), "code": OUTCOME}]}
        yield history.condition_of(OUTCOME, code, holds=truth)

    def patient(self, values: dict[str, float]) -> Resource:
        """Return the Patient: sex, birth date and country, as far as the row tells them."""
        found: Resource = {"resourceType": "Patient", "id": self.id, "active": True}
        for name, given in self.recipe.inputs.items():
            value = values.get(name, math.nan)
            if given.source == "sex" and not math.isnan(value):
                found["gender"] = meant(given, value)
            if given.source == "age" and not math.isnan(value):
                found["birthDate"] = born(value).isoformat()
        country = country_of(self.recipe, self.site)
        return found | ({"address": [{"use": "home", "country": country}]} if country else {})

    def observation(self, name: str, given: Given, value: Value) -> Resource:
        """Return one input as an Observation, in the country's words where there are any."""
        feature = feature_of(name, given)
        writer = Writer(self.dialect, 0, self.id, 1, f"{DAY.isoformat()}T08:00:00Z")
        content: Resource | None = self.content(feature, given, value)
        if content is not None:
            unit = content.get("valueQuantity", {}).get("code")
            return writer.start(name.replace("_", "-"), feature, unit) | content
        return {
            "resourceType": "Observation",
            "id": f"{self.id}-1-{name.replace('_', '-')}",
            "status": "final",
            "code": {"coding": [{"system": own_system(self.recipe), "code": name}]},
            "subject": {"reference": f"Patient/{self.id}"},
            "effectiveDateTime": writer.effective,
            **self.own(name, given, value),
        }

    def content(self, feature: str, given: Given, value: Value) -> JSON | None:
        """Return the value as the country writes the feature; None where it has no word for it."""
        analyte = analytes.load().get(feature)
        if analyte is None or isinstance(value, bool):
            return None
        if isinstance(value, str):
            lists = self.dialect.country.writes.codes
            if not vocabulary.answers(self.dialect.country.code, lists, feature, value):
                return None
            return {"valueCodeableConcept": vocabulary.answer(self.dialect, feature, value)}
        canonical = analyte.canonical or "1"
        unit = self.dialect.unit(feature, 0, canonical)
        number = convert(value, given.unit or canonical, unit, feature).value
        if number is None:
            return None
        amount = Amount(Decimal(repr(number)), unit, float(value))
        return {"valueQuantity": vocabulary.quantity(self.dialect, amount)}

    def own(self, name: str, given: Given, value: Value) -> JSON:
        """Return the value under the recipe's own code."""
        if isinstance(value, bool):
            return {"valueBoolean": value}
        if isinstance(value, str):
            system = f"{own_system(self.recipe)}:{name}"
            return {"valueCodeableConcept": {"coding": [{"system": system, "code": value}]}}
        unit = given.unit or "1"
        quantity = {"value": Decimal(repr(value)), "unit": unit, "system": UCUM, "code": unit}
        return {"valueQuantity": quantity}


def meant(given: Given, value: float) -> Value:
    """Return a number of the table as the input's kind."""
    if given.type == "code":
        return given.levels[int(value)]
    return bool(value) if given.type == "boolean" else float(value)


def born(age: float) -> date:
    """Return a birth date that makes one `age` years old on the day of the record.

    Raises:
        UsageError: the age is not in whole years.
    """
    if age != int(age):
        raise UsageError(f"an age of {age:g} years cannot be told by a birth date")
    return date(DAY.year - int(age), DAY.month, DAY.day)
