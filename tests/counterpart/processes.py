"""Software from elsewhere as processes of a test: started on loopback, awaited, ended by PID."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

import requests

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

PATIENCE = 180.0
"""Seconds that a server may take to answer for the first time (a first build of HAPI included)."""

READY = re.compile(r"ready (http\S+)")
"""What a server prints; codes for colours from its other stream may stand before it."""


@dataclass(slots=True)
class Server:
    """A running server of which the first answer has come."""

    process: subprocess.Popen[str]
    url: str
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=50))
    reader: threading.Thread | None = None

    def close(self) -> None:
        """End it, and wait until it has ended."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.reader and self.process.stdout:
            self.reader.join()
            self.process.stdout.close()


def free_port() -> int:
    """Return a port of this machine that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def announced(command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> Server:
    """Start a server that prints ``ready`` and its URL when it answers."""
    process = subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **(env or {})},
    )
    out: IO[str] = process.stdout  # type: ignore[assignment]
    watchdog = threading.Timer(PATIENCE, process.kill)
    watchdog.start()
    server = Server(process, "")
    for line in out:
        server.lines.append(line)
        if found := READY.search(line):
            server.url = found[1]
            break
    watchdog.cancel()
    if not server.url:
        raise RuntimeError("it did not start:\n" + "".join(server.lines))
    server.reader = threading.Thread(target=server.lines.extend, args=(out,), daemon=True)
    server.reader.start()
    return server


def answering(
    command: Sequence[str | Path], url: str, env: Mapping[str, str] | None = None
) -> Server:
    """Start a server that tells nothing, and ask `url` until it answers."""
    process = subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **(env or {})},
    )
    server, pause = Server(process, url), threading.Event()
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            if requests.get(url, timeout=30).ok:
                return server
        except (requests.ConnectionError, requests.Timeout):
            pause.wait(0.1)
    server.close()
    raise RuntimeError(f"no answer from {url}")
