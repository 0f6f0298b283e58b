"""A card as an ONNX model that says the same as the card, row for row.

Input ``inputs``, double (n, k): the card's inputs in its order and units; truths are 0 and 1, codes
are positions in their levels, NaN is missing. Imputation, standardisation, links and recalibration
are inside. One output (n, 1) for each number the card gives; it is NaN where the card does not
apply (population, exclusions, missing or impossible values).

All arithmetic is in doubles, so that the model agrees with the card to about 1e-15.
"""

from __future__ import annotations

import json
from itertools import pairwise, product
from typing import TYPE_CHECKING

import numpy as np

from scoring.codegen import needed
from scoring.exchange import ExchangeError
from scoring.exchange.nodes import DOUBLE, INFINITY, INT64, Emitter, Nodes
from scoring.expressions import parse
from scoring.judge import EDGE
from scoring.program import Program

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring.calibration import Group
    from scoring.cards import Card, Input

INPUT = "inputs"
OPSET, IR = 18, 9


def model_of(card: Card, group: Group | None = None) -> bytes:
    """Return the card as an ONNX file, its first output corrected as for that group of patients.

    Raises:
        ExchangeError: the card has no numbers of its own, or gives classes alone.
    """
    from onnx import helper  # noqa: PLC0415 - an extra

    if card.runtime == "withheld" or card.model_file:
        raise ExchangeError(f"{card.id}: the card holds no numbers to make a graph of")
    drawn = Drawing(card)
    results = drawn.results()
    if not results:
        raise ExchangeError(f"{card.id}: gives classes alone, which have no ONNX form here")
    nodes = drawn.nodes
    if group is not None:
        first = next(iter(results))
        results[first] = corrected(nodes, group, results[first])
    for name, value in results.items():
        nodes.nodes.append(helper.make_node("Identity", [value], [name]))
    given = helper.make_tensor_value_info(INPUT, DOUBLE, ["n", len(card.inputs)])
    gives = [helper.make_tensor_value_info(name, DOUBLE, ["n", 1]) for name in results]
    used = {name for node in nodes.nodes for name in node.input}
    numbers = [number for name, number in nodes.constants.items() if name in used]
    graph = helper.make_graph(nodes.nodes, card.id, [given], gives, numbers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)
    helper.set_model_props(model, properties(card, group))
    raw: bytes = model.SerializeToString()
    return raw


def properties(card: Card, group: Group | None = None) -> dict[str, str]:
    """Return what a reader of the file has to know, as its metadata."""
    calibrated = f"{group.method} on {group.n} rows of one group" if group else "none"
    inputs = [
        {
            "name": name, "label": given.label, "type": given.type, "unit": given.unit,
            "levels": given.levels, "required": given.required and given.default is None,
        }
        for name, given in card.inputs.items()
    ]  # fmt: skip
    return {
        "id": card.id, "version": card.version, "title": card.title, "licence": card.licence,
        "citation": "; ".join(card.citation), "setting": card.setting,
        "disclaimer": card.disclaimer, "inputs": json.dumps(inputs),
        "missing": "NaN", "not_applicable": "NaN", "calibration": calibrated,
    }  # fmt: skip


def corrected(nodes: Nodes, group: Group, probability: str) -> str:
    """Return the probability after a group's correction of the log odds."""
    one = nodes.constant(1.0)
    inside = nodes.clip(probability, EDGE, 1 - EDGE)
    other = nodes.add("Sub", one, inside)
    before = nodes.add("Sub", nodes.add("Log", inside), nodes.add("Log", other))
    after = nodes.clip(_along(nodes, group, before), -700.0, 700.0)
    grown = nodes.add("Add", one, nodes.add("Exp", nodes.add("Neg", after)))
    return nodes.add("Div", one, grown)


def _along(nodes: Nodes, group: Group, before: str) -> str:
    """Return the corrected log odds: a line, or piece by piece along the knots."""
    if not group.knots:
        stretched = nodes.add("Mul", nodes.constant(group.slope), before)
        return nodes.add("Add", nodes.constant(group.intercept), stretched)
    (first, start), (last, _) = group.knots[0], group.knots[-1]
    pieces = [(first, -INFINITY, 0.0, 1.0), (last, 0.0, INFINITY, 1.0)]
    pieces += [(x, 0.0, z - x, (w - y) / (z - x)) for (x, y), (z, w) in pairwise(group.knots)]
    total = nodes.constant(start)
    for origin, low, high, slope in pieces:
        part = nodes.clip(nodes.add("Sub", before, nodes.constant(origin)), low, high)
        total = nodes.add("Add", total, nodes.add("Mul", part, nodes.constant(slope)))
    return total


