"""Valid resources of `tests/data/fhir`, and the single faults that `faults.toml` makes in them."""

from __future__ import annotations

import copy
import json
import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parents[2] / "data" / "fhir"


class Fault(NamedTuple):
    """One fault in one resource, and the place that must be named."""

    id: str
    file: str
    path: str
    text: str | None
    """The new value as JSON; None when the member goes."""
    at: str


def valid(name: str) -> dict[str, Any]:
    """Return a valid resource, with decimals that keep their digits."""
    return json.loads((FOLDER / f"{name}.json").read_bytes(), parse_float=Decimal)


def names() -> list[str]:
    """Return the names of all valid resources."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def faults() -> list[Fault]:
    """Return all faults."""
    content = tomllib.loads((FOLDER / "faults.toml").read_text())
    return [
        Fault(
            name,
            file,
            path := facts.get("put") or facts["drop"],
            facts.get("json"),
            facts.get("at") or place(file.partition("-")[0], path),
        )
        for file, entries in content.items()
        for name, facts in entries.items()
    ]


def place(kind: str, path: str) -> str:
    """Return the path of an edit as a place: ``a/0/b`` is ``Kind.a[0].b``."""
    return kind + re.sub(r"\.(\d+)(?=\.|$)", r"[\1]", "." + path.replace("/", "."))


def broken(fault: Fault) -> dict[str, Any]:
    """Return the resource with its one fault."""
    resource = copy.deepcopy(valid(fault.file))
    *steps, last = [int(step) if step.isdigit() else step for step in fault.path.split("/")]
    inner: Any = resource
    for step in steps:
        inner = inner[step]
    if fault.text is None:
        del inner[last]
    else:
        inner[last] = json.loads(fault.text, parse_float=Decimal)
    return resource
