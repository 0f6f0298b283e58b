"""A card as functions: outputs of one row, outputs of whole columns, from the same steps."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from scoring.codegen import Array, build, inputs_used
from scoring.expressions import NUMBER, Kind
from scoring.runtimes import RUNTIMES, filed, linear
from scoring.runtimes.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from scoring.cards import Card
    from terminology.records import Value

Values: TypeAlias = "Mapping[str, Value]"
CHUNK = 16384
"""Rows at a time: the columns of a chunk stay in the processor's cache."""
KEPT = 256
"""Programs kept at once; far more than there are cards."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """The functions of one stratum: the inputs they take, and the names of what they return."""

    inputs: tuple[str, ...]
    returns: tuple[str, ...]
    row: Callable[..., tuple[Any, ...]]
    columns: Callable[..., tuple[Any, ...]]
    pick: Callable[[Values], tuple[Value, ...]]


class Program:
    """Runs a card over inputs that have been checked (see `scoring.applicability`)."""

    def __init__(self, card: Card) -> None:
        self.card = card
        self.strata = linear.strata(card)
        self.levels = {name: card.inputs[name].levels for name in self.strata}
        self.constants = linear.parameters(card)
        self.facts = card.facts()
        self._stratum = picker(self.strata)
        self._region = picker(card.recalibration.by if card.recalibration else ())
        self._table = _constants_by_region(card)
        self._kernels: dict[tuple[Value, ...], Kernel] = {}

    def kernel(self, stratum: tuple[Value, ...]) -> Kernel:
        """Return the functions of that stratum, made when first asked for."""
        found = self._kernels.get(stratum)
        if found is None:
            found = self._kernels[stratum] = self._build(stratum)
        return found

    def run(self, values: Values) -> tuple[Any, ...]:
        """Return the outputs of one row, in the order of the kernel's ``returns``."""
        kernel = self.kernel(self._stratum(values)) if self.strata else self.kernel(())
        if self.constants:
            return kernel.row(*kernel.pick(values), *self._table[self._region(values)])
        return kernel.row(*kernel.pick(values))

    def slope(self, values: Values, output: str) -> float:
        """Return how recalibration stretches the predictor of `output` (1 without it)."""
        name = f"{output}_slope"
        if name not in self.constants:
            return 1.0
        return self._table[self._region(values)][self.constants.index(name)]

    def outputs(self, values: Values) -> dict[str, Any]:
        """Return what `run` gives, by name."""
        return dict(zip(self.kernel(self._stratum(values)).returns, self.run(values), strict=True))

    def tree(self, stratum: Mapping[str, str]) -> Tree:
        """Return the steps of the card for one stratum."""
        kinds: dict[str, Kind] = {**self.card.kinds, **dict.fromkeys(self.constants, NUMBER)}
        tree = Tree(kinds)
        for name, text in self.card.derived.items():
            tree.add(name, text)
        RUNTIMES[self.card.runtime](self.card, tree, stratum)
        for place, bands in enumerate(self.card.bands):
            if bands.when:
                tree.add(band_name(place), bands.when)
        return tree

    def _build(self, stratum: tuple[Value, ...]) -> Kernel:
        tree = self.tree(dict(zip(self.strata, map(str, stratum), strict=True)))
        names = [step.name for step in tree.steps]
        wanted = [name for name in self.card.outputs if name in names]
        wanted += [name for name in names if name.startswith(BAND)]
        terms = [linear.term_name(term) for term in self.card.terms if self.card.model_file]
        uses = inputs_used(tree.steps, wanted + terms)
        inputs = tuple(name for name in self.card.inputs if name in uses)
        if self.card.model_file:
            row, columns = filed.functions(self.card, tree, inputs, wanted)
            return Kernel(inputs, tuple(wanted), row, columns, picker(inputs))
        make = functools.partial(build, inputs + self.constants, tree.steps, wanted, tree.kinds)
        return Kernel(inputs, tuple(wanted), make(), make(columns=True), picker(inputs))

    def columns(self, columns: Mapping[str, Array], size: int) -> dict[str, Array]:
        """Return the outputs of `size` rows: arrays, classes as positions in `output_levels`.

        `columns` holds every input: numbers, truths, and codes as positions in their levels.
        """
        results: dict[str, Array] = {}
        for stratum, rows in self._strata_of(columns, size):
            kernel = self.kernel(stratum)
            given = [columns[name] for name in kernel.inputs] + self._constant_columns(columns)
            if rows is not None:
                given = [column[rows] for column in given]
            answers = kernel.columns(*given)
            for name, answer in zip(kernel.returns, answers, strict=True):
                if rows is None:
                    results[name] = np.broadcast_to(answer, size).astype(np.float64, copy=False)
                    continue
                if name not in results:
                    results[name] = np.full(size, np.nan)
                results[name][rows] = answer
        return results

    def _strata_of(
        self, part: Mapping[str, Array], size: int
    ) -> list[tuple[tuple[Value, ...], Array | None]]:
        """Return each stratum that occurs with its rows; None stands for all rows."""
        if not self.strata:
            return [((), None)]
        places = np.zeros(size, dtype=np.int64)
        for name in self.strata:
            places = places * len(self.levels[name]) + part[name]
        found: list[tuple[tuple[Value, ...], Array | None]] = []
        for place in np.flatnonzero(np.bincount(places)).tolist():
            stratum, rest = [], place
            for name in reversed(self.strata):
                rest, level = divmod(rest, len(self.levels[name]))
                stratum.append(self.levels[name][level])
            found.append((tuple(stratum[::-1]), np.flatnonzero(places == place)))
        return found

    def _constant_columns(self, part: Mapping[str, Array]) -> list[Array]:
        """Return the recalibration constants of each row."""
        if self.card.recalibration is None:
            return []
        by = [(name, self.card.inputs[name].levels) for name in self.card.recalibration.by]
        (first, _), (second, levels) = by
        places = part[first] * len(levels) + part[second]
        return [column[places] for column in self.dense_table]

    @functools.cached_property
    def dense_table(self) -> list[Array]:
        """Return the constants as columns over all pairs of the values of ``by``."""
        assert self.card.recalibration is not None
        first, second = (self.card.inputs[name].levels for name in self.card.recalibration.by)
        missing = (np.nan,) * len(self.constants)
        rows = [self._table.get((one, other), missing) for one in first for other in second]
        return [np.array(column) for column in zip(*rows, strict=True)]

    @functools.cached_property
    def names(self) -> tuple[str, ...]:
        """Return the outputs and band conditions that some stratum computes."""
        first = {name: levels[0] for name, levels in self.levels.items()}
        bands = [step.name for step in self.tree(first).steps if step.name.startswith(BAND)]
        return (*self.card.outputs, *bands)

    @functools.cached_property
    def always(self) -> frozenset[str]:
        """Return the numeric outputs that every row has."""
        sometimes = {model.output for model in self.card.models if model.only_if}
        return frozenset(self.card.outputs) - sometimes - set(self.output_levels)

    @functools.cached_property
    def output_levels(self) -> dict[str, tuple[str, ...]]:
        """Return the values of each output that is a class."""
        stratum = {name: levels[0] for name, levels in self.levels.items()}
        kinds = self.tree(stratum).kinds
        found = {name: kinds.get(name) for name in self.card.outputs}
        return {name: kind for name, kind in found.items() if isinstance(kind, tuple)}


