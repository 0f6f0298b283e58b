"""Observation -> measurements and findings: the full lane, which decides every hard case.

Each node (the Observation itself, then its components) is read by its own code; status, subject,
date and contradictions come from the Observation. What a feature was meant by and cannot be used
becomes a finding with a reason; what is no feature of ours becomes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from mappers import choice, dates, values, versions
from mappers.values import Refused
from terminology import analytes, units
from terminology.records import Measurement

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
PAIR = ("systolic_bp", "diastolic_bp")


@dataclass(frozen=True, slots=True)
class Header:
    """What an Observation says for all of its nodes."""

    subject: str | None
    effective: str | None
    flags: tuple[str, ...]
    refused: Refused | None = None


def map_observation(place: Place) -> None:
    """Add the measurements and findings of one Observation."""
    read = [(node, at, chosen) for node, at in nodes(place) if (chosen := choice.of(code(node)))]
    if not read:
        return
    told = header(place)
    start = len(place.out.measurements)
    for node, at, chosen in read:
        map_node(place, node, at, chosen, told)
    if len(read) > 1:
        check_pair(place, start)


def nodes(place: Place) -> Iterator[tuple[Resource, str]]:
    """Yield the Observation and its components with their places."""
    yield place.resource, place.at
    for index, component in enumerate(versions.as_list(place.resource.get("component"))):
        if isinstance(component, dict):
            yield component, f"{place.at}.component[{index}]"


def code(node: Resource) -> JSON:
    """Return the code of a node."""
    return node.get("code")


def header(place: Place) -> Header:
    """Return status, subject and date of an Observation."""
    observation = place.resource
    subject, person = place.subject(observation.get("subject"))
    effective, wrong = effective_of(observation)
    status = observation.get("status")
    flags = (PRELIMINARY,) if status == PRELIMINARY else ()
    refused = None
    if not person:
        refused = Refused("subject", "It is about a device, place, group or animal, no person.")
    elif status not in USED and status != PRELIMINARY:
        refused = Refused("status", f"Status {shown(status)} is not used.")
    return Header(subject, effective, (*flags, "date-invalid") if wrong else flags, refused)


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
    refused = told.refused or qualified(place, node, chosen)
    if refused is None:
        outcome = coded(chosen, node) if chosen.kind == "coded" else measured(chosen, node)
        if isinstance(outcome, Measurement):
            flags = (*told.flags, *outcome.flags)
            place.out.measurements.append(settled(place, outcome, at, told, flags))
            return
        refused = outcome
        if refused is values.ABSENT and holds_parts(node):
            return
    place.refuse(
        refused.reason,
        refused.detail,
        at=at,
        feature=chosen.feature,
        subject=told.subject,
        code=chosen.coding,
        unit=unit_sent(node),
    )


def qualified(place: Place, node: Resource, chosen: Choice) -> Refused | None:
    """Return why a node is another thing than its code says, by itself or by its parent."""
    why = chosen.why or choice.contradicted(place.resource, chosen.feature)
    if not why and node is not place.resource:
        why = choice.contradicted(node, chosen.feature)
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


def settled(
    place: Place, found: Measurement, at: str, told: Header, flags: tuple[str, ...]
) -> Measurement:
    """Return a measurement with its place, subject and date."""
    return replace(
        found,
        at=at,
        resource=place.reference,
        version=place.version,
        subject=told.subject,
        effective=told.effective,
        flags=flags,
    )


def coded(chosen: Choice, node: Resource) -> Measurement | Refused:
    """Return the coded answer of a node."""
    value = values.answer(chosen.feature, node, chosen.answer)
    if isinstance(value, Refused):
        return value
    flags = (chosen.flag,) if chosen.flag else ()
    return Measurement(chosen.feature, value, None, "", code=chosen.coding, flags=flags)


def measured(chosen: Choice, node: Resource) -> Measurement | Refused:
    """Return the number of a node in the feature's canonical unit."""
    sent = values.quantity(node)
    if isinstance(sent, Refused):
        return sent
    coding = (chosen.coding.system, chosen.coding.code)
    unit = units.resolve(sent.system, sent.code, sent.unit, chosen.feature, coding)
    if unit.ucum is None:
        if sent.spelled:
            return values.NO_TEXT
        return Refused(unit.reason or "unit-unknown", unit.detail or "The unit is not known.")
    return converted(chosen, sent, unit.ucum)


def converted(chosen: Choice, sent: Quantity, unit: str) -> Measurement | Refused:
    """Return the measurement of a number in a known unit, when it can be true."""
    analyte = analytes.load()[chosen.feature]
    coding = (chosen.coding.system, chosen.coding.code)
    result = units.canonical(chosen.feature, sent.value, unit, coding)
    if result.value is None:
        return Refused(result.error or "unit-incompatible", result.detail or "No conversion.")
    value = result.value
    if not within(value, analyte.hard):
        return Refused("implausible", f"It is outside {limits(analyte.hard)} {analyte.canonical}.")
    flags = [chosen.flag] if chosen.flag else []
    if not within(value, analyte.plausible):
        flags.append("outside-plausible")
    if disagrees(chosen.properties, unit):
        if "outside-plausible" in flags:
            return Refused("implausible", "Code and unit disagree, and the value is unusual.")
        flags.append("code-unit-conflict")
    return Measurement(
        chosen.feature,
        value,
        analyte.canonical,
        "",
        comparator=sent.comparator,
        code=chosen.coding,
        original=sent.original,
        flags=tuple(flags),
    )


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
