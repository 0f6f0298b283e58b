"""Unit texts as people write them, and what each means (``texts.toml``)."""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from terminology.facts import HERE, FactError, read

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LONGEST = 255
"""A longer text is no unit."""

RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
POWER = re.compile(r"(?<![0-9])10([⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
SIGNS = str.maketrans({"µ": "u", "μ": "u", "×": "x", "−": "-", "⁄": "/", "∕": "/", "º": "°"})


class Entry(NamedTuple):
    """What one text means: a unit for all or some features, or a refusal and why."""

    unit: str | None
    features: frozenset[str] | None = None
    """The unit counts for these features alone; None: for all."""
    refused: frozenset[str] = frozenset()
    """A legal unit that is refused for these features."""
    why: str = ""
    candidates: tuple[str, ...] = ()


@functools.lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """Return a unit text normalised: NFKC, ``u`` for micro, powers of ten kept, blanks collapsed.

    >>> plain("  10³/µL ")
    '10^3/uL'
    >>> plain("kg/m²")
    'kg/m2'
    """
    raised = POWER.sub(lambda found: "10^" + found[1].translate(RAISED), text.translate(SIGNS))
    folded = unicodedata.normalize("NFKC", raised).translate(SIGNS)
    return " ".join(folded.split())


@functools.cache
def load() -> Mapping[str, Entry]:
    """Return the table by normalised text.

    Raises:
        FactError: one text has two meanings.
    """
    found: dict[str, Entry] = {}
    for text, entry in entries():
        key = plain(text)
        if found.setdefault(key, entry) != entry:
            raise FactError(f"texts.toml: {text} means two things")
    return found


def entries() -> Iterator[tuple[str, Entry]]:
    """Return every text of the file with its meaning."""
    table = read(HERE / "texts.toml")
    for unit, texts in table["map"].items():
        yield from ((text, Entry(unit)) for text in texts)
    for row in table["map_if"]:
        entry = Entry(row["unit"], frozenset(row["features"]))
        yield from ((text, entry) for text in row["texts"])
    for row in table["reject_for"]:
        candidates = tuple(row.get("candidates", ()))
        for text in row["texts"]:
            refused = frozenset(row["features"])
            yield text, Entry(plain(text), None, refused, row["why"], candidates)
    for row in table["reject"]:
        entry = Entry(None, why=row["why"], candidates=tuple(row.get("candidates", ())))
        yield from ((text, entry) for text in row["texts"])


def find(text: str) -> Entry | None:
    """Return the entry of a text, normalised, or None when the table does not know it."""
    return load().get(plain(text)) if len(text) <= LONGEST else None
