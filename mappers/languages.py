"""The sentences of an assessment in a language, with the labels of its card: one file a language.

English is the source: every other file has exactly its keys, each with the same places to fill in,
or loading it is an error that names file and key. The labels of inputs, outputs and values come
with the score, as `terminology.records.Labels`; what they lack stays in English.
"""

from __future__ import annotations

import functools
import string
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from terminology.records import Labels

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from terminology.records import Value

FOLDER = Path(__file__).parent / "languages"
SOURCE = "en"


@dataclass(frozen=True, slots=True)
class Voice:
    """How a language says things."""

    language: str
    decimal: str
    """The decimal mark."""
    separator: str
    """What stands between the items of a list."""
    gap: str
    """What stands between sentences."""
    sentences: Mapping[str, str]
    units: Mapping[str, str]
    """UCUM to what people write."""
    labels: Labels = field(default_factory=Labels)

    def say(self, key: str, **parts: str) -> str:
        """Return a sentence with its places filled in."""
        return self.sentences[key].format(**parts)

    def number(self, text: str) -> str:
        """Return a number, written with a point, as the language writes it."""
        return text.replace(".", self.decimal)

    def value(self, value: Value) -> str:
        """Return a value as people write it."""
        if isinstance(value, bool):
            return self.say("yes" if value else "no")
        if isinstance(value, str):
            return self.labels.values.get(value, value.replace("_", " "))
        return self.number(f"{value:.6g}")

    def unit(self, unit: str | None) -> str:
        """Return a unit with the space before it; nothing for a bare number."""
        return "" if unit in (None, "1", "{count}") else f" {self.units.get(unit, unit)}"


@functools.cache
def known() -> tuple[str, ...]:
    """Return the languages that there are sentences in."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


@functools.cache
def voice(language: str) -> Voice:
    """Return the sentences of a language, without labels of a card.

    Raises:
        ValueError: the file differs from the English one in what it has to say.
    """
    document, source = read(language), read(SOURCE)
    for problem in differences(document, source):
        raise ValueError(f"{language}.toml: {problem}")
    return Voice(
        language,
        document["decimal"],
        document["separator"],
        document["gap"],
        MappingProxyType(document["sentences"]),
        MappingProxyType(document["units"]),
    )


def read(language: str) -> dict[str, Any]:
    """Return the file of a language."""
    return tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))


def differences(document: Mapping[str, Any], source: Mapping[str, Any]) -> Iterator[str]:
    """Yield the keys that are missing or unknown, and sentences with other places."""
    if document.keys() != source.keys():
        yield f"has {', '.join(document)}, not {', '.join(source)}"
        return
    for table in ("sentences", "units"):
        for key in sorted(document[table].keys() ^ source[table].keys()):
            yield f"{table}.{key} is missing or unknown"
    for key in source["sentences"].keys() & document["sentences"].keys():
        if places(document["sentences"][key]) != places(source["sentences"][key]):
            yield f"sentences.{key} has other places to fill in"


def places(sentence: str) -> list[str]:
    """Return the names of the places to fill in, sorted.

    >>> places("{label}: {amount}.")
    ['amount', 'label']
    """
    return sorted(name for _, name, _, _ in string.Formatter().parse(sentence) if name)
