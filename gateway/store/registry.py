"""The registry of models: which versions there are, which is in use, and who decided so.

What is in use follows from the events alone. The version in use (the champion) is the one promoted
last, else the shipped card; a version in the shadow is scored beside it, kept and never written
back; a roll-back puts the champion before into use again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

from gateway.errors import UsageError
from gateway.store import tables
from gateway.store.instants import now

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import sqlalchemy as sa

Action = Literal["register", "shadow", "promote", "retire", "roll-back"]
ACTIONS: tuple[Action, ...] = get_args(Action)


@dataclass(frozen=True, slots=True)
class Version:
    """A registered version of a card."""

    card: str
    version: str
    sha256: str
    body: bytes
    added_at: int


@dataclass(frozen=True, slots=True)
class Event:
    """What somebody did with a version of a card."""

    card: str
    version: str
    action: Action
    by: str
    reason: str | None
    at: int


@dataclass(slots=True)
class Standing:
    """What is in use of one card; `champions` None stands for the shipped version."""

    champions: list[str | None] = field(default_factory=lambda: [None])
    """The versions promoted, the one in use last; a roll-back takes it away."""
    shadows: list[str] = field(default_factory=list)

    @property
    def champion(self) -> str | None:
        """Return the version in use, None for the shipped one."""
        return self.champions[-1]

    def follow(self, event: Event) -> None:
        """Take account of an event."""
        if event.action in ("promote", "retire", "shadow") and event.version in self.shadows:
            self.shadows.remove(event.version)
        if event.action == "shadow":
            self.shadows.append(event.version)
        elif event.action == "promote":
            self.champions.append(event.version)
        elif event.action == "roll-back" and len(self.champions) > 1:
            self.champions.pop()


@dataclass(frozen=True, slots=True)
class Shadowed:
    """What a version in the shadow says of a patient, beside what the champion says."""

    patient: str
    card: str
    version: str
    source: str
    applicable: bool
    value: float | None
    category: str | None
    champion: str
    champion_applicable: bool
    champion_value: float | None
    champion_category: str | None


def register(
    connection: sa.Connection, card: str, version: str, body: bytes, *, by: str, reason: str = ""
) -> bool:
    """Keep a version of a card; False when the very same is there already.

    Raises:
        UsageError: another card stands under that version: a version is never changed.
    """
    known = find(connection, card, version)
    sha256 = hashlib.sha256(body).hexdigest()
    if known is not None:
        if known.sha256 != sha256:
            raise UsageError(f"{card} has a version {version} of other content: give it a new one")
        return False
    row = {"card": card, "version": version, "sha256": sha256, "body": body, "added_at": now()}
    connection.execute(tables.model_version.insert(), row)
    note(connection, card, version, "register", by=by, reason=reason)
    return True


def note(
    connection: sa.Connection, card: str, version: str, action: Action, *, by: str, reason: str = ""
) -> None:
    """Add an event."""
    row = {"card": card, "version": version, "action": action, "by": by, "reason": reason or None}
    connection.execute(tables.model_event.insert(), {**row, "at": now()})


def find(connection: sa.Connection, card: str, version: str) -> Version | None:
    """Return a registered version."""
    table = tables.model_version
    asked = table.select().where(table.c.card == card, table.c.version == version)
    row = connection.execute(asked).one_or_none()
    return Version(*row) if row else None


def versions(connection: sa.Connection) -> list[Version]:
    """Return all registered versions, the oldest first."""
    table = tables.model_version
    rows = connection.execute(table.select().order_by(table.c.card, table.c.added_at))
    return [Version(*row) for row in rows]


def events(connection: sa.Connection, card: str | None = None) -> list[Event]:
    """Return what was done, of one card or of all, the oldest first."""
    table = tables.model_event
    asked = table.select().order_by(table.c.seq)
    rows = connection.execute(asked if card is None else asked.where(table.c.card == card))
    return [Event(*row[1:]) for row in rows]


def standings(listed: Iterable[Event]) -> dict[str, Standing]:
    """Return what is in use, by card, from its events."""
    found: dict[str, Standing] = {}
    for event in listed:
        found.setdefault(event.card, Standing()).follow(event)
    return found


def keep_shadows(
    connection: sa.Connection, patients: Sequence[str], found: Iterable[Shadowed]
) -> None:
    """Replace what shadows say of some patients."""
    table = tables.shadow_score
    connection.execute(table.delete().where(table.c.patient.in_(patients)))
    moment = now()
    rows = [
        {name: getattr(one, name) for name in Shadowed.__slots__} | {"at": moment} for one in found
    ]
    if rows:
        connection.execute(table.insert(), rows)


def shadows(connection: sa.Connection, card: str, version: str) -> list[Mapping[str, object]]:
    """Return all that a version in the shadow says."""
    table = tables.shadow_score
    asked = table.select().where(table.c.card == card, table.c.version == version)
    return [dict(row._mapping) for row in connection.execute(asked)]  # noqa: SLF001 - SQLAlchemy's own name
