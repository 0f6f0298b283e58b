"""FHIR JSON in and out: decimals keep their digits, and what JSON leaves open is refused.

Duplicate keys, nesting deeper than 64 and bytes that are not UTF-8 are errors that name their
place. The first are told cheaply: a document without them has as many colons as what was read.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

import msgspec

from gateway.errors import MalformedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from terminology.records import JSON, Resource

DEEPEST = 64
BOM = b"\xef\xbb\xbf"
BYTE = re.compile(r"\(byte (\d+)\)")

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")


def decode(raw: bytes) -> Resource:
    """Return the resource that `raw` holds.

    Raises:
        MalformedError: it is no JSON, or no resource; the error names the place.
    """
    value = load(raw)
    if not isinstance(value, dict):
        raise MalformedError("a JSON object must stand here, with a resourceType")
    if not isinstance(value.get("resourceType"), str):
        raise MalformedError("this is no resource: it has no resourceType", at="resourceType")
    return value


def load(raw: bytes) -> JSON:
    """Return the JSON value that `raw` holds, checked as this module's docstring says."""
    raw = raw.removeprefix(BOM)
    try:
        value = _decoder.decode(raw)
    except UnicodeDecodeError as error:
        raise MalformedError(f"not UTF-8 (in a text, {error.reason})") from None
    except RecursionError:
        raise MalformedError(f"nested more than {DEEPEST} deep") from None
    except (msgspec.DecodeError, InvalidOperation, ValueError) as error:
        raise MalformedError(f"no JSON: {place_of(error, raw)}") from None
    if isinstance(value, (dict, list)) and too_deep(raw, value):
        raise MalformedError(f"nested more than {DEEPEST} deep")
    if b"\\u003" in raw or raw.count(b":") != _encoder.encode(value).count(b":"):
        refuse_duplicates(raw)
    return value


def encode(value: JSON) -> bytes:
    """Return compact JSON; a Decimal is written with its own digits.

    >>> encode(decode(b'{"resourceType": "Basic", "x": 5.20}'))
    b'{"resourceType":"Basic","x":5.20}'
    """
    return _encoder.encode(value)


def place_of(error: Exception, raw: bytes) -> str:
    """Return what the decoder says is wrong, with line and column instead of a byte number."""
    text = str(error)
    if not isinstance(error, msgspec.DecodeError):
        return "a number cannot be read"
    match = BYTE.search(text)
    if match is None:
        return "it ends too early" if "truncated" in text else "it cannot be read"
    before = raw[: int(match[1])]
    line, column = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
    what = text.removeprefix("JSON is malformed: ").partition(" (byte")[0]
    return f"{what} at line {line}, column {column}"


def too_deep(raw: bytes, value: JSON) -> bool:
    """Say whether `value`, read from `raw`, is nested more than `DEEPEST` deep."""
    if raw.count(b"{") + raw.count(b"[") <= DEEPEST:
        return False
    level = [value]
    for _ in range(DEEPEST):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if outer.__class__ is dict else outer)
            if inner.__class__ is dict or inner.__class__ is list
        ]
        if not level:
            return False
    return True


def refuse_duplicates(raw: bytes) -> None:
    """Raise for the first object that has a key twice.

    Raises:
        MalformedError: there is one; its place is named as far as JSON tells it.
    """
    found: list[str] = []

    def unique(pairs: Sequence[tuple[str, JSON]]) -> JSON:
        names = dict(pairs)
        if len(names) != len(pairs):
            seen: set[str] = set()
            found.extend(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
            return Doubled(names)
        return names

    value = json.loads(raw, object_pairs_hook=unique)
    if found:
        place = doubled_at(value, root_of(value)) or root_of(value)
        raise MalformedError("an object has the same key twice", at=f"{place}.{found[0][:64]}")


class Doubled(dict[str, "JSON"]):
    """An object that had a key twice."""


def root_of(value: JSON) -> str:
    """Return the resource type of a document, which its places begin with."""
    kind = value.get("resourceType") if isinstance(value, dict) else None
    return kind if isinstance(kind, str) and kind.isalpha() else "Resource"


def doubled_at(value: JSON, at: str) -> str | None:
    """Return the place of the first object that had a key twice."""
    if isinstance(value, Doubled):
        return at
    if isinstance(value, dict):
        inner = ((f"{at}.{name}", one) for name, one in value.items())
    elif isinstance(value, list):
        inner = ((f"{at}[{number}]", one) for number, one in enumerate(value))
    else:
        return None
    return next((place for name, one in inner if (place := doubled_at(one, name))), None)
