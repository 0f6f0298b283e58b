"""`riskbridge units`: convert values and check units, JSON Lines in and out."""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from gateway.cli._options import configured
from gateway.errors import UsageError
from terminology import codes, texts, units

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO

    from gateway.config import Settings

Answer = dict[str, Any]
"""One line of output: ``error`` and ``detail`` when the item failed."""

SOURCE = click.Path(dir_okay=False, allow_dash=True)


@click.group(epilog="Example: riskbridge units check units.jsonl")
def command() -> None:
    """Convert values between units, and check units and unit texts."""


@command.command(epilog="Example: riskbridge units convert values.jsonl")
@configured
@click.argument("file", type=SOURCE, default="-")
def convert(_: Settings, *, file: str) -> None:
    """Convert each `value` `from` one unit `to` another.

    FILE (or stdin) has one JSON object a line, such as {"value": "5.4", "from": "mmol/L", "to":
    "mg/dL", "feature": "total_cholesterol"}. Mass to moles, and mmol/mol to %, need the feature.
    """
    run(file, converted)


@command.command(epilog="Example: riskbridge units check units.jsonl")
@configured
@click.argument("file", type=SOURCE, default="-")
def check(_: Settings, *, file: str) -> None:
    """Say whether each `unit` is UCUM, or which unit a `text` means for a `feature`.

    FILE (or stdin) has one JSON object a line, such as {"unit": "mm[Hg]"} or {"text": "mmol/l",
    "feature": "glucose_fasting"}.
    """
    run(file, checked)


def run(file: str, answer: Callable[[Answer], Answer]) -> None:
    """Answer each line; exit status 1 when an item failed.

    Raises:
        UsageError: the file cannot be read.
    """
    failed = False
    try:
        with click.open_file(file, "rb") as stream:
            for line in lines(stream):
                found = one(line, answer)
                failed = failed or "error" in found
                sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}") from None
    if failed:
        sys.exit(1)


def lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Return the lines that hold anything."""
    return (line for line in stream if line.strip())


def one(line: bytes, answer: Callable[[Answer], Answer]) -> Answer:
    """Return the answer to one line, with its ``id`` when it has one."""
    try:
        asked = json.loads(line, parse_float=Decimal, parse_constant=refuse)
    except (ValueError, RecursionError):
        return {"error": "malformed", "detail": "the line is no JSON"}
    if not isinstance(asked, dict):
        return {"error": "malformed", "detail": "the line is no JSON object"}
    named = {"id": asked["id"]} if isinstance(asked.get("id"), str | int) else {}
    return named | answer(asked)


def refuse(name: str) -> None:
    """Refuse NaN and Infinity, which are no JSON.

    Raises:
        ValueError: always.
    """
    raise ValueError(name)


def converted(asked: Answer) -> Answer:
    """Return ``value`` in the unit that was asked for, or why there is none."""
    for key in ("from", "to", "feature", "system", "code"):
        if not isinstance(asked.get(key), str if key in ("from", "to") else str | None):
            return {"error": "malformed", "detail": f"{key} must be a text"}
    system, code = codes.normalise_system(asked.get("system")), asked.get("code")
    coding = (system, code) if system and code else None
    found = units.convert(
        asked.get("value", ""), asked["from"], asked["to"], asked.get("feature"), coding
    )
    if found.value is None:
        return {"error": found.error, "detail": found.detail}
    return {"value": found.value}


def checked(asked: Answer) -> Answer:
    """Return ``valid`` of a unit, or ``ucum`` of a text."""
    unit, text, feature = asked.get("unit"), asked.get("text"), asked.get("feature")
    if isinstance(unit, str):
        return {"valid": units.is_valid(unit)}
    if not isinstance(text, str) or not isinstance(feature, str | None):
        return {"error": "malformed", "detail": "unit or text must be a text"}
    found = units.sloppy(text, feature)
    if found.ucum is not None:
        return {"ucum": found.ucum}
    entry = texts.find(text)
    shown = {"candidates": list(entry.candidates)} if entry and entry.candidates else {}
    return {"error": found.reason, "detail": found.detail} | shown
