"""Invented people of one country: who they are, and every resource that is written about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import numpy as np

from gateway.sandbox import identity
from gateway.sandbox.cardiology import cardiology
from gateway.sandbox.draws import YEAR
from gateway.sandbox.flaws import flawed
from gateway.sandbox.histories import History
from gateway.sandbox.observations import Drawn, Writer
from gateway.sandbox.population import read
from gateway.sandbox.prevention import prevention
from gateway.sandbox.ward import ward
from mappers import versions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from gateway.sandbox.dialects import Dialect
    from gateway.sandbox.draws import Draw, Strand, Visit
    from terminology.records import JSON, Resource, Value

PATTERN: tuple[Strand, ...] = ("prevention", "prevention", "prevention", "ward", "cardiology")
"""Which strand each next person is of."""
MAKERS = {"prevention": prevention, "ward": ward, "cardiology": cardiology}
REPRESENTATION = "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation"
NAMES, HABITS, HISTORY, FLAWS = range(4)
"""Purposes of a person's own random streams."""


@dataclass(frozen=True, slots=True)
class Human:
    """One invented person."""

    id: str
    strand: Strand
    male: bool
    birth: date
    facts: Mapping[str, bool]
    patient: Resource


@dataclass(slots=True)
class Cohort:
    """All people of a sandbox, what is written about them, and what it should be read back as."""

    humans: list[Human] = field(default_factory=list)
    resources: list[Resource] = field(default_factory=list)
    drawn: list[Drawn] = field(default_factory=list)


def cohort(
    dialect: Dialect, number: int, seed: int, now: datetime, *, flaws: bool = True
) -> Cohort:
    """Return `number` people of a country; the same arguments give the same resources.

    `now` (aware) is the moment that the records are made for: ages and visits count back from it.
    Without `flaws` every record is clean and complete.
    """
    made = Cohort()
    seed = mixed(seed, dialect.country.code)
    order = [PATTERN[place % len(PATTERN)] for place in range(number)]
    draws = {strand: iter(MAKERS[strand](order.count(strand), seed)) for strand in set(order)}
    instant = now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    meta = {"versionId": "1", "lastUpdated": instant}
    for place, strand in enumerate(order, start=1):
        Scribe(dialect, place, seed, now, flaws, meta).write(next(draws[strand]), made)
    return made


def mixed(seed: int, country: str) -> int:
    """Return a seed of the country's own, so that two countries have different people."""
    entropy = [seed, int.from_bytes(country.encode())]
    return int(np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0])


