"""A pretend partner's server: a country's people behind the gateway's own FHIR interface."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flask import Flask

from gateway.fhir.stamp import stamp
from gateway.sandbox.dialects import load
from gateway.sandbox.faults import Switchboard
from gateway.sandbox.gate import Gate, credentials
from gateway.sandbox.people import cohort
from gateway.sandbox.serving import Running, serve
from gateway.store.engine import open_store, writing
from gateway.store.resources import Write, write
from gateway.web.fhir import blueprint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from wsgiref.types import StartResponse, WSGIEnvironment

    import sqlalchemy as sa

    from gateway.sandbox.dialects import Dialect
    from gateway.sandbox.people import Cohort
    from terminology.records import Resource

CHUNK = 10_000
"""Resources that are stored in one transaction."""

__all__ = ["Running", "Sandbox", "create_sandbox", "serve"]


@dataclass(slots=True)
class Sandbox:
    """One pretend server: its people, its store, its faults; WSGI once it is mounted."""

    dialect: Dialect
    cohort: Cohort
    engine: sa.Engine
    faults: Switchboard
    credentials: tuple[str, ...] = ()
    folder: tempfile.TemporaryDirectory[str] | None = None
    """Where the store lies when nobody named a place; gone with the sandbox."""
    gate: Gate | None = field(default=None, init=False)

    def mount(self, base_url: str) -> None:
        """Build the application, which serves itself at `base_url` (ending in ``/fhir``)."""
        app = Flask(__name__)
        app.register_blueprint(
            blueprint(self.engine, base_url, fhir_version=self.dialect.version), url_prefix="/fhir"
        )
        self.gate = Gate(app.wsgi_app, self.faults, self.credentials)

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if self.gate is None:
            host = environ.get("HTTP_HOST", "localhost")
            self.mount(f"{environ['wsgi.url_scheme']}://{host}/fhir")
        assert self.gate is not None
        return self.gate(environ, start)

    def close(self) -> None:
        """Let go of the store."""
        self.engine.dispose()
        if self.folder is not None:
            self.folder.cleanup()


def create_sandbox(
    country: str,
    *,
    fhir_version: str | None = None,
    patients: int = 60,
    seed: int = 1,
    faults: Sequence[str] = (),
    now: datetime | None = None,
    url: str | None = None,
    token: str | None = None,
    user: str | None = None,
) -> Sandbox:
    """Return a pretend server of a country, its people in its store.

    `now` is the moment that the records are made for (this hour when not given): the same country,
    version, numbers and moment give the same bytes. `url` is the store's (a new temporary one when
    not given). With `token` (bearer) or `user` (``name:password``) callers need one of them.

    Raises:
        UsageError: no such country, FHIR version or fault.
    """
    dialect = load(country, fhir_version)
    board = Switchboard()
    board.set(faults)
    moment = now or datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    people = cohort(dialect, patients, seed, moment)
    folder = None if url else tempfile.TemporaryDirectory(prefix="riskbridge-sandbox-")
    place = url or f"sqlite:///{folder.name if folder else ''}/store.db"
    engine = open_store(place, durable=url is not None)
    for part in batched(people.resources, CHUNK):
        with writing(engine) as conn:
            write(conn, [kept(resource) for resource in part])
    return Sandbox(dialect, people, engine, board, credentials(token, user), folder)


def batched(resources: Sequence[Resource], size: int) -> Iterator[Sequence[Resource]]:
    """Yield the resources, `size` at a time."""
    for start in range(0, len(resources), size):
        yield resources[start : start + size]


def kept(resource: Resource) -> Write:
    """Return a resource as the store takes it: version 1, updated when it is stored."""
    made = stamp(resource, resource["id"])
    return Write(
        resource["resourceType"],
        resource["id"],
        resource,
        made,
        digest=made.digest,
    )
