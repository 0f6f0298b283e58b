"""The records that cross package borders: frozen, plain, each value with where it came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

JSON: TypeAlias = Any
"""A decoded JSON value; decimals are ``decimal.Decimal`` so that digits are kept."""

Resource: TypeAlias = dict[str, JSON]
"""A decoded FHIR resource, as received."""

Value: TypeAlias = float | str | bool
"""A number in the canonical unit, the code of an answer, or the truth of a condition."""


@dataclass(frozen=True, slots=True)
class Coding:
    """A code in its normalised system."""

    system: str
    code: str


@dataclass(frozen=True, slots=True)
class Original:
    """The quantity as it was sent: digits, unit text and UCUM code untouched."""

    value: str | None = None
    unit: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Measurement:
    """One usable value of one feature, in the feature's canonical unit.

    Boolean facts drawn from Conditions and medications (``diabetes``, ``statin`` ...) are
    measurements too: ``value`` is a bool and ``unit`` None.
    """

    feature: str
    value: Value
    unit: str | None
    at: str
    """FHIRPath-like place in the document, such as ``Bundle.entry[3].resource.component[1]``."""
    resource: str = ""
    """Reference of the whole resource, such as ``Observation/o1`` (empty when it has no id)."""
    version: str | None = None
    """``meta.versionId`` of that resource, when known."""
    subject: str | None = None
    """The patient it is about, such as ``Patient/p1``."""
    effective: str | None = None
    """The clinically relevant time as sent (may be partial)."""
    comparator: str | None = None
    """``<``, ``<=``, ``>=`` or ``>``: such a value never enters a score as a number."""
    code: Coding | None = None
    original: Original = field(default_factory=Original)
    flags: tuple[str, ...] = ()
    derived_from: tuple[Measurement, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that could not be used, where it stands, and why (a value, never an exception)."""

    at: str
    reason: str
    detail: str
    feature: str | None = None
    resource: str = ""
    subject: str | None = None
    code: Coding | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Identifier:
    """An identifier of a known scheme; ``valid`` by its check digit, None when unknowable."""

    scheme: str
    value: str | None
    valid: bool | None


@dataclass(frozen=True, slots=True)
class Person:
    """A Patient resource, mapped."""

    at: str
    id: str | None
    country: str | None = None
    sex: str | None = None
    birth: str | None = None
    birth_estimated: bool = False
    identifiers: tuple[Identifier, ...] = ()
    reference: str = ""
    version: str | None = None
    language: str | None = None
    """The language to speak with the person, as BCP 47 names it, when that is known."""


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """One patient on one day: the value of each feature that a score may use."""

    patient: str
    country: str | None = None
    sex: str | None = None
    birth: str | None = None
    features: Mapping[str, Measurement] = field(default_factory=dict)
    person: Person | None = None


@dataclass(frozen=True, slots=True)
class Contribution:
    """How much one input moved the linear predictor (or the points) away from the reference."""

    input: str
    value: Value
    unit: str | None
    effect: float
    label: str = ""
    """The input in words, such as ``systolic blood pressure``."""


@dataclass(frozen=True, slots=True)
class Span:
    """A missing number, and the limits between which it was taken to lie."""

    input: str
    label: str
    unit: str | None
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class OutputFacts:
    """What one output of a card means, as far as a RiskAssessment has to say it."""

    name: str
    kind: str
    """``probability`` (0 to 1), ``points``, ``value``, ``class`` or ``flag``."""
    label: str
    unit: str | None = None
    digits: int = 1
    """Decimals when shown: of the percentage for a probability, else of the value."""
    horizon: float | None = None
    horizon_unit: str = "a"
    """UCUM: ``a``, ``d`` or ``h``."""
    outcome: str = ""
    coding: tuple[tuple[str, str, str], ...] = ()
    """Codes of the outcome: system, code, display."""
    predicted: bool = True
    """False for a mere rewording of another output."""
    bands: str = ""
    """Name of the set of bands behind its category."""


@dataclass(frozen=True, slots=True)
class Labels:
    """What a card's inputs, outputs and values are called in another language than English."""

    language: str = "en"
    inputs: Mapping[str, str] = field(default_factory=dict)
    """The English label of an input to the one in the language."""
    outputs: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    """The code of a category, class or level to its words."""


@dataclass(frozen=True, slots=True)
class TrainingFacts:
    """How a model of ours came about, as far as its model card tells it."""

    algorithm: str
    data: str
    sha256: str
    rows: int
    setting: str = ""
    ages: tuple[int, int] | None = None
    metrics: tuple[tuple[str, float], ...] = ()
    told: tuple[tuple[str, int], ...] = ()
    """What was cleaned before training, in words, and how often."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CardFacts:
    """The facts of a card that travel with its scores."""

    id: str
    version: str
    title: str
    runtime: str
    outputs: tuple[OutputFacts, ...] = ()
    licence: str = ""
    disclaimer: str = ""
    citation: tuple[str, ...] = ()
    scale: str = ""
    """What a contribution is measured in: ``log hazard``, ``log odds`` or ``points``."""
    trained: bool = False
    """True for a model of ours, False for a published score."""
    training: TrainingFacts | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """What one card says of one row; ``reason`` when it says nothing."""

    card: str
    version: str
    applicable: bool
    outputs: Mapping[str, Value] = field(default_factory=dict)
    category: str | None = None
    missing: tuple[str, ...] = ()
    reason: str | None = None
    inputs: Mapping[str, Value] = field(default_factory=dict)
    contributions: tuple[Contribution, ...] = ()
    assumptions: tuple[str, ...] = ()
    basis: tuple[Measurement, ...] = ()
    """The measurements that entered as inputs, each once, in the order of the card's inputs."""
    categories: Mapping[str, str] = field(default_factory=dict)
    """Output to category, for each output that has bands."""
    facts: CardFacts | None = None
    findings: tuple[Finding, ...] = ()
    """Measurements that were there but could not enter: too old, bounded, of another unit."""
    effective: str | None = None
    """The moment the score is about, for cards about a moment (early warning), else None."""
    baseline: Mapping[str, float] = field(default_factory=dict)
    """The same person at the card's reference values: output to probability."""
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Output to its lowest and highest probability, when missing numbers leave it open."""
    spans: tuple[Span, ...] = ()
    """The missing inputs, and between which limits each was taken to lie for that."""
