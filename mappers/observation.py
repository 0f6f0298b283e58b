"""Observation -> measurements and findings: the full lane, which decides every hard case.

Each node (the Observation itself, then its components) is read by its own code; status, subject,
date and contradictions come from the Observation. What a feature was meant by and cannot be used
becomes a finding with a reason; what is no feature of ours becomes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from mappers import choice, dates, values, versions
from mappers.statements import unsure
from mappers.values import Refused
from terminology import units
from terminology.records import Measurement, Original

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from mappers.choice import Choice
    from mappers.gather import Place
    from mappers.values import Quantity
    from terminology.records import JSON, Resource

USED = frozenset({"final", "amended", "corrected", "appended"})
PRELIMINARY = "preliminary"
Range: TypeAlias = "tuple[Decimal | int, Decimal | int]"
NO_PERSON = Refused("subject", "It is about a device, place, group or animal, no person.")
NOTHING = Original()
MODIFIED = "An extension that nobody here knows may make it another thing."
PAIR = ("systolic_bp", "diastolic_bp")


class Header(NamedTuple):
    """What an Observation says for all of its nodes."""

    reference: str
    version: str | None
    subject: str | None
    effective: str | None
    flags: tuple[str, ...]
    refused: Refused | None


class Value(NamedTuple):
    """A usable value, before it is given its place."""

    value: float | str
    unit: str | None
    flags: tuple[str, ...]
    comparator: str | None = None
    original: Original = NOTHING


def map_observation(place: Place, own: choice.Sent) -> None:
    """Add the measurements and findings of one Observation; `own` are the codings of its code."""
    observation = place.resource
    chosen = choice.chosen(own) if own else None
    components = observation.get("component")
    if not components:
        if chosen is not None:
            map_node(place, observation, place.at, chosen, header(place))
        return
    parts = [*parted(place.at, versions.as_list(components))]
    if chosen is not None or parts:
        told, start = header(place), len(place.out.measurements)
        if chosen is not None:
            map_node(place, observation, place.at, chosen, told)
        for node, at, meant in parts:
            map_node(place, node, at, meant, told)
        check_pair(place, start)


def parted(at: str, components: list[JSON]) -> Iterator[tuple[Resource, str, Choice]]:
    """Yield the components whose code means a feature, with their places."""
    for index, component in enumerate(components):
        if isinstance(component, dict):
            sent = choice.as_sent(component.get("code"))
            chosen = choice.chosen(sent) if sent else None
            if chosen is not None:
                yield component, f"{at}.component[{index}]", chosen


def header(place: Place) -> Header:
    """Return status, subject and date of an Observation."""
    observation = place.resource
    subject, person = place.subject(observation.get("subject"))
    effective, wrong = effective_of(observation)
    status = observation.get("status")
    flags: tuple[str, ...] = ()
    refused = None
    if not person:
        refused = NO_PERSON
    elif status == PRELIMINARY:
        flags = (PRELIMINARY,)
    elif not isinstance(status, str) or status not in USED:
        refused = Refused("status", f"Status {shown(status)} is not used.")
    if wrong:
        flags = (*flags, "date-invalid")
    return Header(place.reference, place.version, subject, effective, flags, refused)


def shown(status: JSON) -> str:
    """Return a status for people; anything that is no short code is not repeated."""
    known = isinstance(status, str) and len(status) <= 20 and status.replace("-", "").isalpha()
    return status if known else "that is missing or none of the specification's"


def effective_of(observation: Resource) -> tuple[str | None, bool]:
    """Return the clinically relevant time as sent, and whether one was sent that cannot be."""
    sent = observation.get("effectiveDateTime") or observation.get("effectiveInstant")
    if sent is None:
        period = observation.get("effectivePeriod")
        sent = period.get("start") if isinstance(period, dict) else None
    if sent is None:
        return None, False
    return (sent, False) if dates.valid(sent) else (None, True)


def map_node(place: Place, node: Resource, at: str, chosen: Choice, told: Header) -> None:
    """Add the measurement or the finding of one node."""
    outcome = told.refused or qualified(place.resource, node, chosen) or value_of(node, chosen)
    if isinstance(outcome, Value):
        measurement = Measurement(
            chosen.feature,
            outcome.value,
            outcome.unit,
            at,
            told.reference,
            told.version,
            told.subject,
            told.effective,
            outcome.comparator,
            chosen.coding,
            outcome.original,
            told.flags + outcome.flags,
        )
        place.out.measurements.append(measurement)
    elif outcome is not values.ABSENT or not holds_parts(node):
        place.refuse(
            outcome.reason,
            outcome.detail,
            at=at,
            feature=chosen.feature,
            subject=told.subject,
            code=chosen.coding,
            unit=unit_sent(node),
        )


def qualified(observation: Resource, node: Resource, chosen: Choice) -> Refused | None:
    """Return why a node is another thing than its code says, by itself or by its parent."""
    why = chosen.why or (MODIFIED if unsure(node) or unsure(observation) else None)
    if not why and node is not observation:
        why = choice.contradicted(node, chosen.feature)
        own = choice.as_sent(observation.get("code"))
        why = why or choice.contradicted(observation, chosen.feature, own)
    elif not why:
        why = choice.contradicted(observation, chosen.feature)
    return Refused("qualifier", why) if why else None


def holds_parts(node: Resource) -> bool:
    """Say whether components or members hold the values of a node that has none."""
    return bool(node.get("component")) or bool(versions.members(node))


def unit_sent(node: Resource) -> str | None:
    """Return the unit as sent, for the finding."""
    sent = node.get("valueQuantity")
    if not isinstance(sent, dict):
        return None
    unit = sent.get("code") or sent.get("unit")
    return unit[:80] if isinstance(unit, str) else None


def value_of(node: Resource, chosen: Choice) -> Value | Refused:
    """Return the value of a node for a feature, or why it has none that can be used."""
    if chosen.analyte.kind != "coded":
        return measured(chosen, node)
    value = values.answer(chosen.feature, node, chosen.answer)
    return value if isinstance(value, Refused) else Value(value, None, chosen.flags)


def measured(chosen: Choice, node: Resource) -> Value | Refused:
    """Return the number of a node in the feature's canonical unit."""
    sent = values.quantity(node)
    if isinstance(sent, Refused):
        return sent
    unit = units.resolve(sent.system, sent.code, sent.unit, chosen.feature, chosen.pair)
    if unit.ucum is not None:
        return converted(chosen, sent, unit.ucum)
    if sent.spelled:
        return values.NO_TEXT
    return Refused(unit.reason or "unit-unknown", unit.detail or "The unit is not known.")