@dataclass(frozen=True, slots=True)
class Scribe:
    """Who writes down one person."""

    dialect: Dialect
    place: int
    seed: int
    now: datetime
    flaws: bool
    meta: JSON

    @property
    def id(self) -> str:
        """Return the person's id on the server."""
        return f"{self.dialect.country.code.lower()}-{self.place:04}"

    def stream(self, purpose: int) -> np.random.Generator:
        """Return one of the person's own random streams."""
        return np.random.default_rng([self.seed, 9, self.place, purpose])

    def write(self, draw: Draw, made: Cohort) -> None:
        """Add the person and all that is recorded to the cohort."""
        birth = (self.now - timedelta(hours=draw.age * YEAR)).date()
        patient = self.patient(draw, birth)
        made.humans.append(Human(self.id, draw.strand, draw.male, birth, draw.facts, patient))
        made.resources.append(self.stamped(patient))
        for resource, drawn in (*self.observations(draw), *self.history(draw)):
            made.resources.append(self.stamped(resource))
            made.drawn.extend(drawn)

    def stamped(self, resource: Resource) -> Resource:
        """Return the resource as first version, last changed when the sandbox was made."""
        head = {"resourceType": resource["resourceType"], "id": resource["id"], "meta": self.meta}
        return head | resource

    def observations(self, draw: Draw) -> Iterator[tuple[Resource, list[Drawn]]]:
        """Yield the Observations of all visits, flaws and all."""
        habits, flaws = self.stream(HABITS), self.stream(FLAWS)
        practice = int(habits.integers(100))
        version = versions.load()[self.dialect.version]
        for count, visit in enumerate(draw.visits, start=1):
            effective = self.when(draw.strand, visit, habits)
            writer = Writer(self.dialect, practice, self.id, count, effective)
            written = writer.written(self.sent(visit.values))
            yield from flawed(written, version, flaws) if self.flaws else written

    def sent(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """Return the values that the country's systems send of what was measured."""
        habits = self.dialect.habits
        optional = {"bmi": habits.bmi, "egfr": habits.egfr is not None}
        return {name: value for name, value in values.items() if optional.get(name, True)}

    def when(self, strand: Strand, visit: Visit, rng: np.random.Generator) -> str:
        """Return the time of a visit on the country's clock; practices work from 8 to 17."""
        local = (self.now - timedelta(hours=visit.hours_ago)).astimezone(self.zone())
        if strand != "ward":
            hour, minute = int(rng.integers(8, 17)), int(rng.integers(12)) * 5
            local = local.replace(hour=hour, minute=minute)
        return local.replace(second=0, microsecond=0).isoformat()

    def zone(self) -> timezone:
        """Return the country's clock."""
        moment = datetime.fromisoformat(f"2000-01-01T00:00:00{self.dialect.habits.zone}")
        return timezone(moment.utcoffset() or timedelta())

    def history(self, draw: Draw) -> Iterator[tuple[Resource, list[Drawn]]]:
        """Yield what is recorded of diseases and treatments, dated to the day before."""
        recorded = (self.now - timedelta(days=1)).astimezone(self.zone()).date().isoformat()
        return History(self.dialect, self.id, recorded, self.stream(HISTORY)).written(draw.facts)

    def patient(self, draw: Draw, birth: date) -> Resource:
        """Return the Patient resource, now and then without sex or with a year for a birth date."""
        rng = self.stream(NAMES)
        family, given, kana_family, kana_given = identity.name(
            self.dialect.habits.names, draw.male, rng
        )
        country = self.dialect.country
        patient: Resource = {
            "resourceType": "Patient",
            "id": self.id,
            "identifier": self.identifiers(birth, draw.male, rng),
            "active": True,
            "name": names(family, given, kana_family, kana_given),
            "gender": "male" if draw.male else "female",
            "birthDate": birth.isoformat(),
        }
        if len(country.code) == 2 and country.code != "EU":
            patient["address"] = [{"use": "home", "country": country.code}]
        return self.flawed_patient(patient)

    def flawed_patient(self, patient: Resource) -> Resource:
        """Return the Patient with what befalls it."""
        shares, rng = read("flaws")["patient"], self.stream(FLAWS + 1)
        if self.flaws and rng.random() < shares["no_sex"]:
            del patient["gender"]
        if self.flaws and rng.random() < shares["year_only"]:
            patient["birthDate"] = patient["birthDate"][:4]
        return patient

    def identifiers(self, birth: date, male: bool, rng: np.random.Generator) -> list[JSON]:
        """Return the country's person numbers and the server's own record number."""
        country = self.dialect.country
        found = [
            {"use": "official", "system": scheme.systems[0], "value": number}
            for scheme in country.identifiers
            if (number := identity.number(scheme, birth, male, rng))
        ]
        system = f"https://sandbox.example/sid/{country.code.lower()}-record"
        return [*found, {"use": "usual", "system": system, "value": f"{self.place:06}"}]


def names(family: str, given: str, kana_family: str, kana_given: str) -> list[JSON]:
    """Return the HumanNames: one, or with kana two that say which they are."""
    name: JSON = {"use": "official", "family": family, "given": [given]}
    if not kana_family:
        return [name]
    kana = {"use": "official", "family": kana_family, "given": [kana_given]}
    forms = ((name, "IDE"), (kana, "SYL"))
    return [
        {"extension": [{"url": REPRESENTATION, "valueCode": form}], **one} for one, form in forms
    ]
