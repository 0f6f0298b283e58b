"""THE flow as a pure composition: resources -> map -> rows -> choose -> score -> RiskAssessments.

No clock, no network, no database: the same function runs in a request, a worker, the command line
and a Spark executor. It is the only module that knows both `mappers` and `scoring`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from gateway.errors import ConfigurationError
from mappers import riskassessment, riskassessment_modelcard
from mappers.document import Context, Mapped, map_resources
from mappers.features import rows
from mappers.riskassessment_identity import provenance_identity
from scoring.cards import load
from scoring.choose import choose
from scoring.explain import score_row
from scoring.languages import labels_for

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping
    from datetime import datetime

    from scoring.cards import Card
    from terminology.records import CardFacts, FeatureRow, Finding, Resource, Score

AUTO = ("auto",)


@dataclass(frozen=True, slots=True)
class Models:
    """Which versions of cards are in use here in the place of the shipped ones, and beside them."""

    champions: Mapping[str, Card] = field(default_factory=dict)
    """By id; one that is not shipped is tried when it is asked for by name."""
    shadows: Mapping[str, tuple[Card, ...]] = field(default_factory=dict)
    """Versions that are scored beside the one in use, and only kept."""

    def card(self, name: str) -> Card:
        """Return the version of a card that is in use."""
        return self.champions.get(name) or load()[name]


SHIPPED = Models()


@dataclass(frozen=True, slots=True)
class Options:
    """What the caller knows and wants."""

    as_of: datetime
    """The moment of the assessment, with a zone; nothing later counts."""
    source: str = ""
    country: str | None = None
    """The country of those who do not tell theirs."""
    cards: tuple[str, ...] = AUTO
    fhir_version: str = "R4"
    """Of the resources that come in, and of those that go out."""
    probability: str = "percent"
    ranges: bool = False
    """Whether missing numbers may give a best and a worst case, where the card allows it."""
    guided: bool = False
    """Whether the receiver knows HL7's guide on AI transparency."""


@dataclass(frozen=True, slots=True)
class Risk:
    """What a card says of a patient."""

    row: FeatureRow
    score: Score
    why: str
    """Why this card was chosen."""
    identifier: str
    """UUID: the same patient, card and inputs with their versions have the same."""
    card: Card


@dataclass(frozen=True, slots=True)
class NotAssessed:
    """A card that says nothing of a patient; its score says why."""

    row: FeatureRow
    score: Score
    why: str

    @property
    def card(self) -> str:
        """Return the id of the card."""
        return self.score.card

    @property
    def reason(self) -> str:
        """Return the machine reason."""
        return self.score.reason or "missing_input"

    @property
    def missing(self) -> tuple[str, ...]:
        """Return the inputs that are missing."""
        return self.score.missing


@dataclass(frozen=True)
class Assessed:
    """What the flow makes of some resources."""

    options: Options
    mapped: Mapped
    rows: tuple[FeatureRow, ...]
    risks: tuple[Risk, ...]
    refusals: tuple[NotAssessed, ...]

    @property
    def scores(self) -> tuple[Score, ...]:
        """Return the scores that say something."""
        return tuple(risk.score for risk in self.risks)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Return what could not be used: of the mapping, then of the cards, each once."""
        refused = tuple(one.score for one in self.refusals)
        of_cards = (finding for score in self.scores + refused for finding in score.findings)
        return tuple(dict.fromkeys((*self.mapped.findings, *of_cards)))

    @cached_property
    def assessments(self) -> list[Resource]:
        """Return the RiskAssessments."""
        return [risk_assessment(risk, self.options) for risk in self.risks]


def assess(
    resources: Iterable[Resource] | Mapped,
    *,
    as_of: datetime,
    source: str = "",
    country: str | None = None,
    cards: tuple[str, ...] = AUTO,
    fhir_version: str = "R4",
    probability: str = "percent",
    ranges: bool = False,
    models: Models = SHIPPED,
    guided: bool = False,
) -> Assessed:
    """Return what is to be said of the patients in loose resources of one server.

    What was mapped already, as by `mappers.document.map_document`, may stand in their place. The
    other arguments are those of `Options`, and the versions of cards that are in use.
    """
    options = Options(as_of, source, country, cards, fhir_version, probability, ranges, guided)
    mapped = resources if isinstance(resources, Mapped) else mapped_of(resources, options)
    found = tuple(rows(mapped, options.as_of, options.country))
    judgements = [one for row in found for one in judged(row, options, models)]
    return Assessed(
        options,
        mapped,
        found,
        tuple(one for one in judgements if isinstance(one, Risk)),
        tuple(one for one in judgements if isinstance(one, NotAssessed)),
    )


def reassess(mapped: Mapped, options: Options, models: Models = SHIPPED) -> tuple[Risk, ...]:
    """Return what the cards of the options say of everybody in what was mapped."""
    found = (
        one
        for row in rows(mapped, options.as_of, options.country)
        for one in judged(row, options, models)
    )
    return tuple(one for one in found if isinstance(one, Risk))


def check_cards(wanted: Iterable[str], also: Container[str] = ()) -> None:
    """Check that each is the id of a card, or ``auto``; `also` are the cards that are not shipped.

    Raises:
        ConfigurationError: one is not.
    """
    for name in wanted:
        if name != "auto" and name not in load() and name not in also:
            raise ConfigurationError(
                f"there is no card {name!r}; `riskbridge cards list` shows them"
            )


def mapped_of(resources: Iterable[Resource], options: Options) -> Mapped:
    """Return what loose resources of one server say."""
    return map_resources(resources, Context(options.country, options.fhir_version))


def judged(
    row: FeatureRow, options: Options, models: Models = SHIPPED
) -> Iterator[Risk | NotAssessed]:
    """Yield what each card that is tried says of a patient."""
    for card, why in tried(row, options, models):
        score = score_row(card, row, options.as_of, ranges=options.ranges)
        if score.applicable or score.ranges:
            yield Risk(row, score, why, identity(score, row.patient, options.source), card)
        else:
            yield NotAssessed(row, score, why)


def tried(row: FeatureRow, options: Options, models: Models) -> Iterator[tuple[Card, str]]:
    """Yield the cards that are tried for a patient, in the version in use, and why."""
    own = [name for name in options.cards if name in models.champions and name not in load()]
    shipped = tuple(name for name in options.cards if name not in own)
    for choice in choose(row, options.as_of, shipped) if shipped else ():
        yield models.card(choice.card.id), choice.why
    for name in own:
        yield models.champions[name], "asked for"


def shadowed(assessed: Assessed, models: Models) -> Iterator[tuple[Risk | NotAssessed, Score]]:
    """Yield what each version in the shadow says, beside what the one in use says."""
    everything: tuple[Risk | NotAssessed, ...] = (*assessed.risks, *assessed.refusals)
    for one in everything:
        for card in models.shadows.get(one.score.card, ()):
            yield one, score_row(card, one.row, assessed.options.as_of)


def identity(score: Score, patient: str, source: str) -> str:
    """Return the identifier of a patient's assessment by what entered it."""
    used = riskassessment.identity_references(score)
    return str(riskassessment.assessment_identity(source, patient, score.card, score.version, used))


