"""Invariants of FHIR that look at values: one small function each, named by its key.

A function gets the object of the type it is declared for and says what is wrong, or nothing. It
may meet values of any JSON type (other checks say that those are wrong) and must not trip.
"""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from gateway.fhir.problems import Problem, wrong
from gateway.fhir.structure import VERSIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gateway.fhir.problems import Check, Problems
    from terminology.records import JSON, Resource

UCUM = "http://unitsofmeasure.org"
SINCE_R4 = ("R4", "R4B", "R5")
BY_TYPE: dict[tuple[str, str], list[Check]] = defaultdict(list)
"""(type, version) to its invariants."""


def holds(*types: str, versions: tuple[str, ...] = VERSIONS) -> Callable[[Check], Check]:
    """Return a decorator that declares a function an invariant of `types`."""

    def declare(function: Check) -> Check:
        for name in types:
            for version in versions:
                BY_TYPE[name, version].append(function)
        return function

    return declare


def objects(value: JSON) -> Iterator[tuple[int, Resource]]:
    """Yield the objects of a list with their index; nothing when it is no list."""
    if value.__class__ is list:
        for index, item in enumerate(value):
            if item.__class__ is dict:
                yield index, item


def number(value: JSON) -> Decimal | None:
    """Return a JSON number as a decimal, None when it is none."""
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return Decimal(str(value))
    return None


def coded(concept: JSON, system: str, codes: frozenset[str]) -> bool:
    """Whether a CodeableConcept has one of `codes` of `system`."""
    codings = concept.get("coding") if concept.__class__ is dict else None
    return any(
        coding.get("system") == system and str(coding.get("code")) in codes
        for _, coding in objects(codings)
    )


@holds("Period")
def per_1(value: Resource) -> Problems:
    """Start is not after end; times of different precision are compared as far as both go."""
    start, end = value.get("start"), value.get("end")
    if start.__class__ is not str or end.__class__ is not str or not later(start, end):
        return None
    return wrong("invariant", "per-1: start is after end")


def later(first: str, second: str) -> bool:
    """Whether the first date or time is surely after the second."""
    if "T" in first and "T" in second:
        try:
            return datetime.fromisoformat(first) > datetime.fromisoformat(second)
        except (TypeError, ValueError):
            return False  # seconds of 60, or no date at all: other checks speak of it
    if "T" in first or "T" in second:
        return first[:7] > second[:7]  # the day may differ by the zone alone
    shared = min(len(first), len(second))
    return first[:shared] > second[:shared]


@holds("Range")
def rng_2(value: Resource) -> Problems:
    """Low is not above high, when both are in the same unit."""
    low, high = value.get("low"), value.get("high")
    if low.__class__ is not dict or high.__class__ is not dict:
        return None
    if (low.get("code"), low.get("unit")) != (high.get("code"), high.get("unit")):
        return None
    bottom, top = number(low.get("value")), number(high.get("value"))
    if bottom is not None and top is not None and bottom > top:
        return wrong("invariant", "rng-2: low is above high")
    return None


@holds("RiskAssessmentPrediction")
def ras_1(value: Resource) -> Problems:
    """A range of probability is in percent of UCUM."""
    span = value.get("probabilityRange")
    for end in ("low", "high"):
        quantity = span.get(end) if span.__class__ is dict else None
        if quantity.__class__ is not dict:
            continue
        if quantity.get("system") != UCUM or quantity.get("code") != "%":
            return wrong("invariant", "ras-1: must be a percentage (UCUM, %)", "probabilityRange")
    return None


@holds("RiskAssessmentPrediction")
def ras_2(value: Resource) -> Problems:
    """A probability is a percentage, of 100 at most."""
    probability = number(value.get("probabilityDecimal"))
    if probability is None or probability <= 100:
        return None
    return wrong("invariant", "ras-2: must be 100 at most", "probabilityDecimal")


