"""Whether those scored lately are like those the cards were trained on, looked at now and then."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from gateway.store.engine import reading
from gateway.store.tables import assessment
from scoring.cards import load
from scoring.drift import FEWEST, Drifted, Seen, drift, mix

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring.cards import Card, Input

ROWS = 2000
"""The newest assessments of a card that are looked at; the units are held to as many before."""
EVERY_S = 300.0
OF_PERSON = ("age", "sex")

_LOOKED: WeakKeyDictionary[sa.Engine, tuple[float, dict[str, tuple[Drifted, ...]]]] = (
    WeakKeyDictionary()
)


def drifts(engine: sa.Engine) -> dict[str, tuple[Drifted, ...]]:
    """Return card to how far its inputs have moved, looked at afresh every five minutes.

    Only cards that keep a reference, with assessments enough, are there.
    """
    at, found = _LOOKED.get(engine, (-EVERY_S, {}))
    if monotonic() - at >= EVERY_S:
        with reading(engine) as conn:
            looked = {one.id: of_card(conn, one) for one in load().values() if referenced(one)}
        found = {card: inputs for card, inputs in looked.items() if inputs}
        _LOOKED[engine] = (monotonic(), found)
    return found


def referenced(card: Card) -> bool:
    """Say whether a card keeps what its inputs were like in training."""
    return card.training is not None and bool(card.training.reference)


def of_card(conn: sa.Connection, card: Card) -> tuple[Drifted, ...]:
    """Return how far the inputs of a card have moved."""
    table = assessment.c
    query = (
        sa.select(table.score)
        .where(table.card == card.id, table.status == "final", table.replaced_by.is_(None))
        .order_by(table.created_at.desc(), table.identifier)
        .limit(2 * ROWS)
    )
    rows = [seen(card, score) for score in conn.scalars(query)]
    before = rows[ROWS:]
    return drift(card, rows[:ROWS], mix(before) if len(before) >= FEWEST else None)


def seen(card: Card, score: Mapping[str, Any]) -> Seen:
    """Return what was known of a person: inputs that were assumed are missing."""
    basis = {one["feature"]: one for one in score.get("basis", ())}
    values, units = {}, {}
    for name, value in score.get("inputs", {}).items():
        given = card.inputs.get(name)
        measured = basis.get(given.feature or name) if given else None
        if given and (measured or given.source in OF_PERSON or known(given, basis)):
            values[name] = value
        unit = ((measured or {}).get("original") or {}).get("unit")
        if unit:
            units[name] = unit
    return Seen(values, units)


def known(given: Input, basis: Mapping[str, Any]) -> bool:
    """Say whether an input that is the quotient of two features was measured."""
    return given.ratio is not None and all(name in basis for name in given.ratio)
