"""Score cards: one TOML file a score, read once, checked strictly, frozen.

`cards/*.toml` hold every number of a score. A file with an unknown key, a wrong type, an unknown
name in an expression or a coefficient without a term is an error that names file and key.
"""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_type_hints

import msgspec

from scoring.calibration import Calibration  # noqa: TC001 - msgspec reads the types of fields
from scoring.drift import Reference  # noqa: TC001 - msgspec reads the types of fields
from scoring.expressions import FLAG, NUMBER, Kind
from scoring.modelfile import Content, ModelFileError, content, opening
from terminology.records import CardFacts, OutputFacts, TrainingFacts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FOLDER = Path(__file__).parent / "cards"
REGIONS = Path(__file__).parent / "regions"

Plain: TypeAlias = bool | int | float | str
Limits: TypeAlias = tuple[float | None, float | None]


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of all tables of a card: an unknown key is an error."""


class Input(Part, frozen=True):
    """One input: what it is, what it may be, and where a patient's record holds it."""

    type: Literal["number", "integer", "boolean", "code"]
    label: str
    unit: str | None = None
    levels: tuple[str, ...] = ()
    required: bool = True
    default: Plain | None = None
    """Stands in when the input is absent; the score says so."""
    range: Limits | None = None
    """Published limits, both inside."""
    guard: Limits | None = None
    """Wider limits of ours: beyond them the number is a wrong unit or a slip."""
    span: tuple[float, float] | None = None
    """Where the number may lie when it is missing, for a best and a worst case; none: no score."""
    positive: bool = False
    round: int | None = None
    """Decimals to round to, half up, before anything else."""
    stem: str | None = None
    """The name without its unit, for reasons such as ``bmi_out_of_range``."""
    reference: Plain | None = None
    """The value that contributions are measured against; none: the patient's own."""
    feature: str | None = None
    """The feature of a patient's row (default: the input's own name)."""
    source: str | None = None
    """``age``, ``sex``, ``none``, or ``residence:TABLE`` of `regions/`."""
    ratio: tuple[str, str] | None = None
    """Two features whose quotient it is."""
    answers: dict[str, Plain] = {}
    """Coded answers and what they mean here."""
    above: tuple[float, str] | None = None
    """True when the feature is above this value of this unit."""
    silent: Literal["missing", "assume-no"] = "missing"
    """What it means that the patient's record says nothing of it."""
    max_age_days: int | None = None
    note: str | None = None

    def position(self, value: Plain) -> float:
        """Return a value as a number: a code by its place in the levels."""
        return float(self.levels.index(str(value)) if self.levels else value)


class Output(Part, frozen=True):
    """One output and what it stands for."""

    kind: Literal["probability", "points", "value", "class", "flag"]
    label: str
    unit: str | None = None
    digits: int = 1
    horizon: float | None = None
    horizon_unit: Literal["a", "d", "h"] = "a"
    outcome: str = ""
    coding: tuple[tuple[str, str, str], ...] = ()
    predicted: bool = True


class Model(Part, frozen=True):
    """One linear predictor with its link, for the patients whose inputs equal ``when``."""

    output: str
    link: Literal["cox", "logistic"]
    coefficients: dict[str, float]
    when: dict[str, str] = {}
    intercept: float = 0.0
    baseline_survival: float = 0.0
    mean: float = 0.0
    """Mean linear predictor of the derivation cohort."""
    only_if: str | None = None


class Recalibration(Part, frozen=True):
    """``1 - exp(-exp(a + b * ln(-ln(1 - r))))`` with a and b by region and sex."""

    by: tuple[str, ...]
    table: dict[str, dict[str, dict[str, tuple[float, float]]]]
    """Output, then the values of ``by``, to intercept and slope."""


class Item(Part, frozen=True):
    """Points of one item: those of the first rule that holds, else none."""

    input: str
    rules: tuple[tuple[str, float], ...]


class Decision(Part, frozen=True):
    """A class: the value of the first rule that holds."""

    output: str
    rules: tuple[tuple[str, Plain], ...]


