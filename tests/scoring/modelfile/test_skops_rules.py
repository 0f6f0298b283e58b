from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from skops import io as store

from scoring.cards import CardError
from scoring.modelfile import skops_rules
from tests.fakes.models import a_card, fitted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def boosted() -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return fitted(HistGradientBoostingClassifier(max_iter=3))


def forest() -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return fitted(RandomForestClassifier(3, random_state=1))


def radial() -> Any:
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.svm import SVC

    return fitted(CalibratedClassifierCV(SVC(), ensemble=False))


def logistic(width: int = 2) -> Any:
    from sklearn.linear_model import LogisticRegression

    design = np.random.default_rng(1).normal(size=(50, width))
    return fitted(LogisticRegression(), design, design[:, 0] > 0)


def changed(raw: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    """The archive with its description changed."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(made, "w") as new:
        for member in old.infolist():
            content = old.read(member)
            if member.filename == "schema.json":
                described = json.loads(content)
                change(described)
                content = json.dumps(described).encode()
            new.writestr(member.filename, content)
    return made.getvalue()


def renamed(module: str, name: str) -> Callable[[dict[str, Any]], object]:
    return lambda described: described.update({"__module__": module, "__class__": name})


def trusted(raw: bytes) -> list[str]:
    found: list[str] = store.get_untrusted_types(data=raw)
    return found


SYSTEM = changed(store.dumps(logistic()), renamed("posix", "system"))


@pytest.mark.parametrize("listed", [[], ["posix.system"]], ids=["unlisted", "listed"])
def test_a_foreign_type_is_refused_whatever_the_card_trusts(
    listed: list[str], tmp_path: Path
) -> None:
    with pytest.raises(CardError, match=r"holds posix.system, which is not among the types"):
        a_card(tmp_path, SYSTEM, "skops", trusted=listed)


def test_a_type_that_the_card_does_not_list_is_named(tmp_path: Path) -> None:
    raw = store.dumps(forest())
    assert trusted(raw) == ["sklearn.tree._tree.Tree"]
    told = r"model_file.trusted: the file holds sklearn.tree._tree.Tree, which the card does not"
    with pytest.raises(CardError, match=told):
        a_card(tmp_path, raw, "skops")


def test_a_type_that_is_listed_for_nothing(tmp_path: Path) -> None:
    with pytest.raises(CardError, match=r"lists sklearn.tree._tree.Tree, which the file does not"):
        a_card(tmp_path, store.dumps(logistic()), "skops", trusted=["sklearn.tree._tree.Tree"])


def test_rows_of_patients_have_to_stay(tmp_path: Path) -> None:
    raw = store.dumps(radial())
    with pytest.raises(CardError, match=r"leaves_site: must be false: the file holds rows of pat"):
        a_card(tmp_path, raw, "skops", trusted=trusted(raw))
    card = a_card(tmp_path, raw, "skops", trusted=trusted(raw), more="leaves_site = false")
    assert card.model_file is not None


def test_other_width_classes_and_kinds(tmp_path: Path) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    with pytest.raises(CardError, match="takes 3 columns, the card has 2 terms"):
        a_card(tmp_path, store.dumps(logistic(3)), "skops")
    three = fitted(LogisticRegression(), np.eye(6)[:, :2], [0, 1, 2, 0, 1, 2])
    with pytest.raises(CardError, match="the model has 3 classes"):
        a_card(tmp_path, store.dumps(three), "skops")
    with pytest.raises(CardError, match="StandardScaler gives no probabilities"):
        a_card(tmp_path, store.dumps(StandardScaler().fit(np.eye(2))), "skops")


def bomb(member: str, size: int) -> bytes:
    """An archive of a few kilobytes that unpacks to `size` bytes in one member."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as zipped:
        if member != "schema.json":
            zipped.writestr("schema.json", "{}")
        with zipped.open(member, "w") as stream:
            for _ in range(size // 2**20):
                stream.write(bytes(2**20))
    return made.getvalue()


def crowd() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as zipped:
        zipped.writestr("schema.json", "{}")
        for place in range(3):
            zipped.writestr(f"{place}.npy", b"")
    return made.getvalue()


def test_archives_that_unpack_to_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(skops_rules, "UNPACKED", 4 * 2**20)
    monkeypatch.setattr(skops_rules, "SCHEMA", 2 * 2**20)
    with pytest.raises(CardError, match="unpacks to 5242882 bytes in 2 members"):
        a_card(tmp_path, bomb("a.npy", 5 * 2**20), "skops")
    with pytest.raises(CardError, match="its description is too large"):
        a_card(tmp_path, bomb("schema.json", 3 * 2**20), "skops")
    monkeypatch.setattr(skops_rules, "MEMBERS", 3)
    with pytest.raises(CardError, match="in 4 members"):
        a_card(tmp_path, crowd(), "skops")


def described(text: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as zipped:
        zipped.writestr("schema.json", text)
    return made.getvalue()


@pytest.mark.parametrize(
    "text", ["", "{", "[" * 200_000, "{}", "[1]", '{"__class__": "dict", "__module__": "builtins"}']
)
def test_a_description_that_is_none(text: str, tmp_path: Path) -> None:
    with pytest.raises(CardError, match=r"a damaged skops file|gives no probabilities"):
        a_card(tmp_path, described(text), "skops")


@pytest.mark.parametrize("make", [forest, boosted], ids=["Tree", "TreePredictor"])
@pytest.mark.parametrize("points", [10**6, -7, 0], ids=["beyond", "before", "loop"])
def test_a_tree_that_points_outside_itself(make: Any, points: int, tmp_path: Path) -> None:
    estimator = make()
    if hasattr(estimator, "estimators_"):
        tree = estimator.estimators_[0].tree_
        state = tree.__getstate__()
        state["nodes"]["left_child"][0] = points
        tree.__setstate__(state)
    else:
        estimator._predictors[0][0].nodes["left"][0] = points % 2**32
    raw = store.dumps(estimator)
    with pytest.raises(CardError, match="a tree points outside itself"):
        a_card(tmp_path, raw, "skops", trusted=trusted(raw))


def test_a_tree_over_other_columns(tmp_path: Path) -> None:
    estimator = boosted()
    estimator._predictors[0][0].nodes["feature_idx"][0] = 17
    raw = store.dumps(estimator)
    with pytest.raises(CardError, match="a tree points outside the columns"):
        a_card(tmp_path, raw, "skops", trusted=trusted(raw))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("support_vectors_", np.zeros((3, 2))),
        ("support_vectors_", np.zeros((0, 2))),
        ("support_", np.arange(2, dtype=np.int32)),
        ("_n_support", np.array([10**6, 1], dtype=np.int32)),
        ("_dual_coef_", np.zeros((1, 1))),
        ("_intercept_", np.zeros(0)),
        ("shape_fit_", (300, 50)),
        ("kernel", "precomputed"),
    ],
)
def test_support_vectors_that_do_not_fit_together(name: str, value: Any, tmp_path: Path) -> None:
    estimator = radial()
    setattr(estimator.calibrated_classifiers_[0].estimator, name, value)
    raw = store.dumps(estimator)
    with pytest.raises(CardError, match="support vectors do not fit"):
        a_card(tmp_path, raw, "skops", trusted=trusted(raw), more="leaves_site = false")
