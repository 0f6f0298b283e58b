"""Diseases and treatments of one person: Conditions, MedicationStatements, answers to forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.sandbox.observations import Drawn
from gateway.sandbox.population import read
from mappers import versions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np

    from gateway.sandbox.dialects import Dialect
    from mappers.countries import Question
    from terminology.records import JSON, Resource

TERMS = "http://terminology.hl7.org/CodeSystem"
ADHERENCE = "http://hl7.org/fhir/CodeSystem/medication-statement-adherence"
Written = tuple["Resource", list[Drawn]]


@dataclass(frozen=True, slots=True)
class History:
    """Where the facts of one person are written."""

    dialect: Dialect
    patient: str
    recorded: str
    """When they were written down."""
    rng: np.random.Generator

    def written(self, facts: Mapping[str, bool]) -> Iterator[Written]:
        """Yield the resources that say each fact; a few facts stay unsaid."""
        tables = read("histories")
        said = {
            fact: holds
            for fact, holds in facts.items()
            if self.rng.random() >= tables["silence"]["share"]
        }
        if self.dialect.habits.facts == "questions":
            yield from self.answers(said)
        diseases = {fact: said[fact] for fact in said if fact in tables["diseases"]}
        treatments = {fact: said[fact] for fact in said if fact in tables["treatments"]}
        yield from self.diseases(diseases)
        yield from self.treatments(treatments, whole=set(tables["treatments"]) & set(facts))

    def answers(self, said: dict[str, bool]) -> Iterator[Written]:
        """Yield the answers to the form's questions; what they tell in full is not told again."""
        stands_for = read("histories")["stands_for"]
        for question in self.dialect.country.questions:
            fact = stands_for.get(question.fact, question.fact)
            if fact in said and (question.yes if said[fact] else question.no):
                yield self.answer(question, said[fact])
        for question in self.dialect.country.questions:
            if question.yes and question.no:
                said.pop(question.fact, None)

    def diseases(self, said: Mapping[str, bool]) -> Iterator[Written]:
        """Yield a Condition for each disease, or "no known problems" where that is the habit."""
        if said and self.dialect.habits.facts == "none-known" and not any(said.values()):
            resource = self.condition_of("no-problems", self.none_known("problems"), holds=True)
            yield resource, [self.drawn(resource, fact, holds=False) for fact in said]
            return
        for fact, holds in said.items():
            if holds or read("histories")["diseases"][fact].get("denied", True):
                yield self.condition(fact, holds)

    def treatments(self, said: Mapping[str, bool], whole: set[str]) -> Iterator[Written]:
        """Yield what is taken, or "no known medications"; now and then what is not taken.

        `whole` are the treatments there are to know of: the absence of all can be said only when
        nothing about any of them was left unsaid.
        """
        if said and set(said) == whole and not any(said.values()):
            code = self.none_known("medications")
            resource = self.statement_of("no-medications", code, holds=True)
            yield resource, [self.drawn(resource, fact, holds=False) for fact in said]
            return
        for fact, holds in said.items():
            resource = self.statement(fact, holds=holds)
            if holds:
                yield resource, [self.drawn(resource, fact, holds=True)]
            elif self.rng.random() < read("histories")["silence"]["not_taken"]:
                yield resource, []

    def none_known(self, name: str) -> JSON:
        """Return the concept that there is none of a kind, in the country's words."""
        tables = read("histories")
        system = "snomed" if "snomed" in self.dialect.country.writes.codes else "absent"
        coding = {"system": tables["systems"][system], **tables["none_known"][name][system]}
        return {"coding": [coding]}

    def condition(self, fact: str, holds: bool) -> Written:
        """Return the Condition that says or denies a disease."""
        tables = read("histories")
        country = self.dialect.country.code
        icd = tables["icd"].get(country, tables["systems"]["icd-10"])
        uris = {**tables["systems"], "icd-10": icd}
        codes = [
            {"system": uris[name], **code}
            for name, code in tables["diseases"][fact].items()
            if name in uris
        ]
        chosen = codes[:1] if country == "GB" else codes
        resource = self.condition_of(fact, {"coding": chosen}, holds=holds)
        return resource, [self.drawn(resource, fact, holds=holds)]

    def condition_of(self, name: str, code: JSON, *, holds: bool) -> Resource:
        """Return an active and confirmed, or an inactive and refuted Condition."""
        version = versions.load()[self.dialect.version]
        clinical, verified = ("active", "confirmed") if holds else ("inactive", "refuted")
        plain = version.condition_status == "code"
        return {
            "resourceType": "Condition",
            "id": self.identity(name),
            "clinicalStatus": clinical if plain else coded("condition-clinical", clinical),
            "verificationStatus": verified if plain else coded("condition-ver-status", verified),
            "code": code,
            "subject": {"reference": f"Patient/{self.patient}"},
            version.condition_recorded: self.recorded,
        }

    def statement(self, fact: str, *, holds: bool) -> Resource:
        """Return the MedicationStatement that says or denies one medicine of a treatment."""
        tables = read("histories")
        name = tables["medicines"].get(self.dialect.country.code, "atc")
        choices = tables["treatments"][fact][name]
        medicine = choices[int(self.rng.integers(len(choices)))]
        code = {"coding": [{"system": tables["systems"][name], **medicine}]}
        return self.statement_of(fact, code, holds=holds)

    def statement_of(self, name: str, code: JSON, *, holds: bool) -> Resource:
        """Return a MedicationStatement of something taken, or not taken."""
        version = versions.load()[self.dialect.version]
        statement = {
            "resourceType": "MedicationStatement",
            "id": self.identity(name),
            "status": "active",
            "subject": {"reference": f"Patient/{self.patient}"},
            "effectiveDateTime": self.recorded,
        }
        if version.taken == "adherence":
            adherence = {"system": ADHERENCE, "code": "taking" if holds else "not-taking"}
            statement |= {"status": "recorded", "medication": {"concept": code}}
            return statement | {"adherence": {"code": {"coding": [adherence]}}}
        if version.taken == "taken":
            return statement | {"medicationCodeableConcept": code, "taken": "y" if holds else "n"}
        statement["status"] = "active" if holds else "not-taken"
        return statement | {"medicationCodeableConcept": code}

    def answer(self, question: Question, holds: bool) -> Written:
        """Return the Observation with the answer to a form's question."""
        chosen = (question.yes if holds else question.no)[0]
        resource = {
            "resourceType": "Observation",
            "id": self.identity(question.fact),
            "status": "final",
            "code": {"coding": [{"system": question.system, "code": question.code}]},
            "subject": {"reference": f"Patient/{self.patient}"},
            "effectiveDateTime": self.recorded,
            "valueCodeableConcept": {"coding": [{"system": question.answers, "code": chosen}]},
        }
        return resource, [self.drawn(resource, question.fact, holds=holds)]

    def identity(self, name: str) -> str:
        """Return the id of a resource of this history."""
        return f"{self.patient}-{name.replace('_', '-')}"

    def drawn(self, resource: Resource, fact: str, *, holds: bool) -> Drawn:
        """Return the record of one written fact."""
        place = f"{resource['resourceType']}/{resource['id']}"
        return Drawn(place, fact, holds, self.recorded)


def coded(system: str, code: str) -> JSON:
    """Return the CodeableConcept of a code of HL7's own systems."""
    return {"coding": [{"system": f"{TERMS}/{system}", "code": code}]}
