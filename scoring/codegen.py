"""Functions made from checked expressions: one for a row, one for whole columns.

Both come from the same trees in the same order of operations, and both call NumPy's exp, log and
power, so that a batch gives bit for bit what its rows give one by one. New syntax trees are built
from the checked nodes alone and become a function object; no text is ever evaluated.

Columns: numbers and truths are arrays, codes are arrays of positions in the list of their levels.
"""

from __future__ import annotations

import ast
import math
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scoring.expressions import FLAG, Expression, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Array = npt.NDArray[Any]

LARGEST = math.log(np.finfo(np.float64).max)
NUDGE = 0.5 + 1e-9
"""Half, and a little: binary holds 38.05 as slightly less, its digits say it rounds up."""


@dataclass(frozen=True, slots=True)
class Step:
    """One assignment; where ``only_if`` does not hold the value is missing."""

    name: str
    expression: Expression
    only_if: Expression | None = None


def build(
    params: Sequence[str],
    steps: Sequence[Step],
    returns: Sequence[str],
    kinds: Mapping[str, Kind],
    *,
    columns: bool = False,
) -> Callable[..., Any]:
    """Return a function of `params` that runs `steps` and returns the tuple `returns`.

    Steps whose result nobody needs are left out. With `columns` every argument is an array, and
    missing numbers are NaN; otherwise arguments are plain values, and missing ones are None.
    """
    emit = _Columns(kinds) if columns else _Row(kinds)
    function = ast.parse("def card(): pass").body[0]
    assert isinstance(function, ast.FunctionDef)
    function.args.args = [ast.arg(_local(param)) for param in params]
    function.body = [emit.step(step) for step in needed(steps, returns)]
    values: list[ast.expr] = [ast.Name(_local(name), ast.Load()) for name in returns]
    function.body.append(ast.Return(ast.Tuple(values, ast.Load())))
    module = ast.fix_missing_locations(ast.Module([function], []))
    code = compile(module, "<card>", "exec")
    inner = next(item for item in code.co_consts if isinstance(item, CodeType))
    return FunctionType(inner, _COLUMN_GLOBALS if columns else _ROW_GLOBALS)


def needed(steps: Sequence[Step], returns: Sequence[str]) -> list[Step]:
    """Return the steps that `returns` rest on, in order."""
    wanted, kept = set(returns), []
    for step in reversed(steps):
        if step.name in wanted:
            kept.append(step)
            wanted |= step.expression.uses | (step.only_if.uses if step.only_if else frozenset())
    return kept[::-1]


def inputs_used(steps: Sequence[Step], returns: Sequence[str]) -> set[str]:
    """Return all names that `returns` rest on, inputs among them."""
    uses = set(returns)
    for step in needed(steps, returns):
        uses |= step.expression.uses | (step.only_if.uses if step.only_if else frozenset())
    return uses


def _local(name: str) -> str:
    """Return the name of the local variable: no keyword or builtin can be hit."""
    return f"v_{name}"


def _call(function: str, *args: ast.expr) -> ast.expr:
    return ast.Call(ast.Name(function, ast.Load()), list(args), [])


def _simple(node: ast.expr) -> bool:
    return isinstance(node, ast.Name | ast.Constant)


