"""Partner servers: their settings, what they can do, and how far each was pulled."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from gateway.config import Source
from gateway.store.instants import now
from gateway.store.outbox import NOTED
from gateway.store.tables import outbox
from gateway.store.tables import source as table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SETTINGS = frozenset(one.name for one in fields(Source))


@dataclass(frozen=True, slots=True)
class Known:
    """A source and its state."""

    settings: Source
    added: bool = False
    """Whether it was added by command; otherwise the configuration file holds it."""
    capability: Mapping[str, Any] | None = None
    reachable: bool | None = None
    probed_at: int | None = None
    last_pull_at: int | None = None
    last_error: str | None = None
    checkpoint: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return the source's name."""
        return self.settings.name

    @property
    def fhir_version(self) -> str:
        """Return the FHIR version: as set, else as the server declares, else R4."""
        if self.settings.fhir_version != "auto":
            return self.settings.fhir_version
        return str((self.capability or {}).get("fhir_version") or "R4")

    @property
    def guides(self) -> frozenset[str]:
        """Return the implementation guides that the server says it follows."""
        return frozenset((self.capability or {}).get("guides") or ())

    @property
    def refused(self) -> Mapping[str, str]:
        """Return the types that the server has shown not to take, and what it answered."""
        return dict((self.capability or {}).get("refused") or {})


def keep(connection: sa.Connection, source: Source, *, added: bool = False) -> None:
    """Keep the settings of a source; at another address what was known of the server is void.

    What was written at the former address is looked for, and written if need be, at the new one.
    """
    kept = named(connection, source.name)
    values: dict[str, Any] = {
        "base_url": source.base_url,
        "country": source.country,
        "settings": {**asdict(source), "added": added},
    }
    if kept is None:
        connection.execute(sa.insert(table).values(name=source.name, **values))
        return
    if kept.settings == source and kept.added == added:
        return
    if kept.settings.base_url != source.base_url:
        values |= {"capability": None, "reachable": None, "probed_at": None, "checkpoint": None}
        reopen(connection, source.name)
    connection.execute(sa.update(table).where(table.c.name == source.name).values(values))


def reopen(connection: sa.Connection, name: str) -> None:
    """Have everything written that was, or was refused, at the source's former address."""
    connection.execute(sa.delete(outbox).where(outbox.c.source == name, outbox.c.state == NOTED))
    connection.execute(
        sa.update(outbox)
        .where(outbox.c.source == name, outbox.c.state != "held")
        .values(state="due", attempts=0, next_attempt=None, written_at=None)
    )


def keep_all(engine: sa.Engine, sources: Iterable[Source]) -> None:
    """Keep the sources of the configuration, writing only when something changed."""
    with engine.connect() as connection, connection.begin():
        known = {one.name: one for one in every(connection)}
    changed = [
        source
        for source in sources
        if source.name not in known
        or known[source.name].settings != source
        or known[source.name].added
    ]
    if not changed:
        return
    with engine.connect().execution_options(writing=True) as connection, connection.begin():
        for source in changed:
            keep(connection, source)


def named(connection: sa.Connection, name: str) -> Known | None:
    """Return the source of that name."""
    row = connection.execute(sa.select(table).where(table.c.name == name)).mappings().first()
    return known_of(row) if row else None


def every(connection: sa.Connection) -> list[Known]:
    """Return all sources, by name."""
    rows = connection.execute(sa.select(table).order_by(table.c.name)).mappings()
    return [known_of(row) for row in rows]


def known_of(row: sa.RowMapping) -> Known:
    """Return a row of the table as a record; settings of another release are passed over."""
    settings = dict(row["settings"] or {})
    added = bool(settings.pop("added", False))
    told = {key: value for key, value in settings.items() if key in SETTINGS}
    told |= {"name": row["name"], "base_url": row["base_url"]}
    for key in ("cards", "quirks", "form"):
        if key in told:
            told[key] = tuple(told[key])
    return Known(
        settings=Source(**told),
        added=added,
        capability=row["capability"],
        reachable=row["reachable"],
        probed_at=row["probed_at"],
        last_pull_at=row["last_pull_at"],
        last_error=row["last_error"],
        checkpoint=row["checkpoint"] or {},
    )


def probed(connection: sa.Connection, name: str, capability: Mapping[str, Any]) -> None:
    """Note that the server answered, and what it can do; what it has refused stays known."""
    known = named(connection, name)
    refused = {"refused": known.refused} if known and known.refused else {}
    change(
        connection,
        name,
        capability={**capability, **refused},
        fhir_version=capability["fhir_version"],
        reachable=True,
        probed_at=now(),
        last_error=None,
    )


def remember(connection: sa.Connection, name: str, refused: Mapping[str, str]) -> None:
    """Note which types the server does not take, and what it answered; nothing forgets all."""
    known = named(connection, name)
    if known is not None and dict(refused) != known.refused:
        change(connection, name, capability={**(known.capability or {}), "refused": dict(refused)})


def failed(connection: sa.Connection, name: str, error: str, *, reachable: bool) -> None:
    """Note what went wrong with the server (a text without patient data)."""
    change(connection, name, last_error=error, reachable=reachable)


def checkpoint(connection: sa.Connection, name: str, state: Mapping[str, Any]) -> None:
    """Note how far the source has been pulled."""
    change(connection, name, checkpoint=dict(state))


def pulled(connection: sa.Connection, name: str, state: Mapping[str, Any]) -> None:
    """Note that a pull has come to its end."""
    change(
        connection,
        name,
        checkpoint=dict(state),
        last_pull_at=now(),
        reachable=True,
        last_error=None,
    )


def remove(connection: sa.Connection, name: str) -> bool:
    """Forget a source and its state; what was pulled from it stays."""
    return connection.execute(sa.delete(table).where(table.c.name == name)).rowcount > 0


def change(connection: sa.Connection, name: str, **values: Any) -> None:  # noqa: ANN401
    """Set columns of one source."""
    connection.execute(sa.update(table).where(table.c.name == name).values(values))
