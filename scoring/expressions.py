"""The small language of score cards: parsed once, checked node by node.

    number    12  0.5  1e-3         text     'male' (only compared, or chosen by if_)
    + - * / **  unary -             < <= > >= == !=    in ('a', 'b')    and or not
    ln exp sqrt abs floor           min(a, b)  max(a, b)  round_half_up(x, digits)
    if_(condition, then, else)

Truth counts as 0 or 1 in arithmetic. A text is compared only with a name whose possible values
are known, so that a misspelt level is an error when the card is loaded, not a silent false.

Python's own parser reads the text, but nothing is ever evaluated from it: every node must be on
the list here, and `scoring.codegen` builds new code from the checked nodes alone.

>>> parse("(age - 60) / 5", {"age": NUMBER}).uses
frozenset({'age'})
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Kind: TypeAlias = str | tuple[str, ...]
"""`NUMBER`, `FLAG`, or the possible values of a code."""

NUMBER = "number"
FLAG = "flag"

LONGEST = 4000
DEEPEST = 60
FUNCTIONS: Mapping[str, int] = {
    "ln": 1, "exp": 1, "sqrt": 1, "abs": 1, "floor": 1, "min": 2, "max": 2,
    "round_half_up": 2, "if_": 3,
}  # fmt: skip
ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow)
ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
SAMENESS = (ast.Eq, ast.NotEq)
MEMBERSHIP = (ast.In, ast.NotIn)


class ExpressionError(ValueError):
    """The text is outside the language; the message says what and where."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression: its tree holds only nodes of the language."""

    text: str
    tree: ast.expr
    kind: Kind
    uses: frozenset[str]


def parse(text: str, names: Mapping[str, Kind]) -> Expression:
    """Return the checked expression over `names`.

    Raises:
        ExpressionError: the text is no expression of the language, or uses an unknown name.
    """
    if len(text) > LONGEST:
        raise ExpressionError(f"longer than {LONGEST} characters")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ExpressionError(f"not an expression: {text[:60]!r}") from None
    uses: set[str] = set()
    kind = _kind(tree, names, uses, 0)
    return Expression(text, tree, kind, frozenset(uses))


def _kind(node: ast.expr, names: Mapping[str, Kind], uses: set[str], depth: int) -> Kind:
    """Return what `node` yields; collect the names it uses."""
    if depth > DEEPEST:
        raise ExpressionError("nested too deeply")
    check = _CHECKS.get(type(node))
    if check is None:
        raise ExpressionError(f"{type(node).__name__} is not part of the language")
    return check(node, names, uses, depth + 1)


def _number(node: ast.expr, names: Mapping[str, Kind], uses: set[str], depth: int) -> None:
    """Demand a number or a truth value."""
    if isinstance(_kind(node, names, uses, depth), tuple):
        raise ExpressionError(f"a text cannot be calculated with: {ast.unparse(node)}")


def _constant(node: ast.Constant, *_: object) -> Kind:
    if isinstance(node.value, bool):
        return FLAG
    if isinstance(node.value, int | float):
        return NUMBER
    if isinstance(node.value, str):
        return (node.value,)
    raise ExpressionError(f"{node.value!r} is not a number or text")


def _name(node: ast.Name, names: Mapping[str, Kind], uses: set[str], _: int) -> Kind:
    if node.id not in names:
        raise ExpressionError(f"unknown name {node.id}")
    uses.add(node.id)
    return names[node.id]


def _binary(node: ast.BinOp, names: Mapping[str, Kind], uses: set[str], depth: int) -> Kind:
    if not isinstance(node.op, ARITHMETIC):
        raise ExpressionError(f"{type(node.op).__name__} is not part of the language")
    # A long sum leans to the left: walk it without counting each addend as a level.
    left: ast.expr = node
    while isinstance(left, ast.BinOp) and isinstance(left.op, ARITHMETIC):
        _number(left.right, names, uses, depth)
        left = left.left
    _number(left, names, uses, depth)
    return NUMBER


