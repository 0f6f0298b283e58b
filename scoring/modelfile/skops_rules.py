"""What a skops file may hold: a closed list of types, trees and vectors that fit together."""

from __future__ import annotations

import functools
import io
import json
import tomllib
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.modelfile import ModelFileError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scoring.codegen import Array

UNPACKED = 256 * 2**20
"""Bytes of all members of the archive together, at most."""
MEMBERS = 20_000
SCHEMA = 32 * 2**20
DAMAGED = "a damaged skops file"


@functools.cache
def types() -> Mapping[str, Sequence[str]]:
    """Return the types that a file may hold, by what is to be done about them."""
    text = (Path(__file__).parent / "types.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def read(raw: bytes, trusted: Sequence[str]) -> Any:  # noqa: ANN401 - any kind of estimator
    """Return the estimator in the bytes, made only when all types in it are on the lists.

    Raises:
        ModelFileError: it holds a type that is not served, or that `trusted` does not name.
    """
    held = names(raw)
    check_types(held, trusted)
    from skops import io as store  # noqa: PLC0415 - brings scikit-learn

    try:
        untrusted = store.get_untrusted_types(data=raw)
        check_trusted(untrusted, trusted)
        estimator = store.loads(raw, trusted=list(trusted))
        for part in parts(estimator):
            check_fit(part)
    except ModelFileError:
        raise
    except Exception as error:  # noqa: BLE001 - a crafted file fails in any way it likes
        raise ModelFileError("path", f"{DAMAGED}: {type(error).__name__}") from None
    return estimator


def names(raw: bytes) -> set[str]:
    """Return the full names of all types in the archive, which is measured before it is unpacked.

    Raises:
        ModelFileError: it is too large, or no skops archive.
    """
    found: set[str] = set()
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            measure(archive)
            gather(json.loads(archive.read("schema.json")), found)
    except ModelFileError:
        raise
    except Exception as error:  # noqa: BLE001 - a damaged archive fails in many ways
        raise ModelFileError("path", f"{DAMAGED}: {type(error).__name__}") from None
    return found


def measure(archive: zipfile.ZipFile) -> None:
    """Check what the archive will be when it is unpacked (no member gives more than it declares).

    Raises:
        ModelFileError: too much.
    """
    members = archive.infolist()
    size = sum(member.file_size for member in members)
    if len(members) > MEMBERS or size > UNPACKED:
        raise ModelFileError("path", f"unpacks to {size} bytes in {len(members)} members")
    if archive.getinfo("schema.json").file_size > SCHEMA:
        raise ModelFileError("path", "its description is too large")


def gather(schema: Any, found: set[str]) -> None:  # noqa: ANN401 - JSON
    """Add the names of all types in a part of the schema."""
    if isinstance(schema, dict):
        if "__class__" in schema or "__module__" in schema:
            found.add(f"{schema.get('__module__')}.{schema.get('__class__')}")
        for value in schema.values():
            gather(value, found)
    elif isinstance(schema, list):
        for value in schema:
            gather(value, found)


def check_types(held: set[str], trusted: Sequence[str]) -> None:
    """Check that all types are on our lists, whatever the card trusts.

    Raises:
        ModelFileError: one of them is not.
    """
    known = {name for group in types().values() for name in group}
    for name in sorted(held - known):
        raise ModelFileError("path", f"holds {name}, which is not among the types served")
    for name in sorted(set(trusted) - set(types()["to_be_trusted"])):
        raise ModelFileError("trusted", f"{name} cannot be trusted")


def check_trusted(untrusted: Sequence[str], trusted: Sequence[str]) -> None:
    """Check that the card trusts exactly what has to be trusted.

    Raises:
        ModelFileError: a type is missing from the card's list, or is there for nothing.
    """
    for name in sorted(set(untrusted) - set(trusted)):
        raise ModelFileError("trusted", f"the file holds {name}, which the card does not list")
    for name in sorted(set(trusted) - set(untrusted)):
        raise ModelFileError("trusted", f"lists {name}, which the file does not hold")


def rows_of_patients(raw: bytes) -> str | None:
    """Return what in the file is a patient's row, if anything."""
    found = sorted(names(raw) & set(types()["rows_of_patients"]))
    return f"rows of patients (the support vectors of {found[0]})" if found else None


def parts(whole: Any) -> Iterator[Any]:  # noqa: ANN401 - any kind of object
    """Yield an object and all that it holds, each once."""
    seen: set[int] = set()
    waiting = [whole]
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        if isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list | tuple):
            waiting += one
        elif isinstance(one, np.ndarray):
            waiting += one.ravel().tolist() if one.dtype == object else []
        else:
            waiting += getattr(one, "__dict__", {}).values()


def check_fit(part: Any) -> None:  # noqa: ANN401 - any kind of object
    """Check what compiled code would follow blindly: trees and support vectors.

    Raises:
        ModelFileError: a node points outside its tree or the columns, or counts do not agree.
    """
    kind = type(part).__name__
    if kind == "Tree":
        left, right = part.children_left, part.children_right
        check_nodes(left == -1, left, right, part.feature, part.n_features)
    elif kind == "TreePredictor":
        nodes = part.nodes
        if nodes["is_categorical"].any():
            raise ModelFileError("path", "trees over categories are not served")
        leaf = nodes["is_leaf"] != 0
        check_nodes(leaf, nodes["left"], nodes["right"], nodes["feature_idx"], None)
    elif kind in ("SVC", "NuSVC") and hasattr(part, "support_vectors_"):
        check_vectors(part)


def check_vectors(machine: Any) -> None:  # noqa: ANN401 - a support-vector machine
    """Check that what libsvm is given fits together.

    Raises:
        ModelFileError: it does not.
    """
    count, width = machine.support_vectors_.shape
    same = (
        machine._n_support.sum() == len(machine.support_) == count  # noqa: SLF001 - what libsvm is given
        and machine._dual_coef_.shape == (1, count)
        and machine._intercept_.shape == (1,)
        and machine.shape_fit_[1] == machine.n_features_in_ == width
        and machine.kernel in ("linear", "poly", "rbf", "sigmoid")
    )
    if machine._sparse or not same:  # noqa: SLF001 - same
        raise ModelFileError("path", f"{DAMAGED}: support vectors do not fit together")


def check_nodes(leaf: Array, left: Array, right: Array, feature: Array, width: int | None) -> None:
    """Check that each node that is no leaf points forward in its tree, and to a column.

    Raises:
        ModelFileError: one does not.
    """
    place = np.arange(len(leaf))
    forward = (left > place) & (left < len(leaf)) & (right > place) & (right < len(leaf))
    column = (feature >= 0) & (feature < (width or 1000))
    if not len(leaf) or not (leaf | (forward & column)).all():
        raise ModelFileError("path", f"{DAMAGED}: a tree points outside itself")