@holds("Observation")
def obs_7(value: Resource) -> Problems:
    """With a value of its own, an Observation has no component of its own code."""
    if "component" not in value or not any(name.startswith("value") for name in value):
        return None
    own = list(codings(value))
    for index, part in objects(value["component"]):
        if any(coding in own for coding in codings(part)):
            return wrong("invariant", "obs-7: the code of the whole", f"component[{index}].code")
    return None


def codings(value: Resource) -> Iterator[Resource]:
    """Yield the codings of ``code``."""
    code = value.get("code")
    for _, coding in objects(code.get("coding") if code.__class__ is dict else None):
        yield coding


CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
ALLERGY = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification"
IN_ERROR = frozenset(("entered-in-error",))
ABATED = frozenset(("inactive", "resolved", "remission"))
ABATEMENTS = ("abatementDateTime", "abatementAge", "abatementPeriod", "abatementRange")


@holds("Condition", versions=SINCE_R4)
def con_4(value: Resource) -> Problems:
    """What has abated is inactive, resolved or in remission (con-3 in R5)."""
    if not any(name in value for name in (*ABATEMENTS, "abatementString")):
        return None
    if coded(value.get("clinicalStatus"), CLINICAL, ABATED):
        return None
    return wrong("invariant", "con-4: must say that it has abated", "clinicalStatus")


@holds("Condition", versions=("R4", "R4B"))
def con_5(value: Resource) -> Problems:
    """What was entered in error has no clinical status."""
    if "clinicalStatus" in value and coded(value.get("verificationStatus"), VERIFICATION, IN_ERROR):
        return wrong("invariant", "con-5: must not be there, entered in error", "clinicalStatus")
    return None


@holds("Condition", versions=("STU3",))
def con_3(value: Resource) -> Problems:
    """A condition has a clinical status, unless it was entered in error."""
    if "clinicalStatus" in value or value.get("verificationStatus") == "entered-in-error":
        return None
    return wrong("invariant", "con-3: must be there", "clinicalStatus")


@holds("AllergyIntolerance", versions=("R4", "R4B"))
def ait_1(value: Resource) -> Problems:
    """An allergy has a clinical status exactly when it was not entered in error."""
    in_error = coded(value.get("verificationStatus"), ALLERGY, IN_ERROR)
    if in_error and "clinicalStatus" in value:
        return wrong("invariant", "ait-2: must not be there, entered in error", "clinicalStatus")
    return None


@holds("Age")
def age_1(value: Resource) -> Problems:
    """An age is a positive number with a UCUM code of time."""
    amount = number(value.get("value"))
    if amount is not None and amount <= 0:
        return wrong("invariant", "age-1: must be above 0", "value")
    return measured(value, "age-1")


@holds("Distance")
def dis_1(value: Resource) -> Problems:
    """A distance has a UCUM code."""
    return measured(value, "dis-1")


@holds("Duration", versions=("STU3", "R4", "R5"))
def drt_1(value: Resource) -> Problems:
    """A code of a duration is one of UCUM, and has a value."""
    if "code" in value and (value.get("system") != UCUM or "value" not in value):
        return wrong("invariant", "drt-1: a code must be of UCUM, beside a value", "code")
    return None


@holds("Duration", versions=("R4B",))
def drt_1_value(value: Resource) -> Problems:
    """A value of a duration has a code of UCUM."""
    if "value" in value and (value.get("system") != UCUM or "code" not in value):
        return wrong("invariant", "drt-1: a value needs a code of UCUM", "code")
    return None


@holds("Count")
def cnt_3(value: Resource) -> Problems:
    """A count is a whole number, of the UCUM unit 1."""
    amount = number(value.get("value"))
    if amount is not None and amount != amount.to_integral_value():
        return wrong("invariant", "cnt-3: must be a whole number", "value")
    if value.get("code", "1") != "1":
        return wrong("invariant", "cnt-3: must be 1", "code")
    return measured(value, "cnt-3")


def measured(value: Resource, key: str) -> Problems:
    """Say whether a value lacks a code, or a code is of another system than UCUM."""
    if "value" in value and "code" not in value:
        return wrong("invariant", f"{key}: a value needs a code", "code")
    if value.get("system", UCUM) != UCUM:
        return wrong("invariant", f"{key}: must be UCUM", "system")
    return None


