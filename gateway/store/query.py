"""A search as it was asked: parameters in, `SearchQuery` out, with what was applied of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from gateway.errors import RequestError
from gateway.store.parameters import Parameter, of_type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

COUNT, MOST = 100, 1000
"""Resources on a page: unless asked for otherwise, and at most."""

COLUMNS = {
    "_id": Parameter("_id", "token", ()),
    "_lastUpdated": Parameter("_lastUpdated", "date", ()),
}
"""Parameters that are columns of `resource`, for every type."""

MODIFIERS = {
    "token": ("missing", "not"),
    "reference": ("missing", "identifier"),
    "date": ("missing",),
    "number": ("missing",),
    "quantity": ("missing",),
    "string": ("missing", "contains", "exact"),
    "uri": ("missing", "below"),
}
FORMAT = frozenset({"_format", "_pretty", "_page"})
"""Parameters of the request, not of the search."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One parameter with its values, any of which may match."""

    parameter: Parameter
    values: tuple[str, ...]
    modifier: str | None = None
    chain: tuple[tuple[str, Condition], ...] = ()
    """For ``patient.identifier``: target type and condition there, any of which may match."""
    reverse: tuple[str, Condition] | None = None
    """For ``_has``: the other type, and what must hold of the resource that refers here."""


@dataclass(frozen=True, slots=True)
class Sort:
    """One key to sort by."""

    parameter: Parameter
    descending: bool


