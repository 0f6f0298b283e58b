"""Models in use here: registered versions as cards, and what follows when one is promoted."""

from __future__ import annotations

import getpass
import hashlib
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING

from gateway import pipeline
from gateway.errors import UsageError
from gateway.flow import intake
from gateway.pipeline import Models, shadowed
from gateway.store import registry
from gateway.store.engine import reading
from gateway.store.instants import now
from gateway.store.registry import Shadowed, Version
from scoring import cards

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import sqlalchemy as sa

    from gateway.flow.whereabouts import Whereabouts
    from gateway.pipeline import Assessed
    from gateway.store.registry import Action
    from scoring.cards import Card
    from terminology.records import Score

KEPT = 64
"""Cards that stay parsed."""


@lru_cache(KEPT)
def parsed(body: bytes, file: bytes | None, name: str) -> Card:
    """Return the card of a registered version; the bytes of its model file are at hand."""
    return cards.parse(body.decode(), name, (lambda _: file or b""))


def card_of(version: Version) -> Card:
    """Return a registered version as a card."""
    return parsed(version.body, version.file, f"{version.card}@{version.version}")


def in_use(connection: sa.Connection) -> Models:
    """Return the versions in use in the place of the shipped ones, and those beside them."""
    standings = registry.standings(registry.events(connection))
    if not standings:
        return Models()
    known = {(one.card, one.version): one for one in registry.versions(connection)}
    found = {
        name: known[name, standing.champion]
        for name, standing in standings.items()
        if standing.champion is not None and (name, standing.champion) in known
    }
    beside = {
        name: tuple(card_of(known[name, version]) for version in standing.shadows)
        for name, standing in standings.items()
        if standing.shadows
    }
    return Models({name: card_of(one) for name, one in found.items()}, beside)


def shipped_version(card: str) -> str | None:
    """Return the version of a card that is shipped."""
    found = cards.load().get(card)
    return found.version if found else None


def read(path: Path) -> Version:
    """Return the card in a file, with its model file, as a version to be registered.

    Raises:
        UsageError: the file is no card.
    """
    try:
        card = cards.read(path)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if shipped_version(card.id) == card.version:
        raise UsageError(f"{card.id} {card.version} is shipped: give yours another version")
    body = path.read_bytes()
    content = card.model_file.content if card.model_file else None
    file = content.raw if content else None
    return Version(card.id, card.version, hashlib.sha256(body).hexdigest(), body, file, now())


def decide(
    connection: sa.Connection, card: str, version: str, action: Action, *, by: str, reason: str
) -> None:
    """Note what somebody decided of a version, and have everybody assessed whom it changes.

    Raises:
        UsageError: there is no such version, or nothing to take back.
    """
    standing = registry.standings(registry.events(connection, card)).get(card)
    if action == "roll-back":
        if standing is None or standing.champion is None:
            raise UsageError(
                f"{card}: the shipped version is in use: there is nothing to roll back"
            )
        version = standing.champion
    elif registry.find(connection, card, version) is None:
        text = (
            f"there is no registered version {version} of {card}; `riskbridge model registry list`"
        )
        raise UsageError(f"{text} shows them")
    if action == "promote" and standing is not None and standing.champion == version:
        raise UsageError(f"{card} {version} is in use already")
    registry.note(connection, card, version, action, by=by, reason=reason)
    ask_again(connection, card)


def check_cards(engine: sa.Engine, wanted: Iterable[str]) -> None:
    """Check that each is ``auto``, the id of a shipped card, or of one that was promoted here.

    Raises:
        ConfigurationError: one is not.
    """
    with reading(engine) as connection:
        pipeline.check_cards(wanted, in_use(connection).champions)


def ask_again(connection: sa.Connection, card: str) -> None:
    """Have everybody assessed again whom a card is about."""
    about = sorted(registry.assessed_by(connection, card))
    for source, pairs in groupby(about, key=lambda pair: pair[0]):
        intake.ask(connection, source, [patient for _, patient in pairs])


def operator() -> str:
    """Return who is at work here, as the system knows it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def shadows(assessed: Assessed, models: Models, where: Whereabouts, source: str) -> list[Shadowed]:
    """Return what the versions in the shadow say of the patients."""
    return list(_shadows(assessed, models, where, source)) if models.shadows else []


def _shadows(
    assessed: Assessed, models: Models, where: Whereabouts, source: str
) -> Iterator[Shadowed]:
    for one, score in shadowed(assessed, models):
        patient = where.gid(one.row.patient)
        champion = one.score
        yield Shadowed(
            patient, score.card, score.version, source,
            score.applicable, first_number(score), score.category,
            champion.version, champion.applicable, first_number(champion), champion.category,
        )  # fmt: skip


def first_number(score: Score) -> float | None:
    """Return the first output that is a number."""
    numbers = (value for value in score.outputs.values() if isinstance(value, int | float))
    return next((float(value) for value in numbers if not isinstance(value, bool)), None)
