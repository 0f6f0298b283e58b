"""A Patient resource as a face: name, sex, birth, identifiers; whatever else it may hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from gateway.web.ui_text import years

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from terminology.records import JSON

PREFERRED = ("official", "usual", "")
"""Uses of a name, the best first; any other comes after them."""

SEXES = frozenset({"male", "female", "other", "unknown"})


@dataclass(frozen=True, slots=True)
class Face:
    """What a page shows of a person; texts are as sent, an absent one is empty."""

    name: str
    sex: str
    birth: str
    years: int | None
    exact: bool
    identifiers: tuple[tuple[str, str], ...]
    """System or type, and value."""
    deceased: bool


def face(raw: bytes, today: datetime) -> Face:
    """Return the face of a Patient as received; a part of the wrong form counts as absent."""
    try:
        patient: JSON = msgspec.json.decode(raw)
    except msgspec.DecodeError:
        patient = {}
    patient = patient if isinstance(patient, dict) else {}
    birth = text(patient.get("birthDate"))
    age = years(birth, today)
    gender = text(patient.get("gender"))
    return Face(
        name=_name(patient.get("name")),
        sex=gender if gender in SEXES else "",
        birth=birth,
        years=age[0] if age else None,
        exact=bool(age and age[1]),
        identifiers=tuple(_identifiers(patient.get("identifier"))),
        deceased=patient.get("deceasedBoolean") is True or "deceasedDateTime" in patient,
    )


def text(value: JSON) -> str:
    """Return a text, trimmed; nothing for any other value."""
    return value.strip() if isinstance(value, str) else ""


def objects(value: JSON) -> list[dict[str, Any]]:
    """Return the objects of a list; nothing for any other value."""
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


def _name(value: JSON) -> str:
    """Return the preferred name: its text, else prefix, given and family names."""
    names = sorted(objects(value), key=_rank)
    return next((text for name in names if (text := _one_name(name))), "")


def _rank(name: dict[str, Any]) -> int:
    """Return the place of a name among several."""
    use = text(name.get("use"))
    return PREFERRED.index(use) if use in PREFERRED else len(PREFERRED)


def _one_name(name: dict[str, Any]) -> str:
    """Return one HumanName as text (STU3 and older list several family names)."""
    whole = text(name.get("text"))
    family = name.get("family")
    parts = [name.get("prefix"), name.get("given"), family if isinstance(family, list) else None]
    words = [text(word) for part in parts if isinstance(part, list) for word in part]
    return whole or " ".join(word for word in [*words, text(family)] if word)


def _identifiers(value: JSON) -> Iterator[tuple[str, str]]:
    """Yield system (or the text of the type) and value of each identifier that has a value."""
    for identifier in objects(value):
        type_ = identifier.get("type")
        kind = text(type_.get("text")) if isinstance(type_, dict) else ""
        shown = text(identifier.get("value"))
        if shown:
            yield kind or text(identifier.get("system")), shown
