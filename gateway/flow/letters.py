"""RiskAssessment, Provenance, Device and model card: the copy served here, and the partner's.

The copy served here is R4, in percent, with our ids; what is posted to the partner has its FHIR
version, its way to write a probability, and its own ids. Both have the same identifier.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from gateway import pipeline
from gateway.fhir.json import decode, encode
from gateway.fhir.references import rewritten
from gateway.fhir.stamp import stamp
from gateway.flow.conclusions import CORRECTED
from gateway.store.outbox import Parcel
from gateway.store.resources import Key, Write

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gateway.flow.whereabouts import Whereabouts
    from gateway.pipeline import Options, Risk
    from gateway.store.assessments import Kept
    from terminology.records import CardFacts, Resource

Texts: TypeAlias = "Mapping[Key, bytes]"

OWN = "R4"
"""The FHIR version that the gateway itself serves."""

SAME_SHAPE = ("R4", "R4B")


def own(options: Options) -> Options:
    """Return the options of the copy that is kept here."""
    return replace(options, fhir_version=OWN, probability="percent", guided=False)


def texts_of(one: Kept) -> tuple[Key, Key]:
    """Return the keys of the RiskAssessment of an assessment, and of its Provenance."""
    origin = pipeline.provenance_id(one.identifier, one.status)
    return Key("RiskAssessment", one.identifier), Key("Provenance", origin)


@dataclass(slots=True)
class Letters:
    """What is to be kept here and what is to be posted, for assessments of one source."""

    options: Options
    where: Whereabouts
    writes: dict[Key, Write] = field(default_factory=dict)
    devices: dict[Key, Write] = field(default_factory=dict)
    parcels: list[Parcel] = field(default_factory=list)

    @property
    def posts(self) -> bool:
        """Tell whether there is a partner to post to."""
        return bool(self.options.source)

    @property
    def alike(self) -> bool:
        """Tell whether the partner's copy differs from ours by its references alone."""
        plain = self.options.probability == "percent" and not self.options.guided
        return self.options.fhir_version in SAME_SHAPE and plain

    def write(self, risk: Risk, status: str = "final") -> None:
        """Write the RiskAssessment of a risk, its Provenance, and the Device of the card."""
        theirs = pipeline.risk_assessment(risk, self.options, status)
        origin = pipeline.provenance(theirs, risk, self.options)
        if self.posts:
            self.post(theirs, risk.identifier)
            self.post(origin, risk.identifier)
        if not self.alike:
            here = own(self.options)
            theirs = pipeline.risk_assessment(risk, here, status)
            origin = pipeline.provenance(theirs, risk, here)
        self.keep(rewritten(theirs, self.where.served))
        self.keep(rewritten(origin, self.where.served))
        assert risk.score.facts is not None
        self.describe(risk.score.facts)

    def withdraw(self, one: Kept, here: Texts, there: Texts) -> None:
        """Enter an assessment in error, here and at the partner, from its earlier texts."""
        for resource in self.entered_in_error(one, here):
            self.keep(resource)
        for resource in self.entered_in_error(one, there):
            self.post(resource, one.identifier)

    def entered_in_error(self, one: Kept, texts: Texts) -> Iterator[Resource]:
        """Yield the RiskAssessment entered in error, and the Provenance of that."""
        assessment, origin = (texts.get(key) for key in texts_of(one))
        if assessment is None:
            return
        after = pipeline.withdrawn(decode(assessment), CORRECTED)
        yield after
        if origin is not None:
            yield pipeline.later_provenance(decode(origin), after, self.options.as_of)

    def describe(self, facts: CardFacts) -> None:
        """Write the Device that a card is, and the model card of a trained one."""
        version, guided = self.options.fhir_version, self.options.guided
        theirs = pipeline.device(facts, version, guided=guided)
        key = Key("Device", theirs["id"])
        if key in self.devices:
            return
        self.introduce(theirs if self.alike else pipeline.device(facts, OWN), theirs)
        card, own_card = pipeline.model_card(facts, version), pipeline.model_card(facts, OWN)
        if card is not None and own_card is not None:
            self.introduce(own_card, card)

    def introduce(self, ours: Resource, theirs: Resource) -> None:
        """Keep what tells of a card, and have it written at the partner."""
        key = Key(ours["resourceType"], ours["id"])
        made = stamp(ours, key.gid)
        self.devices[key] = Write(*key, ours, made, digest=made.digest, unless_same=True)
        if self.posts:
            self.parcels.append(Parcel(key.type, key.gid, encode(theirs)))

    def keep(self, resource: Resource) -> None:
        """Keep a resource here."""
        key = Key(resource["resourceType"], resource["id"])
        made = stamp(resource, key.gid)
        self.writes[key] = Write(*key, resource, made, digest=made.digest, unless_same=True)

    def post(self, resource: Resource, identifier: str) -> None:
        """Have a resource written at the partner."""
        parcel = Parcel(resource["resourceType"], resource["id"], encode(resource), identifier)
        self.parcels.append(parcel)
