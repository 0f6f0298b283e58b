"""`riskbridge demo`: six pretend countries and the gateway between them, on this machine."""

from __future__ import annotations

import json
import signal
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from gateway.app import create_app
from gateway.cli._demo import results
from gateway.cli._demo.countries import PLACES, Countries
from gateway.cli._demo.rounds import Crew
from gateway.cli._options import configured
from gateway.cli._progress import shown
from gateway.config import Settings
from gateway.errors import UsageError
from gateway.flow.partners import known
from gateway.flow.tasks import TASKS
from gateway.jobs.worker import work
from gateway.sandbox.serving import serve
from gateway.store import sources
from gateway.store.engine import open_store, reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import FrameType
    from wsgiref.types import StartResponse, WSGIEnvironment

    import sqlalchemy as sa
    from flask import Flask

    from gateway.config import Source

PORT = 8080
WIDTH = 140
"""Columns of a table that goes into a file."""


@click.command(epilog="Example: riskbridge demo --once --json")
@click.option("--once", is_flag=True, help="End after the second pass; serve nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.option("--port", type=click.IntRange(0, 65535), help=f"Of the gateway. Default: {PORT}.")
@configured
def command(settings: Settings, *, once: bool, as_json: bool, port: int | None) -> None:
    """Start six countries' servers and the gateway on loopback, pull, map, score, write back.

    A second pass shows that nothing is written twice. Then the console and the servers stay up
    until Ctrl-C, unless --once is given. Everything is kept in a temporary folder and is gone
    afterwards; a store that the configuration names is used instead and stays, if it has no sources
    but those of an earlier demonstration.
    """
    began = time.monotonic()
    if settings.sources:
        raise UsageError("the demonstration needs a store without sources; the configuration has")
    with ExitStack() as stack:
        store_url = stack.enter_context(kept(settings))
        countries, crew = Countries(), Crew(store_url)
        stack.callback(countries.close)
        stack.callback(crew.close)
        countries.open()
        crew.open()
        engine = open_store(store_url)
        stack.callback(engine.dispose)
        check_pretended(engine)
        base_url = stack.enter_context(served(settings, engine, port))
        partners = countries.sources()
        told, problems = flow(engine, partners, crew, began)
        crew.close()
        write(told, as_json=as_json)
        for problem in problems:
            click.echo(problem, err=True)
        if not once:
            stay(engine, base_url, partners)
    sys.exit(1 if problems else 0)


@contextmanager
def kept(settings: Settings) -> Iterator[str]:
    """Give the URL of the store: the one that is configured, else one that goes afterwards."""
    with tempfile.TemporaryDirectory(prefix="riskbridge-demo-") as folder:
        own = settings.store_url == Settings().store_url
        yield f"sqlite:///{folder}/riskbridge.db" if own else settings.store_url


def check_pretended(engine: sa.Engine) -> None:
    """Check that the store has no sources but pretended ones.

    Raises:
        UsageError: it has a real one, whose state must not be mixed up.
    """
    with reading(engine) as connection:
        real = [one.name for one in sources.every(connection) if not pretended(one.settings)]
    if real:
        raise UsageError(f"the demonstration needs a store without sources; this has {real[0]}")


def pretended(source: Source) -> bool:
    """Tell whether a source is one of an earlier demonstration."""
    return source.base_url.startswith("http://127.0.0.1:") and source.name in {
        place.name for place in PLACES
    }


@contextmanager
def served(settings: Settings, engine: sa.Engine, port: int | None) -> Iterator[str]:
    """Serve the gateway in threads of this process; give its base URL.

    Without a port the usual one is taken, or another if that is in use.

    Raises:
        UsageError: the port that was asked for is taken.
    """
    gateway = Gateway(settings, engine)
    try:
        running = serve(gateway, PORT if port is None else port)
    except UsageError:
        if port is not None:
            raise
        running = serve(gateway, 0)
    try:
        yield running.url.removesuffix("/fhir")
    finally:
        running.close()


@dataclass(slots=True)
class Gateway:
    """The gateway's application, made when its address is known."""

    settings: Settings
    engine: sa.Engine
    app: Flask | None = None

    def mount(self, base_url: str) -> None:
        """Make the application, reached at `base_url` (of its FHIR interface)."""
        root = base_url.removesuffix("/fhir")
        self.app = create_app(replace(self.settings, base_url=root), engine=self.engine)

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        assert self.app is not None
        return self.app(environ, start)


def flow(
    engine: sa.Engine, partners: Sequence[Source], crew: Crew, began: float
) -> tuple[dict[str, Any], list[str]]:
    """Do both passes; return the report, and what went wrong in lines for people."""
    sources.keep_all(engine, partners)
    names = [source.name for source in partners]
    with shown() as progress:
        first = crew.round(names, progress)
        counted = {name: results.count_on_server(known(engine, name)) for name in names}
        second = crew.round(names, progress)
    lines = [results.line(known(engine, name), first[name], counted[name]) for name in names]
    rounds = (first, second)
    problems = [
        f"{one.source}: {one.problem}" for of in rounds for one in of.values() if one.problem
    ]
    return results.report(lines, second, time.monotonic() - began), problems


def write(told: dict[str, Any], *, as_json: bool) -> None:
    """Print the report."""
    if as_json:
        click.echo(json.dumps(told))
        return
    Console(width=None if sys.stdout.isatty() else WIDTH).print(results.table(told))
    second = told["second_pass"]["written"]
    click.echo(f"second pass: {second} written; {told['wall_s']} s in all")


def stay(engine: sa.Engine, base_url: str, partners: Sequence[Source]) -> None:
    """Serve on, with a worker, until Ctrl-C or SIGTERM."""
    stopped = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopped.set()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    worker = threading.Thread(target=work, args=(engine, TASKS, stopped), name="worker")
    worker.start()
    click.echo(f"console   {base_url}/", err=True)
    click.echo(f"FHIR      {base_url}/fhir", err=True)
    for source in partners:
        click.echo(f"{source.name:9} {source.base_url}", err=True)
    click.echo("Ctrl-C ends it all.", err=True)
    while not stopped.wait(3600):
        pass
    worker.join()
