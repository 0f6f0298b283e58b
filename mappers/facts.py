"""Facts that are true or false of a person (``facts.toml``): which codes state which."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from mappers.countries import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

WHOLE = frozenset({"snomed", "rxnorm", "ips"})
"""Systems whose codes count as they stand; codes of the others count with what they begin."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One boolean input of scores and the codes that state it."""

    name: str
    kind: str
    """``condition`` or ``medication``."""
    codes: Mapping[str, tuple[str, ...]]
    ever: bool = False
    """True even when the condition is over."""
    includes: tuple[str, ...] = ()
    denied_with_parts: bool = False


@cache
def table() -> Mapping[str, Any]:
    """Return the file."""
    text = (resources.files("mappers") / "facts.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def load() -> Mapping[str, Fact]:
    """Return all facts by name."""
    systems = table()["systems"]
    return {
        row["name"]: Fact(
            row["name"],
            row["kind"],
            {system: tuple(row[system]) for system in systems if system in row},
            row.get("ever", False),
            tuple(row.get("includes", ())),
            row.get("denied_with_parts", False),
        )
        for row in table()["fact"]
    }


@cache
def systems() -> Mapping[str, str]:
    """Return plain URI to our name of a system."""
    return {plain(uri): name for name, uris in table()["systems"].items() for uri in uris}


@lru_cache(maxsize=8192)
def stated(system: str, code: str, kind: str, *, refuted: bool = False) -> tuple[Fact, ...]:
    """Return the facts of a kind that a code makes true, or false when it is `refuted`."""
    name = system_name(system)
    if name is None:
        return ()
    text = code.strip()
    if name == "sks":
        name, text = "icd10", text.removeprefix("D")
    direct = {fact.name for fact in load().values() if fact.kind == kind and has(fact, name, text)}
    return tuple(
        fact
        for fact in load().values()
        if fact.name in direct
        or (reaches(fact, direct) and (fact.denied_with_parts or not refuted))
    )


def system_name(system: str) -> str | None:
    """Return our name of a system; SNOMED editions and modules are SNOMED."""
    uri = plain(system.partition("|")[0])
    if uri.startswith("http://snomed.info/sct"):
        return "snomed"
    return systems().get(uri)


def has(fact: Fact, system: str, code: str) -> bool:
    """Say whether a fact's own codes have a code."""
    codes = fact.codes.get(system, ())
    if system in WHOLE:
        return code in codes
    bare = code.upper().replace(".", "")
    return bare.startswith(codes) if codes else False


def reaches(fact: Fact, names: set[str]) -> bool:
    """Say whether a fact includes one of `names`, directly or through another."""
    return any(one in names or reaches(load()[one], names) for one in fact.includes)


@cache
def of_kind(kind: str) -> tuple[Fact, ...]:
    """Return the facts that a statement of none of a kind denies."""
    return tuple(f for f in load().values() if f.kind == kind and not mixed(f))


def mixed(fact: Fact) -> bool:
    """Say whether a fact includes one of another kind, so that one list alone cannot deny it."""
    return any(load()[one].kind != fact.kind or mixed(load()[one]) for one in fact.includes)


@lru_cache(maxsize=1024)
def denies(system: str, code: str) -> str | None:
    """Return the kind of which a code says that there is none, else None."""
    name = system_name(system)
    for row in table()["none"]:
        if row["system"] == name and code.strip() in row["codes"]:
            about: str = row["about"]
            return about
    return None


@lru_cache(maxsize=4096)
def doubted(system: str, code: str) -> bool:
    """Say whether a code makes what stands beside it doubtful, or another person's."""
    name, doubt = system_name(system), table()["doubt"]
    if name == "snomed":
        return code.strip() in doubt["snomed"]
    return name == "icd10" and code.strip().upper().startswith(tuple(doubt["icd10"]))


@cache
def section(code: str) -> str | None:
    """Return what a document's section lists: ``condition``, ``medication``, ``family``."""
    return next((kind for kind, codes in table()["sections"].items() if code in codes), None)


@cache
def naming(name: str, *, true: bool) -> tuple[str, ...]:
    """Return a fact and, when it is true, those that include it."""
    wider = (fact.name for fact in load().values() if reaches(fact, {name}))
    return (name, *wider) if true else (name,)
