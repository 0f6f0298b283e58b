"""Named departures of real servers, switched on by name in a source's ``quirks`` setting.

Each entry changes one field of `Manner`, the way the client and the flow behave towards a server
that keeps to the specification. A new quirk is one entry here and one case in its test.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from gateway.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Manner:
    """How to behave towards one server."""

    media_type: str = "application/fhir+json"
    rebase_links: bool = False
    by_patient: bool = False
    increments: bool = True
    page_size: int = 200
    look_by_id: bool = True
    bundles: bool = True


@dataclass(frozen=True, slots=True)
class Quirk:
    """What a server does otherwise, in words, and what that changes."""

    text: str
    changes: Mapping[str, Any]


QUIRKS: Mapping[str, Quirk] = MappingProxyType(
    {
        "rebase-links": Quirk(
            "Links name another host (an internal one, or localhost): they are followed at the"
            " configured base_url, never at that host.",
            {"rebase_links": True},
        ),
        "plain-json": Quirk(
            "The media type application/fhir+json is refused: application/json is used.",
            {"media_type": "application/json"},
        ),
        "by-patient": Quirk(
            "Searching without a patient is refused: resources are asked for patient by patient.",
            {"by_patient": True},
        ),
        "no-last-updated": Quirk(
            "_lastUpdated is not searched, or not kept: every pull brings everything.",
            {"increments": False},
        ),
        "small-pages": Quirk(
            "Large pages time out: 20 entries are asked for at a time.",
            {"page_size": 20},
        ),
        "no-id-search": Quirk(
            "The search parameter _id does not work: resources are read one by one before writing.",
            {"look_by_id": False},
        ),
        "no-bundles": Quirk(
            "Batches and transactions do not work although they are declared: one request each.",
            {"bundles": False},
        ),
    }
)


def manner(names: Iterable[str] = ()) -> Manner:
    """Return the behaviour with the named quirks on.

    Raises:
        ConfigurationError: there is no quirk of that name.
    """
    told = Manner()
    for name in names:
        if name not in QUIRKS:
            raise ConfigurationError(f"unknown quirk {name!r}; known: {', '.join(QUIRKS)}")
        told = replace(told, **QUIRKS[name].changes)
    return told
