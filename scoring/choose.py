"""Which cards are tried for a patient, and why: by country, age, conditions and what is known.

`policy.toml` says the order. Prevention: the first card that applies; when none does, the one whose
reason tells most, so that everybody gets a score or a reason. Contexts (ward, cardiology, kidney,
liver, atrial fibrillation, diabetes screening) add their card where their features are there.
"""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from scoring.applicability import MISSING, WITHHELD, Ready, prepare
from scoring.cards import Part, card, load, region
from scoring.engine import with_age
from scoring.inputs import feature_of, inputs_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from scoring.cards import Card, Input
    from terminology.records import FeatureRow

AUTO = "auto"
ESC = "score2"
"""The table whose countries follow the ESC."""


class Rule(Part, frozen=True):
    """The order of prevention scores for some countries."""

    first: tuple[str, ...]
    basis: str
    fallback: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()


class Setting(Part, frozen=True):
    """A context beside prevention."""

    name: str
    basis: str
    cards: tuple[str, ...]
    needs: tuple[str, ...] = ()
    """Features that are there, and not false."""
    answered: tuple[str, ...] = ()
    """Features that are there, whatever they say."""
    countries: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    """Not in these countries."""
    like: str = ""
    """Only in countries of this region table."""
    unlike: str = ""
    complete: bool = False
    """Only when no input is missing."""
    always: bool = False
    """Tell the reason when no card applies."""
    asked: bool = False
    """Only for plain inputs: a patient's row has the result among its features."""


class Policy(Part, frozen=True):
    """The whole of `policy.toml`."""

    default: Rule
    prevention: tuple[Rule, ...]
    contexts: tuple[Setting, ...]
    only_without: dict[str, str]

    def rule(self, country: str | None) -> Rule:
        """Return the rule for a country of residence."""
        fitting = (rule for rule in self.prevention if country in rule.countries)
        return next(fitting, self.default)


@dataclass(frozen=True, slots=True)
class Choice:
    """A card to score, and why this one."""

    card: Card
    why: str
    context: str = ""
    reason: str | None = None
    """Why it will not apply, when that is known already."""


@dataclass(frozen=True, slots=True)
class Next:
    """A card that would be used, if that one input were there."""

    card: Card
    missing: str


@dataclass(frozen=True, slots=True)
class Patient:
    """What choosing asks: where the patient lives, what is known, what a card would say."""

    country: str | None
    has: Callable[[str], bool]
    """Whether a feature is there, whatever it says."""
    knows: Callable[[str], bool]
    """Whether it is there and not false."""
    ready: Callable[[Card], Ready]
    plain: bool = False
    """Whether plain inputs were given, not a row."""


@functools.cache
def policy() -> Policy:
    """Return the shipped policy.

    Raises:
        ValueError: the file breaks its notation, or names a card that there is not.
    """
    path = Path(__file__).parent / "policy.toml"
    found = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Policy)
    named = [rule.first + rule.fallback for rule in (found.default, *found.prevention)]
    for name in {*sum(named, ()), *(name for setting in found.contexts for name in setting.cards)}:
        if name not in load():
            raise ValueError(f"{path.name}: there is no card {name}")
    return found


def choose(row: FeatureRow, as_of: date, wanted: Sequence[str] = (AUTO,)) -> list[Choice]:
    """Return the cards to score for a row on a day: those asked for, ``auto`` by the policy.

    Raises:
        ValueError: a card is asked for that there is not.
    """

    def ready(candidate: Card) -> Ready:
        return prepare(candidate, inputs_for(candidate, row, as_of).values, row.country)

    def knows(feature: str) -> bool:
        measurement = row.features.get(feature)
        return measurement is not None and measurement.value is not False

    return chosen(Patient(row.country, row.features.__contains__, knows, ready), wanted)


def choose_for_inputs(
    inputs: Mapping[str, Any], country: str | None, day: date | None = None
) -> list[Choice]:
    """Return the cards to score for inputs as `score` takes them."""
    return chosen(patient_of(inputs, country, day), (AUTO,))


def patient_of(inputs: Mapping[str, Any], country: str | None, day: date | None) -> Patient:
    """Return what choosing asks of plain inputs."""
    inputs = with_age(inputs, day)

    def ready(candidate: Card) -> Ready:
        return prepare(candidate, inputs, country)

    given = {name: value for name, value in inputs.items() if value is not None}
    true = {name: value for name, value in given.items() if value is not False}
    return Patient(
        country, features_of(given).__contains__, features_of(true).__contains__, ready, plain=True
    )


def features_of(names: Iterable[str]) -> set[str]:
    """Return inputs as features, beside their own names."""
    found = set(names)
    return found | {
        feature_of(name, given)
        for candidate in load().values()
        for name, given in candidate.inputs.items()
        if name in found
    }


def chosen(patient: Patient, wanted: Sequence[str]) -> list[Choice]:
    """Return the choices for what is wanted, each card once."""
    found: dict[str, Choice] = {}
    for name in wanted:
        one_by_one = automatic(patient) if name == AUTO else [Choice(card(name), "asked for")]
        for choice in one_by_one:
            found.setdefault(choice.card.id, choice)
    return list(found.values())


def automatic(patient: Patient) -> Iterator[Choice]:
    """Yield the prevention card, then those of the contexts that are there."""
    yield prevention(patient)
    for setting in policy().contexts:
        if concerns(setting, patient):
            choice = first_ready(setting, patient)
            if choice is not None:
                yield choice


