"""Conditions as SQL: which rows of `resource` a search means."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, TypeAlias

import sqlalchemy as sa

from gateway.errors import RequestError
from gateway.store import instants
from gateway.store.index import LONGEST, folded
from gateway.store.query import shown
from gateway.store.tables import resource, search_value

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.store.identity import Place
    from gateway.store.parameters import Parameter
    from gateway.store.query import Condition

Clause: TypeAlias = sa.ColumnElement[bool]
Column: TypeAlias = sa.ColumnElement[Any]

PREFIX = re.compile(r"(eq|ne|gt|lt|ge|le|sa|eb|ap)?(.*)\Z", re.DOTALL)
LAST = "\U0010ffff"
"""Follows every text that begins alike."""


def clause(
    condition: Condition, kind: str, place: Place, table: sa.FromClause = resource
) -> Clause:
    """Return what must hold of a row of `table`, which holds resources of type `kind`."""
    name = condition.parameter.name
    if condition.reverse is not None:
        return reverse(condition, place, table)
    if name == "_id":
        return table.c.gid.in_([unescaped(value) for value in condition.values])
    if name == "_lastUpdated":
        low = table.c.last_updated
        return sa.or_(*(interval(value, low, low + 1) for value in condition.values))
    there = table.c.seq.in_(
        sa.select(search_value.c.resource).where(*found(condition, kind, place))
    )
    missing = condition.modifier == "missing" and condition.values == ("true",)
    return ~there if missing or condition.modifier == "not" else there


def found(condition: Condition, kind: str, place: Place) -> list[Clause]:
    """Return what must hold of one row of `search_value`."""
    names = list(condition.parameter.stored)
    if condition.modifier == "identifier":
        names = [f"{name}:identifier" for name in names]
    clauses: list[Clause] = [search_value.c.type == kind, one_of(search_value.c.param, names)]
    if condition.chain:
        clauses.append(search_value.c.text.in_(targets(condition, place)))
    elif condition.modifier != "missing":
        match = MATCH["token" if condition.modifier == "identifier" else condition.parameter.kind]
        given = (match(value, condition, place) for value in condition.values)
        clauses.append(sa.or_(*given))
    return clauses


def one_of(column: sa.ColumnElement[str], values: list[str]) -> Clause:
    """Return equality for one value, else membership."""
    return column == values[0] if len(values) == 1 else column.in_(values)


def targets(condition: Condition, place: Place) -> sa.CompoundSelect[Any] | sa.Select[Any]:
    """Return the references, ``Type/gid``, of the resources for which a chain holds."""
    selects = []
    for kind, inner in condition.chain:
        other = resource.alias()
        selects.append(
            sa.select(sa.literal(f"{kind}/") + other.c.gid).where(
                other.c.type == kind, ~other.c.deleted, clause(inner, kind, place, other)
            )
        )
    return selects[0] if len(selects) == 1 else sa.union_all(*selects)


def reverse(condition: Condition, place: Place, table: sa.FromClause) -> Clause:
    """Return that some resource of another type refers here and fulfils its own condition."""
    assert condition.reverse is not None
    kind, inner = condition.reverse
    other, value = resource.alias(), search_value.alias()
    references = (
        sa.select(value.c.text)
        .join(other, other.c.seq == value.c.resource)
        .where(
            value.c.type == kind,
            one_of(value.c.param, list(condition.parameter.stored)),
            ~other.c.deleted,
            clause(inner, kind, place, other),
        )
    )
    return (table.c.type + "/" + table.c.gid).in_(references)


def token(value: str, _condition: Condition, _place: Place) -> Clause:
    """Match ``code``, ``system|code``, ``|code`` or ``system|``."""
    system, bar, code = cut(value)
    code = unescaped(code)
    if not bar:
        return search_value.c.text == unescaped(system)
    system = unescaped(system)
    if not system:
        return (search_value.c.text == code) & sa.func.coalesce(search_value.c.system, "").in_([""])
    if not code:
        return search_value.c.system == system
    own = search_value.c.system == system
    return (search_value.c.text == code) & (own | search_value.c.system.is_(None))


def reference(value: str, condition: Condition, place: Place) -> Clause:
    """Match ``Type/id``, an id alone, or a URL (this server's own means what it serves)."""
    value = unescaped(value)
    if "/" in value or ":" in value:
        return search_value.c.text == place.localise(value)
    if condition.parameter.targets:
        return one_of(
            search_value.c.text, [f"{kind}/{value}" for kind in condition.parameter.targets]
        )
    return search_value.c.text.endswith(f"/{value}", autoescape=True)


def string(value: str, condition: Condition, _place: Place) -> Clause:
    """Match the beginning of a string whatever its case and accents, or as the modifier says."""
    value = unescaped(value)
    if condition.modifier == "exact":
        return search_value.c.exact == value
    if condition.modifier == "contains":
        return search_value.c.text.contains(folded(value), autoescape=True)
    return begins(search_value.c.text, folded(value))


def uri(value: str, condition: Condition, _place: Place) -> Clause:
    """Match a URI exactly, or everything below it."""
    value = unescaped(value)
    if condition.modifier == "below":
        below = begins(search_value.c.text, value.rstrip("/") + "/")
        return (search_value.c.text == value) | below
    return search_value.c.text == value


def begins(column: Column, text: str) -> Clause:
    """Return that a text begins so, as a range that an index serves."""
    return (column >= text) & (column < text + LAST)


def date(value: str, _condition: Condition, _place: Place) -> Clause:
    """Match an interval of time."""
    return interval(value, search_value.c.low, search_value.c.high)


def interval(value: str, low: Column, high: Column) -> Clause:
    """Compare the interval from `low` to `high` (excluded) with that of a date with its prefix.

    The comparisons are those of the specification's table of prefixes.
    """
    prefix, text = prefixed(value)
    ends = instants.interval(unescaped(text).replace(" ", "+"))
    if ends is None:
        raise RequestError("a date in the search is none (YYYY, YYYY-MM, YYYY-MM-DD or with time)")
    first, after = ends
    inside = (low >= first) & (high <= after)
    wide = max((after - first) // 2, abs(instants.now() - first) // 10)
    comparisons: dict[str, Clause] = {
        "eq": inside,
        "ne": ~inside,
        "gt": high > after,
        "lt": low < first,
        "ge": (high > after) | inside,
        "le": (low < first) | inside,
        "sa": low >= after,
        "eb": high <= first,
        "ap": (low < after + wide) & (high > first - wide),
    }
    return comparisons[prefix]


def number(value: str, condition: Condition, _place: Place) -> Clause:
    """Match a number; how exactly is said by its digits."""
    prefix, text = prefixed(value)
    try:
        asked = Decimal(unescaped(text))
        exact, half = float(asked), float(Decimal(5).scaleb(int(asked.as_tuple().exponent) - 1))
    except (InvalidOperation, ValueError, OverflowError):
        name = shown(condition.parameter.name)
        raise RequestError(f"the value of {name} in the search is no number") from None
    return compared(prefix, exact, half)


def compared(prefix: str, exact: float, half: float) -> Clause:
    """Compare a number, or Range, with `exact`; equal means within `half` the last digit."""
    low, high = search_value.c.low, search_value.c.high
    within = (low >= exact - half) & (high < exact + half)
    wide = max(abs(exact) / 10, half)
    comparisons: dict[str, Clause] = {
        "eq": within,
        "ne": ~within,
        "gt": high > exact,
        "lt": low < exact,
        "ge": high >= exact,
        "le": low <= exact,
        "sa": low > exact,
        "eb": high < exact,
        "ap": (low <= exact + wide) & (high >= exact - wide),
    }
    return comparisons[prefix]


def quantity(value: str, condition: Condition, place: Place) -> Clause:
    """Match ``number``, ``number|system|code`` or ``number||unit``."""
    amount, bar, unit = cut(value)
    matched = number(amount, condition, place)
    if not bar:
        return matched
    system, _, code = cut(unit)
    if system:
        matched = matched & (search_value.c.system == unescaped(system))
    if code:
        code = unescaped(code)
        either = (search_value.c.text == code) | (search_value.c.exact == code)
        matched = matched & ((search_value.c.text == code) if system else either)
    return matched


MATCH: dict[str, Callable[[str, Condition, Place], Clause]] = {
    "token": token,
    "reference": reference,
    "string": string,
    "uri": uri,
    "date": date,
    "number": number,
    "quantity": quantity,
}

BAR = re.compile(r"(?<!\\)\|")
ESCAPED = re.compile(r"\\([\\,|$])")


def cut(value: str) -> tuple[str, str, str]:
    """Return what stands before and after the first bar that is not escaped."""
    match = BAR.search(value)
    return (value[: match.start()], "|", value[match.end() :]) if match else (value, "", "")


def unescaped(value: str) -> str:
    r"""Return a value without FHIR's escapes of ``, | $ \``, as long as what is indexed."""
    return ESCAPED.sub(r"\1", value)[:LONGEST]


def prefixed(value: str) -> tuple[str, str]:
    """Return the prefix, ``eq`` when there is none, and the value after it."""
    match = PREFIX.match(value)
    assert match is not None
    return match[1] or "eq", match[2]


def sort_key(parameter: Parameter, table: sa.FromClause, *, descending: bool) -> Column:
    """Return the value that a row is sorted by; rows without one come last either way."""
    if parameter.name == "_id":
        return sa.type_coerce(table.c.gid, sa.Text)
    if parameter.name == "_lastUpdated":
        return sa.type_coerce(table.c.last_updated, sa.BigInteger)
    numeric = parameter.kind in ("date", "number", "quantity")
    column: Column = search_value.c.low if numeric else search_value.c.text
    pick = sa.func.max if descending else sa.func.min
    missing: float | str = (
        (-1e300 if descending else 1e300) if numeric else "" if descending else LAST
    )
    value = (
        sa.select(pick(column))
        .where(
            search_value.c.resource == table.c.seq,
            one_of(search_value.c.param, list(parameter.stored)),
        )
        .scalar_subquery()
    )
    return sa.func.coalesce(value, missing)
