"""Bytes changed at random, with the right hash: opened, or refused in one line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from skops import io as store

from scoring.cards import CardError
from scoring.engine import score
from tests.fakes.models import a_card, a_graph, fitted

if TYPE_CHECKING:
    from pathlib import Path


def boosted() -> bytes:
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(max_iter=2, max_leaf_nodes=3, random_state=1)
    raw: bytes = store.dumps(fitted(model))
    return raw


WHOLE = {"onnx": a_graph().SerializeToString(), "skops": boosted()}
TRUSTED = {"onnx": [], "skops": store.get_untrusted_types(data=WHOLE["skops"])}

changes = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=4
)


@pytest.mark.parametrize("runtime", WHOLE)
@given(found=changes, end=st.floats(0, 1) | st.just(1.0))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_damaged_file_is_opened_or_refused(
    runtime: str, found: list[tuple[float, int]], end: float, tmp_path: Path
) -> None:
    raw = bytearray(WHOLE[runtime])
    for place, byte in found:
        raw[int(place * len(raw))] = byte
    damaged = bytes(raw[: int(end * len(raw))])
    try:
        card = a_card(tmp_path, damaged, runtime, trusted=TRUSTED[runtime])
    except CardError as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017 - either is right
        return
    given_: Any = score(card, {"a": 1.0})
    json.dumps(given_.outputs, allow_nan=False)
