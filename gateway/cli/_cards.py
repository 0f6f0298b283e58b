"""What the commands over score cards share: which card is meant, and lines of JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.errors import UsageError
from scoring import cards

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scoring.cards import Card

SOURCE = click.Path(dir_okay=False, allow_dash=True)


def chosen(name: str) -> Card:
    """Return the card in the file `name`, or the shipped card of that id.

    Raises:
        UsageError: there is none, or the file breaks the notation.
    """
    try:
        if name.endswith(".toml") or Path(name).is_file():
            return cards.read(Path(name))
        return cards.card(name)
    except ValueError as error:
        raise UsageError(str(error)) from None


def objects(file: str) -> Iterator[dict[str, Any] | None]:
    """Yield the JSON object of each line that holds anything; None for a line that is none.

    NaN and Infinity are read as what they are: the card refuses them with a reason.

    Raises:
        UsageError: the file cannot be read.
    """
    try:
        with click.open_file(file, "rb") as stream:
            for line in stream:
                if line.strip():
                    yield object_of(line)
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}") from None


def object_of(line: bytes) -> dict[str, Any] | None:
    """Return the JSON object in a line, or None."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def identity(asked: dict[str, Any] | None) -> str | int | None:
    """Return the ``id`` of a line, when it has one."""
    found = (asked or {}).get("id")
    return found if isinstance(found, str | int) else None
