"""Expressions of the card language as ONNX operators over columns of doubles, (n, 1) each.

Missing numbers are NaN, as in a batch (`scoring.codegen`); truths are ONNX booleans. Equal parts of
expressions become one operator.
"""

from __future__ import annotations

import ast
import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.codegen import NUDGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

COMPARISONS = {
    ast.Lt: "Less", ast.LtE: "LessOrEqual", ast.Gt: "Greater", ast.GtE: "GreaterOrEqual",
    ast.Eq: "Equal",
}  # fmt: skip
ARITHMETIC = {ast.Add: "Add", ast.Sub: "Sub", ast.Mult: "Mul"}
DOUBLE, INT64 = 11, 7
"""TensorProto's numbers of the two types."""
INFINITY = float(np.finfo(np.float64).max)
"""The largest number there is."""


class Nodes:
    """The operators of a graph while they are gathered; values are named by text."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}
        self.flags: set[str] = set()
        """Names of values that are booleans."""
        self._made: dict[tuple[Any, ...], str] = {}

    def constant(self, value: float | bool | Sequence[float], *, whole: bool = False) -> str:
        """Return the name of a number (1, 1), a truth, or a table of numbers (m,)."""
        from onnx import numpy_helper  # noqa: PLC0415 - an extra

        key = ("constant", repr(value), whole)
        if key not in self._made:
            name = self._made[key] = f"_c{len(self.constants)}"
            array = np.array(value, dtype=np.int64 if whole else np.float64)
            if isinstance(value, bool):
                array = np.array([[value]])
                self.flags.add(name)
            elif array.ndim == 0:
                array = array.reshape(1, 1)
            self.constants[name] = numpy_helper.from_array(array, name)
        return self._made[key]

    def add(self, operator: str, *inputs: str, flag: bool = False, **attributes: Any) -> str:  # noqa: ANN401 - numbers of ONNX
        """Return the name of an operator's result, made when it is not there yet."""
        from onnx import helper  # noqa: PLC0415 - an extra

        key = (operator, inputs, tuple(attributes.items()))
        if key not in self._made:
            name = self._made[key] = f"_v{len(self.nodes)}"
            self.nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
            if flag:
                self.flags.add(name)
        return self._made[key]

    def number(self, name: str) -> str:
        """Return the value as a number: truth counts as 0 or 1."""
        return self.add("Cast", name, to=DOUBLE) if name in self.flags else name

    def where(self, condition: str, then: str, other: str) -> str:
        """Return ``then`` where the condition holds, else ``other``."""
        both = then in self.flags and other in self.flags
        if both:
            negated = self.add("Not", condition, flag=True)
            return self.all_of([self.any_of([negated, then]), self.any_of([condition, other])])
        return self.add("Where", condition, self.number(then), self.number(other))

    def clip(self, value: str, low: float, high: float) -> str:
        """Return the number, not below ``low`` and not above ``high``."""
        above = self.add("Max", value, self.constant(low))
        return self.add("Min", above, self.constant(high))

    def any_of(self, conditions: Iterable[str]) -> str:
        """Return where one of the conditions holds."""
        return functools.reduce(lambda a, b: self.add("Or", a, b, flag=True), conditions)

    def all_of(self, conditions: Iterable[str]) -> str:
        """Return where all conditions hold."""
        return functools.reduce(lambda a, b: self.add("And", a, b, flag=True), conditions)

    def compare(self, operator: str, left: str, right: str) -> str:
        """Return where two numbers compare so."""
        return self.add(operator, self.number(left), self.number(right), flag=True)