@holds("TimingRepeat")
def tim_4(value: Resource) -> Problems:
    """Durations and periods are not negative (tim-4, tim-5)."""
    for name in ("duration", "period"):
        amount = number(value.get(name))
        if amount is not None and amount < 0:
            return wrong("invariant", "tim-4, tim-5: must not be negative", name)
    return None


@holds("CapabilityStatement")
def cpb_kind(value: Resource) -> Problems:
    """What the kind of a capability statement asks for (cpb-3, cpb-14, cpb-15, cpb-16 of R4)."""
    kind = value.get("kind")
    if kind == "capability" and "implementation" in value:
        return wrong("invariant", "cpb-15: must not be there for a capability", "implementation")
    if kind == "requirements" and ("implementation" in value or "software" in value):
        return wrong("invariant", "cpb-16: requirements name no software or implementation", "kind")
    for index, messaging in objects(value.get("messaging")):
        if "endpoint" in messaging and kind != "instance":
            place = f"messaging[{index}].endpoint"
            return wrong("invariant", "cpb-3: only an instance has one", place)
    return None


@holds("CapabilityStatement", versions=SINCE_R4)
def cpb_14(value: Resource) -> Problems:
    """An instance names its implementation, a capability its software."""
    kind = value.get("kind")
    if kind == "instance" and "implementation" not in value:
        return wrong("invariant", "cpb-14: an instance needs it", "implementation")
    if kind == "capability" and "software" not in value:
        return wrong("invariant", "cpb-15: a capability needs it", "software")
    return None


@holds("CapabilityStatementRest")
def cpb_9(value: Resource) -> Problems:
    """Each resource is described once."""
    return repeated(value, "resource", "type", "cpb-9")


@holds("CapabilityStatementRestResource")
def cpb_12(value: Resource) -> Problems:
    """Each search parameter is named once."""
    return repeated(value, "searchParam", "name", "cpb-12")


def repeated(value: Resource, many: str, key: str, invariant: str) -> Problems:
    """Say which member of a list has the same `key` as an earlier one."""
    seen: set[str] = set()
    for index, item in objects(value.get(many)):
        name = item.get(key)
        if name.__class__ is str:
            if name in seen:
                return wrong("invariant", f"{invariant}: named before", f"{many}[{index}].{key}")
            seen.add(name)
    return None


BARE = re.compile(r"[A-Za-z0-9.-]{1,64}\Z")
RELATIVE = re.compile(r"[A-Z][A-Za-z]+(/[^/\s?#]+(/_history/[^/\s]+)?|\?\S+)\Z")


@holds("Reference")
def reference(value: Resource) -> Problems:
    """Say what is no reference; mention the contained resource that a local one speaks of.

    Whether that is there (ref-1) is settled where the whole resource is seen.
    """
    text = value.get("reference")
    if text.__class__ is not str or RELATIVE.match(text):
        return None
    if text[:1] == "#":
        problem = Problem("invariant", "ref-1: there is no such contained resource", "reference")
        problem.local = text[1:]
        return [problem]
    if ":" in text and not text[0].isspace():
        return None
    severity = "warning" if BARE.match(text) else "error"
    what = "not a reference (Type/id, an absolute URI or #id)"
    return [Problem("value", what, "reference", severity)]


def absolute(value: JSON) -> Problems:
    """Outside other extensions, an extension is named by an absolute URI."""
    name = value.get("url") if value.__class__ is dict else None
    if name.__class__ is str and ":" not in name:
        return wrong("value", "must be an absolute URI", "url")
    return None


def coding_bound(system: str, codes: frozenset[str], text: str) -> Check:
    """Return the check that a CodeableConcept or Coding has one of `codes` of `system`."""

    def check(value: JSON) -> Problems:
        if value.__class__ is not dict:
            return None
        concept = value if "coding" in value else {"coding": [value]}
        if coded(concept, system, codes) or "extension" in value:
            return None
        return wrong("code-invalid", f"no code of {system}: one of {text}")

    return check
