"""Required bindings: the codes that an element may have, by FHIR version (`codes/*.toml`)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Binding:
    """The codes that an element must be taken from; ``system`` where a Coding is bound."""

    name: str
    codes: frozenset[str]
    system: str | None = None


@cache
def bindings(version: str) -> Mapping[str, Binding]:
    """Return ``Type.element`` to its required binding, for a version of FHIR."""
    file = resources.files(__package__) / "codes" / f"{version}.toml"
    found = {}
    for name, facts in tomllib.loads(file.read_text(encoding="utf-8")).items():
        bound = Binding(name, frozenset(facts["codes"].split()), facts.get("system"))
        found.update(dict.fromkeys(facts["binds"].split(), bound))
    return found