def prevention(patient: Patient) -> Choice:
    """Return the prevention card for a patient."""
    rule = policy().rule(patient.country)
    place = patient.country or "an unknown country"
    passed: list[tuple[Card, Ready]] = []
    for candidate, ready in prevention_cards(patient):
        if ready.reason is None or final(candidate, ready.reason):
            why = because(rule, place, passed)
            return Choice(candidate, why, "prevention", ready.reason)
        passed.append((candidate, ready))
    best, ready = max(passed, key=lambda pair: telling(pair[1].reason or ""))
    others = [pair for pair in passed if pair[0] is not best]
    return Choice(best, because(rule, place, others), "prevention", ready.reason)


def prevention_cards(patient: Patient) -> Iterator[tuple[Card, Ready]]:
    """Yield the prevention cards in the order in which they are tried."""
    rule = policy().rule(patient.country)
    for name in rule.first + rule.fallback:
        sibling = policy().only_without.get(name)
        if not sibling or patient.ready(card(sibling)).reason == MISSING:
            candidate, ready = card(name), patient.ready(card(name))
            yield candidate, ready
            if final(candidate, ready.reason):
                return


def final(candidate: Card, reason: str | None) -> bool:
    """Say whether a reason ends the search: a condition under which prevention scores mislead.

    Someone with the disease, or at high risk by another one, gets no number of a second score that
    happens not to ask. A redirection to another card does not end it.
    """
    return reason is not None and reason in candidate.exclude.values() and "_use_" not in reason


def because(rule: Rule, place: str, passed: Sequence[tuple[Card, Ready]]) -> str:
    """Return why this card: the rule, what came before it, and what one more input would change."""
    told = [f"{rule.basis}, for {place}"]
    told += [f"{other.title} does not apply ({ready.reason})" for other, ready in passed]
    told += [
        f"with {other.inputs[missing].label} {other.title} would be used"
        for other, ready in passed
        if (missing := last_missing(other, ready))
    ]
    return "; ".join(told)


def one_more(inputs: Mapping[str, Any], country: str | None, day: date | None = None) -> list[Next]:
    """Return what would be used with one more input, beside or before what is used now.

    Not said of what only answers a question, such as an eGFR wherever creatinine is not given.
    """
    patient = patient_of(inputs, country, day)
    found = nearly(prevention_cards(patient))
    for setting in policy().contexts:
        if here(setting, patient) and not setting.asked:
            tried = ((card(name), patient.ready(card(name))) for name in setting.cards)
            found += [
                one
                for one in nearly(tried)
                if concerns(setting, with_feature(patient, one.missing))
            ]
    return found


def nearly(tried: Iterable[tuple[Card, Ready]]) -> list[Next]:
    """Return the cards before the one in use that lack one input, the first for each input."""
    found: dict[str, Card] = {}
    for candidate, ready in before_first(tried):
        if missing := last_missing(candidate, ready):
            found.setdefault(missing, candidate)
    return [Next(candidate, missing) for missing, candidate in found.items()]


def before_first(tried: Iterable[tuple[Card, Ready]]) -> Iterator[tuple[Card, Ready]]:
    """Yield the cards before the one that is used."""
    for candidate, ready in tried:
        if ready.reason is None:
            return
        yield candidate, ready


def last_missing(candidate: Card, ready: Ready) -> str | None:
    """Return the one input for want of which the card does not apply, None otherwise."""
    if ready.reason != MISSING or len(ready.missing) != 1:
        return None
    (name,) = ready.missing
    trials = ({**ready.values, name: value} for value in examples(candidate.inputs[name]))
    return name if any(prepare(candidate, trial).reason is None for trial in trials) else None


def examples(given: Input) -> Sequence[Any]:
    """Return values that an input may well have."""
    if given.type == "code":
        return given.levels
    if given.type == "boolean":
        return (False, True)
    low, high = given.span or given.range or given.guard or (None, None)
    ends = [end for end in (low, high) if end is not None]
    middle = sum(ends) / len(ends) if ends else 50.0
    return (middle if given.type == "number" else round(middle),)


def with_feature(patient: Patient, name: str) -> Patient:
    """Return the patient as if that input were there."""
    there = features_of([name])

    def has(feature: str) -> bool:
        return feature in there or patient.has(feature)

    def knows(feature: str) -> bool:
        return feature in there or patient.knows(feature)

    return replace(patient, has=has, knows=knows)


def telling(reason: str) -> int:
    """Return how much a reason tells: a condition most, then a gap, age, the licence least."""
    if reason == WITHHELD:
        return 0
    if reason.startswith("age_") or "_use_" in reason:
        return 1
    if reason.startswith("country_"):
        return 2
    return 3 if reason == MISSING or reason.endswith("_out_of_range") else 4


def here(setting: Setting, patient: Patient) -> bool:
    """Say whether the context is for the patient's country, and for what is given of him."""
    esc = region(setting.like or setting.unlike or ESC, patient.country) is not None
    fits = (not setting.like or esc) and not (setting.unlike and esc)
    listed = not setting.countries or patient.country in setting.countries
    apart = patient.country in setting.elsewhere
    return fits and listed and not apart and (patient.plain or not setting.asked)


def concerns(setting: Setting, patient: Patient) -> bool:
    """Say whether the context is there for the patient."""
    known = all(patient.knows(feature) for feature in setting.needs)
    return here(setting, patient) and known and all(map(patient.has, setting.answered))


def first_ready(setting: Setting, patient: Patient) -> Choice | None:
    """Return the first card of the context that applies, or the first that has its inputs."""
    tried = [(card(name), patient.ready(card(name))) for name in setting.cards]
    for candidate, ready in tried:
        if ready.reason is None:
            return Choice(candidate, f"{setting.name}: {setting.basis}", setting.name)
    if not setting.always:
        return None
    for candidate, ready in tried:
        if not (setting.complete and ready.missing):
            why = f"{setting.name}: {setting.basis}"
            return Choice(candidate, why, setting.name, ready.reason)
    return None
