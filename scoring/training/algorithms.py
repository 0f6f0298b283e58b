"""What can be fitted: scikit-learn estimators over the standardised design matrix, by name.

Every one gives probabilities: a support-vector machine only after its distances have been
calibrated on rows that it was not fitted to. All are deterministic for a seed. The formulas stand
in `docs/models.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from scoring.judge import expit, logit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scoring.codegen import Array
    from scoring.training.recipe import Name, Recipe

Setting: TypeAlias = "Mapping[str, float]"
"""What the inner folds choose: the strength of a penalty, the width of a kernel, ..."""

FOLDS = 5
"""Folds in which a machine's distances are calibrated."""

GRIDS: Mapping[Name, tuple[Setting, ...]] = {
    "svm": ({"c": 0.001}, {"c": 0.01}, {"c": 0.1}),
    "svm-rbf": tuple({"c": c, "gamma": g} for c in (0.3, 1.0, 3.0) for g in (0.01, 0.03)),
    "boosting": tuple({"leaves": n, "rounds": r} for n in (3, 6) for r in (60, 150)),
    "network": ({"alpha": 30.0}, {"alpha": 10.0}, {"alpha": 3.0}),
}
"""Settings to choose from, the simplest first; those of a logistic regression are the recipe's."""

WORDS: Mapping[Name, str] = {
    "logistic": "logistic regression, L2, {setting}",
    "svm": "linear support-vector machine, {setting}, Platt scaling inside 5 folds",
    "svm-rbf": "support-vector machine with radial kernel, {setting}, {calibration} inside 5 folds",
    "boosting": "gradient boosting of trees by histograms, {setting}",
    "network": "neural network with one hidden layer of 8, {setting}",
}
LINEAR: tuple[Name, ...] = ("logistic", "svm")
"""Those that are a list of coefficients."""


@dataclass(frozen=True, slots=True)
class Linear:
    """Log odds as a linear function of the standardised terms."""

    coefficients: Array
    intercept: float


def grid(recipe: Recipe, algorithm: Name) -> tuple[Setting, ...]:
    """Return the settings to choose from."""
    if algorithm == "logistic":
        return tuple({"c": c} for c in recipe.algorithm.grid or (recipe.algorithm.c,))
    return GRIDS[algorithm]


