"""Training a logistic regression by a recipe, and keeping it as a card.

The recipe (`recipes/*.toml`) says which files, columns, codes and terms; the card keeps it with the
coefficients, the values that stand in for missing ones, the standardisation, the metrics and a hash
of the data. scikit-learn is imported only here, when training.
"""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scoring import notation
from scoring.cards import Input, kind_of
from scoring.codegen import Array, Step, build
from scoring.expressions import parse
from scoring.tables import inputs_of, label_of, read_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

FOLDER = Path(__file__).parent / "recipes"
CARD_KEYS = (
    "type", "label", "unit", "levels", "required", "guard", "stem", "feature", "source", "above",
    "max_age_days",
)  # fmt: skip


class TrainingError(ValueError):
    """Data that cannot be trained on; the text says what is wrong."""


@dataclass(frozen=True, slots=True)
class Table:
    """Inputs as columns (NaN where missing, codes as positions), truth and site of each row."""

    columns: Mapping[str, Array]
    truth: Array
    site: Array
    sha256: str

    def part(self, rows: Array) -> Table:
        """Return some of the rows."""
        chosen = {name: column[rows] for name, column in self.columns.items()}
        return Table(chosen, self.truth[rows], self.site[rows], self.sha256)


@dataclass(frozen=True, slots=True)
class Fitted:
    """A trained model: what fills gaps, how terms are scaled, and the regression itself."""

    terms: Terms
    impute: Mapping[str, float]
    means: Array
    deviations: Array
    regression: Any

    def probabilities(self, table: Table) -> Array:
        """Return scikit-learn's ``predict_proba`` of the outcome for each row."""
        design = self.terms.design(filled(table.columns, self.impute))
        found: Array = self.regression.predict_proba((design - self.means) / self.deviations)[:, 1]
        return found


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of a recipe as one function over columns."""

    names: tuple[str, ...]
    inputs: tuple[str, ...]
    scaled: Array
    """Which terms are standardised: those that are no truth values."""
    function: Callable[..., tuple[Array, ...]]

    def design(self, columns: Mapping[str, Array]) -> Array:
        """Return the matrix of all terms, one row a patient."""
        values = self.function(*(columns[name] for name in self.inputs))
        return np.column_stack([np.asarray(value, dtype=np.float64) for value in values])


def recipe(name: str) -> dict[str, Any]:
    """Return the shipped recipe ``heart`` is short for ``heart_core10``.

    Raises:
        TrainingError: there is none of that name.
    """
    path = FOLDER / f"{'heart_core10' if name == 'heart' else name}.toml"
    if not path.is_file():
        raise TrainingError(f"there is no recipe {name}")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def train(name: str, folder: Path) -> str:
    """Return the card, as TOML, of the model trained by a recipe on the files in `folder`.

    Raises:
        TrainingError: no file of the recipe is there, or the outcome does not vary.
    """
    plan = recipe(name)
    table = read_table(plan, folder)
    terms = terms_of(plan)
    fitted = fit(plan, terms, table)
    return card_text(plan, table, fitted, metrics(plan, terms, table))


def read_table(plan: Mapping[str, Any], folder: Path) -> Table:
    """Return the rows of all sites of the recipe that are in `folder`; repeated rows once.

    Raises:
        TrainingError: none of them is there, or a cell holds what the recipe does not know.
    """
    rows: list[dict[str, Any]] = []
    truth: list[bool] = []
    site: list[int] = []
    digest = hashlib.sha256()
    for place, (_, file) in enumerate(plan["data"]["sites"].items()):
        path = folder / file
        if not path.is_file():
            continue
        raw = path.read_bytes()
        digest.update(raw)
        for cells in unrepeated(raw, plan["data"]["drop_repeated_rows"]):
            label = label_of(cells, plan)
            if label is not None:
                rows.append(inputs_of(cells, plan))
                truth.append(label)
                site.append(place)
    if len(set(truth)) < 2:
        raise TrainingError(f"{folder}: needs rows with and without the outcome")
    columns = {name: column(name, given, rows) for name, given in plan["inputs"].items()}
    return Table(columns, np.array(truth), np.array(site), digest.hexdigest())


def unrepeated(raw: bytes, once: bool) -> list[list[str]]:
    """Return the rows of a file, exact repetitions dropped when asked."""
    rows = read_rows(raw.decode("utf-8", "replace").splitlines())
    return list({tuple(row): row for row in rows}.values()) if once else list(rows)


def column(name: str, given: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Array:
    """Return an input of all rows: numbers, truths as 0 and 1, codes as positions."""
    levels = given.get("levels")
    try:
        return np.array([code(row.get(name), levels) for row in rows], dtype=np.float64)
    except ValueError:
        raise TrainingError(
            f"{given['column']}: a cell holds what the recipe does not know"
        ) from None


def code(value: Any, levels: Sequence[str] | None) -> float:  # noqa: ANN401 - any kind of input
    """Return a value as a number, NaN when it is missing."""
    if value is None:
        return np.nan
    return float(levels.index(value) if levels else value)


def terms_of(plan: Mapping[str, Any]) -> Terms:
    """Return the terms of the recipe."""
    kinds = {name: kind_of(input_of(given)) for name, given in plan["inputs"].items()}
    parsed = {name: parse(text, kinds) for name, text in plan["terms"].items()}
    steps = [Step(f"term_{name}", expression) for name, expression in parsed.items()]
    inputs, names = tuple(kinds), tuple(parsed)
    function = build(inputs, steps, [step.name for step in steps], kinds, columns=True)
    scaled = np.array([expression.kind == "number" for expression in parsed.values()])
    return Terms(names, inputs, scaled, function)


def input_of(given: Mapping[str, Any]) -> Input:
    """Return an input of the recipe as the card will hold it."""
    return Input(**{**card_input(given), "levels": tuple(given.get("levels", ()))})


def card_input(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return those keys of a recipe's input that the card keeps."""
    return {key: given[key] for key in CARD_KEYS if key in given}


