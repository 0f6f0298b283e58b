"""A card judged on a data set: as a whole, and by country, sex and age."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from scoring.calibration import COUNTRY, correction
from scoring.evidence import AGE, SEX, UNKNOWN, Evidence
from scoring.fairness import LEAST, THRESHOLD, Gap, Treated, gaps, missing_gaps, treated
from scoring.judge import Judgement, judge
from scoring.tables import TableError, layout

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scoring.cards import Card

USUAL = (COUNTRY, SEX, AGE)


@dataclass(frozen=True)
class Appraisal:
    """What is known of a card on some rows."""

    evidence: Evidence
    threshold: float
    """Probability from which on a person counts as alarmed."""
    by: Mapping[str, Mapping[str, Treated]]
    """What groups are told apart by, to their names, to how they fare."""

    @property
    def card(self) -> Card:
        """Return the card."""
        return self.evidence.card

    @cached_property
    def overall(self) -> Judgement:
        """Return the figures over all rows."""
        return judge(self.evidence.probability, self.evidence.truth)

    @cached_property
    def gaps(self) -> dict[str, list[Gap]]:
        """Return the largest gaps between groups, by what tells them apart."""
        return {by: gaps(groups) for by, groups in self.by.items()}

    @cached_property
    def missing_gaps(self) -> dict[str, list[Gap]]:
        """Return where missingness differs most between groups."""
        return {by: missing_gaps(groups) for by, groups in self.by.items()}

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """Return what a reader of the figures has to know."""
        counted = [f"{count} {words}" for words, count in self.evidence.told.items()]
        small = [
            f"{by} {name} ({one.judgement.n})"
            for by, groups in self.by.items()
            for name, one in groups.items()
            if not one.compared
        ]
        few = [f"too few rows to be compared (below {LEAST}): {', '.join(small)}"] if small else []
        return (*self.provenance(), *self.uncalibrated(), *counted, *few)

    def provenance(self) -> tuple[str, ...]:
        """Return whether the card was trained, or recalibrated, on these rows."""
        training, calibration = self.card.training, self.card.calibration
        found = []
        if training and training.sha256 == self.evidence.sha256:
            found.append("on its training data: figures on rows never seen are lower")
        elif {*self.evidence.files} & {*layout(self.card).data.sites.values()}:
            found.append("files of the data set that it was trained on: may hold its own rows")
        if calibration and calibration.sha256 == self.evidence.sha256:
            found.append("on the rows that it was recalibrated on")
        return tuple(found)

    def uncalibrated(self) -> tuple[str, ...]:
        """Return for which countries the card is not calibrated."""
        if self.card.calibration and self.card.calibration.by != COUNTRY:
            return ()
        countries = sorted({row.country or UNKNOWN for row in self.evidence.rows})
        unknown = [one for one in countries if correction(self.card, one) is None]
        return (f"calibration unknown for {', '.join(unknown)}",) if unknown else ()

    def told(self) -> dict[str, Any]:
        """Return the figures as JSON tells them."""
        return {
            "card": self.card.id,
            "version": self.card.version,
            "overall": self.overall.told(),
            "by": {
                by: {name: one.judgement.told() for name, one in groups.items()}
                for by, groups in self.by.items()
            },
            "fairness": {by: self.fairness(by) for by in self.by},
            "notes": list(self.notes),
        }

    def fairness(self, by: str) -> dict[str, Any]:
        """Return how the groups fare at the threshold, as JSON tells it."""
        groups = {
            name: {
                "false_negative": one.false_negative.told(),
                "false_positive": one.false_positive.told(),
                "missing": {key: share for key, share in one.missing.items() if share},
            }
            for name, one in self.by[by].items()
        }
        found = [
            {"figure": gap.figure, "lowest": gap.lowest, "highest": gap.highest,
             "size": gap.size, "apart": gap.apart}
            for gap in self.gaps[by]
        ]  # fmt: skip
        return {"threshold": self.threshold, "groups": groups, "gaps": found}


def appraise(
    evidence: Evidence, by: Sequence[str] | None = None, threshold: float | None = None
) -> Appraisal:
    """Return what is known of the evidence's card, by the groups named (default: all usual ones).

    Raises:
        TableError: there are no rows, or nothing to tell groups apart by.
    """
    if not len(evidence.truth):
        raise TableError(f"{', '.join(evidence.files)}: no row has both a label and a probability")
    asked = usual(evidence) if by is None else by
    missing = evidence.missing()
    limit = threshold or evidence.card.threshold or THRESHOLD
    found = {
        key: treated(evidence.probability, evidence.truth, evidence.groups(key), missing, limit)
        for key in asked
    }
    return Appraisal(evidence, limit, found)


def usual(evidence: Evidence) -> list[str]:
    """Return what the rows can be told apart by: country, sex and age, as far as they are known."""
    sources = {given.source for given in evidence.card.inputs.values()}
    known = [by for by in (SEX, AGE) if by in sources or by in evidence.card.inputs]
    return [COUNTRY, *known]