def _unary(node: ast.UnaryOp, names: Mapping[str, Kind], uses: set[str], depth: int) -> Kind:
    if not isinstance(node.op, ast.USub | ast.UAdd | ast.Not):
        raise ExpressionError(f"{type(node.op).__name__} is not part of the language")
    _number(node.operand, names, uses, depth)
    return FLAG if isinstance(node.op, ast.Not) else NUMBER


def _boolean(node: ast.BoolOp, names: Mapping[str, Kind], uses: set[str], depth: int) -> Kind:
    for value in node.values:
        if _kind(value, names, uses, depth) != FLAG:
            raise ExpressionError(f"not a condition: {ast.unparse(value)}")
    return FLAG


def _compare(node: ast.Compare, names: Mapping[str, Kind], uses: set[str], depth: int) -> Kind:
    if len(node.ops) != 1:
        raise ExpressionError("compare two things at a time")
    operator, right = node.ops[0], node.comparators[0]
    left_kind = _kind(node.left, names, uses, depth)
    if isinstance(operator, MEMBERSHIP):
        _members(left_kind, right)
    elif isinstance(left_kind, tuple):
        _same_code(left_kind, operator, right)
    elif isinstance(operator, ORDER + SAMENESS):
        _number(right, names, uses, depth)
    else:
        raise ExpressionError(f"{type(operator).__name__} is not part of the language")
    return FLAG


def _members(levels: Kind, right: ast.expr) -> None:
    """Demand ``code in ('a', 'b')`` with texts among the levels of the code."""
    if not (isinstance(right, ast.Tuple) and isinstance(levels, tuple)):
        raise ExpressionError("`in` asks for a code and texts in brackets")
    for element in right.elts:
        _level(levels, element)


def _same_code(levels: tuple[str, ...], operator: ast.cmpop, right: ast.expr) -> None:
    """Demand ``code == 'a'`` or ``code != 'a'``."""
    if not isinstance(operator, SAMENESS):
        raise ExpressionError("codes have no order")
    _level(levels, right)


def _level(levels: tuple[str, ...], node: ast.expr) -> None:
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        raise ExpressionError(f"not a text: {ast.unparse(node)}")
    if node.value not in levels:
        raise ExpressionError(f"{node.value!r} is none of {', '.join(levels)}")


def _call(node: ast.Call, names: Mapping[str, Kind], uses: set[str], depth: int) -> Kind:
    if not isinstance(node.func, ast.Name) or node.keywords:
        raise ExpressionError(f"not a call of the language: {ast.unparse(node)[:60]}")
    name = node.func.id
    if name == "round_half_up" and len(node.args) == 1:
        node.args.append(ast.Constant(0))
    if FUNCTIONS.get(name) != len(node.args):
        raise ExpressionError(f"{name} with {len(node.args)} arguments is not in the language")
    if name == "if_":
        return _choice(node.args, names, uses, depth)
    for argument in node.args:
        _number(argument, names, uses, depth)
    return NUMBER


def _choice(args: list[ast.expr], names: Mapping[str, Kind], uses: set[str], depth: int) -> Kind:
    """Return the kind of ``if_``: both branches numbers, both conditions, or both texts."""
    condition, then, other = (_kind(argument, names, uses, depth) for argument in args)
    if condition != FLAG:
        raise ExpressionError(f"not a condition: {ast.unparse(args[0])[:60]}")
    if isinstance(then, tuple) and isinstance(other, tuple):
        return tuple(dict.fromkeys(then + other))
    if isinstance(then, tuple) or isinstance(other, tuple):
        raise ExpressionError("if_ chooses between numbers or between texts, not between both")
    return FLAG if then == other == FLAG else NUMBER


_CHECKS: dict[type[ast.expr], Callable[..., Kind]] = {
    ast.Constant: _constant, ast.Name: _name, ast.BinOp: _binary, ast.UnaryOp: _unary,
    ast.BoolOp: _boolean, ast.Compare: _compare, ast.Call: _call,
}  # fmt: skip
