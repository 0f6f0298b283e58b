"""`riskbridge serve`: the web service, in worker processes of gunicorn."""

from __future__ import annotations

import ipaddress
import shutil
import socket
import tempfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from gateway.cli._options import configured
from gateway.config import Settings
from gateway.errors import UsageError

if TYPE_CHECKING:
    from flask import Flask

THREADS = 4
"""Requests that one worker process answers at a time."""


@click.command(epilog="Example: riskbridge serve --port 8080")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; 0 takes a free one.")
@configured
def command(settings: Settings, port: int | None) -> None:
    """Serve the FHIR interface and the console until stopped.

    Without partners configured everybody who reaches the port may read and write: then only a
    loopback host is accepted.
    """
    settings = placed(settings, port)
    prepare(settings)
    run(settings, tempfile.mkdtemp(prefix="riskbridge-metrics-"))


def placed(settings: Settings, port: int | None) -> Settings:
    """Return the settings with the port that will be used, and a base URL that names it.

    Raises:
        UsageError: the host is not of this machine, or the port is taken.
    """
    if not is_loopback(settings.host):
        raise UsageError(
            f"gateway.host is {settings.host}: without a partner configured the gateway serves "
            "loopback only (127.0.0.1, ::1 or localhost)"
        )
    taken = free(settings.host, settings.port if port is None else port)
    named = settings.base_url != Settings().base_url
    base = settings.base_url if named else f"http://{bracketed(settings.host)}:{taken}"
    return replace(settings, port=taken, base_url=base)


def is_loopback(host: str) -> bool:
    """Say whether a host name or address can be reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def free(host: str, port: int) -> int:
    """Return the port when it can be listened on; for 0 one that can.

    Raises:
        UsageError: it is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.create_server((host, port), family=family) as listening:
            return int(listening.getsockname()[1])
    except OSError as error:
        raise UsageError(f"port {port} of {host} cannot be used: {error.strerror}") from None


def bracketed(host: str) -> str:
    """Return a host as addresses have it."""
    return f"[{host}]" if ":" in host else host


def prepare(settings: Settings) -> None:
    """Open the store once, so that it is migrated, or refused, before workers start."""
    from gateway.store.engine import open_store  # noqa: PLC0415 - a wrong host needs no database

    open_store(settings.store_url).dispose()


def run(settings: Settings, metrics: str) -> None:
    """Run gunicorn until it is stopped; `metrics` is the folder that workers share counts in."""
    from gunicorn.app.base import (  # type: ignore[import-untyped]  # noqa: PLC0415 - for serving only
        BaseApplication,
    )

    class Service(BaseApplication):  # type: ignore[misc]
        """The gateway under gunicorn."""

        def load_config(self) -> None:
            for name, value in options(settings, metrics).items():
                self.cfg.set(name, value)

        def load(self) -> Flask:
            from gateway.app import create_app  # noqa: PLC0415 - in the worker, after the fork
            from gateway.watch.logs import set_up  # noqa: PLC0415

            set_up()
            return create_app(settings)

    Service().run()


def options(settings: Settings, metrics: str) -> dict[str, Any]:
    """Return gunicorn's settings."""
    return {
        "bind": f"{bracketed(settings.host)}:{settings.port}",
        "workers": settings.workers,
        "worker_class": "gthread",
        "threads": THREADS,
        "timeout": 120,
        "graceful_timeout": 30,
        "keepalive": 15,
        "limit_request_line": 8190,
        "loglevel": "warning",
        "proc_name": "riskbridge",
        "raw_env": [f"PROMETHEUS_MULTIPROC_DIR={metrics}"],
        "when_ready": lambda _: click.echo(f"riskbridge: serving {settings.base_url}", err=True),
        "child_exit": forget,
        # A worker that ends unwinds our stack too: only the master may clean up.
        "on_exit": lambda _: shutil.rmtree(metrics, ignore_errors=True),
    }


def forget(_arbiter: object, worker: Any) -> None:  # noqa: ANN401 - gunicorn's worker
    """Drop the live gauges of a worker that ended."""
    from prometheus_client import multiprocess  # noqa: PLC0415 - after its folder is set

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