class Emitter:
    """Turns checked trees (`scoring.expressions`) into operators."""

    def __init__(
        self, nodes: Nodes, names: Mapping[str, str], levels: Mapping[str, Sequence[str]]
    ) -> None:
        """Take the value of each name, and the levels of those that are codes."""
        self.nodes, self.names, self.levels = nodes, names, levels
        self._kinds: dict[type[ast.expr], Callable[[Any], str]] = {
            ast.Constant: lambda node: self.nodes.constant(node.value),
            ast.Name: lambda node: self.names[node.id],
            ast.BinOp: self._binary, ast.UnaryOp: self._unary, ast.BoolOp: self._boolean,
            ast.Compare: self._compare, ast.Call: self._call,
        }  # fmt: skip

    def value(self, node: ast.expr) -> str:
        """Return the name of what the tree yields."""
        return self._kinds[type(node)](node)

    def number(self, node: ast.expr) -> str:
        """Return the same as a number."""
        return self.nodes.number(self.value(node))

    def _binary(self, node: ast.BinOp) -> str:
        left, right = self.number(node.left), self.number(node.right)
        if isinstance(node.op, ast.Div):
            return self._quotient(left, right)
        if isinstance(node.op, ast.Pow):
            square = isinstance(node.right, ast.Constant) and node.right.value == 2
            return self.nodes.add("Mul", left, left) if square else self._power(left, right)
        return self.nodes.add(ARITHMETIC[type(node.op)], left, right)

    def _quotient(self, left: str, right: str) -> str:
        zero = self.nodes.compare("Equal", right, self.nodes.constant(0.0))
        safe = self.nodes.where(zero, self.nodes.constant(np.nan), right)
        return self.nodes.add("Div", left, safe)

    def _power(self, left: str, right: str) -> str:
        return self.nodes.add("Pow", left, right)

    def _unary(self, node: ast.UnaryOp) -> str:
        if isinstance(node.op, ast.Not):
            return self.nodes.add("Not", self._truth(node.operand), flag=True)
        operand = self.number(node.operand)
        return self.nodes.add("Neg", operand) if isinstance(node.op, ast.USub) else operand

    def _truth(self, node: ast.expr) -> str:
        found = self.value(node)
        zero = self.nodes.constant(0.0)
        return found if found in self.nodes.flags else self._differs(found, zero)

    def _differs(self, left: str, right: str) -> str:
        return self.nodes.add("Not", self.nodes.compare("Equal", left, right), flag=True)

    def _boolean(self, node: ast.BoolOp) -> str:
        values = [self.value(value) for value in node.values]
        both = isinstance(node.op, ast.And)
        return self.nodes.all_of(values) if both else self.nodes.any_of(values)

    def _compare(self, node: ast.Compare) -> str:
        operator, right = node.ops[0], node.comparators[0]
        left = self.value(node.left)
        elements = right.elts if isinstance(right, ast.Tuple) else [right]
        others = [self._operand(node.left, element) for element in elements]
        if isinstance(operator, ast.In | ast.NotIn):
            found = self.nodes.any_of(self.nodes.compare("Equal", left, o) for o in others)
        else:
            kind = ast.Eq if isinstance(operator, ast.NotEq) else type(operator)
            found = self.nodes.compare(COMPARISONS[kind], left, others[0])
        negated = isinstance(operator, ast.NotEq | ast.NotIn)
        return self.nodes.add("Not", found, flag=True) if negated else found

    def _operand(self, left: ast.expr, right: ast.expr) -> str:
        """Return what is compared with; a text as its position in the levels of the code."""
        if isinstance(right, ast.Constant) and isinstance(right.value, str):
            assert isinstance(left, ast.Name)
            return self.nodes.constant(float(self.levels[left.id].index(right.value)))
        return self.value(right)

    def _call(self, node: ast.Call) -> str:
        assert isinstance(node.func, ast.Name)
        name = node.func.id
        if name == "if_":
            return self.nodes.where(*(self.value(argument) for argument in node.args))
        if name == "round_half_up":
            digits = node.args[1]
            assert isinstance(digits, ast.Constant)
            assert isinstance(digits.value, int | float)
            return self.round_half_up(self.number(node.args[0]), digits.value)
        return self._function(name, [self.number(argument) for argument in node.args])

    def _function(self, name: str, args: list[str]) -> str:
        if name == "ln":
            positive = self.nodes.compare("Greater", args[0], self.nodes.constant(0.0))
            safe = self.nodes.where(positive, args[0], self.nodes.constant(np.nan))
            return self.nodes.add("Log", safe)
        return self.nodes.add(name.capitalize(), *args)

    def round_half_up(self, value: str, digits: float) -> str:
        """Return the value rounded as `codegen.round_half_up` rounds."""
        scale = self.nodes.constant(float(10.0**digits))
        moved = self.nodes.add("Mul", value, scale)
        moved = self.nodes.add("Add", moved, self.nodes.constant(NUDGE))
        return self.nodes.add("Div", self.nodes.add("Floor", moved), scale)
