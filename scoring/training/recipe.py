"""Recipes: which files, columns, codes and terms make a model, one TOML file each.

An unknown key, a term over an unknown input or an input from a column that leaks the outcome is an
error that names file and key.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from scoring.cards import Input, Part, Plain, kind_of
from scoring.expressions import ExpressionError, parse
from scoring.tables import Column, Data, Layout

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parents[1] / "recipes"

Name: TypeAlias = Literal["logistic", "svm", "svm-rbf", "boosting", "network"]


class TrainingError(ValueError):
    """A recipe or data that cannot be trained on; the text says what is wrong."""


class Given(Input, frozen=True, kw_only=True):
    """An input of the card, and where it stands in the files."""

    column: str
    codes: dict[str, Plain] = msgspec.field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    file_unit: str | None = None


class Algorithm(Part, frozen=True):
    """What is fitted unless another algorithm is asked for."""

    name: Name = "logistic"
    c: float = 1.0
    """Inverse strength of the ridge penalty on standardised terms."""
    grid: tuple[float, ...] = ()
    """Strengths that the inner folds choose from; none: `c` stands."""
    calibration: Literal["sigmoid", "isotonic"] = "sigmoid"
    """How a machine with a radial kernel comes to probabilities."""
    site_spread: float = 0.0
    """Standard deviation of sites' own intercepts while the slopes are fitted (0: none)."""

    def spread(self, name: Name) -> float:
        """Return the deviation of sites' own intercepts: a logistic regression alone has them."""
        return self.site_spread if name == "logistic" else 0.0


class Validation(Part, frozen=True):
    """How the model is judged on rows that it was not trained on."""

    folds: int = 5
    repeats: int = 1
    inner_folds: int = 4
    leave_one_site_out: bool = True


class Recipe(Part, frozen=True):
    """A model to be trained, as data."""

    id: str
    title: str
    version: str
    domain: str
    setting: str
    outcome: str
    output: str
    label: str
    citation: tuple[str, ...]
    licence: str
    disclaimer: str
    data: Data
    inputs: dict[str, Given]
    terms: dict[str, str]
    derived: dict[str, str] = msgspec.field(default_factory=dict)
    """Expressions over the inputs that terms and later ones may use."""
    coding: tuple[tuple[str, str, str], ...] = ()
    ages: tuple[int, int] | None = None
    notes: tuple[str, ...] = ()
    algorithm: Algorithm = Algorithm()
    validation: Validation = Validation()
    leaks: dict[str, str] = msgspec.field(default_factory=dict)
    """Columns that give the outcome away, with the reason: no input may come from them."""
    compare: dict[str, str] = msgspec.field(default_factory=dict)
    """Published scores that the files hold: name to column."""

    @property
    def layout(self) -> Layout:
        """Return how the files are read."""
        columns = {
            name: Column(given.column, given.codes, given.unknown, given.file_unit)
            for name, given in self.inputs.items()
        }
        return Layout(self.data, columns, dict(self.inputs))


def names() -> tuple[str, ...]:
    """Return the names of the shipped recipes."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def load(name: str) -> Recipe:
    """Return the shipped recipe of that name or id; a hyphen counts as an underscore.

    Raises:
        TrainingError: there is none of that name, or it breaks the notation.
    """
    wanted = name.replace("-", "_")
    if wanted in names():
        return read(FOLDER / f"{wanted}.toml")
    for other in names():
        found = read(FOLDER / f"{other}.toml")
        if found.id == wanted:
            return found
    raise TrainingError(f"there is no recipe {name}: there are {', '.join(names())}")


def read(path: Path) -> Recipe:
    """Return the recipe in the file at `path`.

    Raises:
        TrainingError: it cannot be read, or breaks the notation.
    """
    try:
        recipe = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Recipe)
    except (OSError, ValueError) as error:
        raise TrainingError(f"{path.name}: {error}") from None
    for problem in problems(recipe):
        raise TrainingError(f"{path.name}: {problem}")
    return recipe


def problems(recipe: Recipe) -> Iterator[str]:
    """Yield what is wrong with a recipe, naming the key."""
    columns = {*recipe.data.columns}
    for name, given in recipe.inputs.items():
        yield from input_problems(recipe, name, given)
    for name in [*recipe.leaks, *recipe.compare.values(), *recipe.data.zero_is_missing]:
        if name not in columns:
            yield f"leaks, compare or zero_is_missing: the files have no column {name}"
    kinds = {name: kind_of(given) for name, given in recipe.inputs.items()}
    try:
        for name, text in recipe.derived.items():
            kinds[name] = parse(text, kinds).kind
        for name, text in recipe.terms.items():  # noqa: B007 - the error names it
            parse(text, kinds)
    except ExpressionError as error:
        yield f"{name}: {error}"


def input_problems(recipe: Recipe, name: str, given: Given) -> Iterator[str]:
    """Yield what is wrong with where an input comes from."""
    at = f"inputs.{name}"
    if given.column not in recipe.data.columns:
        yield f"{at}.column: the files have no column {given.column}"
    if given.column in recipe.leaks:
        yield f"{at}.column: {given.column} leaks: {recipe.leaks[given.column]}"
    if given.column == recipe.data.label.column:
        yield f"{at}.column: it is the label itself"
    for meant in given.codes.values():
        if given.type == "code" and meant not in given.levels:
            yield f"{at}.codes: {meant!r} is no level"
