"""The demonstration: its numbers are true, and it leaves nothing behind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
import requests

COMMAND = Path(sys.executable).parent / "riskbridge"
KEYS = [
    "name", "base_url", "country", "fhir_version", "patients", "observations", "measurements",
    "findings", "assessed", "not_assessable", "written", "on_server",
]  # fmt: skip

pytestmark = pytest.mark.slow


def test_once_for_machines(tmp_path: Path) -> None:
    done = subprocess.run(
        [COMMAND, "demo", "--once", "--json"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    assert list(told) == ["sources", "second_pass", "wall_s"]
    assert told["second_pass"] == {"written": 0}
    assert len(told["sources"]) >= 6
    assert sum(one["patients"] for one in told["sources"]) >= 300
    for one in told["sources"]:
        assert list(one) == KEYS
        assert one["assessed"] == one["written"] == one["on_server"] > 0
        assert one["patients"] <= one["assessed"] + one["not_assessable"]
    assert list(tmp_path.iterdir()) == []


def test_it_serves_until_it_is_told_to_end(tmp_path: Path) -> None:
    with tempfile.TemporaryFile("w+") as out:
        running = subprocess.Popen(
            [COMMAND, "demo", "--port", "0"],
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path)},
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
        )
        hurry = threading.Timer(300, running.kill)
        hurry.start()
        try:
            look_around(running)
        finally:
            running.send_signal(signal.SIGTERM)
            running.communicate(timeout=60)
            hurry.cancel()
        out.seek(0)
        assert "second pass: 0 written" in out.read()
    assert running.returncode == 0
    assert list(tmp_path.iterdir()) == []


def look_around(running: subprocess.Popen[str]) -> None:
    assert running.stderr is not None
    lines: list[str] = []
    for line in running.stderr:
        lines.append(line)
        if line.startswith("Ctrl-C"):
            break
    places = dict(line.split() for line in lines if line.split()[1:] and "http" in line)
    assert requests.get(places["console"], timeout=10).status_code == 200
    assert requests.get(f"{places['FHIR']}/metadata", timeout=10).status_code == 200
    found = requests.get(f"{places['FHIR']}/RiskAssessment?_summary=count", timeout=10).json()
    assert found["total"] > 200
    there = requests.get(f"{places['fi']}/RiskAssessment?_summary=count", timeout=10).json()
    assert there["total"] > 20
