from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.codegen import Step, build
from scoring.expressions import FLAG, NUMBER, ExpressionError, Kind, parse

KINDS: dict[str, Kind] = {
    "x": NUMBER,
    "y": NUMBER,
    "old": FLAG,
    "ill": FLAG,
    "sex": ("male", "female"),
}


def worked(text: str, **values: Any) -> Any:
    names = tuple(values)
    return build(names, [Step("result", parse(text, KINDS))], ["result"], KINDS)(*values.values())[
        0
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("1 + 2 * 3 - 4 / 8", 6.5, id="order of operations"),
        pytest.param("-x ** 2", -9.0, id="a power binds before a sign"),
        pytest.param("2 ** -1", 0.5, id="a negative power"),
        pytest.param("ln(exp(x))", 3.0, id="logarithm and exponential"),
        pytest.param("min(x, y) + max(x, y)", 7.0, id="smaller and larger"),
        pytest.param("min(x + 1, y * 2)", 4.0, id="of expressions"),
        pytest.param("round_half_up(x / 2)", 2.0, id="halves go up"),
        pytest.param("round_half_up(2.25, 1)", 2.3, id="to decimals"),
        pytest.param("if_(old and not ill, 1, 0)", 1, id="a condition"),
        pytest.param("old + ill + old", 2, id="truth counts as one"),
        pytest.param("(sex == 'male') * 5", 5, id="a comparison counts as one"),
        pytest.param("if_(sex in ('female', 'male'), 'a', 'b')", "a", id="one of several"),
        pytest.param("if_(sex != 'male', 1, 2)", 2, id="another one"),
        pytest.param("abs(floor(-x - 0.5))", 4.0, id="floor and absolute value"),
        pytest.param("sqrt(x * 3)", 3.0, id="square root"),
        pytest.param("exp(old)", math.e, id="a truth is a full number to a function"),
    ],
)
def test_value_of_an_expression(text: str, expected: object) -> None:
    assert worked(text, x=3.0, y=4.0, old=True, ill=False, sex="male") == expected


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "x.real",
        "x[0]",
        "[x for x in (1,)]",
        "lambda: x",
        "x if old else y",
        "(x := 3)",
        "f'{x}'",
        "{'a': 1}",
        "open('file')",
        "eval('1')",
        "exp(x, y)",
        "exp(*x)",
        "round_half_up(x, digits=1)",
        "x and y",
        "1 < x < 2",
        "'a' + 'b'",
        "'a' * 9",
        "sex < 'male'",
        "sex == 'malle'",
        "sex == x",
        "sex in 'male'",
        "x in ('male', 'female')",
        "if_(x, 1, 2)",
        "if_(old, 'a', 1)",
        "x // y",
        "x % y",
        "x @ y",
        "x << 2",
        "~x",
        "x is y",
        "None",
        "b'1'",
        "1j",
        "...",
        "unknown",
        "",
        "x +",
        "x; y",
        "x\ny",
        "abs(" * 90 + "x" + ")" * 90,
        "-" * 100 + "x",
        "x + " * 2000 + "x",
        "\x00",
    ],
)
def test_what_is_outside_the_language_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text, KINDS)


@given(st.text(max_size=60))
def test_no_text_does_anything_but_parse_or_be_refused(text: str) -> None:
    try:
        parse(text, KINDS)
    except ExpressionError:
        return


LEAVES = st.sampled_from(["x", "y", "old", "(sex == 'male')", "1.5", "2", "0.1", "-3"])


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.tuples(inner, inner)
    operators = st.sampled_from(["({} + {})", "({} - {})", "({} * {})", "({} / {})"])
    calls = st.sampled_from(["min({}, {})", "max({}, {})", "if_({} < {}, x, y)", "({})**2 + {}"])
    single = st.sampled_from(["exp({})", "ln({})", "sqrt({})", "floor({})", "abs({})", "-({})"])
    return (
        st.builds(lambda form, pair: form.format(*pair), operators | calls, pairs)
        | st.builds(lambda form, text: form.format(text), single, inner)
    )  # fmt: skip


@given(
    st.recursive(LEAVES, grown, max_leaves=12),
    st.floats(-50, 50),
    st.floats(-50, 50),
    st.booleans(),
    st.sampled_from(["male", "female"]),
)
def test_a_column_gives_bit_for_bit_what_a_row_gives(
    text: str, x: float, y: float, old: bool, sex: str
) -> None:
    names = ("x", "y", "old", "sex")
    steps = [Step("result", parse(f"0.0 + {text}", KINDS))]
    try:
        one = build(names, steps, ["result"], KINDS)(x, y, old, sex)[0]
    except (ArithmeticError, ValueError):
        one = math.nan
    places = np.array([KINDS["sex"].index(sex)] * 3)
    with np.errstate(all="ignore"):
        columns = build(names, steps, ["result"], KINDS, columns=True)
        many = columns(np.full(3, x), np.full(3, y), np.array([old] * 3), places)[0]
    if math.isfinite(one):
        assert np.broadcast_to(many, 3).tolist() == [one] * 3


def test_steps_that_nobody_needs_are_left_out() -> None:
    steps = [Step("a", parse("1 / x", KINDS)), Step("b", parse("y + 1", KINDS))]
    assert build(("x", "y"), steps, ["b"], KINDS)(0, 2) == (3,)


def test_a_step_with_a_condition_is_missing_where_it_does_not_hold() -> None:
    steps = [Step("a", parse("x + 1", KINDS), parse("old", KINDS))]
    assert build(("x", "old"), steps, ["a"], KINDS)(1, False) == (None,)
    found = build(("x", "old"), steps, ["a"], KINDS, columns=True)
    assert np.isnan(found(np.array([1.0]), np.array([False]))[0])
