"""The shared corpus of many countries' examples, against its hand-made truth."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"
CHECK = SHARED / "tools" / "check_map"
COMMAND = f"{sys.executable} -c 'from gateway.cli import main; main()' map"

pytestmark = pytest.mark.skipif(not CHECK.exists(), reason="../shared is absent")


def figures(*options: str) -> tuple[dict, str]:
    done = subprocess.run(
        [sys.executable, CHECK, "--map", COMMAND, "--verbose", *options],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.stdout, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), done.stdout


def test_every_rule_of_the_policy_holds() -> None:
    found, told = figures(
        "--country", "policy", "--found", "1", "--reasons", "1", "--patients", "1"
    )
    assert found["holds"], told


@pytest.mark.slow
def test_the_corpus_is_read_without_a_wrong_value() -> None:
    found, told = figures()
    assert found["holds"], told
