"""The registry of models: which versions there are, which is in use, and who decided so.

What is in use follows from the events alone. The version in use (the champion) is the one promoted
last, else the shipped card; a version in the shadow is scored beside it, kept and never written
back; a roll-back puts the champion before into use again.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

import sqlalchemy as sa

from gateway.errors import UsageError
from gateway.store import tables
from gateway.store.instants import now

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Action = Literal["register", "shadow", "promote", "retire", "roll-back"]
ACTIONS: tuple[Action, ...] = get_args(Action)


@dataclass(frozen=True, slots=True)
class Version:
    """A registered version of a card."""

    card: str
    version: str
    sha256: str
    """Of the body, which holds the hash of the model file."""
    body: bytes
    """The card, as TOML."""
    file: bytes | None
    """Its model file, when it is no table of coefficients."""
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


@dataclass(frozen=True, slots=True)
class Comparison:
    """A version in the shadow beside the one in use; numbers are of patients both assess."""

    patients: int
    both: int
    challenger_only: int
    champion_only: int
    same_category: int
    mean: float | None
    champion_mean: float | None
    mean_difference: float | None
    """Mean of the absolute differences."""
    largest_difference: float | None


def register(connection: sa.Connection, made: Version, *, by: str, reason: str = "") -> bool:
    """Keep a version of a card; False when the very same is there already.

    Raises:
        UsageError: another card stands under that version: a version is never changed.
    """
    known = find(connection, made.card, made.version)
    if known is not None:
        if known.sha256 != made.sha256:
            text = f"{made.card} has a version {made.version} of other content: give it a new one"
            raise UsageError(text)
        return False
    connection.execute(tables.model_version.insert(), asdict(made))
    note(connection, made.card, made.version, "register", by=by, reason=reason)
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


def states(listed: Sequence[Version], decided: Iterable[Event]) -> list[str]:
    """Return of each version whether it is in use, in the shadow, or only registered."""
    found = standings(decided)

    def state(one: Version) -> str:
        standing = found.get(one.card, Standing())
        if standing.champion == one.version:
            return "in use"
        return "in shadow" if one.version in standing.shadows else "registered"

    return [state(one) for one in listed]


def assessed_by(connection: sa.Connection, card: str) -> list[tuple[str, str]]:
    """Return source and patient of all whom a card assesses, or refuses, at present."""
    made, refused = tables.assessment, tables.refusal
    of_card = sa.union(
        sa.select(made.c.source, made.c.patient).where(
            made.c.card == card, made.c.replaced_by.is_(None)
        ),
        sa.select(refused.c.source, refused.c.patient).where(refused.c.card == card),
    )
    return [(source, patient) for source, patient in connection.execute(of_card)]


def assessed(connection: sa.Connection) -> dict[str, int]:
    """Return how many patients each card assesses at present."""
    table = tables.assessment
    asked = sa.select(table.c.card, sa.func.count()).where(table.c.replaced_by.is_(None))
    return {row.card: row[1] for row in connection.execute(asked.group_by(table.c.card))}


def keep_shadows(
    connection: sa.Connection, patients: Sequence[str], found: Sequence[Shadowed]
) -> None:
    """Replace what versions in the shadow say of some patients."""
    table, moment = tables.shadow_score, now()
    for card, version in {(one.card, one.version) for one in found}:
        of_version = (table.c.card == card, table.c.version == version)
        connection.execute(table.delete().where(table.c.patient.in_(patients), *of_version))
    rows = [{**asdict(one), "at": moment} for one in found]
    if rows:
        connection.execute(table.insert(), rows)


def compare(connection: sa.Connection, card: str, version: str) -> Comparison:
    """Return how a version in the shadow compares with the one in use, over all it has scored."""
    table = tables.shadow_score
    both = sa.and_(table.c.applicable, table.c.champion_applicable)
    gap = sa.func.abs(table.c.value - table.c.champion_value)
    alike = table.c.category.is_not_distinct_from(table.c.champion_category)

    def counted(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)

    def averaged(value: sa.ColumnElement[float]) -> sa.ColumnElement[float | None]:
        return sa.func.avg(sa.case((both, value)))

    asked = sa.select(
        sa.func.count(),
        counted(both),
        counted(sa.and_(table.c.applicable, sa.not_(table.c.champion_applicable))),
        counted(sa.and_(sa.not_(table.c.applicable), table.c.champion_applicable)),
        counted(sa.and_(both, alike)),
        averaged(table.c.value),
        averaged(table.c.champion_value),
        averaged(gap),
        sa.func.max(sa.case((both, gap))),
    ).where(table.c.card == card, table.c.version == version)
    return Comparison(*connection.execute(asked).one())