def usual(recipe: Recipe, algorithm: Name) -> Setting:
    """Return the setting that stands when nothing is chosen."""
    if algorithm == "logistic":
        return {"c": recipe.algorithm.c}
    return GRIDS[algorithm][len(GRIDS[algorithm]) // 2]


def estimator(recipe: Recipe, algorithm: Name, setting: Setting, seed: int) -> Any:  # noqa: ANN401 - any classifier of scikit-learn
    """Return an estimator that is not fitted yet."""
    return MAKERS[algorithm](setting, seed, recipe.algorithm.calibration)


def logistic(setting: Setting, _seed: int, _method: str) -> Any:  # noqa: ANN401 - same
    """Return a logistic regression with a ridge penalty, fitted by Newton steps."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - only when training

    return LogisticRegression(C=setting["c"], solver="newton-cholesky", tol=1e-10, max_iter=200)


def svm(setting: Setting, seed: int, _method: str) -> Any:  # noqa: ANN401 - same
    """Return a linear machine (squared hinge) with one sigmoid over its distance."""
    from sklearn.svm import LinearSVC  # noqa: PLC0415 - only when training

    machine = LinearSVC(C=setting["c"], dual=False, tol=1e-6, max_iter=10_000, random_state=seed)
    return calibrated(machine, seed, "sigmoid")


def svm_rbf(setting: Setting, seed: int, method: str) -> Any:  # noqa: ANN401 - same
    """Return a machine with a radial kernel and one sigmoid, or one rising line, over it."""
    from sklearn.svm import SVC  # noqa: PLC0415 - only when training

    machine = SVC(C=setting["c"], gamma=setting["gamma"], cache_size=500)
    return calibrated(machine, seed, method)


def calibrated(machine: Any, seed: int, method: str) -> Any:  # noqa: ANN401 - same
    """Return the machine with its distances turned into probabilities inside the folds.

    The sigmoid is fitted to distances of rows that were held back, all folds together; the machine
    itself then to all rows (Platt 1999; Lin, Lin and Weng, Mach Learn 2007;68:267-276).
    """
    from sklearn.calibration import CalibratedClassifierCV  # noqa: PLC0415 - only when training
    from sklearn.model_selection import StratifiedKFold  # noqa: PLC0415 - same

    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    return CalibratedClassifierCV(machine, method=method, cv=folds, ensemble=False)


def bare(made: Any) -> Any:  # noqa: ANN401 - same
    """Return the machine inside a calibrated one: choosing a setting needs its distances alone."""
    return getattr(made, "estimator", made)


def boosting(setting: Setting, seed: int, _method: str) -> Any:  # noqa: ANN401 - same
    """Return gradient boosting of small trees."""
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 - same

    return HistGradientBoostingClassifier(
        max_iter=int(setting["rounds"]),
        max_leaf_nodes=int(setting["leaves"]),
        learning_rate=0.06,
        l2_regularization=5.0,
        early_stopping=False,
        random_state=seed,
    )


def network(setting: Setting, seed: int, _method: str) -> Any:  # noqa: ANN401 - same
    """Return a network with one small hidden layer."""
    from sklearn.neural_network import MLPClassifier  # noqa: PLC0415 - only when training

    return MLPClassifier(
        (8,), activation="tanh", solver="lbfgs", alpha=setting["alpha"], max_iter=1000,
        max_fun=100_000, random_state=seed,
    )  # fmt: skip


MAKERS: Mapping[Name, Callable[[Setting, int, str], Any]] = {
    "logistic": logistic, "svm": svm, "svm-rbf": svm_rbf, "boosting": boosting, "network": network,
}  # fmt: skip


def fit_by_site(made: Any, design: Array, truth: Array, site: Array, spread: float) -> Any:  # noqa: ANN401 - a LogisticRegression
    """Return a logistic regression whose slopes were fitted with an intercept for each site.

    The sites' intercepts are drawn towards a common one as values of a normal distribution with the
    deviation `spread` would be, and then taken out: what is left has the intercept with which its
    mean over all rows is what was observed.
    """
    places = np.unique(site)
    own = (site[:, None] == places[None, :]) * (spread / np.sqrt(made.C))
    made.fit(np.hstack([design, own]), truth)
    width = design.shape[1]
    made.coef_, made.n_features_in_ = made.coef_[:, :width].copy(), width
    made.intercept_ = np.array([level(design @ made.coef_[0], truth)])
    return made


def level(odds: Array, truth: Array) -> float:
    """Return what to add to the log odds so that the mean probability is the observed share."""
    shift = float(logit(np.array([truth.mean()]))[0] - odds.mean())
    for _ in range(100):
        found = expit(odds + shift)
        step = (truth.mean() - found.mean()) / np.mean(found * (1 - found))
        shift += float(np.clip(step, -1, 1))
        if abs(step) < 1e-12:
            break
    return shift


def linear(fitted: Any) -> Linear:  # noqa: ANN401 - an estimator of `LINEAR`
    """Return the log odds of a fitted estimator as one linear function.

    A machine's probability is ``1 / (1 + exp(a f + b))`` of its distance f, itself linear.
    """
    if hasattr(fitted, "coef_"):
        return Linear(fitted.coef_[0], float(fitted.intercept_[0]))
    (one,) = fitted.calibrated_classifiers_
    (sigmoid,) = one.calibrators
    machine = one.estimator
    return Linear(
        -sigmoid.a_ * machine.coef_[0],
        float(-(sigmoid.a_ * machine.intercept_[0] + sigmoid.b_)),
    )
