"""The console's page of models: what is in use and how well it did, shadows beside it, who decided.

Decisions are posted as in the registry's commands; the console has no accounts of its own, so what
is decided here is noted as decided at the console.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import abort, redirect, render_template, request, url_for

from gateway.errors import UsageError
from gateway.flow import models
from gateway.store import federation, registry
from gateway.store.engine import reading, writing
from gateway.store.registry import Standing
from scoring import cards

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import sqlalchemy as sa
    from flask import Blueprint
    from flask.typing import ResponseReturnValue

    from gateway.pipeline import Models
    from gateway.store.registry import Action, Comparison, Event, Version
    from scoring.cards import Card

BY = "console"
SHOWN = 50
"""Answers to joint trainings that the page lists; `riskbridge studies left` has all of them."""
LONGEST = 200
"""Characters of a reason that are kept."""

ACTS: Mapping[str, Sequence[Action]] = {
    "registered": ("shadow", "promote"),
    "in shadow": ("promote", "retire"),
    "in use": ("roll-back",),
}
"""What can be done with a version, by its state."""

FIGURES = ("cv_auc", "cv_brier", "left_out_auc", "left_out_brier")


@dataclass(frozen=True, slots=True)
class InUse:
    """A card and the version of it that is in use."""

    card: Card
    shipped: bool
    patients: int

    @property
    def figures(self) -> dict[str, float]:
        """Return how well it did in training, the figures that are known of those shown."""
        metrics = self.card.training.metrics if self.card.training else {}
        return {name: metrics[name] for name in FIGURES if name in metrics}


@dataclass(frozen=True, slots=True)
class Registered:
    """A registered version, what may be done with it, and how it compares with the one in use."""

    version: Version
    state: str
    comparison: Comparison | None

    @property
    def acts(self) -> Sequence[Action]:
        """Return what can be done with it."""
        return ACTS[self.state]

    @property
    def since(self) -> datetime:
        """Return when it was registered."""
        return moment(self.version.added_at)


def moment(instant: int) -> datetime:
    """Return an instant of the store."""
    return datetime.fromtimestamp(instant / 1000, UTC)


def page(engine: sa.Engine, problem: str = "") -> str:
    """Return the page of models."""
    with reading(engine) as connection:
        shown = context(connection)
    return render_template("models.html", here="models", problem=problem, moment=moment, **shown)


def context(connection: sa.Connection) -> dict[str, Any]:
    """Return all that the template needs."""
    events = registry.events(connection)
    versions = registry.versions(connection)
    used = in_use(models.in_use(connection), registry.assessed(connection))
    return {
        "trained": [one for one in used if one.card.training],
        "published": [one for one in used if not one.card.training],
        "registered": registered(connection, versions, events),
        "events": events[::-1],
        "figures": FIGURES,
        "left": federation.left(connection, limit=SHOWN),
    }


def in_use(found: Models, counts: Mapping[str, int]) -> list[InUse]:
    """Return every card in the version in use, with how many patients it assesses."""
    names = sorted({*cards.load(), *found.champions})
    return [InUse(found.card(n), n not in found.champions, counts.get(n, 0)) for n in names]


def registered(
    connection: sa.Connection, versions: Sequence[Version], events: Sequence[Event]
) -> list[Registered]:
    """Return the registered versions; those in the shadow beside the one in use."""
    states = registry.states(versions, events)
    return [
        Registered(
            one,
            state,
            registry.compare(connection, one.card, one.version) if state == "in shadow" else None,
        )
        for one, state in zip(versions, states, strict=True)
    ]


def decide(engine: sa.Engine, card: str, version: str, action: Action) -> ResponseReturnValue:
    """Note a decision, and go back to the page; what cannot be decided is told there."""
    reason = request.form.get("reason", "").replace("\0", "").strip()[:LONGEST]
    try:
        with writing(engine) as connection:
            used = registry.standings(registry.events(connection, card)).get(card, Standing())
            if action == "roll-back" and used.champion != version:
                abort(409)
            models.decide(connection, card, version, action, by=BY, reason=reason)
    except UsageError as error:
        return page(engine, error.text), 409
    return redirect(url_for("ui.models"), 303)


def register(site: Blueprint, engine: sa.Engine) -> None:
    """Add the page and its decisions to the console."""
    site.add_url_rule("/models", view_func=partial(page, engine), endpoint="models")
    for action in ("shadow", "promote", "retire", "roll-back"):
        site.add_url_rule(
            f"/models/<card>/<version>/{action}",
            view_func=partial(decide, engine, action=action),
            endpoint=f"model_{action}",
            methods=["POST"],
        )
