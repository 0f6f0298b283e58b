"""The Observations of one visit in a dialect, and what each should be read back as."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.sandbox import vocabulary
from gateway.sandbox.population import read
from mappers import versions
from terminology import analytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gateway.sandbox.dialects import Dialect
    from terminology.records import JSON, Resource, Value

PRESSURES = ("systolic_bp", "diastolic_bp")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A value as it was drawn and written: what a reader must find there."""

    resource: str
    """Reference of the resource that carries it, such as ``Observation/fi-0001-1-tc``."""
    feature: str
    value: Value
    """In the canonical unit, after the rounding of the written number; or code, or truth."""
    effective: str
    usable: bool = True
    reason: str | None = None
    """Why a reader must refuse it (`usable` is false then)."""


@dataclass(frozen=True, slots=True)
class Writer:
    """What the Observations of one visit of one patient have in common."""

    dialect: Dialect
    practice: int
    """Number of the practice, which settles on one of the units its laboratory offers."""
    patient: str
    """Id of the patient."""
    visit: int
    effective: str

    def written(self, values: Mapping[str, Value]) -> Iterator[tuple[Resource, list[Drawn]]]:
        """Yield each Observation with the values it carries."""
        both = set(PRESSURES) <= set(values)
        if both:
            yield from self.pressures(values)
        for feature, value in values.items():
            if not (both and feature in PRESSURES):
                yield self.observation(feature, value)

    def pressures(self, values: Mapping[str, Value]) -> Iterator[tuple[Resource, list[Drawn]]]:
        """Yield the blood pressure: one panel, a panel with members, or two Observations."""
        if self.dialect.habits.blood_pressure == "components":
            yield self.panel(values)
            return
        parts = [self.observation(feature, values[feature]) for feature in PRESSURES]
        if self.dialect.habits.blood_pressure == "members":
            panel = self.start("bp", "bp_panel")
            references = [f"Observation/{part['id']}" for part, _ in parts]
            yield panel | self.members(references), []
        yield from parts

    def panel(self, values: Mapping[str, Value]) -> tuple[Resource, list[Drawn]]:
        """Return the blood pressure as one Observation with two components."""
        panel = self.start("bp", "bp_panel")
        drawn, components = [], []
        for feature in PRESSURES:
            content, canonical, unit = self.content(feature, values[feature])
            code = vocabulary.concept(self.dialect, feature, unit)
            components.append({"code": code, **content})
            drawn.append(self.drawn(panel["id"], feature, canonical))
        return panel | {"component": components}, drawn

    def observation(self, feature: str, value: Value) -> tuple[Resource, list[Drawn]]:
        """Return one feature as one Observation."""
        content, canonical, unit = self.content(feature, value)
        short = read("writing")["short"].get(feature, feature)
        resource = self.start(short, feature, unit) | content
        return resource, [self.drawn(resource["id"], feature, canonical)]

    def content(self, feature: str, value: Value) -> tuple[JSON, Value, str | None]:
        """Return the value element, the value that a reader gets from it, and its unit."""
        if isinstance(value, str):
            answer = vocabulary.answer(self.dialect, feature, value)
            return {"valueCodeableConcept": answer}, value, None
        canonical = analytes.load()[feature].canonical or "1"
        unit = self.dialect.unit(feature, self.practice, canonical)
        amount = vocabulary.amount(feature, float(value), unit)
        return {"valueQuantity": vocabulary.quantity(self.dialect, amount)}, amount.canonical, unit

    def start(self, short: str, feature: str, unit: str | None = None) -> Resource:
        """Return an Observation that lacks nothing but its value."""
        return {
            "resourceType": "Observation",
            "id": f"{self.patient}-{self.visit}-{short}",
            "status": "final",
            "category": [self.category(feature)],
            "code": vocabulary.concept(self.dialect, feature, unit),
            "subject": {"reference": f"Patient/{self.patient}"},
            "effectiveDateTime": self.effective,
        }

    def category(self, feature: str) -> JSON:
        """Return the category of a feature, in the system of the FHIR version."""
        tables = read("writing")
        found = (name for name, members in tables["categories"].items() if feature in members)
        name = next(found, "vital-signs")
        system = versions.load()[self.dialect.version].category_system
        display = tables["category_displays"][name]
        return {"coding": [{"system": system, "code": name, "display": display}]}

    def members(self, references: list[str]) -> JSON:
        """Return the element that names the members of a panel."""
        if versions.load()[self.dialect.version].members == "related":
            related = ({"type": "has-member", "target": {"reference": r}} for r in references)
            return {"related": list(related)}
        return {"hasMember": [{"reference": reference} for reference in references]}

    def drawn(self, identity: str, feature: str, value: Value) -> Drawn:
        """Return the record of one written value."""
        return Drawn(f"Observation/{identity}", feature, value, self.effective)
