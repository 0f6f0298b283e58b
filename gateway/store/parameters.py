"""The search parameters of each resource type, read from `parameters.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

KINDS = ("token", "reference", "date", "string", "quantity", "number", "uri", "truth")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One search parameter of one type; `stored` names the index rows that it looks at."""

    name: str
    kind: str
    """One of FHIR's search parameter types."""
    stored: tuple[str, ...]
    paths: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    """The resource types that a reference may name; empty when any."""
    truth: bool = False


@cache
def load() -> Mapping[str, Mapping[str, Parameter]]:
    """Return type to name to parameter, as the file has them; ``all`` holds for every type.

    Raises:
        ValueError: a line of the file is not as its header says.
    """
    text = resources.files(__package__).joinpath("parameters.toml").read_text(encoding="utf-8")
    return {kind: read(kind, lines) for kind, lines in tomllib.loads(text).items()}


@cache
def of_type(kind: str) -> Mapping[str, Parameter]:
    """Return the parameters of a resource type by name, those of every type included."""
    return {**load().get(kind, {}), **load()["all"]}


def read(kind: str, lines: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Parameter]:
    """Return the parameters of one table of the file."""
    found = {name: plain(kind, name, line) for name, line in lines.items() if "of" not in line}
    for name, line in lines.items():
        if "of" in line:
            found[name] = either(kind, name, line, found)
    return found


def plain(kind: str, name: str, line: Mapping[str, Any]) -> Parameter:
    """Return a parameter with paths of its own."""
    named = [key for key in line if key != "targets"]
    if len(named) != 1 or named[0] not in KINDS:
        raise ValueError(f"parameters.toml: {kind}.{name}: not one kind of {', '.join(KINDS)}")
    paths = line[named[0]]
    return Parameter(
        name,
        "token" if named[0] == "truth" else named[0],
        (name,),
        (paths,) if isinstance(paths, str) else tuple(paths),
        tuple(line.get("targets", ())),
        truth=named[0] == "truth",
    )


def either(
    kind: str, name: str, line: Mapping[str, Any], others: Mapping[str, Parameter]
) -> Parameter:
    """Return a parameter that looks at the rows of others."""
    if not set(line) <= {"of", "targets"} or not all(other in others for other in line["of"]):
        raise ValueError(f"parameters.toml: {kind}.{name}: names no parameters of {kind}")
    first = others[line["of"][0]]
    return Parameter(
        name, first.kind, tuple(line["of"]), targets=tuple(line.get("targets", first.targets))
    )