def fit(plan: Mapping[str, Any], terms: Terms, table: Table) -> Fitted:
    """Return the model fitted to all rows of the table."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - only when training

    impute = {
        name: typical(column, plan["inputs"][name]["type"])
        for name, column in table.columns.items()
    }
    design = terms.design(filled(table.columns, impute))
    means = np.where(terms.scaled, design.mean(axis=0), 0.0)
    deviations = np.where(terms.scaled, design.std(axis=0), 1.0)
    deviations[deviations == 0] = 1.0
    regression = LogisticRegression(
        C=plan["algorithm"]["c"], solver="newton-cholesky", tol=1e-10, max_iter=200
    )
    regression.fit((design - means) / deviations, table.truth)
    return Fitted(terms, impute, means, deviations, regression)


def typical(column: Array, kind: str) -> float:
    """Return what stands in for a missing value: the median, or the commonest answer."""
    known = column[~np.isnan(column)]
    if not known.size:
        return 0.0
    if kind == "number":
        return float(np.median(known))
    values, counts = np.unique(known, return_counts=True)
    return float(values[np.argmax(counts)])


def filled(columns: Mapping[str, Array], impute: Mapping[str, float]) -> dict[str, Array]:
    """Return the columns without gaps."""
    return {name: np.where(np.isnan(c), impute[name], c) for name, c in columns.items()}


def metrics(plan: Mapping[str, Any], terms: Terms, table: Table) -> dict[str, float]:
    """Return how well the recipe does on rows it was not trained on.

    ``cv_*``: means over repeated stratified folds (by site and truth), everything fitted inside the
    fold. ``left_out_*``: each site predicted by the others, all sites pooled; then per site.
    """
    repeats = [folded(plan, terms, table, seed) for seed in range(plan["algorithm"]["repeats"])]
    found = {
        f"cv_{name}": float(
            np.mean([judged(table.truth, p)[name] for p in repeats if p is not None])
        )
        for name in ("auc", "brier", "ece")
        if repeats[0] is not None
    }
    left_out = left_out_sites(plan, terms, table)
    if left_out is not None:
        found |= {f"left_out_{k}": v for k, v in judged(table.truth, left_out).items()}
        for place, name in enumerate(plan["data"]["sites"]):
            rows = table.site == place
            if len(set(table.truth[rows])) == 2:
                of_site = judged(table.truth[rows], left_out[rows])
                found |= {f"left_out_{name}_{k}": v for k, v in of_site.items()}
    return found


def folded(plan: Mapping[str, Any], terms: Terms, table: Table, seed: int) -> Array | None:
    """Return each row's probability by a model of the other folds; None with too few rows."""
    from sklearn.model_selection import StratifiedKFold  # noqa: PLC0415 - only when training

    strata = table.site * 2 + table.truth
    folds = plan["algorithm"]["folds"]
    if min(np.unique(strata, return_counts=True)[1]) < folds:
        return None
    found = np.zeros(len(strata))
    splits = StratifiedKFold(folds, shuffle=True, random_state=seed).split(strata, strata)
    for known, held in splits:
        found[held] = fit(plan, terms, table.part(known)).probabilities(table.part(held))
    return found


