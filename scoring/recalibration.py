"""A card recalibrated on rows of a data set: the same model, corrected for each group."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from scoring import calibrate, judge
from scoring.calibration import COUNTRY
from scoring.evidence import SITE, UNKNOWN, gather
from scoring.tables import TableError, layout

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring.calibration import Calibration, Method
    from scoring.cards import Card
    from scoring.codegen import Array
    from scoring.evidence import Evidence


@dataclass(frozen=True, slots=True)
class Gain:
    """What recalibration did to one group, on the rows it was learned from."""

    group: str
    n: int
    method: str
    before: float
    """Expected calibration error."""
    after: float


@dataclass(frozen=True, slots=True)
class Recalibrated:
    """The card with its calibration, and what was done."""

    card: Card
    gains: tuple[Gain, ...]
    told: Mapping[str, int]


def recalibrate(
    card: Card,
    files: Mapping[str, bytes],
    *,
    by: str | None = None,
    group: str | None = None,
    method: Method | None = None,
) -> Recalibrated:
    """Return the card recalibrated on the rows of the files, file name to bytes.

    `by` is a column of the files, or an input; `group` the country of files that do not name it.
    With neither there is one correction for everybody. Groups that the card was calibrated for
    before, by the same thing, stay unless they are in the files.

    Raises:
        TableError: the files cannot be read, hold no column `by`, or no row with a label.
    """
    evidence = gather(msgspec.structs.replace(card, calibration=None), files)
    if not len(evidence.truth):
        raise TableError(f"{', '.join(evidence.files)}: no row has both a label and a probability")
    key, groups = told_apart(evidence, by, group)
    fitted = calibrate.fit(
        evidence.probability, evidence.truth, groups, by=key or COUNTRY, method=method
    )
    earlier = card.calibration
    kept = earlier.groups if key and earlier and earlier.by == key else {}
    calibration = msgspec.structs.replace(
        fitted,
        groups={**kept, **{n: one for n, one in fitted.groups.items() if n != UNKNOWN}},
        data=", ".join(evidence.files),
        sha256=evidence.sha256,
    )
    return Recalibrated(
        msgspec.structs.replace(card, calibration=calibration, version=edition(card, calibration)),
        tuple(gains(fitted, evidence, groups)),
        evidence.told,
    )


def edition(card: Card, calibration: Calibration) -> str:
    """Return the version of the recalibrated card: the card's own, and a hash of the calibration.

    Assessments are known by card and version, and other probabilities must not look the same.
    """
    digest = hashlib.sha256(msgspec.json.encode(calibration)).hexdigest()[:8]
    own = card.version.rpartition("-")[0] if card.calibration else card.version
    return f"{own}-{digest}"


def told_apart(evidence: Evidence, by: str | None, group: str | None) -> tuple[str, Array | None]:
    """Return what the groups go by, and the group of each row; None for one group of all.

    Raises:
        TableError: there is nothing to go by.
    """
    if group is not None:
        return COUNTRY, np.array([group] * len(evidence.rows), dtype=object)
    if by is None:
        return "", None
    plan = layout(evidence.card)
    if by in (COUNTRY, SITE, plan.data.site_column):
        return COUNTRY, evidence.groups(COUNTRY)
    inputs = {given.column: name for name, given in plan.columns.items()}
    name = inputs.get(by, by)
    if name in evidence.card.inputs:
        return name, evidence.groups(name)
    if any(by not in row.cells for row in evidence.rows):
        raise TableError(f"{', '.join(evidence.files)}: there is no column {by}")
    return by, np.array([row.cells[by] or UNKNOWN for row in evidence.rows], dtype=object)


def gains(fitted: Calibration, evidence: Evidence, groups: Array | None) -> list[Gain]:
    """Return the calibration error of each group before and after."""
    found = []
    for name, one in fitted.groups.items():
        rows = np.ones(len(evidence.truth), dtype=bool) if groups is None else groups == name
        p, y = evidence.probability[rows], evidence.truth[rows]
        found.append(Gain(name, one.n, one.method, judge.ece(p, y), judge.ece(one.apply(p), y)))
    return found