@dataclass(frozen=True, slots=True)
class Include:
    """Resources to bring along: those `parameter` of `source` refers to, or the other way round."""

    source: str
    parameter: Parameter | None
    """None means every reference."""
    target: str | None
    reverse: bool
    again: bool


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A search of one type."""

    type: str
    conditions: tuple[Condition, ...] = ()
    sort: tuple[Sort, ...] = ()
    includes: tuple[Include, ...] = ()
    count: int = COUNT
    total: str = "accurate"
    summary: str | None = None
    elements: tuple[str, ...] = ()
    applied: tuple[tuple[str, str], ...] = ()
    """The parameters that took effect, as they were asked."""
    ignored: tuple[str, ...] = field(default=())
    """The names of those that did not."""


class Unknown(Exception):  # noqa: N818 - a signal inside this module, never an error by itself
    """A parameter that this server does not know."""


def parse(kind: str, pairs: Iterable[tuple[str, str]], *, strict: bool = False) -> SearchQuery:
    """Return the search of type `kind`; what is unknown is left out, or refused when `strict`.

    Raises:
        RequestError: a known parameter has a value, prefix or modifier that cannot be.
    """
    query = SearchQuery(kind)
    for name, text in pairs:
        if name in FORMAT or not text:
            continue
        try:
            query = with_parameter(query, name, text)
            query = replace(query, applied=(*query.applied, (name, text)))
        except Unknown:
            if strict:
                raise RequestError(
                    f"the search parameter {shown(name)} is not known for {kind}"
                ) from None
            query = replace(query, ignored=(*query.ignored, name))
    return query


def with_parameter(query: SearchQuery, name: str, text: str) -> SearchQuery:
    """Return the search with one more parameter in it."""
    control = CONTROLS.get(name.partition(":")[0])
    if control is not None:
        return control(query, name, text)
    return replace(query, conditions=(*query.conditions, condition(query.type, name, text)))


def condition(kind: str, name: str, text: str) -> Condition:
    """Return the condition of ``name=text`` on resources of type `kind`."""
    if name.startswith("_has:"):
        return reverse_condition(name, text)
    head, dot, rest = name.partition(".")
    base, _, modifier = head.partition(":")
    parameter = known(kind, base)
    if dot:
        return chained(parameter, modifier, rest, text)
    targets = parameter.targets
    if parameter.kind == "reference" and modifier[:1].isupper():
        if targets and modifier not in targets:
            raise RequestError(f"{shown(base)} of {kind} cannot refer to {shown(modifier)}")
        return Condition(replace(parameter, targets=(modifier,)), split(text))
    if modifier and (base in COLUMNS or modifier not in MODIFIERS[parameter.kind]):
        raise RequestError(f"the modifier {shown(modifier)} is not supported on {shown(base)}")
    if modifier == "missing" and text not in ("true", "false"):
        raise RequestError(f"{shown(base)}:missing is true or false")
    return Condition(parameter, split(text), modifier or None)


def known(kind: str, name: str) -> Parameter:
    """Return the parameter of that name, or signal that there is none."""
    found = COLUMNS.get(name) or of_type(kind).get(name)
    if found is None:
        raise Unknown
    return found


def chained(parameter: Parameter, modifier: str, rest: str, text: str) -> Condition:
    """Return the condition on what a reference refers to."""
    if parameter.kind != "reference":
        raise RequestError(f"{shown(parameter.name)} is no reference: nothing can follow its name")
    inner: list[tuple[str, Condition]] = []
    for target in (modifier,) if modifier else parameter.targets:
        try:
            inner.append((target, condition(target, rest, text)))
        except Unknown:
            continue
    if not inner:
        raise Unknown
    return Condition(parameter, (), chain=tuple(inner))


def reverse_condition(name: str, text: str) -> Condition:
    """Return the condition of ``_has:Type:reference:parameter``."""
    parts = name.split(":", 3)
    if len(parts) != 4:
        raise Unknown
    _, kind, reference, rest = parts
    parameter = known(kind, reference)
    if parameter.kind != "reference":
        raise RequestError(f"{shown(reference)} of {shown(kind)} is no reference")
    return Condition(parameter, (), reverse=(kind, condition(kind, rest, text)))


def control_count(query: SearchQuery, _name: str, text: str) -> SearchQuery:
    """Apply ``_count``; nought asks for the total alone."""
    if not text.isdecimal() or len(text) > 9:
        raise RequestError("_count is a whole number")
    count = min(int(text), MOST)
    return replace(query, count=count or COUNT, summary=query.summary if count else "count")


def control_summary(query: SearchQuery, _name: str, text: str) -> SearchQuery:
    """Apply ``_summary``: the count alone, the narrative, everything else, or all of it."""
    if text not in ("count", "text", "data", "false"):
        raise Unknown
    return query if text == "false" else replace(query, summary=text)


def control_total(query: SearchQuery, _name: str, text: str) -> SearchQuery:
    """Apply ``_total``; an estimate is as accurate as the rest."""
    if text not in ("none", "estimate", "accurate"):
        raise RequestError("_total is none, estimate or accurate")
    return replace(query, total=text)


def control_elements(query: SearchQuery, _name: str, text: str) -> SearchQuery:
    """Apply ``_elements``."""
    return replace(query, elements=tuple(part.strip() for part in text.split(",")))


def control_sort(query: SearchQuery, _name: str, text: str) -> SearchQuery:
    """Apply ``_sort``; the keys that are known must be all of them."""
    keys = [(known(query.type, key.lstrip("-")), key.startswith("-")) for key in text.split(",")]
    return replace(query, sort=tuple(Sort(*key) for key in keys))


def control_include(query: SearchQuery, name: str, text: str) -> SearchQuery:
    """Apply ``_include`` and ``_revinclude``, each with or without ``:iterate``."""
    base, _, modifier = name.partition(":")
    if modifier not in ("", "iterate", "recurse"):
        raise RequestError(f"the modifier {shown(modifier)} is not supported on {base}")
    source, _, rest = text.partition(":")
    reference, _, target = rest.partition(":")
    parameter = None
    if text == "*":
        source = query.type
    elif reference != "*":
        parameter = known(source, reference)
        if parameter.kind != "reference":
            raise RequestError(f"{shown(reference)} of {shown(source)} is no reference")
    include = Include(source, parameter, target or None, base == "_revinclude", bool(modifier))
    return replace(query, includes=(*query.includes, include))


CONTROLS: dict[str, Callable[[SearchQuery, str, str], SearchQuery]] = {
    "_count": control_count,
    "_summary": control_summary,
    "_total": control_total,
    "_elements": control_elements,
    "_sort": control_sort,
    "_include": control_include,
    "_revinclude": control_include,
}

SEPARATOR = re.compile(r"(?<!\\)((?:\\\\)*),")


def split(text: str) -> tuple[str, ...]:
    r"""Return the alternatives of a value, still escaped.

    >>> split(r"a,b\\,c")
    ('a', 'b\\,c')
    """
    return tuple(part for part in SEPARATOR.sub("\\1\0", text).split("\0") if part)


def shown(name: str) -> str:
    """Return a name fit for an error text: short, and nothing but a name."""
    return name[:40] if re.fullmatch(r"[\w\-.:\[\]]+", name[:40]) else "given"


def searchable(kind: str) -> dict[str, Parameter]:
    """Return all parameters of a type by name: what `parse` knows is what is declared."""
    return {**COLUMNS, **of_type(kind)}