class Bands(Part, frozen=True):
    """Categories of one output by lower limits, each inside."""

    on: str
    bands: tuple[tuple[str, float], ...]
    when: str | None = None
    set: str = ""


class Example(Part, frozen=True, kw_only=True):
    """A worked example, to the published digits."""

    inputs: dict[str, Plain]
    expect: dict[str, Plain]
    tolerance: float = 0.0
    source: str


class Training(Part, frozen=True):
    """How a model of ours came about."""

    algorithm: str
    data: str
    sha256: str
    rows: int
    recipe: dict[str, Any]
    metrics: dict[str, float]
    impute: dict[str, Plain]
    standardise: dict[str, tuple[float, float]]
    reference: dict[str, Reference] = {}
    """What each input was like, for those scored later to be compared with."""
    told: dict[str, int] = {}
    """What was cleaned before training, in words, to how often."""
    seed: int = 0


class ModelFile(Part, frozen=True, kw_only=True):
    """A model that is no list of coefficients: a file beside the card, in its runtime's format.

    It takes the card's terms in order, after imputation and standardisation, and gives the
    probability of the card's output.
    """

    path: str
    """A plain file name: the file lies in the card's own folder."""
    sha256: str
    trusted: tuple[str, ...] = ()
    """Types of a skops file beyond its own list, by name (see `modelfile/types.toml`)."""
    output: str | None = None
    """Name of the ONNX output; not needed when there is one."""
    column: int = -1
    """Position of the probability in a row of that output."""
    leaves_site: bool = True
    """False: it holds rows of patients, and neither export nor upload takes it."""
    content: Content | None = None
    """The verified file, which no text can stand for."""


class Card(Part, frozen=True):
    """A score as data."""

    id: str
    title: str
    version: str
    domain: str
    runtime: Literal["regression", "points", "algebraic", "decision", "onnx", "skops", "withheld"]
    citation: tuple[str, ...]
    licence: str
    verified: str
    setting: str
    inputs: dict[str, Input]
    outputs: dict[str, Output]
    disclaimer: str = ""
    ages: tuple[int, int] | None = None
    exclude: dict[str, str] = {}
    """Conditions (boolean inputs or expressions over the inputs) to machine reasons."""
    derived: dict[str, str] = {}
    terms: dict[str, str] = {}
    models: tuple[Model, ...] = ()
    model_file: ModelFile | None = None
    recalibration: Recalibration | None = None
    combine: dict[str, str] = {}
    points: str | None = None
    items: tuple[Item, ...] = ()
    values: dict[str, str] = {}
    decisions: tuple[Decision, ...] = ()
    bands: tuple[Bands, ...] = ()
    category: str | None = None
    """The output whose class is the category, when there are no bands."""
    span_hours: int | None = None
    """All inputs lie within so many hours, and the score is about that moment."""
    monotone: dict[str, Literal["up", "down"]] = {}
    """Inputs with which the first output never falls or rises, within plausible values."""
    examples: tuple[Example, ...] = ()
    training: Training | None = None
    calibration: Calibration | None = None
    threshold: float | None = None
    """The probability from which on something is done, for reports on who is missed."""
    notes: tuple[str, ...] = ()

    @property
    def kinds(self) -> dict[str, Kind]:
        """Return each input's kind for expressions."""
        return {name: kind_of(given) for name, given in self.inputs.items()}

    @property
    def scale(self) -> str:
        """Return what contributions are measured in."""
        if self.models:
            return "log odds" if self.models[0].link == "logistic" else "log hazard"
        if self.model_file:
            return "log odds"
        return "points" if self.items else ""

    def facts(self) -> CardFacts:
        """Return what a RiskAssessment has to say of the card."""
        return CardFacts(
            id=self.id,
            version=self.version,
            title=self.title,
            runtime=self.runtime,
            outputs=tuple(
                OutputFacts(name=name, bands=self.bands_of(name), **msgspec.structs.asdict(output))
                for name, output in self.outputs.items()
            ),
            licence=self.licence,
            disclaimer=self.disclaimer,
            citation=self.citation,
            scale=self.scale,
            trained=self.training is not None,
            training=self.training_facts(),
        )

    def bands_of(self, output: str) -> str:
        """Return the name of the set of bands of an output; nothing without any."""
        return next((bands.set for bands in self.bands if bands.on == output), "")

    def training_facts(self) -> TrainingFacts | None:
        """Return what a model card has to say of the training; None for a published score."""
        if self.training is None:
            return None
        return TrainingFacts(
            self.training.algorithm,
            self.training.data,
            self.training.sha256,
            self.training.rows,
            self.setting,
            self.ages,
            tuple(self.training.metrics.items()),
            tuple(self.training.told.items()),
            self.notes,
        )


