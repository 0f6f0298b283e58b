"""A sandbox on a port of this machine, in threads, connections kept open."""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from gateway.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

HOST = "127.0.0.1"
BACKLOG = 128
"""Connections that may wait to be taken."""


class Mountable(Protocol):
    """An application that is told where it is served before it answers."""

    def mount(self, base_url: str) -> None:
        """Take note of the base URL of the FHIR interface."""

    def __call__(self, environ: WSGIEnvironment, start: StartResponse, /) -> Iterable[bytes]:
        """Answer one request."""


class Quiet(WSGIRequestHandler):
    """Requests that leave no line in the log, with small packets sent at once."""

    disable_nagle_algorithm = True

    def log_request(self, *_: Any, **__: Any) -> None:  # noqa: ANN401 - whatever is told
        """Say nothing: paths hold ids of patients."""


@dataclass(frozen=True, slots=True)
class Running:
    """A server that runs until it is closed."""

    server: BaseWSGIServer
    thread: threading.Thread

    @property
    def port(self) -> int:
        """Return the port it listens on."""
        return self.server.port

    @property
    def url(self) -> str:
        """Return the base URL of its FHIR interface."""
        return f"http://{HOST}:{self.port}/fhir"

    def close(self) -> None:
        """Stop answering, and end."""
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def serve(sandbox: Mountable, port: int = 0) -> Running:
    """Return a sandbox, served on loopback and told its address; port 0 takes a free one.

    Raises:
        UsageError: the port is taken.
    """
    try:
        listening = socket.create_server((HOST, port), backlog=BACKLOG)
    except OSError as error:
        raise UsageError(f"port {port} of {HOST} cannot be used: {error.strerror}") from None
    with listening:
        taken = listening.getsockname()[1]
        server = make_server(
            HOST, taken, sandbox, threaded=True, request_handler=Quiet, fd=listening.fileno()
        )
    sandbox.mount(f"http://{HOST}:{taken}/fhir")
    thread = threading.Thread(target=server.serve_forever, name=f"sandbox-{taken}", daemon=True)
    thread.start()
    return Running(server, thread)
