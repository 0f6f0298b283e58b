"""A patient's row as the inputs of a card: the right feature, the right unit, not too old.

What a value needs to enter is the card's own say: the feature it is, its unit, its oldest date, and
what silence means. Bounded values (``< 5``) never enter as numbers. Everything that was there and
could not enter is a finding; everything assumed is said.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from scoring.applicability import in_words
from terminology.records import Finding, Measurement, Value
from terminology.units import convert

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring.cards import Input
    from terminology.records import FeatureRow

STALE_DAYS = 731
"""A value older than this enters, and its date is said."""
SETTLED = 12
"""Significant digits of a converted number: more than any laboratory gives."""
COMPARATOR = "comparator"
TOO_OLD = "too-old"
UNUSABLE = "value-type"


class Asking(Protocol):
    """What asks for inputs: a card, or a recipe that one is trained by."""

    @property
    def inputs(self) -> Mapping[str, Input]:
        """Return the inputs by name."""

    @property
    def span_hours(self) -> int | None:
        """Return within how many hours all lie, None when there is no such limit."""


@dataclass(slots=True)
class CardInputs:
    """What a row gives a card."""

    values: dict[str, Value] = field(default_factory=dict)
    basis: list[Measurement] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    assumptions: list[str] = field(default_factory=list)
    effective: str | None = None
    """When the newest of them was measured, for cards about a moment."""
    day: date = date.min
    """The day that ages are counted to."""
    earliest: datetime | None = None
    """What is older belongs to another moment."""

    def use(self, name: str, value: Value, *measurements: Measurement) -> None:
        """Take `value` as the input `name`, with what it came from."""
        self.values[name] = value
        self.basis.extend(given for given in measurements if given not in self.basis)

    def find(self, measurement: Measurement, reason: str, detail: str) -> None:
        """Note a measurement that cannot enter."""
        self.findings.append(
            Finding(
                at=measurement.at,
                reason=reason,
                detail=detail,
                feature=measurement.feature,
                resource=measurement.resource,
                subject=measurement.subject,
                code=measurement.code,
                unit=measurement.unit,
            )
        )


def inputs_for(card: Asking, row: FeatureRow, as_of: date) -> CardInputs:
    """Return the inputs that the row holds for the card on the day `as_of`."""
    found = CardInputs(day=day_of(as_of))
    last = newest(card, row)
    if last is not None and (at := instant(last.effective)) and card.span_hours:
        found.effective = last.effective
        found.day, found.earliest = at.date(), at - timedelta(hours=card.span_hours)
    for name, given in card.inputs.items():
        if given.source == "age":
            take_age(found, row.birth)
        elif given.source == "sex":
            if row.sex in given.levels:
                found.values["sex"] = str(row.sex)
        elif given.ratio is not None:
            take_ratio(found, name, given, row)
        elif given.source is None:
            take(found, name, given, row)
    return found


def day_of(as_of: date) -> date:
    """Return the calendar day of a date or a point in time."""
    return as_of.date() if isinstance(as_of, datetime) else as_of


def newest(card: Asking, row: FeatureRow) -> Measurement | None:
    """Return the newest measured input of a card about a moment, None for other cards."""
    if card.span_hours is None:
        return None
    names = [feature_of(name, given) for name, given in card.inputs.items() if given.source is None]
    measured = (row.features[name] for name in names if name in row.features)
    dated = [(at, given) for given in measured if given.unit and (at := instant(given.effective))]
    return max(dated, key=lambda pair: pair[0], default=(None, None))[1]


def feature_of(name: str, given: Input) -> str:
    """Return the feature of a row that holds the input."""
    return given.feature or name


def take_age(found: CardInputs, birth: str | None) -> None:
    """Take the age in completed years; a partial date counts from its middle, and that is said."""
    if not birth:
        return
    parts = birth[:10].split("-")
    year = parts[0]
    month = parts[1] if len(parts) > 1 else "07"
    known = parts[2] if len(parts) > 2 else ("15" if len(parts) > 1 else "01")
    try:
        born = date.fromisoformat(f"{year}-{month}-{known}")
    except ValueError:
        return
    day = found.day
    age = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    found.values["age"] = age
    if len(parts) < 3:
        found.assumptions.append(f"age: the birth date is known as {birth}, taken as {age}")


def take(found: CardInputs, name: str, given: Input, row: FeatureRow) -> None:
    """Take one input from the row's features, or what silence means."""
    measurement = row.features.get(name) or row.features.get(feature_of(name, given))
    if measurement is None:
        if given.silent == "assume-no":
            found.values[name] = False
            found.assumptions.append(f"{given.label}: not in the record, taken as no")
        return
    if not timely(found, given, measurement):
        return
    value = value_of(found, given, measurement)
    if value is not None:
        found.use(name, value, measurement)
        mention_age(found, given, measurement)


