"""scikit-learn estimators as files: kept with skops, converted to ONNX, made from coefficients.

skl2onnx converts some models wrongly without a word (a `CalibratedClassifierCV` around a pipeline,
isotonic calibration); each conversion is compared with the estimator, and refused when it differs.
"""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.cards import ModelFile
from scoring.exchange import ExchangeError
from scoring.modelfile import onnx_rules, skops_rules
from scoring.runtimes import filed

if TYPE_CHECKING:
    from scoring.cards import Card
    from scoring.codegen import Array

ROWS = 10_000
NEAR = 1e-6
"""How far a model in another form may be from the original, on any row."""
OPSET = {"": 18, "ai.onnx.ml": 3}


@dataclass(frozen=True, slots=True)
class Kept:
    """A model as a file: the bytes, and what a card says of it."""

    raw: bytes
    runtime: str
    trusted: tuple[str, ...] = ()
    output: str | None = None
    leaves_site: bool = True

    def table(self, path: str) -> dict[str, Any]:
        """Return the card's ``[model_file]`` for the file at `path`."""
        found: dict[str, Any] = {"path": path, "sha256": hashlib.sha256(self.raw).hexdigest()}
        found |= {"trusted": list(self.trusted)} if self.trusted else {}
        found |= {"output": self.output} if self.output else {}
        return found if self.leaves_site else {**found, "leaves_site": False}


def kept(estimator: Any) -> Kept:  # noqa: ANN401 - any classifier of scikit-learn
    """Return a fitted classifier over a card's standardised terms as a skops file.

    Write ``raw`` beside the card; the card has ``runtime`` and, as its model file, ``table(path)``.

    Raises:
        ExchangeError: it holds types that are not served.
    """
    from skops import io  # noqa: PLC0415 - brings scikit-learn

    raw = io.dumps(estimator)
    trusted = tuple(io.get_untrusted_types(data=raw))
    try:
        skops_rules.check_types(skops_rules.names(raw), trusted)
    except ValueError as error:
        raise ExchangeError(f"{type(estimator).__name__} cannot be kept: {error}") from None
    leaves = skops_rules.rows_of_patients(raw) is None
    return Kept(raw, "skops", trusted, leaves_site=leaves)


def converted(estimator: Any, design: Array) -> tuple[Kept, float]:  # noqa: ANN401 - any classifier
    """Return a fitted classifier as an ONNX file, and its largest difference on the rows tried.

    `design` (n, k) are rows like those it was fitted to, standardised; as many random ones are
    tried beside them. The file takes floats and holds no patient's row.

    Raises:
        ExchangeError: it cannot be converted, or differs by more than 1e-6.
    """
    from skl2onnx import to_onnx  # noqa: PLC0415 - an extra

    name = type(estimator).__name__
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = to_onnx(
                estimator, design[:1].astype(np.float32), options={"zipmap": False},
                target_opset=OPSET,
            )  # fmt: skip
    except Exception as error:  # noqa: BLE001 - the converter fails in many ways
        told = str(error).strip().splitlines()[0][:120]
        raise ExchangeError(f"{name} cannot be converted to ONNX: {told}") from None
    if rows := onnx_rules.rows_of_patients(model):
        raise ExchangeError(f"{name} would hand on {rows}")
    made = Kept(model.SerializeToString(), "onnx", output="probabilities")
    random = np.random.default_rng(1).normal(size=(ROWS, design.shape[1])) * 2
    tried = np.vstack([design, random])
    return made, compared(made, estimator.predict_proba(tried)[:, 1], tried)


def compared(made: Kept, wanted: Array, design: Array) -> float:
    """Return the largest difference between a file and the probabilities it should give.

    Raises:
        ExchangeError: it is more than 1e-6.
    """
    from scoring.runtimes import onnx, skops  # noqa: PLC0415 - both import heavy libraries

    runtime = {"onnx": onnx, "skops": skops}[made.runtime]
    file = ModelFile(path="", sha256="", trusted=made.trusted, output=made.output)
    found = runtime.open_model(made.raw, file, design.shape[1]).probabilities(design)
    return near(found, wanted)


def near(found: Array, wanted: Array) -> float:
    """Return the largest difference, NaN being equal to NaN.

    Raises:
        ExchangeError: it is more than 1e-6.
    """
    apart = np.abs(found - wanted)
    apart[np.isnan(found) & np.isnan(wanted)] = 0.0
    largest = float(np.nan_to_num(apart, nan=np.inf).max(initial=0.0))
    if largest > NEAR:
        count = int((~(apart <= NEAR)).sum())
        raise ExchangeError(
            f"differs from the original by {largest:.3g} (on {count} of {len(found)} rows by more "
            f"than {NEAR:g}): not written"
        )
    return largest


def of_coefficients(card: Card) -> Any:  # noqa: ANN401 - a pipeline of scikit-learn
    """Return a scikit-learn pipeline over a card's terms, unscaled, that says the same as the card.

    Raises:
        ExchangeError: the card is more than one logistic regression.
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - only when asked for
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415 - same
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415 - same

    plain = [one for one in card.models if one.link == "logistic" and not one.only_if]
    if len(plain) != 1 or len(card.models) != 1 or plain[0].when:
        raise ExchangeError(f"{card.id}: only one logistic regression has a scikit-learn form")
    model, width = plain[0], len(card.terms)
    scaler = StandardScaler().fit(np.zeros((1, width)))
    scaler.mean_, scaler.scale_ = filed.scales(card)
    regression = LogisticRegression().fit(np.eye(2, width), [False, True])
    regression.coef_ = np.array([[model.coefficients.get(term, 0.0) for term in card.terms]])
    regression.intercept_ = np.array([model.intercept])
    return make_pipeline(scaler, regression)