class CardError(ValueError):
    """A card that cannot be: the text names file and key."""


def kind_of(given: Input) -> Kind:
    """Return the kind of an input for expressions."""
    if given.type == "code":
        return given.levels
    return FLAG if given.type == "boolean" else NUMBER


def read(path: Path) -> Card:
    """Return the card in the file at `path`.

    Raises:
        CardError: it cannot be read, or breaks the notation.
    """
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8")
    except OSError as error:
        raise CardError(f"{path.name}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CardError(f"{path.name}: cannot be read: {no_text(raw)}") from None
    return parse(text, path.name, functools.partial(opening.beside, path.parent))


def no_text(raw: bytes) -> str:
    """Return what a file is that was given as a card, but is no text."""
    try:
        return f"a card is TOML text; a model in {content.recognise(raw)} form needs one beside it"
    except ModelFileError as error:
        return "a card is TOML text; this is none: " + str(error).partition(": ")[2]


def parse(text: str, name: str, fetch: Callable[[str], bytes] | None = None) -> Card:
    """Return the card written in `text`; `name` is the file's, for errors.

    `fetch` gives the bytes of a model file by the name that the card has for it.

    Raises:
        CardError: it breaks the notation, or its model file is not to be used.
    """
    from scoring.checks import problems  # noqa: PLC0415 - checks compile the card, and need this module

    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise CardError(f"{name}: {error}") from None
    try:
        card = msgspec.convert(document, Card)
    except msgspec.ValidationError as error:
        raise CardError(f"{name}: {located(document, error)}") from None
    for problem in problems(card):
        raise CardError(f"{name}: {problem}")
    try:
        return opening.with_content(card, fetch)
    except ModelFileError as error:
        raise CardError(f"{name}: {error}") from None


def located(document: dict[str, Any], error: msgspec.ValidationError) -> str:
    """Return the error with the entry of a table it is about, which msgspec does not name."""
    text = str(error)
    table = text.partition("at `$.")[2].partition("[...]")[0]
    entries = document.get(table)
    if "[...]" not in text or not isinstance(entries, dict):
        return text
    for key, value in entries.items():
        try:
            msgspec.convert({key: value}, get_type_hints(Card)[table])
        except msgspec.ValidationError:
            return text.replace(f"{table}[...]", f"{table}.{key}")
    return text


@functools.cache
def load() -> Mapping[str, Card]:
    """Return all shipped cards by id.

    Raises:
        CardError: one of them is wrong.
    """
    cards = (read(path) for path in sorted(FOLDER.glob("*.toml")))
    return MappingProxyType({card.id: card for card in cards})


def card(name: str) -> Card:
    """Return the shipped card of that id (a hyphen counts as an underscore).

    Raises:
        ValueError: there is none; the text names what was asked for.
    """
    found = load().get(name.replace("-", "_"))
    if found is None:
        raise ValueError(f"there is no card {name!r}; `riskbridge cards list` names them")
    return found


@functools.cache
def region(table: str, country: str | None) -> str | None:
    """Return the region of a country of residence (ISO 3166-1 alpha-2), when the table has it."""
    entries = _regions(table)
    default = entries.get("default") if country else None
    found: str | None = entries["countries"].get(country or "", default)
    return found


@functools.cache
def _regions(table: str) -> dict[str, Any]:
    return tomllib.loads((REGIONS / f"{table}.toml").read_text(encoding="utf-8"))
