"""The coordinator's side of joint training: one round after another over all sites.

When a site is left out the run begins anew without it: sums that it took part in are never held
against sums that it did not. The totals are kept after each round, so that a coordinator that was
killed goes on where it was.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable  # noqa: TC003 - dataclass annotations
from dataclasses import dataclass, field
from pathlib import Path  # noqa: TC003 - dataclass annotation
from typing import TYPE_CHECKING

import msgspec

from gateway.errors import GatewayError, UsageError
from gateway.flow.federating_panel import Panel  # noqa: TC001 - dataclass annotation
from gateway.flow.federating_sites import NotJoinedError, Site
from scoring.federated.answers import size
from scoring.federated.newton import Course, Joint  # noqa: TC001 - dataclass annotation
from scoring.federated.questions import Joining, Round, edition
from scoring.federated.sums import FederatedError, decoded, packed, total, unpacked
from scoring.training.recipe import Recipe  # noqa: TC001 - dataclass annotation

if TYPE_CHECKING:
    from scoring.federated import questions

JOINS = 5
"""How often sites may lose what they knew of a run."""


class State(msgspec.Struct, forbid_unknown_fields=True):
    """What a run has come to: totals over all sites, never one site's own."""

    course: str
    """The algorithm with its options, and the recipe's edition."""
    run: str
    rows: dict[str, int] = {}
    """Of the sites in the totals."""
    totals: list[bytes] = []
    bytes_out: dict[str, int] = {}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The joint model, and how it came about."""

    model: Joint
    rounds: int
    rows: dict[str, int]
    bytes_out: dict[str, int]
    left_out: dict[str, str]
    """Sites that are not in the model, with the reason."""
    sha256: str
    """Of the totals of all rounds."""


class DroppedError(GatewayError):
    """Sites are left out: the run begins anew without them."""


def unseen(_: int) -> None:
    """Show nobody."""


@dataclass(slots=True)
class Run:
    """One joint training from the first round to the last."""

    recipe: Recipe
    course: Callable[[], Course]
    """Starts the algorithm, from its first question."""
    called: str
    """The algorithm with its options."""
    panel: Panel
    file: Path | None = None
    """Where the state is kept after each round."""
    progress: Callable[[int], None] = unseen
    """Is told how many rounds are done."""
    keys: dict[str, str] = field(default_factory=dict)

    def outcome(self) -> Outcome:
        """Do all rounds; return the model.

        Raises:
            UsageError: no site is left, or their sums lead to no model.
        """
        state = self.kept() or self.fresh()
        while True:
            try:
                model = self.rounds(state)
            except DroppedError:
                state = self.fresh()
            except FederatedError as error:
                raise UsageError(str(error)) from None
            else:
                return self.ended(model, state)

    def ended(self, model: Joint, state: State) -> Outcome:
        """Return the model with how it came about."""
        return Outcome(
            model,
            len(state.totals),
            state.rows,
            {site.name: site.bytes_out for site in self.panel.sites},
            self.panel.left_out,
            hashlib.sha256(b"".join(state.totals)).hexdigest(),
        )

    def fresh(self) -> State:
        """Return the state of a run that has not begun."""
        self.keys = {}
        return State(self.identity(), secrets.token_hex(16))

    def identity(self) -> str:
        """Return what makes two runs the same."""
        return f"{self.called} {edition(self.recipe)}"

    def kept(self) -> State | None:
        """Return the state in the file, None when there is no file.

        Raises:
            UsageError: it is of another run.
        """
        if self.file is None or not self.file.exists():
            return None
        try:
            state = msgspec.json.decode(self.file.read_bytes(), type=State)
        except (OSError, ValueError):
            raise UsageError(f"{self.file}: holds no run that could go on") from None
        sites = {site.name for site in self.panel.sites}
        if state.course != self.identity() or not {*state.rows} <= sites:
            raise UsageError(f"{self.file}: is of another recipe, algorithm or set of sites")
        for site in self.panel.sites:
            site.bytes_out = state.bytes_out.get(site.name, 0)
        return state

    def keep(self, state: State) -> None:
        """Keep the state, whole or not at all.

        Raises:
            UsageError: the file cannot be written.
        """
        if self.file is None:
            return
        beside = self.file.with_name(f"{self.file.name}.new")
        try:
            beside.write_bytes(msgspec.json.encode(state))
            beside.replace(self.file)
        except OSError as error:
            raise UsageError(f"{self.file}: cannot be written: {error.strerror}") from None

    def rounds(self, state: State) -> Joint:
        """Go through the rounds, asking those that are still to be asked; return the model.

        Raises:
            DroppedError: a site is left out.
        """
        course = self.course()
        question = next(course)
        at = 0
        while True:
            if at == len(state.totals):
                self.ask(state, question)
            try:
                question = course.send(decoded(unpacked(state.totals[at])))
            except StopIteration as ended:
                model: Joint = ended.value
                return model
            at += 1

    def ask(self, state: State, question: questions.AnyQuestion) -> None:
        """Add the total over all sites of one round to the state.

        Raises:
            DroppedError: a site is left out.
        """
        state.totals.append(packed(total(self.answers(state, question))))
        state.bytes_out = {site.name: site.bytes_out for site in self.panel.sites}
        self.keep(state)
        self.progress(len(state.totals))

    def answers(self, state: State, question: questions.AnyQuestion) -> list[list[int]]:
        """Return each site's numbers; if one has lost its key all join, and are asked, again.

        Raises:
            DroppedError: a site is left out.
        """
        for _ in range(JOINS):
            if not self.keys:
                self.join(state)
            try:
                found = self.panel.each(self.asking(state, question))
            except NotJoinedError as error:
                self.panel.tell(f"joining again: {error.text}")
                self.keys = {}
                continue
            if len(found) < len(self.keys):
                raise DroppedError("a site is left out")
            return list(found.values())
        raise UsageError("a site forgets the run again and again")

    def asking(self, state: State, question: questions.AnyQuestion) -> Callable[[Site], list[int]]:
        """Return the request of one round."""
        number = len(state.totals) + 1
        asked = Round(state.run, number, edition(self.recipe), self.keys, question)
        wanted = size(question, self.recipe)
        return lambda site: site.sums(asked, wanted)

    def join(self, state: State) -> None:
        """Have all sites take part in the run, and learn their keys.

        Raises:
            UsageError: no site takes part.
            DroppedError: others take part, or with other rows, than those in the totals.
        """
        asked = Joining(state.run, edition(self.recipe))
        joined = self.panel.each(lambda site: site.join(asked))
        if not joined:
            reasons = self.panel.left_out.items()
            raise UsageError("; ".join(f"{name}: {reason}" for name, reason in reasons))
        rows = {name: one.rows for name, one in joined.items()}
        if state.totals and rows != state.rows:
            raise DroppedError("other rows take part than before")
        state.rows = rows
        self.keys = {name: one.key for name, one in joined.items()}
