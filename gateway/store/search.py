"""Runs searches: one page at a time, from a place that stays where it is when resources change.

A page follows the row that the page before ended with (by sort keys, then by number), and never
goes beyond the newest resource of the first page's time: nothing is told twice, nothing that was
there is skipped, however many resources arrive in between.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from gateway.store.identity import Place
from gateway.store.matching import Clause, Column, clause, one_of, sort_key
from gateway.store.resources import CHUNK, COLUMNS, Key, Row, read_many
from gateway.store.tables import resource, search_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gateway.store.query import Condition, Include, SearchQuery

HERE = Place()
MOST_INCLUDED = 5000
DEEPEST = 4
"""How often ``:iterate`` goes on."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the next page begins: the sort keys and number of the last row, and the bounds."""

    keys: tuple[float | str, ...]
    seq: int
    newest: int
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a search."""

    rows: tuple[Row, ...] = ()
    included: tuple[Row, ...] = ()
    total: int | None = None
    after: Cursor | None = None


def search(
    conn: sa.Connection, query: SearchQuery, cursor: Cursor | None = None, place: Place = HERE
) -> Page:
    """Return the page that begins after `cursor`, or the first one."""
    where = [
        resource.c.type == query.type,
        ~resource.c.deleted,
        *(clause(condition, query.type, place) for condition in query.conditions),
    ]
    if query.summary == "count":
        return Page(total=count(conn, where))
    bounds = [resource.c.seq <= cursor.newest] if cursor else []
    rows, keys = page(conn, query, [*where, *bounds], cursor)
    more = len(rows) > query.count
    rows = rows[: query.count]
    total = cursor.total if cursor else total_of(conn, query, where, None if more else len(rows))
    after = None
    if more:
        newest = cursor.newest if cursor else newest_of(conn)
        after = Cursor(keys[len(rows) - 1], rows[-1].seq, newest, total)
    return Page(tuple(rows), tuple(included(conn, query, rows)), total, after)


def total_of(
    conn: sa.Connection, query: SearchQuery, where: Sequence[Clause], known: int | None
) -> int | None:
    """Return how many resources match, unless that was not asked; `known` saves counting."""
    if query.total == "none":
        return None
    return count(conn, where) if known is None else known


def count(conn: sa.Connection, where: Sequence[Clause]) -> int:
    """Return how many resources match."""
    return conn.scalar(sa.select(sa.func.count()).select_from(resource).where(*where)) or 0


def newest_of(conn: sa.Connection) -> int:
    """Return the number of the newest resource of all."""
    return conn.scalar(sa.select(sa.func.max(resource.c.seq))) or 0


def page(
    conn: sa.Connection, query: SearchQuery, where: list[Clause], cursor: Cursor | None
) -> tuple[list[Row], list[tuple[Any, ...]]]:
    """Return one row more than a page has, and the sort keys of each."""
    if not query.sort:
        if cursor:
            where.append(resource.c.seq > cursor.seq)
        chosen = sa.select(*COLUMNS).where(*where).order_by(resource.c.seq)
        rows = [Row(*row) for row in conn.execute(chosen.limit(query.count + 1))]
        return rows, [()] * len(rows)
    keys = [sort_key(by.parameter, resource, descending=by.descending) for by in query.sort]
    down = [by.descending for by in query.sort]
    if cursor:
        where.append(beyond([*keys, resource.c.seq], [*down, False], [*cursor.keys, cursor.seq]))
    order = [key.desc() if falls else key.asc() for key, falls in zip(keys, down, strict=True)]
    chosen = sa.select(resource.c.seq, *keys).where(*where).order_by(*order, resource.c.seq)
    found = conn.execute(chosen.limit(query.count + 1)).all()
    rows = by_seq(conn, [row[0] for row in found])
    return rows, [tuple(row[1:]) for row in found]


def beyond(keys: Sequence[Column], down: Sequence[bool], values: Sequence[Any]) -> Clause:
    """Return that the keys of a row come after `values`."""
    steps: list[Clause] = []
    for place, (key, falls, value) in enumerate(zip(keys, down, values, strict=True)):
        equal = [keys[before] == values[before] for before in range(place)]
        steps.append(sa.and_(*equal, key < value if falls else key > value))
    return sa.or_(*steps)


def by_seq(conn: sa.Connection, seqs: Sequence[int]) -> list[Row]:
    """Return rows by number, in the order given."""
    found: dict[int, Row] = {}
    for start in range(0, len(seqs), CHUNK):
        query = sa.select(*COLUMNS).where(resource.c.seq.in_(seqs[start : start + CHUNK]))
        found |= {row.seq: Row(*row) for row in conn.execute(query)}
    return [found[seq] for seq in seqs]


def included(conn: sa.Connection, query: SearchQuery, rows: Sequence[Row]) -> Iterable[Row]:
    """Return the resources that ``_include`` and ``_revinclude`` bring along, each once."""
    there = {Key(row.type, row.gid): row for row in rows}
    brought: dict[Key, Row] = {}
    fresh, includes = list(rows), query.includes
    for _ in range(DEEPEST if any(one.again for one in includes) else 1):
        keys: dict[Key, None] = {}
        for include in includes:
            keys.update(dict.fromkeys(followed(conn, include, fresh)))
        new = [key for key in keys if key not in there][: MOST_INCLUDED - len(brought)]
        found = read_many(conn, new)
        brought |= found
        there |= found
        fresh, includes = list(found.values()), tuple(one for one in query.includes if one.again)
        if not fresh:
            break
    return brought.values()


def followed(conn: sa.Connection, include: Include, rows: Sequence[Row]) -> Iterable[Key]:
    """Yield the keys of what one include leads to from `rows`."""
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        yield from (
            referring(conn, include, part) if include.reverse else referred(conn, include, part)
        )


def referred(conn: sa.Connection, include: Include, rows: Sequence[Row]) -> Iterable[Key]:
    """Yield the keys that `rows` refer to."""
    seqs = [row.seq for row in rows if row.type == include.source]
    where = [search_value.c.resource.in_(seqs), *named(include)]
    found = conn.scalars(sa.select(search_value.c.text).where(*where).distinct())
    for text in found:
        kind, bar, gid = str(text).rpartition("/")
        if bar and kind.isalpha() and include.target in (None, kind):
            yield Key(kind, gid)


def referring(conn: sa.Connection, include: Include, rows: Sequence[Row]) -> Iterable[Key]:
    """Yield the keys of resources of the include's type that refer to `rows`."""
    texts = [f"{row.type}/{row.gid}" for row in rows if include.target in (None, row.type)]
    query = (
        sa.select(resource.c.type, resource.c.gid)
        .join(search_value, search_value.c.resource == resource.c.seq)
        .where(
            search_value.c.type == include.source, search_value.c.text.in_(texts), *named(include)
        )
        .order_by(resource.c.seq)
    )
    for row in conn.execute(query):
        yield Key(*row)


