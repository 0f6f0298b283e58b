"""What `riskbridge model federate` says in the end: coefficients, sites, and the check."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.table import Table as Drawn

from gateway.flow.federating import rows_of
from scoring.federated.card import fitted
from scoring.judge import judge
from scoring.training.fit import fit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.config import Study
    from gateway.flow.federating_run import Outcome
    from scoring.codegen import Array
    from scoring.federated.newton import Joint
    from scoring.federated.private import Budget
    from scoring.training.fit import Fitted
    from scoring.training.recipe import Recipe
    from scoring.training.table import Table

REPLICATES = 100


@dataclass(frozen=True, slots=True)
class Check:
    """The joint model beside one that was trained on the rows of all sites together."""

    max_difference: float
    """Of any coefficient or the intercept, of standardised terms."""
    joint: dict[str, float | None]
    pooled: dict[str, float | None]


def check(recipe: Recipe, outcome: Outcome, studies: Iterable[Study]) -> Check:
    """Train on the same rows together, and compare; figures are of these very rows."""
    table = together([rows_of(study) for study in studies])
    pooled = fit(recipe, table, by_site=False)
    joint = fitted(recipe, outcome.model)
    found = np.append(pooled.estimator.coef_[0], pooled.estimator.intercept_)
    apart = rescaled(outcome.model, pooled) - found
    return Check(
        float(np.abs(apart).max()),
        figures(joint.probabilities(table), table.truth),
        figures(pooled.probabilities(table), table.truth),
    )


def rescaled(joint: Joint, pooled: Fitted) -> Array:
    """Return the joint coefficients, then the intercept, for terms as `pooled` scales them.

    The scales are the same, but for joint training with noise.
    """
    slopes = joint.coefficients / joint.deviations
    intercept = joint.intercept + slopes @ (pooled.means - joint.means)
    return np.append(slopes * pooled.deviations, intercept)


def together(tables: list[Table]) -> Table:
    """Return the rows of all sites as one table."""
    first = tables[0]
    return replace(
        first,
        columns={
            name: np.concatenate([table.columns[name] for table in tables])
            for name in first.columns
        },
        truth=np.concatenate([table.truth for table in tables]),
        site=np.concatenate([np.full(len(t.truth), n) for n, t in enumerate(tables)]),
        compare={},
    )


def figures(probability: Array, truth: Array) -> dict[str, float | None]:
    """Return AUC, Brier score and calibration error."""
    found = judge(probability, truth, replicates=REPLICATES)
    return {name: getattr(found, name).value for name in ("auc", "brier", "ece")}


def plain(
    outcome: Outcome, algorithm: str, checked: Check | None, budget: Budget | None = None
) -> dict[str, Any]:
    """Return the report as JSON."""
    told: dict[str, Any] = {
        "algorithm": algorithm,
        "rounds": outcome.rounds,
        "coefficients": outcome.model.named(),
    }
    if checked:
        told["max_difference"] = checked.max_difference
        told["figures"] = {"joint": checked.joint, "pooled": checked.pooled}
    if budget:
        told["noise"] = {
            "epsilon": budget.epsilon,
            "delta": budget.delta,
            "answers": budget.answers,
            "sigma": budget.sigma,
        }
    told["sites"] = [line(outcome, name) for name in sorted({*outcome.rows, *outcome.left_out})]
    return told


def line(outcome: Outcome, name: str) -> dict[str, Any]:
    """Return one site as JSON; ``error`` says why it is not in the model."""
    told = {
        "name": name,
        "rows": 0 if name in outcome.left_out else outcome.rows[name],
        "bytes_out": outcome.bytes_out.get(name, 0),
    }
    return told | ({"error": outcome.left_out[name]} if name in outcome.left_out else {})


def tables(told: dict[str, Any]) -> list[Drawn]:
    """Return the report as tables for people."""
    terms = Drawn("term", "coefficient", title="Coefficients of standardised terms")
    for name, value in told["coefficients"].items():
        terms.add_row(name, f"{value:.6f}")
    sites = Drawn("site", "rows", "bytes that left", "", title=f"{told['rounds']} rounds")
    for one in told["sites"]:
        sites.add_row(one["name"], str(one["rows"]), str(one["bytes_out"]), one.get("error", ""))
    return [terms, sites]
