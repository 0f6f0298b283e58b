"""Records as they are: left out, provisional, wrong by a unit, entered twice, put right later.

Each flaw takes an Observation and what it says, and returns the Observations that stand in its
place. How often each happens is in ``flaws.toml``.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from gateway.sandbox.observations import PRESSURES
from gateway.sandbox.population import read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import numpy as np

    from gateway.sandbox.observations import Drawn
    from mappers.versions import Version
    from terminology.records import Resource

    Written = tuple[Resource, list[Drawn]]
    Flaw = Callable[[Resource, list[Drawn], Version], list[Written] | None]

OTHER_KIND = {"mg/dL": "mmol/L", "mmol/L": "mg/dL", "umol/L": "mg/dL", "%": "mmol/mol"}
"""A unit text of another kind than the code, for `unit_conflict`."""


def flawed(
    written: Iterable[Written], version: Version, rng: np.random.Generator
) -> Iterator[Written]:
    """Yield the Observations with the flaws that befall them, one each at most."""
    shares = read("flaws")
    for resource, drawn in written:
        chance = rng.random()
        for name, flaw in FLAWS.items():
            chance -= shares[name]
            if chance < 0:
                instead = flaw(resource, drawn, version)
                yield from [(resource, drawn)] if instead is None else instead
                break
        else:
            yield resource, drawn


def missing(_resource: Resource, drawn: list[Drawn], _version: Version) -> list[Written] | None:
    """Leave it out, as if nobody had written it down; not what a panel names as its member."""
    pressure = not drawn or drawn[0].feature in PRESSURES
    return None if pressure else []


def absent(resource: Resource, drawn: list[Drawn], version: Version) -> list[Written] | None:
    """Say that there is no value, and why."""
    if not simple(resource):
        return None
    reason = {"coding": [{"system": version.absent_system, "code": "unknown"}]}
    empty = {key: value for key, value in resource.items() if not key.startswith("value")}
    return [(empty | {"dataAbsentReason": reason}, refused(drawn, "value-absent"))]


def preliminary(resource: Resource, drawn: list[Drawn], _version: Version) -> list[Written] | None:
    """Send it before it is final."""
    return [(resource | {"status": "preliminary"}, drawn)]


def corrected(resource: Resource, drawn: list[Drawn], _version: Version) -> list[Written] | None:
    """Say that it was put right."""
    return [(resource | {"status": "corrected"}, drawn)]


def error(resource: Resource, drawn: list[Drawn], _version: Version) -> list[Written] | None:
    """Put one beside it that was entered in error, with half the number."""
    if not numeric(resource):
        return None
    wrong = copy.deepcopy(resource)
    wrong |= {"id": f"{resource['id']}-err", "status": "entered-in-error"}
    wrong["valueQuantity"]["value"] = half(resource["valueQuantity"]["value"])
    aside = [replace(one, resource=f"Observation/{wrong['id']}") for one in drawn]
    return [(resource, drawn), (wrong, refused(aside, "status"))]


def duplicate(resource: Resource, drawn: list[Drawn], _version: Version) -> list[Written] | None:
    """Send it twice under two ids."""
    twin = resource | {"id": f"{resource['id']}-2"}
    twins = [replace(one, resource=f"Observation/{twin['id']}") for one in drawn]
    return [(resource, drawn), (twin, twins)]


def unit_missing(resource: Resource, drawn: list[Drawn], _version: Version) -> list[Written] | None:
    """Send the bare number."""
    if not numeric(resource):
        return None
    bare = {"value": resource["valueQuantity"]["value"]}
    return [(resource | {"valueQuantity": bare}, refused(drawn, "unit-missing"))]


def unit_conflict(
    resource: Resource, drawn: list[Drawn], _version: Version
) -> list[Written] | None:
    """Let the unit's text say another kind of unit than its code."""
    other = OTHER_KIND.get(resource["valueQuantity"].get("code")) if numeric(resource) else None
    if other is None or drawn[0].feature == "spo2":
        return None
    quantity = resource["valueQuantity"] | {"unit": other}
    return [(resource | {"valueQuantity": quantity}, refused(drawn, "unit-conflict"))]


def centimetres(resource: Resource, drawn: list[Drawn], _version: Version) -> list[Written] | None:
    """Tell a pressure in centimetres of mercury under the unit of millimetres."""
    if "component" not in resource or drawn[0].feature != "systolic_bp":
        return None
    told = copy.deepcopy(resource)
    for component in told["component"]:
        tenth = Decimal(component["valueQuantity"]["value"]) / 10
        component["valueQuantity"]["value"] = tenth.quantize(Decimal(1))
    if any(component["valueQuantity"]["value"] >= 10 for component in told["component"][1:]):
        return None
    return [(told, refused(drawn, "implausible"))]


def pounds(resource: Resource, drawn: list[Drawn], _version: Version) -> list[Written] | None:
    """Write lb beside a weight that the code says is in kg."""
    if not numeric(resource) or resource["valueQuantity"].get("code") != "kg":
        return None
    return [(resource | {"valueQuantity": resource["valueQuantity"] | {"unit": "lb"}}, drawn)]


FLAWS: dict[str, Flaw] = {
    flaw.__name__: flaw
    for flaw in (
        *(missing, absent, preliminary, corrected, error),
        *(duplicate, unit_missing, unit_conflict, centimetres, pounds),
    )
}


def simple(resource: Resource) -> bool:
    """Say whether the Observation has one value of its own."""
    return "component" not in resource and any(key.startswith("value") for key in resource)


def numeric(resource: Resource) -> bool:
    """Say whether the Observation has one number of its own."""
    return "valueQuantity" in resource


def half(value: Decimal) -> Decimal:
    """Return half of a number, with as many decimals."""
    return (value / 2).quantize(value)


def refused(drawn: list[Drawn], reason: str) -> list[Drawn]:
    """Return the records of values that a reader must refuse, and why."""
    return [replace(one, usable=False, reason=reason) for one in drawn]
