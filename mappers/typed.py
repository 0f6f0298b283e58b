"""The elements of an Observation that decide anything, as types for a decoder to fill.

What the fast lane does not judge must not be there (a type of ``None``), and a status that is not
used is none of the literals: the decoder refuses, and the Observation goes to the full lane.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal

import msgspec
from msgspec import UNSET, Raw, UnsetType

UCUM: Final = "http://unitsofmeasure.org"


class Quantity(msgspec.Struct, gc=False):
    """A Quantity in UCUM without a comparator; its number is kept as sent."""

    value: Raw
    system: Literal["http://unitsofmeasure.org"]
    code: str
    unit: str | None = None
    comparator: None = None


class Component(msgspec.Struct, gc=False, rename="camel"):
    """A component of an Observation."""

    code: Raw
    value_quantity: Quantity
    body_site: None = None
    method: None = None
    data_absent_reason: None = None
    component: None = None


class Meta(msgspec.Struct, gc=False, rename="camel"):
    """What a server says of a resource."""

    version_id: str | None = None


class Subject(msgspec.Struct, gc=False):
    """A Reference by its text."""

    reference: str


class Observation(msgspec.Struct, gc=False, rename="camel"):
    """An Observation about a subject at a time."""

    resource_type: Literal["Observation"]
    code: Raw
    status: Literal["final", "amended", "corrected", "appended"]
    subject: Subject
    effective_date_time: str
    id: str | None = None
    meta: Meta | None = None
    value_quantity: Quantity | None = None
    value_codeable_concept: Raw | UnsetType = UNSET
    component: list[Component] | None = None
    contained: None = None
    body_site: None = None
    method: None = None
    data_absent_reason: None = None


DECODER = msgspec.json.Decoder(Observation)
DOCUMENT = msgspec.json.Decoder(float_hook=Decimal)
"""Any document, its decimals with their digits."""
