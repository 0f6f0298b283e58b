"""Plain data written as TOML, for cards that are made by training.

>>> print(write({"id": "x", "limits": [1, None], "terms": {"age": 0.5}}), end="")
id = "x"
limits = [1]
<BLANKLINE>
[terms]
age = 0.5
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

BARE = re.compile(r"[A-Za-z0-9_-]+\Z")


def write(document: Mapping[str, Any]) -> str:
    """Return the document as TOML text, keys in their order, nothing for None."""
    return "\n".join(_table(document, ())).lstrip("\n") + "\n"


def _table(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """Yield the lines of a table: its values first, then the tables inside it."""
    inner = {key: value for key, value in table.items() if _is_table(value)}
    for key, value in table.items():
        if key not in inner and value is not None:
            yield f"{_key(key)} = {_value(value)}"
    for key, value in inner.items():
        name = ".".join(map(_key, (*path, key)))
        for part in value if isinstance(value, Sequence) else [value]:
            yield f"\n[[{name}]]" if isinstance(value, Sequence) else f"\n[{name}]"
            yield from _table(part, (*path, key))


def _is_table(value: object) -> bool:
    if isinstance(value, Mapping):
        return True
    rows = isinstance(value, Sequence) and not isinstance(value, str) and len(value) > 0
    return rows and all(isinstance(row, Mapping) for row in value)  # type: ignore[attr-defined]


def _key(key: str) -> str:
    return key if BARE.match(key) else _text(key)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:  # noqa: ANN401 - plain data of any kind
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return repr(value)
    if isinstance(value, Sequence):
        return f"[{', '.join(_value(part) for part in value if part is not None)}]"
    raise TypeError(f"{type(value).__name__} cannot be written as TOML")