def converted(chosen: Choice, sent: Quantity, unit: str) -> Value | Refused:
    """Return the value of a number in a known unit, when it can be true."""
    analyte = chosen.analyte
    result = units.canonical(chosen.feature, sent.value, unit, chosen.pair)
    value = result.value
    if value is None:
        return Refused(result.error or "unit-incompatible", result.detail or "No conversion.")
    if not within(value, analyte.hard):
        return Refused("implausible", f"It is outside {limits(analyte.hard)} {analyte.canonical}.")
    flags = chosen.flags
    usual = within(value, analyte.plausible)
    if disagrees(chosen.properties, unit):
        if not usual:
            return Refused("implausible", "Code and unit disagree, and the value is unusual.")
        flags = (*flags, "code-unit-conflict")
    if not usual:
        flags = (*flags, "outside-plausible")
    return Value(value, analyte.canonical, flags, sent.comparator, sent.original)


def within(value: float, limits: Range | None) -> bool:
    """Say whether a value is inside limits, which are inside themselves."""
    return limits is None or limits[0] <= value <= limits[1]


def limits(range_: Range | None) -> str:
    """Return limits for people."""
    return f"{range_[0]:g} to {range_[1]:g}" if range_ else "all limits"


def disagrees(properties: tuple[str, ...], unit: str) -> bool:
    """Say whether all LOINC properties are of another kind (mass or moles) than the unit."""
    return bool(properties) and all(units.disagrees(one, unit) for one in properties)


def check_pair(place: Place, start: int) -> None:
    """Refuse systolic and diastolic of one Observation when systolic is not above diastolic."""
    found = [m for m in place.out.measurements[start:] if m.comparator is None]
    upper, lower = ([m for m in found if m.feature == name] for name in PAIR)
    wrong = [
        m
        for pair in zip(upper, lower, strict=False)
        if float(pair[0].value) <= float(pair[1].value)
        for m in pair
    ]
    for measurement in wrong:
        place.out.measurements.remove(measurement)
        place.refuse(
            "implausible",
            "Systolic is not above diastolic in one Observation.",
            at=measurement.at,
            feature=measurement.feature,
            subject=measurement.subject,
            code=measurement.code,
            unit=measurement.original.code or measurement.original.unit,
        )