def basis(score: Score) -> tuple[str, ...]:
    """Return the references of what entered a score, each resource once."""
    named = riskassessment.basis_references(score)
    return tuple(dict.fromkeys(name.partition("/_history/")[0] for name in named))


def considered(risk: Risk) -> tuple[str, ...]:
    """Return the references of all that the card looked at, whether it entered the score or not.

    The score is a function of these alone: what else is on record could not change it.
    """
    features = risk.row.features
    inputs = risk.card.inputs
    asked = (name for key, one in inputs.items() for name in (key, one.feature, *(one.ratio or ())))
    looked_at = tuple(features[name] for name in dict.fromkeys(asked) if name in features)
    return basis(replace(risk.score, basis=looked_at))


def bare(score: Score) -> Score:
    """Return the score without the facts of its card, which the card itself has."""
    return replace(score, facts=None)


def first_probability(score: Score) -> float | None:
    """Return the first output that is a probability, 0 to 1."""
    outputs = score.facts.outputs if score.facts else ()
    names = (one.name for one in outputs if one.kind == "probability")
    return next((float(score.outputs[name]) for name in names if name in score.outputs), None)


def risk_assessment(risk: Risk, options: Options, status: str = "final") -> Resource:
    """Return the RiskAssessment, in the shape and with the references of the source."""
    person = risk.row.person
    return riskassessment.render(
        risk.score,
        subject=risk.row.patient,
        identifier=risk.identifier,
        as_of=options.as_of,
        fhir_version=options.fhir_version,
        probability=options.probability,
        status=status,
        labels=labels_for(person.language if person else None),
        guided=options.guided,
    )


def device(facts: CardFacts, fhir_version: str, *, guided: bool = False) -> Resource:
    """Return the Device that a card is."""
    return riskassessment.device(facts, fhir_version, guided=guided)


def model_card(facts: CardFacts, fhir_version: str) -> Resource | None:
    """Return the model card of a trained card; None for a published score."""
    return riskassessment_modelcard.model_card(facts, fhir_version)


def provenance(assessment: Resource, risk: Risk, options: Options) -> Resource:
    """Return where a RiskAssessment comes from."""
    return riskassessment.provenance(
        assessment,
        risk.score,
        recorded=options.as_of,
        fhir_version=options.fhir_version,
        guided=options.guided,
    )


def provenance_id(identifier: str, status: str) -> str:
    """Return the id of the Provenance of an assessment in that status."""
    return str(provenance_identity(identifier, status))


def later_provenance(provenance: Resource, assessment: Resource, recorded: datetime) -> Resource:
    """Return the Provenance of a later status of an assessment, from that of an earlier one."""
    activity = provenance["activity"]
    coding = {**(activity.get("coding") or [activity])[0], "code": "UPDATE"}
    status = str(assessment["status"])
    return {
        **provenance,
        "id": provenance_id(str(assessment["id"]), status),
        "recorded": recorded.isoformat(timespec="seconds"),
        "activity": {"coding": [coding]} if "coding" in activity else coding,
    }


def withdrawn(assessment: Resource, because: str) -> Resource:
    """Return an earlier RiskAssessment as entered in error."""
    return riskassessment.withdraw(assessment, because)
