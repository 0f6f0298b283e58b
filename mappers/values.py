"""The value of an Observation or component: a number with its unit, or a coded answer.

Nothing is guessed: a text counts only when it is a plain number with a known unit, a number sent as
a string only when it is a number of JSON, an answer only when the feature's table has it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from terminology import codes
from terminology.records import Original

if TYPE_CHECKING:
    from terminology.records import JSON, Resource

TEMPLATE = re.compile(r"\$\{[^}]*\}?|\{\{.*")
NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
PLAIN = re.compile(r"\s*([+-]?\d+(?:\.\d+)?)\s*(\D.*?)?\s*", re.ASCII | re.DOTALL)
COMPARATORS = frozenset({"<", "<=", ">=", ">"})
LONGEST = 400
"""Characters of a text value that are looked at; no number with a unit is longer."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as sent, with what was said of its unit."""

    value: Decimal
    system: str | None
    code: str | None
    unit: str | None
    comparator: str | None = None
    spelled: bool = False
    """The number stood in a text."""

    @property
    def original(self) -> Original:
        """Return the record of what was sent."""
        return Original(str(self.value), self.unit, self.code)


@dataclass(frozen=True, slots=True)
class Refused:
    """Why there is no value: a reason and a sentence."""

    reason: str
    detail: str


ABSENT = Refused("value-absent", "There is no value.")
ABSENT_TOLD = Refused("value-absent", "A dataAbsentReason says that there is no value.")
PLACEHOLDER = Refused("placeholder", "The value is a template that was never filled in.")
NO_NUMBER = Refused("value-type", "The value is no number of JSON.")
NO_COMPARATOR = Refused("value-type", "The comparator is none of <, <=, >= and >.")
NO_TEXT = Refused("value-type", "The text is no plain number with a unit.")
NO_ANSWER = Refused("value-type", "The answer is none that is known for this feature.")
TWO_ANSWERS = Refused("value-type", "The codings of the answer say two different things.")


def is_template(value: JSON) -> bool:
    """Say whether a text is a template such as ``${DATE}`` or ``{{id}}``."""
    return isinstance(value, str) and bool(TEMPLATE.search(value[:LONGEST]))


def present(node: Resource) -> list[str]:
    """Return the value elements (``valueQuantity`` ...) that a node has, empty ones left out."""
    return [key for key in node if key.startswith("value") and node[key] not in (None, "", {}, [])]


def absence(node: Resource) -> bool:
    """Say whether a dataAbsentReason stands at the node."""
    return bool(node.get("dataAbsentReason"))


def quantity(node: Resource) -> Quantity | Refused:
    """Return the number of a node whose feature is a quantity."""
    if node.get("dataAbsentReason"):
        return ABSENT_TOLD
    sent = node.get("valueQuantity")
    if sent:
        return from_quantity(sent)
    keys = present(node)
    if "valueString" in keys:
        return from_text(node["valueString"])
    if not keys:
        return ABSENT
    return Refused("value-type", f"A number with a unit is needed, {keys[0]} was sent.")


def from_quantity(sent: JSON) -> Quantity | Refused:
    """Return the number of a Quantity."""
    if not isinstance(sent, dict):
        return NO_NUMBER
    value = sent.get("value")
    if value is None:
        return ABSENT
    if is_template(value):
        return PLACEHOLDER
    number = decimal(value)
    if number is None:
        return NO_NUMBER
    comparator = sent.get("comparator")
    if comparator is not None and not is_comparator(comparator):
        return NO_COMPARATOR
    return Quantity(
        number, text(sent.get("system")), text(sent.get("code")), text(sent.get("unit")), comparator
    )


def is_comparator(value: JSON) -> bool:
    """Say whether a comparator is one that bounds a value."""
    return isinstance(value, str) and value in COMPARATORS


def text(value: JSON) -> str | None:
    """Return a string as it is, anything else as None."""
    return value if isinstance(value, str) else None


def decimal(value: JSON) -> Decimal | None:
    """Return a number of JSON (also sent as a string) as Decimal, digits kept, else None."""
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    if isinstance(value, float):
        return Decimal(repr(value)) if math.isfinite(value) else None
    if isinstance(value, int):
        return None if isinstance(value, bool) else Decimal(value)
    if isinstance(value, str) and len(value) <= LONGEST and NUMBER.fullmatch(value.strip()):
        try:
            return Decimal(value.strip())
        except InvalidOperation:
            return None
    return None


def from_text(sent: JSON) -> Quantity | Refused:
    """Return the number of a text such as ``72.5 kg``; its unit is judged by the caller."""
    if is_template(sent):
        return PLACEHOLDER
    if not isinstance(sent, str) or len(sent) > LONGEST:
        return NO_TEXT
    found = PLAIN.fullmatch(sent)
    if found is None or not found[2]:
        return NO_TEXT
    return Quantity(Decimal(found[1]), None, None, found[2], spelled=True)


def answer(feature: str, node: Resource, own: str | None) -> str | Refused:
    """Return the coded answer of a node; `own` is the answer that its code itself gives."""
    keys = present(node)
    if absence(node):
        return ABSENT_TOLD
    if own is not None and (not keys or node.get("valueBoolean") is True):
        return own
    if "valueCodeableConcept" in keys:
        return chosen(feature, node["valueCodeableConcept"], own)
    if not keys:
        return ABSENT
    if any(is_template(node[key]) for key in keys):
        return PLACEHOLDER
    return Refused("value-type", f"A coded answer is needed, {keys[0]} was sent.")


def chosen(feature: str, concept: JSON, own: str | None) -> str | Refused:
    """Return the one answer that the codings of a concept (and the node's own code) agree on."""
    values = {
        value
        for coding in codings(concept)
        if (value := codes.answer(feature, text(coding.get("system")), text(coding.get("code"))))
    }
    if not values:
        told = (part for coding in codings(concept) for part in coding.values())
        return PLACEHOLDER if any(is_template(part) for part in told) else NO_ANSWER
    if own is not None:
        values.add(own)
    return values.pop() if len(values) == 1 else TWO_ANSWERS


def codings(concept: JSON) -> list[Resource]:
    """Return the codings of a CodeableConcept that are objects."""
    sent = concept.get("coding") if isinstance(concept, dict) else None
    return [coding for coding in sent if isinstance(coding, dict)] if isinstance(sent, list) else []