class _Emitter:
    """Turns a checked tree into Python; what differs for rows and columns is in the subclasses."""

    missing: ast.expr
    guarded: bool
    """Whether a division by zero has to be caught (Python raises by itself)."""

    def __init__(self, kinds: Mapping[str, Kind]) -> None:
        self.kinds = kinds

    def step(self, step: Step) -> ast.stmt:
        kind = step.expression.kind
        value = self.value(step.expression.tree, kind if isinstance(kind, tuple) else ())
        if step.only_if is not None:
            value = self.choice(self.value(step.only_if.tree), value, self.missing)
        return ast.Assign([ast.Name(_local(step.name), ast.Store())], value)

    def value(self, node: ast.expr, levels: tuple[str, ...] = ()) -> ast.expr:
        """Return the code of `node`; `levels` are those of the code that is being chosen."""
        if isinstance(node, ast.Constant):
            return self.constant(node, levels)
        if isinstance(node, ast.Name):
            return ast.Name(_local(node.id), ast.Load())
        if isinstance(node, ast.Call):
            return self.call(node, levels)
        return self.operation(node)

    def operation(self, node: ast.expr) -> ast.expr:
        """Return the code of an operation."""
        if isinstance(node, ast.BinOp):
            return self.binary(node)
        if isinstance(node, ast.UnaryOp):
            return self.unary(node)
        if isinstance(node, ast.Compare):
            return self.compare(node)
        assert isinstance(node, ast.BoolOp)
        return self.boolean(node)

    def binary(self, node: ast.BinOp) -> ast.expr:
        if isinstance(node.op, ast.Pow):
            return self.power(node)
        left, right = self.value(node.left), self.value(node.right)
        if self.guarded and isinstance(node.op, ast.Div) and not _nonzero(node.right):
            return _call("divide", left, right)
        if self.truth(node.left) and self.truth(node.right):
            left = self.operand(node.left)
        return ast.BinOp(left, node.op, right)

    def truth(self, node: ast.expr) -> bool:
        """Say whether `node` yields a truth value."""
        if isinstance(node, ast.Name):
            return self.kinds.get(node.id) == FLAG
        negated = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
        return negated or isinstance(node, ast.Compare | ast.BoolOp)

    def power(self, node: ast.BinOp) -> ast.expr:
        """Return a square as a product (exact both ways), any other power as a call."""
        base = self.operand(node.left)
        if isinstance(node.right, ast.Constant) and node.right.value == 2 and _simple(base):
            return ast.BinOp(base, ast.Mult(), base)
        return _call("power", base, self.operand(node.right))

    def compare(self, node: ast.Compare) -> ast.expr:
        levels = self.levels(node.left)
        left, right = self.value(node.left, levels), node.comparators[0]
        if isinstance(right, ast.Tuple):
            return self.member(left, right, node.ops[0], levels)
        return ast.Compare(left, node.ops, [self.value(right, levels)])

    def levels(self, node: ast.expr) -> tuple[str, ...]:
        kind = self.kinds.get(node.id) if isinstance(node, ast.Name) else None
        return kind if isinstance(kind, tuple) else ()

    def call(self, node: ast.Call, levels: tuple[str, ...]) -> ast.expr:
        assert isinstance(node.func, ast.Name)
        if node.func.id == "if_":
            condition, then, other = node.args
            return self.choice(
                self.value(condition), self.value(then, levels), self.value(other, levels)
            )
        return self.function(node.func.id, [self.operand(argument) for argument in node.args])

    def operand(self, node: ast.expr) -> ast.expr:
        raise NotImplementedError

    def function(self, name: str, args: list[ast.expr]) -> ast.expr:
        return _call(name, *args)

    def constant(self, node: ast.Constant, levels: tuple[str, ...]) -> ast.expr:
        raise NotImplementedError

    def choice(self, condition: ast.expr, then: ast.expr, other: ast.expr) -> ast.expr:
        raise NotImplementedError

    def unary(self, node: ast.UnaryOp) -> ast.expr:
        raise NotImplementedError

    def boolean(self, node: ast.BoolOp) -> ast.expr:
        raise NotImplementedError

    def member(
        self, left: ast.expr, right: ast.Tuple, operator: ast.cmpop, levels: tuple[str, ...]
    ) -> ast.expr:
        raise NotImplementedError


class _Row(_Emitter):
    """Plain Python of one row; arithmetic without a result raises."""

    guarded = False
    missing = ast.Constant(None)

    def constant(self, node: ast.Constant, levels: tuple[str, ...]) -> ast.expr:  # noqa: ARG002 - texts stay texts
        return ast.Constant(node.value)

    def choice(self, condition: ast.expr, then: ast.expr, other: ast.expr) -> ast.expr:
        return ast.IfExp(condition, then, other)

    def operand(self, node: ast.expr) -> ast.expr:
        """Return the code; a truth becomes a number first (NumPy's exp of one is half precise)."""
        code = self.value(node)
        return ast.BinOp(ast.Constant(1.0), ast.Mult(), code) if self.truth(node) else code

    def unary(self, node: ast.UnaryOp) -> ast.expr:
        return ast.UnaryOp(node.op, self.value(node.operand))

    def boolean(self, node: ast.BoolOp) -> ast.expr:
        return ast.BoolOp(node.op, [self.value(value) for value in node.values])

    def member(
        self,
        left: ast.expr,
        right: ast.Tuple,
        operator: ast.cmpop,
        levels: tuple[str, ...],  # noqa: ARG002 - texts stay texts
    ) -> ast.expr:
        return ast.Compare(left, [operator], [right])

    def function(self, name: str, args: list[ast.expr]) -> ast.expr:
        if name in ("min", "max") and any(isinstance(given, ast.Constant) for given in args):
            return self._limited(name, args)
        return _call(name, *args)

    @staticmethod
    def _limited(name: str, args: list[ast.expr]) -> ast.expr:
        """Return a value held to a constant: the constant where it wins, so that NaN stays NaN."""
        limit, value = sorted(args, key=lambda given: not isinstance(given, ast.Constant))
        if not _simple(value):
            return _call(name, *args)
        wins: ast.cmpop = ast.LtE() if name == "min" else ast.GtE()
        return ast.IfExp(ast.Compare(limit, [wins], [value]), limit, value)


