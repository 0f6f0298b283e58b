"""`riskbridge cards`: the score cards, listed, shown and checked."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec
from rich.console import Console
from rich.table import Table

from gateway.cli._cards import chosen
from gateway.errors import UsageError
from scoring import cards
from scoring.choose import policy
from scoring.examples import wrong
from scoring.modelfile import Content

if TYPE_CHECKING:
    from scoring.cards import Card


@click.group(epilog="Example: riskbridge cards list")
def command() -> None:
    """List, show and check the scores."""


@command.command("list", epilog="Example: riskbridge cards list --json")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(as_json: bool) -> None:
    """List the scores that are shipped."""
    found = [summary(card) for card in loaded()]
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    table = Table("Card", "Title", "Version", "Outcome", "Horizon", "Inputs")
    for one in found:
        horizon = one["horizon"] or {"values": [], "unit": ""}
        span = "/".join(f"{value:g}" for value in horizon["values"]) + f" {horizon['unit']}"
        inputs = str(len(one["inputs"]))
        table.add_row(one["id"], one["title"], one["version"], one["outcome"], span, inputs)
    Console().print(table)


@command.command(epilog="Example: riskbridge cards show score2")
@click.argument("card")
@click.option("--json", "as_json", is_flag=True, help="Print JSON (the only form so far).")
def show(card: str, as_json: bool) -> None:  # noqa: ARG001 - both ways are JSON
    """Show all that one card holds, in JSON."""
    shown = msgspec.json.encode(whole(chosen(card)))
    click.echo(msgspec.json.format(shown).decode())


@command.command(epilog="Example: riskbridge cards check my-card.toml")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(files: tuple[str, ...], as_json: bool) -> None:
    """Check the cards that are shipped, or the FILES given, with their worked examples."""
    found = [read(Path(file)) for file in files] or loaded()
    problems = [f"{card.id}: {text}" for card in found for text in wrong(card)]
    if as_json:
        click.echo(json.dumps({"checked": len(found), "problems": problems}, ensure_ascii=False))
    else:
        for text in problems:
            click.echo(text, err=True)
        click.echo(f"{len(found)} cards checked, {len(problems)} problems")
    sys.exit(1 if problems else 0)


def whole(value: Any) -> Any:  # noqa: ANN401 - any part of a card
    """Return a card or a part of it as plain data, what it leaves to its defaults too."""
    if isinstance(value, msgspec.Struct):
        return whole(msgspec.structs.asdict(value))
    if isinstance(value, dict):
        return {name: whole(part) for name, part in value.items()}
    if isinstance(value, tuple):
        return [whole(part) for part in value]
    return f"{len(value.raw)} bytes" if isinstance(value, Content) else value


def loaded() -> list[Card]:
    """Return the shipped cards.

    Raises:
        UsageError: one of them, or the policy over them, is wrong.
    """
    try:
        policy()
        return list(cards.load().values())
    except ValueError as error:
        raise UsageError(str(error)) from None


def read(path: Path) -> Card:
    """Return the card in a file.

    Raises:
        UsageError: it breaks the notation; the text names file and key.
    """
    try:
        return cards.read(path)
    except ValueError as error:
        raise UsageError(str(error)) from None


def summary(card: Card) -> dict[str, Any]:
    """Return what a list says of a card."""
    spans = {
        (output.horizon, output.horizon_unit)
        for output in card.outputs.values()
        if output.horizon is not None
    }
    unit = next((unit for _, unit in spans), None)
    return {
        "id": card.id,
        "version": card.version,
        "title": card.title,
        "outcome": next(iter(card.outputs.values())).outcome,
        "horizon": {"values": sorted(v for v, _ in spans), "unit": unit} if spans else None,
        "inputs": list(card.inputs),
    }
