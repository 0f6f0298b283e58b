from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.notation import write

PLAIN = (
    st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
)
KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
TABLES = st.recursive(
    st.dictionaries(KEYS, PLAIN | st.lists(PLAIN, max_size=3), max_size=4),
    lambda inner: st.dictionaries(KEYS, PLAIN | inner | st.lists(inner, min_size=1, max_size=2)),
    max_leaves=6,
)


@given(TABLES)
def test_what_is_written_is_read_back(document: dict[str, object]) -> None:
    assert tomllib.loads(write(document)) == document


def test_what_toml_has_no_word_for_is_refused() -> None:
    with pytest.raises(TypeError, match="float"):
        write({"x": float("nan")})