def left_out_sites(plan: Mapping[str, Any], terms: Terms, table: Table) -> Array | None:
    """Return each row's probability by a model of the other sites; None with a single site."""
    if len(set(table.site)) < 2:
        return None
    found = np.zeros(len(table.site))
    for place in np.unique(table.site):
        held = table.site == place
        if len(set(table.truth[~held])) < 2:
            return None
        found[held] = fit(plan, terms, table.part(~held)).probabilities(table.part(held))
    return found


def judged(truth: Array, probability: Array) -> dict[str, float]:
    """Return AUC, Brier score and expected calibration error (ten equal bins)."""
    from sklearn.metrics import roc_auc_score  # noqa: PLC0415 - only when training

    bins = np.minimum((probability * 10).astype(int), 9)
    gaps = [
        abs(truth[bins == place].mean() - probability[bins == place].mean())
        * np.mean(bins == place)
        for place in np.unique(bins)
    ]
    return {
        "auc": float(roc_auc_score(truth, probability)),
        "brier": float(np.mean((probability - truth) ** 2)),
        "ece": float(sum(gaps)),
    }


def card_text(
    plan: Mapping[str, Any], table: Table, fitted: Fitted, found: Mapping[str, float]
) -> str:
    """Return the card of a fitted model as TOML."""
    coefficients = fitted.regression.coef_[0].tolist()
    values = {name: plain(fitted.impute[name], given) for name, given in plan["inputs"].items()}
    scales = zip(fitted.means.tolist(), fitted.deviations.tolist(), strict=True)
    output = plan["output"]
    document = {
        **{key: plan[key] for key in ("id", "title", "version", "domain")},
        "runtime": "regression",
        **{key: plan[key] for key in ("citation", "licence")},
        "verified": "Equal to the trained model; see training.metrics",
        **{key: plan[key] for key in ("setting", "disclaimer", "ages", "notes")},
        "inputs": {
            name: {**card_input(given), "reference": reference(values[name], given)}
            for name, given in plan["inputs"].items()
        },
        "outputs": {
            output: {
                "kind": "probability",
                "label": plan["label"],
                "outcome": plan["outcome"],
                "coding": plan["coding"],
            }
        },
        "terms": plan["terms"],
        "models": [
            {
                "output": output,
                "link": "logistic",
                "intercept": float(fitted.regression.intercept_[0]),
                "coefficients": dict(zip(fitted.terms.names, coefficients, strict=True)),
            }
        ],
        "training": {
            "algorithm": f"logistic regression, L2, C = {plan['algorithm']['c']:g}",
            "data": ", ".join(plan["data"]["sites"].values()),
            "sha256": table.sha256,
            "rows": len(table.truth),
            "metrics": {key: round(value, 4) for key, value in found.items()},
            "impute": values,
            "standardise": {
                name: list(scale)
                for name, scale, is_scaled in zip(
                    fitted.terms.names, scales, fitted.terms.scaled, strict=True
                )
                if is_scaled
            },
            "recipe": {
                "algorithm": plan["algorithm"],
                "data": plan["data"],
                "inputs": {
                    name: {k: given[k] for k in ("column", "type", "codes") if k in given}
                    for name, given in plan["inputs"].items()
                },
            },
        },
    }
    return notation.write(document)


def plain(value: float, given: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any kind of input
    """Return a value of a column as the input's kind."""
    if given["type"] == "code":
        return given["levels"][int(value)]
    return bool(value) if given["type"] == "boolean" else value


def reference(value: Any, given: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any kind of input
    """Return what contributions are measured against; a person's own sex is never compared."""
    if given.get("source") == "sex":
        return None
    return False if given["type"] == "boolean" else value
