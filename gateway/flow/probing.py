"""What a partner's server can do, as far as its CapabilityStatement tells; never trusted wholly.

A statement may be poor (a type that works is not listed) or wrong (a mode that is declared is
refused). So what is not denied is tried, and pushing has an order of fall-backs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from terminology.records import Resource

VERSIONS = {"3.0": "STU3", "4.0": "R4", "4.1": "R4B", "4.3": "R4B", "5.0": "R5"}
"""FHIR versions by the first two numbers of ``fhirVersion``."""

WRITING = ("RiskAssessment", "Device", "Provenance")
WRITES = frozenset({"create", "update"})


@dataclass(frozen=True, slots=True)
class TypeAbilities:
    """What is declared for one resource type."""

    interactions: frozenset[str] = frozenset()
    search: frozenset[str] = frozenset()
    update_create: bool = False
    conditional_create: bool = False


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a server declares."""

    fhir_version: str = "R4"
    software: str | None = None
    types: Mapping[str, TypeAbilities] = field(default_factory=dict)
    system: frozenset[str] = frozenset()
    guides: frozenset[str] = frozenset()
    """Canonicals of the implementation guides that it says it follows."""

    def deletes_told(self, type_: str) -> bool:
        """Tell whether the history of the type can be asked for, which lists what was deleted."""
        declared = self.types.get(type_)
        return declared is not None and "history-type" in declared.interactions

    def writes(self, ability: str) -> bool:
        """Tell whether the types we write have the ability, or, unlisted, whether others have."""
        listed = [self.types[type_] for type_ in WRITING if type_ in self.types]
        return any(getattr(one, ability) for one in listed or self.types.values())

    def searched(self, type_: str) -> bool:
        """Tell whether the server says that resources of the type can be searched."""
        declared = self.types.get(type_)
        return declared is not None and "search-type" in declared.interactions

    def takes(self, type_: str) -> bool | None:
        """Tell whether resources of the type may be written; None when nothing tells it.

        What is not listed may work nevertheless; what is listed without writing does not.
        """
        one = self.types.get(type_)
        return bool(one.interactions & WRITES) if one is not None and one.interactions else None

    def mode(self, wanted: str) -> str:
        """Return how to write: as `wanted`, or for ``auto`` the best that is declared."""
        if wanted != "auto":
            return wanted
        if self.writes("update_create"):
            return "transaction" if self.system & {"transaction", "batch"} else "put"
        return "conditional" if self.writes("conditional_create") else "put"

    def plain(self) -> dict[str, Any]:
        """Return the abilities as JSON for the store and for people."""
        return {
            "fhir_version": self.fhir_version,
            "software": self.software,
            "system": sorted(self.system),
            "guides": sorted(self.guides),
            "types": {
                name: {
                    "interactions": sorted(one.interactions),
                    "search": sorted(one.search),
                    "update_create": one.update_create,
                    "conditional_create": one.conditional_create,
                }
                for name, one in sorted(self.types.items())
            },
            "write_back": self.mode("auto"),
        }


def abilities(statement: Resource) -> Abilities:
    """Return what a CapabilityStatement declares; parts that are no part of one are passed over."""
    server = next((rest for rest in objects(statement, "rest") if rest.get("mode") == "server"), {})
    software = statement.get("software")
    named = software if isinstance(software, dict) else {}
    told = " ".join(text(named.get(key)) for key in ("name", "version")).strip()
    return Abilities(
        fhir_version=version(text(statement.get("fhirVersion"))),
        software=told or None,
        types={text(one.get("type")): of_type(one) for one in objects(server, "resource")},
        system=frozenset(codes(objects(server, "interaction"))),
        guides=frozenset(guides(statement)),
    )


def of_type(declared: Resource) -> TypeAbilities:
    """Return what is declared for one type."""
    return TypeAbilities(
        interactions=frozenset(codes(objects(declared, "interaction"))),
        search=frozenset(text(one.get("name")) for one in objects(declared, "searchParam")),
        update_create=declared.get("updateCreate") is True,
        conditional_create=declared.get("conditionalCreate") is True,
    )


def remembered(plain: Mapping[str, Any] | None) -> Abilities | None:
    """Return abilities from what `Abilities.plain` made of them."""
    if not plain or "types" not in plain:
        return None
    return Abilities(
        fhir_version=plain["fhir_version"],
        software=plain["software"],
        system=frozenset(plain["system"]),
        guides=frozenset(plain.get("guides", ())),
        types={
            name: TypeAbilities(
                frozenset(one["interactions"]),
                frozenset(one["search"]),
                one["update_create"],
                one["conditional_create"],
            )
            for name, one in plain["types"].items()
        },
    )


def version(told: str) -> str:
    """Return the FHIR version that a ``fhirVersion`` means; R4 when it means none known.

    >>> version("4.0.1"), version("3.0.2"), version("")
    ('R4', 'STU3', 'R4')
    """
    return VERSIONS.get(told[:3], "R4")


def guides(statement: Resource) -> Iterator[str]:
    """Yield the guides that a statement names, without their versions."""
    listed = statement.get("implementationGuide")
    for one in listed if isinstance(listed, list) else ():
        yield text(one).partition("|")[0]


def objects(parent: Mapping[str, Any], key: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of a list, whatever else stands there."""
    value = parent.get(key)
    yield from (one for one in (value if isinstance(value, list) else ()) if isinstance(one, dict))


def codes(declared: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the code of each interaction."""
    yield from (text(one.get("code")) for one in declared)


def text(value: object) -> str:
    """Return a string, empty for anything else."""
    return value if isinstance(value, str) else ""
