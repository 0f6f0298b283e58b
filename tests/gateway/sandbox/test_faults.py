from __future__ import annotations

import pytest

from gateway.errors import UsageError
from gateway.sandbox.faults import FAULTS, Switchboard, parse


@pytest.mark.parametrize(
    ("text", "fires"),
    [
        ("throttle:every=2", [False, True, False, True, False, True]),
        ("throttle:times=2,every=1", [True, True, False, False, False, False]),
        ("next-loop", [True, False, False, False, False, False]),
        ("wrong-total", [True] * 6),
        ("drop", [False, False, True, False, False, True]),
    ],
)
def test_a_fault_fires_when_its_words_say(text: str, fires: list[bool]) -> None:
    fault = parse(text)
    assert [fault.due() for _ in fires] == fires


@pytest.mark.parametrize("text", ["nonsense", "drop:every=0", "drop:often=1", "drop:every=x"])
def test_a_wrong_word_is_told(text: str) -> None:
    with pytest.raises(UsageError, match=r"no fault|expected every=K"):
        parse(text)


def test_the_switchboard_starts_counting_anew() -> None:
    board = Switchboard()
    board.set(["drop:every=1,times=1"])
    assert board.due("wire") == ["drop"]
    assert board.due("wire") == []
    board.set(["drop:every=1,times=1"])
    assert board.due("wire") == ["drop"]
    assert board.state() == [{"name": "drop", "every": 1, "times": 1, "seen": 1, "fired": 1}]


def test_a_fault_that_cannot_spoil_a_request_does_not_count_it() -> None:
    board = Switchboard()
    board.set(["next-loop", "wrong-total"])
    assert board.due("page", but=["next-loop"]) == ["wrong-total"]
    assert board.due("page") == ["next-loop", "wrong-total"]


@pytest.mark.parametrize("name", list(FAULTS))
def test_every_fault_can_be_named(name: str) -> None:
    assert parse(name).name == name
