from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.federated.sums import (
    LARGEST,
    FederatedError,
    decoded,
    encoded,
    packed,
    total,
    unpacked,
)

REAL = st.floats(-LARGEST, LARGEST)
VECTORS = st.lists(st.lists(REAL, min_size=3, max_size=3), min_size=1, max_size=6)


@given(VECTORS, st.randoms())
def test_the_total_is_that_of_the_numbers_whatever_the_order(vectors: list, random: object) -> None:
    sites = [encoded(np.array(vector)) for vector in vectors]
    found = total(sites)
    random.shuffle(sites)  # type: ignore[attr-defined]
    assert total(sites) == found
    exact = np.array(vectors).sum(axis=0)
    scale = np.abs(vectors).sum(axis=0)
    assert np.all(np.abs(decoded(found) - exact) <= 1e-15 * scale + 2.0**-60)


@given(st.lists(REAL))
def test_what_is_packed_comes_out_again(values: list[float]) -> None:
    numbers = encoded(np.array(values))
    assert unpacked(packed(numbers)) == numbers
    assert len(packed(numbers)) == 16 * len(values)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 2.0**51])
def test_what_cannot_be_added_up_is_refused(value: float) -> None:
    with pytest.raises(FederatedError):
        encoded(np.array([1.0, value]))


def test_answers_that_do_not_fit_are_refused() -> None:
    with pytest.raises(FederatedError, match="lengths"):
        total([[1, 2], [1]])
    with pytest.raises(FederatedError, match="cut off"):
        unpacked(bytes(17))
