"""Why a value is not used or a score not given, in words, and what to do (``reasons.toml``)."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

from terminology.facts import HERE, FactError, read, record

if TYPE_CHECKING:
    from collections.abc import Mapping

WHO = ("engineer", "sender", "clinician", "nobody")
OPEN = "*"
"""Stands in a name for the input that a reason is about."""


class Advice(NamedTuple):
    """What a reason means, why it matters, what to do about it and by whom (one of `WHO`)."""

    title: str
    why: str
    do: str
    who: str


@functools.cache
def load() -> Mapping[str, Advice]:
    """Return reason to advice; a name with a star stands for all reasons of its form.

    Raises:
        FactError: the file breaks the rules in its head.
    """
    path = HERE / "reasons.toml"
    found = {
        name: record(Advice, table, f"{path.name}: {name}") for name, table in read(path).items()
    }
    for name, advice in found.items():
        if advice.who not in WHO:
            raise FactError(f"{path.name}: {name}: who must be one of {', '.join(WHO)}")
        if ("{what}" in advice.title) != (OPEN in name):
            raise FactError(f"{path.name}: {name}: a star and {{what}} go together")
    return found


def find(reason: str) -> tuple[Advice, str] | None:
    """Return the advice on a machine reason and the input it is about, None for one without.

    >>> find("sbp_out_of_range")[1], find("unit-missing")[0].who, find("bad luck")
    ('sbp', 'sender', None)
    """
    if reason in load():
        return load()[reason], ""
    for name, advice in load().items():
        before, star, after = name.partition(OPEN)
        about = reason.removeprefix(before).removesuffix(after)
        if star and about and reason == f"{before}{about}{after}":
            return advice, about
    return None