def take_ratio(found: CardInputs, name: str, given: Input, row: FeatureRow) -> None:
    """Take the quotient of two features, both in the unit of the first."""
    assert given.ratio is not None
    upper, lower = (row.features.get(feature) for feature in given.ratio)
    if upper is None or lower is None:
        return
    values = []
    for measurement in (upper, lower):
        if not timely(found, given, measurement):
            return
        values.append(in_unit(found, measurement, upper.unit))
    if values[0] is not None and values[1]:
        found.use(name, values[0] / values[1], upper, lower)


def timely(found: CardInputs, given: Input, measurement: Measurement) -> bool:
    """Say whether the measurement is new enough and unbounded; note why not."""
    if measurement.comparator is not None:
        found.find(measurement, COMPARATOR, f"{given.label} is only known as a bound")
        return False
    at = instant(measurement.effective)
    if at is None:
        return True
    too_old = given.max_age_days is not None and (found.day - at.date()).days > given.max_age_days
    apart = found.earliest is not None and measurement.unit is not None and at < found.earliest
    if too_old or apart:
        found.find(measurement, TOO_OLD, f"{given.label} is older than this score allows")
        return False
    return True


def value_of(found: CardInputs, given: Input, measurement: Measurement) -> Value | None:
    """Return the measurement as the input wants it, or None with a finding."""
    value = measurement.value
    if given.answers and isinstance(value, str):
        answer = given.answers.get(value)
        if answer is None:
            found.find(measurement, UNUSABLE, f"{given.label}: the answer does not decide it")
        return answer
    if given.above is not None and not isinstance(value, bool):
        number = in_unit(found, measurement, given.above[1])
        return None if number is None else number > given.above[0]
    if given.type in ("number", "integer"):
        return in_unit(found, measurement, given.unit)
    fits = value in given.levels if given.type == "code" else isinstance(value, bool)
    if not fits:
        found.find(measurement, UNUSABLE, f"{given.label}: not an answer this score knows")
    return value if fits else None


def in_unit(found: CardInputs, measurement: Measurement, unit: str | None) -> float | None:
    """Return the number in `unit`, or None with a finding."""
    value = measurement.value
    if isinstance(value, bool | str):
        found.find(measurement, UNUSABLE, "a number is needed")
        return None
    if measurement.unit == unit or unit is None or measurement.unit is None:
        return float(value)
    converted = convert(value, measurement.unit, unit, measurement.feature)
    if converted.value is None:
        found.find(measurement, converted.error or UNUSABLE, converted.detail or "")
        return None
    return settled(converted.value)


def settled(number: float) -> float:
    """Return a converted number without the noise of its last bits.

    What was sent as 20 mg/dL, and kept in mmol/L, is 20 mg/dL again: at a limit that decides.

    >>> settled(19.999999999999996)
    20.0
    """
    return float(f"{number:.{SETTLED}g}")


def mention_age(found: CardInputs, given: Input, measurement: Measurement) -> None:
    """Say the date of a value that is not recent."""
    at = instant(measurement.effective)
    if given.max_age_days is not None and at and (found.day - at.date()).days > STALE_DAYS:
        found.assumptions.append(f"{given.label}: the newest value is of {at.date().isoformat()}")


def instant(text: str | None) -> datetime | None:
    """Return the last moment that a FHIR date or dateTime can mean, in UTC; None when it is none.

    >>> instant("2024-02").isoformat()
    '2024-02-29T23:59:59+00:00'
    """
    if not text:
        return None
    try:
        if len(text) > 10:
            at = datetime.fromisoformat(text)
            return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        parts = [int(part) for part in text.split("-")]
        if len(parts) == 3:
            last = date(*parts)
        else:
            year, month = parts[0], parts[1] if len(parts) == 2 else 12
            first = date(year, month, 1)
            last = date(first.year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
        return datetime(last.year, last.month, last.day, 23, 59, 59, tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def words_of(given: Input, value: Value) -> str:
    """Return an input in words, with its unit.

    >>> from scoring.cards import Input
    >>> words_of(Input(type="number", label="age", unit="a"), 60)
    'age 60 a'
    """
    unit = f" {given.unit}" if given.unit not in (None, "1") else ""
    return f"{given.label} {in_words(value)}{unit}"
