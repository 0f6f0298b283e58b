"""Gateways of the command's own: each serves one site's file on loopback, in its own process."""

from __future__ import annotations

import secrets
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.app import create_app
from gateway.cli._demo.processes import Child, start
from gateway.cli.demo import Gateway
from gateway.config import Settings, Study
from gateway.errors import UnreachableError
from gateway.flow.federating_sites import Site
from gateway.sandbox.serving import serve
from gateway.store.engine import open_store

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from pathlib import Path

START_S = 60.0
UNLIMITED = 1_000_000


@dataclass(slots=True)
class Hosted:
    """A gateway that lives as long as the command, and is started again when it is killed."""

    settings: Settings
    child: Child | None = None
    base_url: str = ""

    def open(self) -> None:
        """Start the process; `ready` waits until it serves."""
        port = int(self.base_url.rpartition(":")[2]) if self.base_url else 0
        self.child = start(live, self.settings, port)

    def ready(self) -> str:
        """Return the root of the gateway, once it answers.

        Raises:
            UnreachableError: its process died, or takes too long.
        """
        assert self.child is not None
        try:
            if self.child.pipe.poll(START_S):
                self.base_url = self.child.pipe.recv()
                return self.base_url
        except EOFError:
            pass
        raise UnreachableError(f"the gateway of {self.settings.studies[0].data} does not start")

    def site(self, name: str) -> Site:
        """Return the gateway as a site to be asked, once it answers."""
        (study,) = self.settings.studies
        return Site(name, self.ready(), study.name, study.token, self.revive)

    def revive(self) -> None:
        """Start the process again where it was, if it is gone."""
        if self.child is not None and not self.child.process.is_alive():
            self.child.close()
            self.open()
            self.ready()

    def close(self) -> None:
        """End the process."""
        if self.child is not None:
            self.child.close()
            self.child = None


def live(pipe: Connection, settings: Settings, port: int) -> None:
    """Serve one site until the parent lets go."""
    engine = open_store(settings.store_url)
    running = serve(Gateway(settings, engine), port)
    pipe.send(running.url.removesuffix("/fhir"))
    pipe.recv()
    engine.dispose()


def hosted(studies: dict[str, Study], folder: Path) -> dict[str, Hosted]:
    """Return a gateway for each site, with its store in `folder`; none has started yet.

    What all gateways have in common is loaded here, before processes are forked.
    """
    empty = folder / "empty.db"
    engine = open_store(f"sqlite:///{empty}")
    create_app(Settings(), engine=engine)
    engine.dispose()
    found = {}
    for name, study in studies.items():
        store = folder / f"{name.replace('/', '_')}.db"
        if not store.exists():
            shutil.copyfile(empty, store)
        found[name] = Hosted(Settings(store_url=f"sqlite:///{store}", studies=(study,)))
    empty.unlink()
    return found


def token_in(folder: Path) -> str:
    """Return the reference to a new token for gateways of the command's own."""
    place = folder / "token"
    place.touch(mode=0o600)
    place.write_text(secrets.token_urlsafe(32))
    return f"file:{place}"


def opened(gateways: dict[str, Hosted]) -> list[Site]:
    """Start all gateways side by side; return them as sites to be asked."""
    for gateway in gateways.values():
        gateway.open()
    return [gateway.site(name) for name, gateway in gateways.items()]
