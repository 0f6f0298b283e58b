"""Opaque places of pages: what a next link carries, and where it is kept when it may not show.

A place is the search (type, parameters as applied) and the cursor behind the last row. It stands
in the link itself, unless it holds more than ids and times: parameters that were posted to keep
them out of addresses, or texts that were sorted by. Then the link names a row of `search_state`.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from secrets import token_urlsafe
from typing import TYPE_CHECKING, TypeVar

import msgspec
import sqlalchemy as sa

from gateway.errors import RequestError
from gateway.store import instants
from gateway.store.engine import writing
from gateway.store.search import Cursor
from gateway.store.tables import search_state

if TYPE_CHECKING:
    from gateway.store.query import SearchQuery

KEPT_MS = 24 * 3600 * 1000
"""How long a kept place can be gone back to."""

P = TypeVar("P", "Spot", "Older")
NUMERIC = ("_lastUpdated", "_id")
NO_SUCH = "the link to this page is not, or no longer, valid: search again"


class Spot(msgspec.Struct, array_like=True, frozen=True):
    """Where a page of a search begins."""

    type: str
    pairs: list[tuple[str, str]]
    keys: list[float | str]
    seq: int
    newest: int
    total: int | None

    @property
    def cursor(self) -> Cursor:
        """Return the cursor for the store."""
        return Cursor(tuple(self.keys), self.seq, self.newest, self.total)


class Older(msgspec.Struct, array_like=True, frozen=True):
    """Where a page of a history begins: behind this version."""

    last_updated: int
    seq: int
    version: int


def link(engine: sa.Engine, query: SearchQuery, cursor: Cursor, *, posted: bool) -> str:
    """Return the token of the page behind `cursor`."""
    spot = Spot(
        query.type, list(query.applied), list(cursor.keys), cursor.seq, cursor.newest, cursor.total
    )
    if posted or any(key.parameter.name not in NUMERIC for key in query.sort):
        return kept(engine, msgspec.json.encode(spot).decode())
    return token(spot)


def token(spot: Spot | Older) -> str:
    """Return a place as text for an address."""
    return urlsafe_b64encode(msgspec.json.encode(spot)).decode().rstrip("=")


def kept(engine: sa.Engine, text: str) -> str:
    """Keep a place for a day and return its name; places of yesterday are dropped."""
    name = f"_{token_urlsafe(18)}"
    now = instants.now()
    with writing(engine) as conn:
        conn.execute(search_state.delete().where(search_state.c.created_at < now - KEPT_MS))
        conn.execute(search_state.insert().values(token=name, query=text, created_at=now))
    return name


def spot(conn: sa.Connection, text: str) -> Spot:
    """Return the place that a token means.

    Raises:
        RequestError: it means none.
    """
    if text.startswith("_"):
        query = sa.select(search_state.c.query).where(search_state.c.token == text)
        found = conn.scalar(query)
        if found is None:
            raise RequestError(NO_SUCH)
        return msgspec.json.decode(found, type=Spot)
    return read(text, Spot)


def older(text: str) -> Older:
    """Return the place in a history that a token means.

    Raises:
        RequestError: it means none.
    """
    return read(text, Older)


def read(text: str, kind: type[P]) -> P:
    """Return the place written into a token."""
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return msgspec.json.decode(raw, type=kind)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        raise RequestError(NO_SUCH) from None
