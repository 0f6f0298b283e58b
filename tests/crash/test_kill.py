"""SIGKILL in the midst of the flow, and again: run once more, it ends as if nothing had been."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.crash.conftest import Scene


@pytest.mark.parametrize("turn", range(10))
def test_killed_at_a_random_moment_and_resumed(
    scene: Scene, undisturbed: tuple[int, dict[str, Any]], turn: int
) -> None:
    moments, wanted = undisturbed
    chance = random.Random(turn)
    # A tenth of the flow each, so that the ten kills are spread over all of it.
    first = int((turn + chance.random()) / 10 * moments) + 1
    assert scene.run(kill_at=min(first, moments)) is None
    scene.run(kill_at=chance.randint(1, moments))
    assert scene.run() is not None
    assert scene.state() == wanted


def test_undisturbed_twice_is_undisturbed_once(
    scene: Scene, undisturbed: tuple[int, dict[str, Any]]
) -> None:
    scene.run()
    again = scene.run()
    assert again is not None
    assert again < undisturbed[0] / 2
    assert scene.state() == undisturbed[1]
