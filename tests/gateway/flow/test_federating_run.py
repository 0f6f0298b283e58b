"""Rounds over sites that refuse, fall silent, forget or lie; the others go on."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from gateway.errors import RefusedError, UnreachableError, UntruthfulError, UsageError
from gateway.fhir.patience import Patience
from gateway.flow.federating_panel import Panel
from gateway.flow.federating_run import Run
from gateway.flow.federating_sites import NotJoinedError
from scoring.federated.answers import answer
from scoring.federated.averaging import averaging
from scoring.federated.masks import Member
from scoring.federated.newton import newton
from scoring.federated.questions import Joined, Joining, Round
from scoring.federated.sums import encoded
from scoring.training.recipe import load
from scoring.training.table import Table, read_table
from tests.scoring.federated.centres import written

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gateway.flow.federating_run import Outcome

RECIPE = load("heart")
NO_WAIT = Patience(sleep=lambda _: None)


@dataclass
class Pretender:
    """A site without a gateway; `troubles` are raised, in their order, when it is asked."""

    name: str
    table: Table
    troubles: dict[str, list[Exception | None]] = field(default_factory=dict)
    bytes_out: int = 0
    asked: list[tuple[int, int]] = field(default_factory=list)
    """Number of each round, and of the sites in it."""
    revived: int = 0

    def trouble(self, when: str) -> None:
        """Raise the next trouble."""
        waiting = self.troubles.get(when, [])
        if waiting and (error := waiting.pop(0)):
            raise error

    def member(self, run: str) -> Member:
        """Return its secrets."""
        return Member(self.name, f"{self.name}{run}".encode().ljust(64)[:32])

    def join(self, asked: Joining) -> Joined:
        """Join a run."""
        self.trouble("join")
        return Joined(asked.run, f"{self.member(asked.run).key:0512x}", len(self.table.truth))

    def sums(self, asked: Round, size: int) -> list[int]:
        """Answer a round."""
        self.trouble("sums")
        self.asked.append((asked.number, len(asked.sites)))
        self.bytes_out += size
        numbers = encoded(answer(asked.question, RECIPE, self.table, np.zeros))
        keys = {name: int(key, 16) for name, key in asked.sites.items()}
        return self.member(asked.run).masked(numbers, keys, asked.canonical())

    def close(self) -> None:
        """Close nothing."""

    def revive(self) -> None:
        """Note that it was wanted."""
        self.revived += 1


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return written(tmp_path_factory.mktemp("centres"))


@pytest.fixture
def sites(files: dict[str, Path]) -> dict[str, Pretender]:
    return {name: Pretender(name, read_table(RECIPE, {name: file})) for name, file in files.items()}


def run(sites: dict[str, Pretender], told: list[str] | None = None, **more: Any) -> Outcome:
    wait_s = more.pop("wait_s", 60.0)
    tell: Callable[[str], None] = (told if told is not None else []).append
    panel = Panel([*sites.values()], wait_s, tell, NO_WAIT)  # type: ignore[list-item]
    return Run(RECIPE, partial(newton, RECIPE), "newton", panel, **more).outcome()


def without(sites: dict[str, Pretender], *names: str) -> dict[str, Pretender]:
    return {name: Pretender(name, one.table) for name, one in sites.items() if name not in names}


def same(one: Outcome, other: Outcome) -> bool:
    return np.array_equal(one.model.coefficients, other.model.coefficients)


TROUBLES: dict[str, tuple[str, list[Exception | None], str]] = {
    "refuses": ("join", [RefusedError("3 usable rows", answered=403)], "3 usable rows"),
    "refuses later": ("sums", [None, RefusedError("spent", answered=403)], "spent"),
    "lies": ("sums", [None, None, UntruthfulError("another question")], "another question"),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_site_that_cannot_go_on_is_left_out_and_told(
    trouble: str, sites: dict[str, Pretender]
) -> None:
    when, errors, reason = TROUBLES[trouble]
    sites["north"].troubles[when] = [*errors]
    told: list[str] = []
    found = run(sites, told)
    assert found.left_out == {"north": reason}
    assert told == [f"north: left out: {reason}"]
    assert {*found.rows} == {"east", "south", "west"}
    assert same(found, run(without(sites, "north")))
    began = [numbers for number, numbers in sites["east"].asked if number == 1]
    assert began == ([3] if when == "join" else [4, 3]), "without it the run begins anew"


def test_a_site_that_is_silent_is_waited_for(sites: dict[str, Pretender]) -> None:
    away = UnreachableError("no answer")
    sites["west"].troubles = {"join": [away], "sums": [None, away, away, None, away]}
    told: list[str] = []
    found = run(sites, told)
    assert found.left_out == {}
    assert same(found, run(without(sites)))
    assert sites["west"].revived == 4
    assert len(told) == 4
    assert [number for number, _ in sites["west"].asked] == [*range(1, found.rounds + 1)]
    assert [number for number, _ in sites["east"].asked] == [*range(1, found.rounds + 1)]


def test_a_site_that_stays_silent_is_left_out(sites: dict[str, Pretender]) -> None:
    sites["west"].troubles["sums"] = [None, *[UnreachableError("no answer")] * 9]
    found = run(sites, wait_s=-1.0)
    assert found.left_out == {"west": "has not answered for -1 s"}
    assert same(found, run(without(sites, "west")))


def test_a_site_that_lost_its_key_joins_again(sites: dict[str, Pretender]) -> None:
    sites["south"].troubles["sums"] = [None, NotJoinedError("not joined")]
    told: list[str] = []
    found = run(sites, told)
    assert told == ["joining again: not joined"]
    assert same(found, run(without(sites)))


def test_a_site_that_forgets_again_and_again_ends_it(sites: dict[str, Pretender]) -> None:
    sites["south"].troubles["sums"] = [NotJoinedError("not joined")] * 9
    with pytest.raises(UsageError, match="again and again"):
        run(sites)


def test_a_coordinator_that_was_killed_goes_on(sites: dict[str, Pretender], tmp_path: Path) -> None:
    file = tmp_path / "run.json"

    def killed(done: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(sites, file=file, progress=killed)
    again = without(sites)
    found = run(again, file=file)
    assert [number for number, _ in again["east"].asked] == [*range(4, found.rounds + 1)]
    assert same(found, run(without(sites)))
    ended = run(without(sites), file=file)
    assert same(ended, found)
    assert ended.rows == found.rows
    assert ended.bytes_out == found.bytes_out
    assert b"north" in file.read_bytes()


def test_a_run_whose_rows_have_changed_begins_anew(
    sites: dict[str, Pretender], tmp_path: Path
) -> None:
    file = tmp_path / "run.json"
    panel = Panel([*sites.values()], tell=lambda _: None)  # type: ignore[list-item]
    going = Run(RECIPE, partial(newton, RECIPE), "newton", panel, file)
    state = going.fresh()
    question = next(newton(RECIPE))
    going.ask(state, question)
    fewer = without(sites)
    fewer["east"].table = fewer["east"].table.part(np.arange(50))
    found = run(fewer, file=file)
    assert found.rows["east"] == 50
    assert found.model.rows == sum(found.rows.values())


@pytest.mark.parametrize("content", [b"", b"{}", b'{"course":"fedavg","run":"x"}', b"\xff"])
def test_a_file_of_another_run_is_refused(
    content: bytes, sites: dict[str, Pretender], tmp_path: Path
) -> None:
    (tmp_path / "run.json").write_bytes(content)
    with pytest.raises(UsageError, match=r"run\.json"):
        run(sites, file=tmp_path / "run.json")


def test_a_file_that_cannot_be_written_is_told(sites: dict[str, Pretender], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        run(sites, file=tmp_path / "none" / "run.json")


def test_nobody_left_ends_it_with_each_reason(sites: dict[str, Pretender]) -> None:
    for site in sites.values():
        site.troubles["join"] = [RefusedError(f"not {site.name}", answered=403)]
    with pytest.raises(UsageError, match="east: not east; north: not north"):
        run(sites)


def test_an_outcome_that_does_not_vary_ends_it(sites: dict[str, Pretender]) -> None:
    for site in sites.values():
        site.table = site.table.part(np.flatnonzero(site.table.truth))
    with pytest.raises(UsageError, match="does not vary"):
        run(sites)


def test_one_outcome_at_one_site_is_no_trouble(sites: dict[str, Pretender]) -> None:
    south = sites["south"]
    south.table = south.table.part(np.flatnonzero(south.table.truth))
    assert run(sites).left_out == {}


def test_averaging_goes_the_same_way(sites: dict[str, Pretender]) -> None:
    panel = Panel([*sites.values()], tell=lambda _: None)  # type: ignore[list-item]
    found = Run(RECIPE, partial(averaging, RECIPE, 5, 3), "fedavg", panel).outcome()
    assert found.rounds == 7
    assert np.all(np.isfinite(found.model.coefficients))
