"""Who is who: identifiers of what we write, and the versions of what it rests on.

All identifiers are UUIDv5: the same source, patient, card and inputs give the same one, so that
nothing is ever written twice, whatever was retried, restarted or lost.
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from terminology.records import Measurement, Score

NAMESPACE = uuid.UUID("5f2b9d3e-6c0a-5e57-9a55-0c1f5d0a7b11")
"""Root of all identifiers made here; never to be changed."""


def assessment_identity(
    source: str, patient: str, card: str, version: str, basis: Iterable[str]
) -> uuid.UUID:
    """Return the identity of an assessment: what it is about and the versions it rests on."""
    name = json.dumps([source, patient, f"{card}@{version}", sorted(basis)], ensure_ascii=False)
    return uuid.uuid5(NAMESPACE, f"RiskAssessment {name}")


def device_identity(card: str, version: str) -> uuid.UUID:
    """Return the identity of a card's Device."""
    return uuid.uuid5(NAMESPACE, f"Device {card}@{version}")


def modelcard_identity(card: str, version: str) -> uuid.UUID:
    """Return the identity of the model card of a trained card."""
    return uuid.uuid5(NAMESPACE, f"ModelCard {card}@{version}")


def provenance_identity(assessment: str, status: str) -> uuid.UUID:
    """Return the identity of the Provenance of an assessment in that status."""
    return uuid.uuid5(NAMESPACE, f"Provenance {assessment} {status}")


def basis_references(score: Score) -> tuple[str, ...]:
    """Return the resources that entered the score, each once, with their versions when known.

    A derived value stands for those it was derived from; a panel is named as a whole.
    """
    found = (reference(measurement) for measurement in sources(score))
    return tuple(dict.fromkeys(name for name in found if name))


def identity_references(score: Score) -> tuple[str, ...]:
    """Return `basis_references`, where a version is unknown with the value that was read."""
    found = []
    for measurement in sources(score):
        name = reference(measurement)
        if measurement.version is None or not name:
            name = f"{name}#{measurement.feature}={measurement.value!r}@{measurement.effective}"
        found.append(name)
    return tuple(dict.fromkeys(found))


def sources(score: Score) -> Iterable[Measurement]:
    """Yield the measured values behind the basis, in the order of the card's inputs."""
    waiting = list(score.basis)[::-1]
    while waiting:
        measurement = waiting.pop()
        if measurement.derived_from:
            waiting.extend(measurement.derived_from[::-1])
        else:
            yield measurement


def reference(measurement: Measurement) -> str:
    """Return the reference of a measurement's resource, with its version when known."""
    if measurement.resource and measurement.version:
        return f"{measurement.resource}/_history/{measurement.version}"
    return measurement.resource
