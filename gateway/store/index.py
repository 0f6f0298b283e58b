"""What a resource can be found by: one row a value, extracted along the paths of the parameters.

The paths of a type are compiled into a table from the resource's own elements to what is to be
done with each, so that a resource is walked once whatever the number of parameters.
"""

from __future__ import annotations

import unicodedata
from decimal import Decimal
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from gateway.store.instants import BEGINNING, END, interval
from gateway.store.parameters import of_type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from gateway.store.parameters import Parameter
    from terminology.records import JSON, Resource

CHOICES = {
    "date": ("DateTime", "Date", "Period", "Instant", "Timing"),
    "quantity": ("Quantity", "Range", "Age", "Money"),
    "number": ("Decimal", "Integer", "Range"),
    "token": ("CodeableConcept", "Coding", "Code", "Boolean", "String", "DateTime"),
    "string": ("String",),
    "reference": ("Reference",),
    "uri": ("Uri", "Canonical"),
}
LONGEST = 500
"""Characters of a text that are searched; PostgreSQL indexes some 2,700 bytes at most."""

NAME = ("text", "family", "given", "prefix", "suffix")
ADDRESS = ("text", "line", "city", "district", "state", "postalCode", "country")


class Value(NamedTuple):
    """One row of `search_value` without its resource."""

    param: str
    system: str | None = None
    text: str | None = None
    exact: str | None = None
    low: float | None = None
    high: float | None = None


class Step(NamedTuple):
    """What to do with one element: go down `rest`, keep what fits `where`, read it by `read`."""

    param: str
    rest: tuple[str, ...]
    where: tuple[str, str] | None
    read: Callable[[str, JSON, Callable[[str], str]], Iterator[Value]]


def rows(resource: Resource, localise: Callable[[str], str]) -> list[Value]:
    """Return all index rows of a resource; `localise` says what a reference means here."""
    kind = resource["resourceType"]
    table = steps(kind)
    found: list[Value] = []
    for name, value in resource.items():
        for step in table.get(name, ()):
            for node in nodes(value, step.rest, step.where):
                found.extend(step.read(step.param, node, localise))
    found.extend(truths(kind, resource))
    return list(dict.fromkeys(map(bounded, found)))


def bounded(value: Value) -> Value:
    """Return a row whose text a database can index."""
    if value.text is not None and len(value.text) > LONGEST:
        return value._replace(text=value.text[:LONGEST])
    return value


@cache
def steps(kind: str) -> Mapping[str, tuple[Step, ...]]:
    """Return element name to steps for a resource type."""
    table: dict[str, list[Step]] = {}
    for parameter in of_type(kind).values():
        for path in () if parameter.truth else parameter.paths:
            for first, step in compiled(parameter, path):
                table.setdefault(first, []).append(step)
    return {first: tuple(found) for first, found in table.items()}


def compiled(parameter: Parameter, path: str) -> Iterator[tuple[str, Step]]:
    """Yield the steps of one path, one for each type of a choice."""
    path, _, condition = path.removesuffix("]").partition("[") if "=" in path else (path, "", "")
    where = tuple(condition.split("=")) if condition else None
    for names in choices(path.split("."), parameter.kind):
        assert where is None or len(where) == 2
        yield names[0], Step(parameter.name, names[1:], where, READERS[parameter.kind])


def choices(names: list[str], kind: str) -> Iterator[tuple[str, ...]]:
    """Yield the path as it is, or once for each type of its last element's choice."""
    *before, last = names
    stem = last.removesuffix("[x]")
    for suffix in CHOICES[kind] if stem != last else ("",):
        yield (*before, stem + suffix)


def nodes(value: JSON, rest: tuple[str, ...], where: tuple[str, str] | None) -> Iterator[JSON]:
    """Yield the values at the end of a path, entering lists."""
    if isinstance(value, list):
        for item in value:
            yield from nodes(item, rest, where)
    elif not rest:
        if where is None or (isinstance(value, dict) and value.get(where[0]) == where[1]):
            yield value
    elif isinstance(value, dict) and rest[0] in value:
        yield from nodes(value[rest[0]], rest[1:], where)


def truths(kind: str, resource: Resource) -> Iterator[Value]:
    """Yield the tokens that are true unless an element is absent or false."""
    for name, stem in truth_names(kind):
        told = any(key.startswith(stem) and value is not False for key, value in resource.items())
        yield Value(name, None, "true" if told else "false")


@cache
def truth_names(kind: str) -> tuple[tuple[str, str], ...]:
    """Return parameter and element stem of each truth of a type."""
    found = (parameter for parameter in of_type(kind).values() if parameter.truth)
    return tuple((one.name, one.paths[0].removesuffix("[x]")) for one in found)