class Drawing:
    """The graph of one card while it is drawn."""

    def __init__(self, card: Card) -> None:
        self.card, self.program, self.nodes = card, Program(card), Nodes()
        self.values: dict[str, str] = {}
        """The value of each input, gaps filled."""
        self.refused: list[str] = []
        """Where the card does not apply."""
        for place, (name, given) in enumerate(card.inputs.items()):
            index = self.nodes.constant([place], whole=True)
            column = self.nodes.add("Gather", INPUT, index, axis=1)
            self.values[name] = self._input(name, given, column)
        for text in card.exclude:
            self.refused.append(self._emitter().value(parse(text, card.kinds).tree))

    def results(self) -> dict[str, str]:
        """Return the value of each number that the card gives."""
        texts = self.program.output_levels
        names = [name for name in self.card.outputs if name not in texts]
        levels = [self.card.inputs[name].levels for name in self.program.strata]
        found = dict.fromkeys(names, self.nodes.constant(np.nan))
        for stratum in product(*levels):
            chosen = dict(zip(self.program.strata, stratum, strict=True))
            for name, value in self._of_stratum(chosen, names).items():
                here = self._stratum(chosen)
                found[name] = self.nodes.where(here, value, found[name]) if here else value
        refused = self.nodes.any_of(self.refused)
        nan = self.nodes.constant(np.nan)
        return {name: self.nodes.where(refused, nan, value) for name, value in found.items()}

    def _input(self, name: str, given: Input, column: str) -> str:
        """Return the input with its gaps filled; note where it is missing or impossible."""
        nodes = self.nodes
        if given.round is not None:
            column = self._emitter().round_half_up(column, given.round)
        gap = nodes.add("IsNaN", column, flag=True)
        stand_in = given.default
        if stand_in is None and not given.required and self.card.training:
            stand_in = self.card.training.impute.get(name)
        if stand_in is None:
            self.refused.append(gap)
        place = given.levels.index(str(stand_in)) if given.levels and stand_in else stand_in
        whole = nodes.where(gap, nodes.constant(float(place or 0)), column)
        self._check(name, given, whole)
        if given.type == "boolean":
            return nodes.compare("Equal", whole, nodes.constant(1.0))
        return whole

    def _check(self, name: str, given: Input, value: str) -> None:
        """Note where a value is none of its kind, or outside its limits."""
        nodes = self.nodes
        if given.type != "number":
            floor = nodes.add("Floor", value)
            same = nodes.compare("Equal", value, floor)
            self.refused.append(nodes.add("Not", same, flag=True))
        for low, high in self._limits(name, given):
            if low is not None:
                self.refused.append(nodes.compare("Less", value, nodes.constant(float(low))))
            if high is not None:
                self.refused.append(nodes.compare("Greater", value, nodes.constant(float(high))))
        if given.positive:
            self.refused.append(nodes.compare("LessOrEqual", value, nodes.constant(0.0)))

    def _limits(self, name: str, given: Input) -> list[tuple[float | None, float | None]]:
        if given.type in ("boolean", "code"):
            return [(0, len(given.levels) - 1 if given.levels else 1)]
        ages = self.card.ages if name == "age" else None
        return [(-INFINITY, INFINITY), *(pair for pair in (given.range, given.guard, ages) if pair)]

    def _emitter(self, more: Mapping[str, str] | None = None) -> Emitter:
        levels = {name: given.levels for name, given in self.card.inputs.items()}
        return Emitter(self.nodes, {**self.values, **(more or {})}, levels)

    def _stratum(self, chosen: Mapping[str, str]) -> str | None:
        """Return where the inputs that choose the model are these."""
        here = [
            self.nodes.compare(
                "Equal",
                self.values[name],
                self.nodes.constant(float(self.card.inputs[name].levels.index(level))),
            )
            for name, level in chosen.items()
        ]
        return self.nodes.all_of(here) if here else None

    def _of_stratum(self, chosen: Mapping[str, str], names: list[str]) -> dict[str, str]:
        """Return the value of each output that the models of one stratum give."""
        known: dict[str, str] = self._constants()
        tree = self.program.tree(chosen)
        made = {step.name for step in tree.steps}
        wanted = [name for name in names if name in made]
        for step in needed(tree.steps, wanted):
            emitter = self._emitter(known)
            value = emitter.value(step.expression.tree)
            if step.only_if:
                condition = emitter.value(step.only_if.tree)
                value = self.nodes.where(condition, value, self.nodes.constant(np.nan))
            known[step.name] = value
        return {name: self.nodes.number(known[name]) for name in wanted}

    def _constants(self) -> dict[str, str]:
        """Return the recalibration constants of each row, looked up by two inputs."""
        recalibration = self.card.recalibration
        if recalibration is None:
            return {}
        first, second = recalibration.by
        width = self.nodes.constant(float(len(self.card.inputs[second].levels)))
        place = self.nodes.add("Mul", self.values[first], width)
        place = self.nodes.add("Add", place, self.values[second])
        # A position outside the table is refused by its input; the look-up must not fail on it.
        tables = self.program.dense_table
        last = self.nodes.constant(float(len(tables[0]) - 1))
        place = self.nodes.add("Min", self.nodes.add("Max", place, self.nodes.constant(0.0)), last)
        index = self.nodes.add("Cast", place, to=INT64)
        return {
            name: self.nodes.add("Gather", self.nodes.constant(table.tolist()), index, axis=0)
            for name, table in zip(self.program.constants, tables, strict=True)
        }
