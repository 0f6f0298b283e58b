"""The console's texts: one catalogue, `words.toml`, read once.

>>> say("page.range", first=1, last=50, total=312)
'1–50 of 312'
>>> say("time.hours", n=1)
'1 hour ago'
>>> label("category", "very_high"), label("category", "quite_odd")
('very high', 'quite odd')
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@cache
def catalogue() -> Mapping[str, str]:
    """Return ``section.key`` (and ``section.key.one``, ``section.key.other``) to text."""
    document = tomllib.loads(files("gateway.web").joinpath("words.toml").read_text("utf-8"))
    return dict(_flat(document))


def _flat(table: Mapping[str, object], prefix: str = "") -> list[tuple[str, str]]:
    """Return the texts of a nested table with their dotted keys."""
    pairs: list[tuple[str, str]] = []
    for key, value in table.items():
        name = f"{prefix}{key}"
        pairs += _flat(value, f"{name}.") if isinstance(value, dict) else [(name, str(value))]
    return pairs


def say(key: str, **values: object) -> str:
    """Return the text of `key` with `values` filled in; ``n`` chooses between forms.

    An integer is written with thin spaces between thousands, as in laboratory reports.
    """
    text = catalogue().get(key)
    if text is None:
        text = catalogue()[f"{key}.{'one' if values.get('n') == 1 else 'other'}"]
    return text.format(**{name: count(value) for name, value in values.items()})


def count(value: object) -> object:
    r"""Return an integer grouped by thousands, anything else as it is.

    >>> count(1234567)
    '1\u202f234\u202f567'
    """
    return f"{value:,}".replace(",", "\u202f") if type(value) is int else value


def label(group: str, word: str | None, default: str | None = None) -> str:
    """Return the text for a machine word of `group`; unknown words are made readable."""
    if not word:
        return ""
    found = catalogue().get(f"{group}.{word}")
    return found if found is not None else default or word.replace("_", " ")
