"""`riskbridge model federate`: one model over several sites whose rows stay where they are."""

from __future__ import annotations

import json
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from gateway.cli._federate import hosting, report, sites
from gateway.cli._progress import shown
from gateway.config import Study
from gateway.errors import UsageError
from gateway.flow.federating import rows_of
from gateway.flow.federating_panel import Panel
from gateway.flow.federating_run import Run
from gateway.flow.federating_sites import Site
from gateway.flow.progress import Step
from scoring.federated.averaging import averaging
from scoring.federated.card import card
from scoring.federated.newton import newton
from scoring.federated.private import Budget, private
from scoring.training.recipe import Recipe, TrainingError, load

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.flow.federating_run import Outcome
    from scoring.federated.newton import Course

FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)
WIDTH = 140
"""Columns of a table that goes into a file."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asks for."""

    recipe: str
    site: tuple[str, ...]
    token: tuple[str, ...]
    study: str | None
    algorithm: str
    rounds: int
    steps: int
    minimum: int
    noise: float | None
    delta: float
    wait: float
    resume: Path | None
    keep: Path | None
    check: bool
    out: Path | None
    as_json: bool

    def budget(self) -> Budget | None:
        """Return the privacy that may be spent, None without noise.

        Raises:
            UsageError: averaging has too many rounds for noise.
        """
        if self.noise is not None and self.algorithm != "newton":
            raise UsageError("--noise goes with newton: each round of fedavg would need its own")
        return None if self.noise is None else Budget(self.noise, self.delta)

    def course(self, recipe: Recipe, sites: int) -> Callable[[], Course]:
        """Return what starts the algorithm."""
        budget = self.budget()
        if budget:
            return partial(private, recipe, budget, sites)
        if self.algorithm == "newton":
            return partial(newton, recipe)
        return partial(averaging, recipe, self.rounds, self.steps)

    def called(self) -> str:
        """Return the algorithm with its options."""
        if self.noise is not None:
            return f"newton, epsilon {self.noise:g}, delta {self.delta:g}"
        if self.algorithm == "newton":
            return self.algorithm
        return f"fedavg, {self.rounds} rounds of {self.steps} steps"


@click.command(
    epilog="Example: riskbridge model federate heart --site CH=ch.data --site HU=hu.data --check"
)
@click.argument("recipe")
@click.option(
    "--site",
    multiple=True,
    required=True,
    help="NAME=FILE, served by a gateway of this command, or NAME=URL of a gateway. Repeated.",
)
@click.option("--token", multiple=True, help="NAME=env:VARIABLE or NAME=file:PATH, for a URL.")
@click.option("--study", help="Name of the study at gateways given by URL. Default: RECIPE.")
@click.option("--algorithm", type=click.Choice(["newton", "fedavg"]), default="newton")
@click.option("--rounds", default=200, show_default=True, type=click.IntRange(1), help="Of fedavg.")
@click.option("--steps", default=20, show_default=True, type=click.IntRange(1), help="Of fedavg.")
@click.option(
    "--minimum",
    default=Study.__dataclass_fields__["minimum_rows"].default,
    show_default=True,
    type=click.IntRange(1),
    help="Rows below which a site given by FILE does not take part.",
)
@click.option(
    "--noise",
    type=click.FloatRange(0, min_open=True),
    metavar="EPSILON",
    help="Have each site add noise, so that this much privacy is spent in all.",
)
@click.option(
    "--delta",
    default=Study.__dataclass_fields__["delta"].default,
    show_default=True,
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Goes with --noise.",
)
@click.option("--wait", default=60.0, show_default=True, help="Seconds that a silent site has.")
@click.option("--resume", type=FILE, help="Keep totals here after each round; go on from them.")
@click.option("--keep", type=FOLDER, help="Keep the stores of FILE sites here: what left each.")
@click.option("--check", is_flag=True, help="Train on all rows together as well, and compare.")
@click.option("--out", type=FILE, help="Write the model as a card.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def command(**options: Any) -> None:  # noqa: ANN401 - click's own
    """Train RECIPE over sites that send nothing but sums.

    Coefficients are those of standardised terms, as in a card. The status is 1 when a site had to
    be left out.
    """
    wish = Wish(**options)
    recipe = known(wish.recipe)
    budget = wish.budget()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="riskbridge-")))
        named = sites.once(sites.named(wish.site, recipe), recipe, folder, warn)
        studies = studies_of(wish, recipe, named, hosting.token_in(folder))
        if wish.check and len(studies) < len(named):
            raise UsageError("--check needs the file of every site: rows elsewhere are not seen")
        warm(studies)
        gateways = hosting.hosted(studies, kept(wish.keep, folder))
        for gateway in gateways.values():
            stack.callback(gateway.close)
        asked = [*hosting.opened(gateways), *elsewhere(wish, recipe, named)]
        outcome = trained(wish, recipe, asked)
        found = checked(wish, recipe, outcome, studies)
    if wish.out:
        write(wish.out, wish, recipe, outcome)
    show(report.plain(outcome, wish.called(), found, budget), as_json=wish.as_json)
    sys.exit(1 if outcome.left_out else 0)


