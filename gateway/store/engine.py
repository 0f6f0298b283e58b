"""Opens the store and its transactions: `open_store`, `writing`, `reading`.

SQLite runs in WAL mode with foreign keys; a writer takes the write lock at its start (`BEGIN
IMMEDIATE`), because a reader that turns writer half-way fails under load whatever the time-out.
Inside one process writers queue on a lock, which wakes the next at once; SQLite itself polls.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import msgspec
import sqlalchemy as sa

from gateway.errors import ConfigurationError
from gateway.store.migrations import upgrade

if TYPE_CHECKING:
    from collections.abc import Iterator

BUSY_MS = 30_000
"""How long a writer waits for another process's transaction."""


def open_store(url: str, *, migrate: bool = True, durable: bool = True) -> sa.Engine:
    """Return the engine for `url`, its tables up to date unless `migrate` is false.

    With `durable` a commit is on the disk when it returns (SQLite ``synchronous=FULL``); the
    sandbox, whose patients can be invented again, goes without.

    Raises:
        ConfigurationError: the URL or the database cannot be used.
    """
    try:
        engine = sa.create_engine(
            url,
            json_serializer=lambda value: msgspec.json.encode(value).decode(),
            json_deserializer=msgspec.json.decode,
            hide_parameters=True,
        )
        if engine.dialect.name == "sqlite":
            prepare_sqlite(engine, durable=durable)
        if migrate:
            upgrade(engine)
    except (sa.exc.ArgumentError, sa.exc.DatabaseError, ImportError) as error:
        place = sa.make_url(url).render_as_string() if "://" in url else url
        raise ConfigurationError(f"the store {place} cannot be opened: {told(error)}") from None
    return engine


def told(error: Exception) -> str:
    """Return the driver's own first line, without the statement that SQLAlchemy adds."""
    text = str(getattr(error, "orig", None) or error)
    return text.splitlines()[0] if text else type(error).__name__


def prepare_sqlite(engine: sa.Engine, *, durable: bool) -> None:
    """Set the pragmas of each new connection, and let transactions begin as they are meant."""
    pragmas = (
        f"PRAGMA busy_timeout = {BUSY_MS}",
        "PRAGMA journal_mode = WAL",
        f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}",
        "PRAGMA foreign_keys = ON",
        "PRAGMA cache_size = -32000",
    )

    def connected(connection: Any, _record: object) -> None:  # noqa: ANN401
        connection.isolation_level = None  # the driver begins nothing by itself
        for pragma in pragmas:
            connection.execute(pragma)

    def begun(connection: sa.Connection) -> None:
        immediate = connection.get_execution_options().get("writing", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    sa.event.listen(engine, "connect", connected)
    sa.event.listen(engine, "begin", begun)


LOCKS: WeakKeyDictionary[sa.Engine, threading.Lock] = WeakKeyDictionary()


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Give a connection in a write transaction: committed at the end, undone on an error."""
    alone = LOCKS.setdefault(engine, threading.Lock())
    with (
        alone if engine.dialect.name == "sqlite" else nullcontext(),
        engine.connect().execution_options(writing=True) as connection,
        connection.begin(),
    ):
        yield connection


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Give a connection that sees one state of the store throughout and changes nothing."""
    with engine.connect() as connection, connection.begin():
        yield connection
