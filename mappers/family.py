"""FamilyMemberHistory -> what is known of the patient's relatives (``family.toml``).

The illness of a relative says something of the family, and nothing of the patient. A relative who
is not named, and an age that is not told, leave it unknown; only a denial makes it false.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from mappers import choice, facts
from mappers.countries import plain
from mappers.statements import first_date, state, unsure
from mappers.values import decimal
from mappers.versions import as_list, status_code
from terminology.records import Coding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mappers.choice import Sent
    from mappers.gather import Place
    from mappers.statements import Stated
    from terminology.records import Resource

USED = frozenset({"partial", "completed"})
YEARS = frozenset({"a", "year", "years", "yr", "y"})


@dataclass(frozen=True, slots=True)
class History:
    """One input about the family, and what makes it true or false."""

    name: str
    facts: frozenset[str]
    relatives: frozenset[str]
    under: Mapping[str, int]
    """Sex of the relative to the age before which the illness has to have begun; empty: any."""
    none: frozenset[str]


@dataclass(frozen=True, slots=True)
class Relative:
    """Who a FamilyMemberHistory is about."""

    kind: str
    sex: str | None


@cache
def table() -> Mapping[str, Any]:
    """Return the file."""
    text = (resources.files("mappers") / "family.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def load() -> tuple[History, ...]:
    """Return all inputs about the family."""
    return tuple(
        History(
            row["name"],
            frozenset(row["facts"]),
            frozenset(row["relatives"]),
            row.get("under", {}),
            frozenset(row["none"]),
        )
        for row in table()["history"]
    )


@cache
def relatives() -> Mapping[str, Relative]:
    """Return system and code to who it is."""
    return {
        code: Relative(kind, sex if sex != "either" else None)
        for kind, by_sex in table()["relatives"].items()
        for sex, codes in by_sex.items()
        for code in codes
    }


def map_family(place: Place) -> None:
    """Add what one FamilyMemberHistory says of the family."""
    resource = place.resource
    relative = relative_of(resource)
    status = resource.get("status")
    used = isinstance(status, str) and status in USED and resource.get("notDone") is not True
    if relative is None or not used or unsure(resource):
        return
    told: Stated = {}
    for condition in as_list(resource.get("condition")):
        if isinstance(condition, dict) and not unsure(condition):
            for history, coding in made(relative, condition):
                told.setdefault(history.name, coding)
    when = first_date(resource, ("date",))
    state(place, told, resource.get("patient"), when, true=True)


def relative_of(resource: Resource) -> Relative | None:
    """Return who it is about, None when no code says so or two differ."""
    found = {
        relatives()[name]
        for system, code, _ in choice.as_sent(resource.get("relationship"))
        if system and code and (name := f"{named(system)} {code.strip()}") in relatives()
    }
    kinds, sexes = {one.kind for one in found}, {one.sex for one in found if one.sex}
    if len(kinds) != 1 or len(sexes) > 1:
        return None
    sent = resource.get("sex") or resource.get("gender")
    return Relative(kinds.pop(), sexes.pop() if sexes else status_code(sent))


def named(system: str) -> str | None:
    """Return our name of a system of relatives."""
    if facts.system_name(system) == "snomed":
        return "snomed"
    by_uri = {plain(uri): name for uri, name in table()["systems"].items()}
    return by_uri.get(plain(system))


def made(relative: Relative, condition: Resource) -> Iterator[tuple[History, Coding]]:
    """Yield the inputs that a relative's condition makes true, and its code."""
    age = begun(condition)
    for system, code, _ in choice.as_sent(condition.get("code")):
        if not system or not code:
            continue
        stated = {fact.name for fact in facts.stated(system, code, "condition")}
        for history in load():
            if relative.kind in history.relatives and stated & history.facts:
                limit = history.under.get(relative.sex or "")
                if not history.under or (limit and age is not None and age < limit):
                    yield history, Coding(system, code)


def begun(condition: Resource) -> float | None:
    """Return the age in years before or at which a condition began, None when it is not told."""
    span = condition.get("onsetRange")
    sent = condition.get("onsetAge") or (span.get("high") if isinstance(span, dict) else None)
    if not isinstance(sent, dict) or sent.get("comparator") not in (None, "<", "<="):
        return None
    unit = sent.get("code") or sent.get("unit")
    value = decimal(sent.get("value"))
    years = isinstance(unit, str) and unit.strip().lower() in YEARS
    return float(value) if years and value is not None else None


def denied(sent: Sent) -> Stated:
    """Return the inputs that codes such as "no family history of diabetes" deny."""
    return {
        history.name: Coding(system, code)
        for system, code, _ in sent
        if system and code and facts.system_name(system) == "snomed"
        for history in load()
        if code.strip() in history.none
    }


def all_denied(coding: Coding) -> Stated:
    """Return every input about the family, denied by one code."""
    return {history.name: coding for history in load()}
