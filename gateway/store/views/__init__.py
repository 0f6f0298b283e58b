"""Read-only queries behind the console's pages: one module a page, rows as frozen dataclasses.

Every list is cut in the database, and every query runs on an index made for it, so that a page
costs the same with a hundred thousand patients as with a hundred.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import sqlalchemy as sa

from gateway.store.tables import assessment, resource

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")

PAGE = 50
COUNTED = 10_000
"""Further than this nobody counts or leafs: a longer list says "more than" and asks to narrow."""

DIRECT = "-"
"""How a filter names resources that came without a source, posted to the gateway."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list; `total` is capped at `COUNTED` + 1."""

    rows: tuple[T, ...]
    total: int
    number: int = 1
    size: int = PAGE

    @property
    def pages(self) -> int:
        """How many pages there are to leaf through."""
        return max(-(-min(self.total, COUNTED) // self.size), 1)

    @property
    def capped(self) -> bool:
        """Whether there are more rows than were counted."""
        return self.total > COUNTED

    @property
    def shown_total(self) -> int:
        """The number of rows that can be leafed through."""
        return min(self.total, COUNTED)

    @property
    def first(self) -> int:
        """The place of the first row in the whole list, from 1."""
        return (self.number - 1) * self.size + 1

    @property
    def last(self) -> int:
        """The place of the last row in the whole list."""
        return self.first + len(self.rows) - 1


def current() -> sa.ColumnElement[bool]:
    """Return the condition of an assessment that stands: neither replaced nor taken back."""
    return sa.and_(
        assessment.c.replaced_by.is_(None),
        assessment.c.status != sa.literal("entered-in-error", literal_execute=True),
    )


def living(type_: str = "Patient") -> sa.ColumnElement[bool]:
    """Return the condition of a resource of that type that has not been deleted."""
    return sa.and_(resource.c.type == sa.literal(type_, literal_execute=True), ~resource.c.deleted)


def named(source: str) -> str:
    """Return the stored name of a source named in a filter.

    >>> named("-"), named("gb-north")
    ('', 'gb-north')
    """
    return "" if source == DIRECT else source


def counted(connection: sa.Connection, chosen: sa.Select[Any]) -> int:
    """Return the number of rows that `chosen` finds, counting no further than `COUNTED` + 1."""
    some = chosen.limit(COUNTED + 1).subquery()
    return connection.scalar(sa.select(sa.func.count()).select_from(some)) or 0


def distinct(
    connection: sa.Connection, column: sa.ColumnElement[str | None], *where: sa.ColumnElement[bool]
) -> Iterator[str]:
    """Yield the different values of an indexed column in order, one index look-up each."""
    value = connection.scalar(sa.select(sa.func.min(column)).where(*where))
    while value is not None:
        yield value
        value = connection.scalar(sa.select(sa.func.min(column)).where(column > value, *where))
