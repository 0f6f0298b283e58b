"""`riskbridge serve` and `db upgrade`, as processes: they migrate, serve, and stop when told."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from gateway.cli import riskbridge
from gateway.cli.serve import is_loopback, options, placed
from gateway.config import Settings
from gateway.errors import UsageError
from gateway.store.tables import REVISION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMAND = [sys.executable, "-c", "from gateway.cli import main; main()"]
SERVING = re.compile(r"serving (http://\S+)")


@contextmanager
def serving(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the service; give the process and its address."""
    with subprocess.Popen(
        [*COMMAND, "serve", *arguments], cwd=folder, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        found = SERVING.search(line)
        rest = threading.Thread(target=process.stderr.read, daemon=True)
        rest.start()  # so that a full pipe stops nobody
        try:
            assert found, line
            yield process, found[1]
        finally:
            process.terminate()
            process.wait(30)


def asked(url: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
    """Return status and JSON of an answer."""
    headers = {"Content-Type": "application/fhir+json"}
    sent = urllib.request.Request(url, json.dumps(body).encode() if body else None, headers)
    with urllib.request.urlopen(sent, timeout=60) as answer:
        raw = answer.read()
        return answer.status, json.loads(raw) if raw.startswith(b"{") else raw.decode()


def test_it_migrates_serves_and_stops(tmp_path: Path) -> None:
    with serving(tmp_path, "--port", "0") as (process, url):
        assert asked(f"{url}/health/ready") == (200, {"status": "ready"})
        status, made = asked(f"{url}/fhir/Patient", {"resourceType": "Patient"})
        assert status == 201
        _, found = asked(f"{url}/fhir/Patient?_id={made['id']}")
        assert found["link"][0]["url"].startswith(url)
        for _ in range(20):
            asked(f"{url}/fhir/Patient/{made['id']}")
        _, metrics = asked(f"{url}/metrics")
        total = re.search(r'route="/fhir/<kind>/<gid>",status="200"} (\d+)', metrics)
        assert total, metrics
        assert total[1] == "20.0"[:2], "the counts of all worker processes"
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert (tmp_path / "riskbridge.db").exists()


def test_a_request_under_way_is_answered_before_it_stops(tmp_path: Path) -> None:
    with serving(tmp_path, "--port", "0") as (process, url):
        asked(f"{url}/health/live")
        address = url.removeprefix("http://").split(":")
        with socket.create_connection((address[0], int(address[1])), 30) as line:
            body = b'{"resourceType":"Patient"}'
            head = (
                f"POST /fhir/Patient HTTP/1.1\r\nHost: localhost\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            line.sendall(head.encode() + body[:5])
            time.sleep(0.3)  # until the worker reads
            process.send_signal(signal.SIGTERM)
            line.sendall(body[5:])
            assert line.recv(65536).startswith(b"HTTP/1.1 201")


HOSTS = {
    "127.0.0.1": True, "127.8.9.1": True, "::1": True, "localhost": True,
    "0.0.0.0": False, "::": False, "192.0.2.1": False, "example.org": False, "": False,
}  # fmt: skip


@pytest.mark.parametrize(("host", "loopback"), HOSTS.items(), ids=HOSTS)
def test_without_partners_only_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
    if not loopback:
        with pytest.raises(UsageError, match="loopback"):
            placed(Settings(host=host), None)


def test_another_host_ends_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "riskbridge.toml").write_text('[gateway]\nhost = "0.0.0.0"')
    ended = subprocess.run(
        [*COMMAND, "serve"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert len(ended.stderr.splitlines()) == 1
    assert "0.0.0.0" in ended.stderr
    assert not (tmp_path / "riskbridge.db").exists()


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port}"):
            placed(Settings(), port)


def test_the_base_url_names_the_port_unless_it_is_set() -> None:
    made = placed(Settings(port=0), None)
    assert made.base_url == f"http://127.0.0.1:{made.port}"
    named = placed(Settings(base_url="https://risk.example"), 0)
    assert named.base_url == "https://risk.example"


def test_gunicorn_knows_every_option() -> None:
    from gunicorn.config import Config

    known = Config().settings
    assert set(options(Settings(), "x")) <= set(known)


def test_db_upgrade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RISKBRIDGE_STORE__URL", f"sqlite:///{tmp_path}/store.db")
    for word in ("now", "already"):
        ended = CliRunner().invoke(riskbridge, ["db", "upgrade"])
        assert (ended.exit_code, ended.output) == (0, f"the store is {word} at {REVISION}\n")


def test_wsgi(tmp_path: Path) -> None:
    code = "import wsgi; print(wsgi.app.test_client().get('/health/ready').json)"
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={"RISKBRIDGE_STORE__URL": f"sqlite:///{tmp_path}/x.db", "PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.stdout == "{'status': 'ready'}\n", ended.stderr