BAND = "band_"


def band_name(place: int) -> str:
    """Return the name of the step that says whether the bands at `place` hold."""
    return f"{BAND}{place}"


def picker(names: Sequence[str]) -> Callable[[Values], tuple[Value, ...]]:
    """Return a function that takes those values out of a mapping, always as a tuple."""
    if not names:
        return lambda _: ()
    if len(names) == 1:
        only = names[0]
        return lambda values: (values[only],)
    return itemgetter(*names)


def _constants_by_region(card: Card) -> dict[tuple[Value, ...], tuple[float, ...]]:
    """Return the constants of all outputs by the values of ``by``."""
    table: dict[tuple[Value, ...], tuple[float, ...]] = {}
    for by_first in card.recalibration.table.values() if card.recalibration else ():
        for first, by_second in by_first.items():
            for second, constants in by_second.items():
                table[first, second] = table.get((first, second), ()) + constants
    return table


def program(card: Card) -> Program:
    """Return the functions of a card, made once."""
    found = _PROGRAMS.get(id(card))
    if found is None or found.card is not card:
        if len(_PROGRAMS) >= KEPT:
            _PROGRAMS.clear()
        found = _PROGRAMS[id(card)] = Program(card)
    return found


_PROGRAMS: dict[int, Program] = {}