def named(include: Include) -> list[Clause]:
    """Return the clause on the parameter, none for every reference."""
    if include.parameter is None:
        return [search_value.c.text.contains("/")]
    return [one_of(search_value.c.param, list(include.parameter.stored))]


@dataclass(frozen=True, slots=True)
class Compartment:
    """All that is known of one Patient: which types, since when, how much at once."""

    gid: str
    kinds: Sequence[str] = ()
    since: int | None = None
    count: int = 100


def compartment(conn: sa.Connection, asked: Compartment, cursor: Cursor | None = None) -> Page:
    """Return a page of what is, or is about, a Patient: the Patient, then by age here."""
    where: list[Clause] = [resource.c.patient == asked.gid, ~resource.c.deleted]
    if asked.kinds:
        where.append(resource.c.type.in_(asked.kinds))
    if asked.since is not None:
        where.append(resource.c.last_updated >= asked.since)
    counting = sa.select(sa.func.count()).select_from(resource).where(*where)
    total = cursor.total if cursor else conn.scalar(counting)
    newest = cursor.newest if cursor else newest_of(conn)
    rank = sa.case((resource.c.type == "Patient", 0), else_=1)
    where.append(resource.c.seq <= newest)
    if cursor:
        where.append(beyond([rank, resource.c.seq], [False, False], [*cursor.keys[:1], cursor.seq]))
    chosen = sa.select(*COLUMNS).where(*where).order_by(rank, resource.c.seq)
    rows = [Row(*row) for row in conn.execute(chosen.limit(asked.count + 1))]
    if len(rows) <= asked.count:
        return Page(tuple(rows), total=total)
    rows = rows[: asked.count]
    keys = (0 if rows[-1].type == "Patient" else 1,)
    return Page(tuple(rows), total=total, after=Cursor(keys, rows[-1].seq, newest, total))


def matching(
    conn: sa.Connection, kind: str, conditions: Sequence[Condition], place: Place = HERE
) -> list[Key]:
    """Return the keys that conditions mean, at most two: none, the one, or too many."""
    query = (
        sa.select(resource.c.type, resource.c.gid)
        .where(
            resource.c.type == kind,
            ~resource.c.deleted,
            *(clause(condition, kind, place) for condition in conditions),
        )
        .limit(2)
    )
    return [Key(*row) for row in conn.execute(query)]