class _Columns(_Emitter):
    """NumPy over whole columns; arithmetic without a result gives NaN."""

    guarded = True
    missing = ast.Name("nan", ast.Load())

    def constant(self, node: ast.Constant, levels: tuple[str, ...]) -> ast.expr:
        value = node.value
        return ast.Constant(levels.index(value) if isinstance(value, str) else value)

    def choice(self, condition: ast.expr, then: ast.expr, other: ast.expr) -> ast.expr:
        return _call("where", condition, then, other)

    def operand(self, node: ast.expr) -> ast.expr:
        """Return the code; a truth becomes a number first (two truths would add up to one)."""
        code = self.value(node)
        return _call("number", code) if self.truth(node) else code

    def unary(self, node: ast.UnaryOp) -> ast.expr:
        if isinstance(node.op, ast.Not):
            return _call("not_", self.value(node.operand))
        return ast.UnaryOp(node.op, self.operand(node.operand))

    def boolean(self, node: ast.BoolOp) -> ast.expr:
        name = "and_" if isinstance(node.op, ast.And) else "or_"
        return self._fold(name, [self.value(value) for value in node.values])

    def member(
        self, left: ast.expr, right: ast.Tuple, operator: ast.cmpop, levels: tuple[str, ...]
    ) -> ast.expr:
        values = [self.value(element, levels) for element in right.elts]
        one_of = self._fold("or_", [ast.Compare(left, [ast.Eq()], [value]) for value in values])
        return one_of if isinstance(operator, ast.In) else _call("not_", one_of)

    @staticmethod
    def _fold(name: str, values: list[ast.expr]) -> ast.expr:
        folded = values[0]
        for value in values[1:]:
            folded = _call(name, folded, value)
        return folded


def _nonzero(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp):
        return _nonzero(node.operand)
    return isinstance(node, ast.Constant) and bool(node.value)


def _exp(x: float) -> float:
    return math.inf if x > LARGEST else float(np.exp(x))


def _ln(x: float) -> float:
    if x <= 0:
        raise ArithmeticError("logarithm of nothing or less")
    return float(np.log(x))


def _ln_columns(x: Array) -> Array:
    found: Array = np.log(np.where(x > 0, x, np.nan))
    return found


def _power(x: float, y: float) -> float:
    with np.errstate(all="ignore"):
        found = float(np.power(float(x), float(y)))
    if math.isnan(found):
        raise ArithmeticError("a power that is no number")
    return found


def _divide_columns(x: Array, y: Array) -> Array:
    quotient: Array = np.divide(x, np.where(y == 0, np.nan, y))
    return quotient


def _floor(x: float) -> float:
    return float(np.floor(x))


def _sqrt(x: float) -> float:
    if x < 0:
        raise ArithmeticError("square root of less than nothing")
    return math.sqrt(x)


def _min(x: float, y: float) -> float:
    return x if x <= y or x != x else y  # noqa: PLR0124 - a NaN stays one


def _max(x: float, y: float) -> float:
    return x if x >= y or x != x else y  # noqa: PLR0124 - a NaN stays one


def round_half_up(x: float, digits: float) -> float:
    """Return `x` rounded to `digits` decimals, halves upwards.

    >>> round_half_up(38.05, 1), round_half_up(2.5, 0)
    (38.1, 3.0)
    """
    scale: float = 10.0**digits
    return float(np.floor(x * scale + NUDGE)) / scale


def round_columns(x: Array, digits: float) -> Array:
    """Return the column rounded as `round_half_up` rounds one value."""
    scale = 10.0**digits
    rounded: Array = np.floor(x * scale + NUDGE) / scale
    return rounded


def _number(x: Array) -> Array:
    return np.asarray(x).astype(np.float64)


_ROW_GLOBALS: dict[str, object] = {
    "__builtins__": {}, "exp": _exp, "ln": _ln, "power": _power, "sqrt": _sqrt, "abs": abs,
    "floor": _floor, "min": _min, "max": _max, "round_half_up": round_half_up,
}  # fmt: skip
_COLUMN_GLOBALS: dict[str, object] = {
    "__builtins__": {}, "exp": np.exp, "ln": _ln_columns, "power": np.power, "sqrt": np.sqrt,
    "abs": np.abs, "floor": np.floor, "min": np.minimum, "max": np.maximum, "nan": np.nan,
    "round_half_up": round_columns, "divide": _divide_columns, "where": np.where,
    "and_": np.logical_and, "or_": np.logical_or, "not_": np.logical_not, "number": _number,
}  # fmt: skip
