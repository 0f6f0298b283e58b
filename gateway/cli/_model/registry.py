"""`riskbridge model registry`: versions of models here, which is in use, who decided so and why."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from gateway.cli._options import configured
from gateway.cli._store import opened
from gateway.cli.sources import moment
from gateway.flow import models
from gateway.store import registry
from gateway.store.engine import reading, writing

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.config import Settings
    from gateway.store.registry import Action, Comparison

BY = click.option("--by", help="Who decides (otherwise the account that runs the command).")
REASON = click.option("--reason", default="", help="Why, for those who ask later.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(epilog="Example: riskbridge model registry shadow heart_core10 2024-b --reason trial")
def command() -> None:
    """Versions of models: registered, in the shadow, in use, and back again.

    A version in the shadow is scored beside the one in use; what it says is kept and compared, and
    never written back. Whom a decision is about is assessed again by the worker, or the next pull.
    """


@command.command("list", epilog="Example: riskbridge model registry list --json")
@JSON
@configured
def list_(settings: Settings, *, as_json: bool) -> None:
    """List the registered versions, and what was done with them."""
    with opened(settings) as engine, reading(engine) as connection:
        found = registry.versions(connection)
        events = registry.events(connection)
    states = registry.states(found, events)
    if as_json:
        told = [
            {"card": one.card, "version": one.version, "sha256": one.sha256, "state": state}
            for one, state in zip(found, states, strict=True)
        ]
        click.echo(json.dumps({"versions": told, "events": [asdict(one) for one in events]}))
        return
    table = Table("card", "version", "state", "registered", "sha256")
    for one, state in zip(found, states, strict=True):
        table.add_row(one.card, one.version, state, moment(one.added_at), one.sha256[:12])
    Console().print(table)
    told_by = Table("when", "who", "did", "card", "version", "why")
    for event in events:
        told_by.add_row(
            moment(event.at), event.by, event.action, event.card, event.version, event.reason or ""
        )
    Console().print(told_by)


@command.command(
    epilog="Example: riskbridge model registry add heart.toml --reason 'trained on 2024'"
)
@click.argument("card", type=click.Path(dir_okay=False, path_type=Path))
@BY
@REASON
@configured
def add(settings: Settings, *, card: Path, by: str | None, reason: str) -> None:
    """Register a card, with its model file, under the version it names."""
    made = models.read(card)
    with opened(settings) as engine, writing(engine) as connection:
        new = registry.register(connection, made, by=by or models.operator(), reason=reason)
    click.echo(f"{made.card} {made.version} {'registered' if new else 'was registered already'}")


def decision(action: Action, told: str) -> Callable[..., None]:
    """Return the function of a command that notes a decision about one version."""

    def decide(settings: Settings, *, card: str, version: str, by: str | None, reason: str) -> None:
        with opened(settings) as engine, writing(engine) as connection:
            who = by or models.operator()
            models.decide(connection, card, version, action, by=who, reason=reason)
        click.echo(told.format(card=card, version=version))

    return decide


DECISIONS: dict[str, tuple[Action, str, str]] = {
    "shadow": ("shadow", "Score a version beside the one in use.", "{card} {version} in shadow"),
    "promote": ("promote", "Put a version into use.", "{card} {version} is in use"),
    "retire": ("retire", "Take a version out of the shadow.", "{card} {version} retired"),
}


for name, (action, help_, told) in DECISIONS.items():
    made = BY(REASON(configured(decision(action, told))))
    made = click.argument("card")(click.argument("version")(made))
    epilog = f"Example: riskbridge model registry {name} heart_core10 2024-b --reason trial"
    command.command(name, help=help_, epilog=epilog)(made)


@command.command("roll-back", epilog="Example: riskbridge model registry roll-back heart_core10")
@click.argument("card")
@BY
@REASON
@configured
def roll_back(settings: Settings, *, card: str, by: str | None, reason: str) -> None:
    """Put the version before into use again (the shipped one, when there was no other)."""
    with opened(settings) as engine, writing(engine) as connection:
        models.decide(connection, card, "", "roll-back", by=by or models.operator(), reason=reason)
    click.echo(f"{card}: rolled back")


@command.command(epilog="Example: riskbridge model registry compare heart_core10 2024-b")
@click.argument("card")
@click.argument("version")
@JSON
@configured
def compare(settings: Settings, *, card: str, version: str, as_json: bool) -> None:
    """Compare a version in the shadow with the one in use, over the patients both have scored."""
    with opened(settings) as engine, reading(engine) as connection:
        found = registry.compare(connection, card, version)
    if as_json:
        click.echo(json.dumps(asdict(found)))
        return
    table = Table("", "figure", title=f"{card} {version} beside the version in use")
    for label, value in worded(found).items():
        table.add_row(label, value)
    Console().print(table)


def worded(found: Comparison) -> dict[str, str]:
    """Return a comparison in words, for people."""

    def shown(value: float | None) -> str:
        return "" if value is None else f"{value:.4g}"

    told: dict[str, Any] = {
        "patients": found.patients,
        "assessed by both": found.both,
        "only by this version": found.challenger_only,
        "only by the one in use": found.champion_only,
        "same category": found.same_category,
        "mean, this version": shown(found.mean),
        "mean, in use": shown(found.champion_mean),
        "mean difference": shown(found.mean_difference),
        "largest difference": shown(found.largest_difference),
    }
    return {label: str(value) for label, value in told.items()}