def token(param: str, value: JSON, _localise: Callable[[str], str]) -> Iterator[Value]:
    """Yield system and code of a Coding, CodeableConcept, Identifier, ContactPoint or code.

    A plain code has no system of its own (null); a Coding without one has the empty system.
    """
    if isinstance(value, bool):
        yield Value(param, None, "true" if value else "false")
    elif isinstance(value, str):
        yield Value(param, None, value)
    elif isinstance(value, dict):
        code = value.get("code", value.get("value"))
        if isinstance(code, str):
            yield Value(param, text_or(value.get("system"), ""), code)
        for coding in listed(value.get("coding")):
            if isinstance(coding, dict) and isinstance(coding.get("code"), str):
                yield Value(param, text_or(coding.get("system"), ""), coding["code"])


def reference(param: str, value: JSON, localise: Callable[[str], str]) -> Iterator[Value]:
    """Yield ``Type/gid`` of a Reference, and its identifier under ``param:identifier``."""
    if isinstance(value, dict):
        target = value.get("reference")
        if isinstance(target, str) and not target.startswith("#"):
            yield Value(param, None, localise(target))
        if isinstance(value.get("identifier"), dict):
            yield from token(f"{param}:identifier", value["identifier"], localise)


def uri(param: str, value: JSON, _localise: Callable[[str], str]) -> Iterator[Value]:
    """Yield a URI as it is."""
    if isinstance(value, str):
        yield Value(param, None, value)


def string(param: str, value: JSON, _localise: Callable[[str], str]) -> Iterator[Value]:
    """Yield a string, or the parts of a name or an address: folded, and as sent."""
    if isinstance(value, str):
        yield Value(param, None, folded(value), value)
    elif isinstance(value, dict):
        for part in ADDRESS if "city" in value or "line" in value else NAME + ADDRESS:
            for text in listed(value.get(part)):
                if isinstance(text, str):
                    yield Value(param, None, folded(text), text)


def number(param: str, value: JSON, _localise: Callable[[str], str]) -> Iterator[Value]:
    """Yield a number, or the ends of a Range."""
    if isinstance(value, dict):
        low, high = (amount(value.get(end)) for end in ("low", "high"))
        if low is not None or high is not None:
            yield Value(param, low=low, high=high)
    else:
        plain = real(value)
        if plain is not None:
            yield Value(param, low=plain, high=plain)


def quantity(param: str, value: JSON, _localise: Callable[[str], str]) -> Iterator[Value]:
    """Yield a Quantity's number, system and code, and its unit as sent; or the ends of a Range."""
    if not isinstance(value, dict):
        return
    unit: JSON = value
    low = high = amount(value)
    if "low" in value or "high" in value:
        low, high = amount(value.get("low")), amount(value.get("high"))
        unit = value.get("low") or value.get("high")
    if isinstance(unit, dict) and (low is not None or high is not None):
        system, code, shown = (unit.get(part) for part in ("system", "code", "unit"))
        yield Value(param, text_or(system), text_or(code), text_or(shown), low, high)


def date(param: str, value: JSON, _localise: Callable[[str], str]) -> Iterator[Value]:
    """Yield the interval of a date, dateTime, instant, Period or Timing."""
    if isinstance(value, str):
        ends = interval(value)
        if ends is not None:
            yield Value(param, low=ends[0], high=ends[1])
    elif isinstance(value, dict):
        if "event" in value:
            for event in listed(value["event"]):
                yield from date(param, event, _localise)
        elif "start" in value or "end" in value:
            start, end = interval_of(value.get("start")), interval_of(value.get("end"))
            yield Value(param, low=start[0] if start else BEGINNING, high=end[1] if end else END)


READERS: dict[str, Callable[[str, JSON, Callable[[str], str]], Iterator[Value]]] = {
    "token": token,
    "reference": reference,
    "uri": uri,
    "string": string,
    "number": number,
    "quantity": quantity,
    "date": date,
}


def interval_of(value: JSON) -> tuple[int, int] | None:
    """Return the interval of a date, None when it is none."""
    return interval(value) if isinstance(value, str) else None


def amount(value: JSON) -> float | None:
    """Return the number of a Quantity."""
    return real(value.get("value")) if isinstance(value, dict) else None


def real(value: JSON) -> float | None:
    """Return a JSON number as a float; None for anything else, and for what no float can hold."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def listed(value: JSON) -> list[JSON]:
    """Return a list as it is, nothing as an empty list, anything else as a list of one."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def text_or(value: JSON, other: str | None = None) -> str | None:
    """Return a text as it is, else `other`."""
    return value if isinstance(value, str) else other


@lru_cache(16384)
def folded(text: str) -> str:
    """Return a text in lower case, without accents, its white space single.

    >>> folded("Mäkelä  Ångström")
    'makela angstrom'
    """
    if not text.isascii():
        spread = unicodedata.normalize("NFKD", text)
        text = "".join(sign for sign in spread if not unicodedata.combining(sign))
    return " ".join(text.casefold().split())
