"""What the cards' inputs, outputs and values are called in other languages: one file a language.

`languages/*.toml`: labels by their English text, values (categories, classes, levels) by code.
A file has an entry for each label and value of the cards that are shipped, and no other; values
that hold no word, such as ``G3a`` or ``<5%``, stay as they are.
"""

from __future__ import annotations

import functools
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from scoring.cards import load
from scoring.program import program
from terminology.records import Labels

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scoring.cards import Card

FOLDER = Path(__file__).parent / "languages"
WORD = re.compile(r"[a-z]{2}")
TRADITIONAL = ("hant", "tw", "hk", "mo")
"""Scripts and regions of Chinese that the simplified characters of `zh.toml` are not for."""


class Translation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The tables of a file."""

    inputs: dict[str, str]
    outputs: dict[str, str]
    values: dict[str, str]


@functools.cache
def known() -> tuple[str, ...]:
    """Return the languages that have a file."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


@functools.cache
def labels(language: str) -> Labels:
    """Return what everything is called in that language (one of `known`)."""
    text = (FOLDER / f"{language}.toml").read_text(encoding="utf-8")
    found = msgspec.convert(tomllib.loads(text), Translation)
    return Labels(language, found.inputs, found.outputs, found.values)


def labels_for(tag: str | None) -> Labels | None:
    """Return the labels for a BCP 47 language tag; None for English and what there is no file of.

    >>> labels_for("de-AT").language, labels_for("zh-TW"), labels_for(None)
    ('de', None, None)
    """
    language, *rest = (tag or "").lower().split("-")
    if language not in known() or (language == "zh" and any(part in TRADITIONAL for part in rest)):
        return None
    return labels(language)


def needed(cards: Mapping[str, Card] | None = None) -> dict[str, set[str]]:
    """Return what a file has to have, by its table (default: for all cards that are shipped)."""
    chosen = [card for card in (cards or load()).values() if card.runtime != "withheld"]
    return {
        "inputs": {given.label for card in chosen for given in card.inputs.values()},
        "outputs": {output.label for card in chosen for output in card.outputs.values()},
        "values": {value for card in chosen for value in values_of(card) if WORD.search(value)},
    }


def values_of(card: Card) -> Iterator[str]:
    """Yield the categories, classes and levels of a card."""
    for given in card.inputs.values():
        yield from given.levels
    for bands in card.bands:
        yield from (label for label, _ in bands.bands)
    for levels in program(card).output_levels.values():
        yield from levels


def problems(language: str, cards: Mapping[str, Card] | None = None) -> Iterator[str]:
    """Yield the entries that are missing or unknown in a file."""
    found = labels(language)
    for table, wanted in needed(cards).items():
        entries = getattr(found, table)
        for key in sorted(wanted ^ entries.keys()):
            yield f"{language}.toml: {table}.{key} is {'missing' if key in wanted else 'unknown'}"
        for key in sorted(key for key, text in entries.items() if not text.strip()):
            yield f"{language}.toml: {table}.{key} is empty"
