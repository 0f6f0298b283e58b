"""Invariants that speak only of what is there, compiled from `invariants.toml`.

A rule needs the names of an object's members, not their values, so its verdict is worked out once
for each combination of members that is seen, not for each object.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from gateway.fhir.problems import Problem
from gateway.fhir.structure import VERSIONS, structure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from collections.abc import Set as AbstractSet

KINDS = ("any_of", "exactly_one", "apart", "both", "when")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its key, what it asks and the names of the elements it asks about."""

    key: str
    kind: str
    names: tuple[str, ...]
    needs: tuple[str, ...] = ()

    def broken(self, present: AbstractSet[str]) -> Problem | None:
        """Return the problem, when members called `present` break the rule."""
        there = [name for name in self.names if name in present]
        missing = [name for name in self.needs if name not in present]
        broken, text = {
            "any_of": (not there, f"one of {', '.join(self.names)} must be there"),
            "exactly_one": (
                len(there) != 1,
                f"exactly one of {', '.join(self.names)} must be there",
            ),
            "apart": (len(there) > 1, f"{' and '.join(self.names)} must not both be there"),
            "both": (len(there) == 1, f"{' and '.join(self.names)} go together"),
            "when": (there and missing, f"{there[:1]} needs {', '.join(missing)}"),
        }[self.kind]
        return Problem("invariant", f"{self.key}: {text}") if broken else None


@cache
def rules(version: str) -> Mapping[str, tuple[Rule, ...]]:
    """Return type name to its rules, for a version of FHIR."""
    found: dict[str, list[Rule]] = defaultdict(list)
    for owner, rule, versions in declared():
        shape = structure(owner, version)
        if shape is None or version not in versions:
            continue
        names = {element.choice or name for name, element in shape.elements.items()}
        if names.issuperset(rule.names) and names.issuperset(rule.needs):
            found[owner].append(rule)
    return {owner: tuple(each) for owner, each in found.items()}


@cache
def declared() -> tuple[tuple[str, Rule, tuple[str, ...]], ...]:
    """Return each rule of the file with a type and the versions it is for."""
    file = resources.files(__package__) / "invariants.toml"
    content = tomllib.loads(file.read_text(encoding="utf-8"))
    return tuple(
        (owner, rule, tuple(facts.get("versions", " ".join(VERSIONS)).split()))
        for key, entry in content.items()
        for facts in (entry if isinstance(entry, list) else [entry])
        for owner, rule in spread(key, facts)
    )


def spread(key: str, facts: Mapping[str, str]) -> Iterator[tuple[str, Rule]]:
    """Yield the rule of one entry with each type it is on."""
    kind = next(kind for kind in KINDS if kind in facts)
    rule = Rule(key, kind, tuple(facts[kind].split()), tuple(facts.get("needs", "").split()))
    for owner in facts["on"].split():
        yield owner, rule
