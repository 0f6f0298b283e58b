"""The elements of an Observation that decide anything, as types for a decoder to fill.

What the fast lane does not judge must not be there (a type of ``None``), and a status that is not
used is none of the literals: the decoder refuses, and the Observation goes to the full lane.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Final, Literal

import msgspec
from msgspec import UNSET, Raw, UnsetType

UCUM: Final = "http://unitsofmeasure.org"


class Quantity(msgspec.Struct, gc=False, kw_only=True):
    """A Quantity in UCUM without a comparator; its number is kept as sent."""

    value: Raw
    comparator: None = None
    unit: str | None = None
    system: Literal["http://unitsofmeasure.org"]
    code: str


class Component(msgspec.Struct, gc=False, rename="camel"):
    """A component of an Observation."""

    code: Raw
    value_quantity: Quantity
    body_site: None = None
    method: None = None
    data_absent_reason: None = None
    component: None = None
    modifier_extension: None = None


class Meta(msgspec.Struct, gc=False, rename="camel"):
    """What a server says of a resource."""

    version_id: str | None = None


class Subject(msgspec.Struct, gc=False):
    """A Reference by its text."""

    reference: str


class Observation(msgspec.Struct, gc=False, kw_only=True, rename="camel"):
    """An Observation about a subject at a time; elements in their usual order decode faster."""

    resource_type: Literal["Observation"]
    id: str | None = None
    meta: Meta | None = None
    contained: None = None
    modifier_extension: None = None
    status: Literal["final", "amended", "corrected", "appended"]
    code: Raw
    subject: Subject
    effective_date_time: str
    value_quantity: Quantity | None = None
    value_codeable_concept: Raw | UnsetType = UNSET
    data_absent_reason: None = None
    body_site: None = None
    method: None = None
    component: list[Component] | None = None


class BundleEntry(msgspec.Struct, gc=False, rename="camel"):
    """An entry of a Bundle, its resource not looked into."""

    full_url: str | UnsetType = UNSET
    resource: Raw | UnsetType = UNSET


class Bundle(msgspec.Struct, gc=False, kw_only=True, rename="camel"):
    """A Bundle that contains nothing itself."""

    resource_type: Literal["Bundle"]
    contained: None = None
    entry: list[BundleEntry]


def number(text: str) -> Decimal:
    """Return a number of JSON digit for digit.

    Raises:
        ValueError: its exponent is beyond what a Decimal can hold; the decoder refuses the text.
    """
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError("a number out of all bounds") from None


DECODER = msgspec.json.Decoder(Observation)
BUNDLE = msgspec.json.Decoder(Bundle)
DOCUMENT = msgspec.json.Decoder(float_hook=number)
"""Any document, its decimals with their digits."""
