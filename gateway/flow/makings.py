"""What an assessment was made with, kept beside its inputs so that it can be replayed.

It says the moment and the options, the versions of everything the card looked at (what entered
stands in the basis already), and the stamps of what computed it: the package's version and digests
of the card's file and of the tables that words and units were read by.
"""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from datetime import datetime
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway import pipeline
from gateway.flow import models
from gateway.pipeline import Options
from gateway.store import registry
from scoring.cards import load

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import sqlalchemy as sa

    from gateway.pipeline import Risk
    from scoring.cards import Card

TABLES = {"terminology": "", "mappers": "", "scoring": "regions"}
"""Package to the folder of it whose TOML files decide what a record means."""

DIGITS = 16
"""Hexadecimal digits of a digest: enough to tell two files of one name apart."""


def making(
    risk: Risk, options: Options, place: Callable[[str], tuple[str, int]], basis: Sequence[str]
) -> dict[str, Any]:
    """Return what a risk was made with, as plain data.

    `place` tells gid and present version of a reference; `basis` are those that entered.
    """
    beside = [name for name in pipeline.considered(risk) if name not in basis]
    return {
        "options": {**asdict(options), "as_of": options.as_of.isoformat()},
        "beside": [placed(name, place) for name in beside],
        "stamps": stamps(risk.score.card, risk.score.version),
    }


def placed(reference: str, place: Callable[[str], tuple[str, int]]) -> dict[str, Any]:
    """Return a reference of the source as the store keeps it: type, id, gid and version."""
    kind, _, id_ = reference.partition("/")
    gid, number = place(reference)
    return {"type": kind, "id": id_, "gid": gid, "version": number}


def options_of(making: Mapping[str, Any], card: str) -> Options:
    """Return the options as they were, but for that one card."""
    told: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in making["options"].items()
        if key in {one.name for one in fields(Options)}
    }
    told["as_of"] = datetime.fromisoformat(told["as_of"])
    return replace(Options(**told), cards=(card,))


def card_for(connection: sa.Connection, name: str, number: str) -> Card | None:
    """Return that version of a card, shipped or registered; None when it is neither."""
    shipped = load().get(name)
    if shipped is not None and shipped.version == number:
        return shipped
    found = registry.find(connection, name, number)
    return models.card_of(found) if found else None


def stamps(card: str, number: str) -> dict[str, str]:
    """Return the version of the package and the digests of the files that a score depends on.

    A registered version of a card has none: its content never changes.
    """
    shipped = load().get(card)
    own = card_digest(card) if shipped is not None and shipped.version == number else ""
    return {**tables(), "card": own}


@cache
def tables() -> dict[str, str]:
    """Return the package's version, and the digest of each set of tables."""
    found = {"package": version("riskbridge")}
    for package, folder in TABLES.items():
        place = Path(str(files(package))) / folder
        paths = sorted(path for path in place.rglob("*.toml"))
        found[package] = digest(b"\0".join(path.read_bytes() for path in paths))
    return found


@cache
def card_digest(card: str) -> str:
    """Return the digest of a shipped card's file; empty for a card that is not shipped."""
    path = Path(str(files("scoring"))) / "cards" / f"{card}.toml"
    return digest(path.read_bytes()) if path.is_file() else ""


def digest(content: bytes) -> str:
    """Return the start of the SHA-256 of some bytes."""
    return sha256(content).hexdigest()[:DIGITS]