def known(name: str) -> Recipe:
    """Return the recipe of that name.

    Raises:
        UsageError: there is none.
    """
    try:
        return load(name)
    except TrainingError as error:
        raise UsageError(str(error)) from None


def warn(text: str) -> None:
    """Tell people something by the way."""
    click.echo(text, err=True)


def studies_of(
    wish: Wish, recipe: Recipe, named: Sequence[sites.Named], token: str
) -> dict[str, Study]:
    """Return the study of each site that is given by a file."""
    return {
        one.name: Study(
            wish.study or recipe.id,
            wish.recipe,
            str(one.file.resolve()),
            token,
            site=one.part,
            minimum_rows=wish.minimum,
            minimum_sites=1,
            maximum_rounds=hosting.UNLIMITED,
            epsilon=wish.noise,
            delta=wish.delta,
        )
        for one in named
        if one.file
    }


def warm(studies: dict[str, Study]) -> None:
    """Read each file once for all processes; tell of outcomes that do not vary at a site."""
    for name, study in studies.items():
        try:
            truth = rows_of(study).truth
        except TrainingError:
            continue  # the site's gateway tells
        if truth.size and truth.all() == truth.any():
            warn(f"{name}: every row has the same outcome; it is counted, but says so by its sums")


def kept(wanted: Path | None, otherwise: Path) -> Path:
    """Return the folder for the stores.

    Raises:
        UsageError: it cannot be made.
    """
    try:
        (wanted or otherwise).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{wanted}: cannot be made: {error.strerror}") from None
    return wanted or otherwise


def elsewhere(wish: Wish, recipe: Recipe, named: Sequence[sites.Named]) -> list[Site]:
    """Return the sites that are gateways of elsewhere.

    Raises:
        UsageError: a token is for no site, or in clear.
    """
    tokens = dict(sites.pair(word, "--token") for word in wish.token)
    there = [one for one in named if one.url]
    for name, reference in tokens.items():
        if name not in {one.name for one in there}:
            raise UsageError(f"--token {name}: there is no such site with a URL")
        if not reference.startswith(("env:", "file:")):
            raise UsageError(f"--token {name}: must be a reference: env:NAME or file:PATH")
    study = wish.study or recipe.id
    return [Site(one.name, str(one.url), study, tokens.get(one.name)) for one in there]


def trained(wish: Wish, recipe: Recipe, asked: Sequence[Site]) -> Outcome:
    """Return the model, and how it came about."""
    if len(asked) == 1:
        warn(f"{asked[0].name}: the only site; nothing hides its sums")
    try:
        with shown() as step:
            return Run(
                recipe,
                wish.course(recipe, len(asked)),
                wish.called(),
                Panel(asked, wish.wait, warn),
                wish.resume,
                lambda done: step(Step(recipe.id, "round", done)),
            ).outcome()
    finally:
        for site in asked:
            site.close()


def checked(
    wish: Wish, recipe: Recipe, outcome: Outcome, studies: dict[str, Study]
) -> report.Check | None:
    """Return the comparison with training on all rows together, if it is wanted.

    Raises:
        UsageError: that training does not succeed.
    """
    if not wish.check:
        return None
    taken = [study for name, study in studies.items() if name not in outcome.left_out]
    try:
        return report.check(recipe, outcome, taken)
    except TrainingError as error:
        raise UsageError(f"training on all rows together: {error}") from None


def write(out: Path, wish: Wish, recipe: Recipe, outcome: Outcome) -> None:
    """Write the model as a card.

    Raises:
        UsageError: the file cannot be written.
    """
    there = [name for name in outcome.rows if name not in outcome.left_out]
    algorithm = f"federated logistic regression ({wish.called()}), L2, C = {recipe.algorithm.c:g}"
    try:
        out.write_text(card(recipe, outcome.model, algorithm, there, outcome.sha256), "utf-8")
    except OSError as error:
        raise UsageError(f"{out}: {error.strerror}") from None
    warn(f"{out} written")


def show(told: dict[str, Any], *, as_json: bool) -> None:
    """Print the report."""
    if as_json:
        click.echo(json.dumps(told))
        return
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    for table in report.tables(told):
        console.print(table)
    if "max_difference" in told:
        click.echo(f"largest difference to pooled training: {told['max_difference']:.3g}")
        for who, figures in told["figures"].items():
            click.echo(f"{who:6} " + "  ".join(f"{k} {v:.4f}" for k, v in figures.items() if v))
