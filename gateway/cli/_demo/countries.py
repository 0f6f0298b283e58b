"""The pretend countries' servers, a few in each of two processes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from gateway.cli._demo.processes import Child, start
from gateway.config import Source
from gateway.errors import GatewayError, UnreachableError
from gateway.sandbox.server import create_sandbox, serve

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection

PATIENTS = 55
PROCESSES = 2


class Place(NamedTuple):
    """A country to be pretended, and how its server speaks."""

    name: str
    country: str
    fhir_version: str | None = None


PLACES = (
    Place("us", "US"),
    Place("gb", "GB"),
    Place("fi", "FI"),
    Place("de", "DE"),
    Place("jp", "JP"),
    Place("nl", "NL", "STU3"),
)


@dataclass(slots=True)
class Countries:
    """Servers that run; close them after use."""

    children: list[Child] = field(default_factory=list)

    def open(self, places: Sequence[Place] = PLACES, patients: int = PATIENTS) -> None:
        """Start the processes; the servers are ready when `sources` returns."""
        for turn in range(PROCESSES):
            self.children.append(start(live, places[turn::PROCESSES], patients))

    def sources(self) -> list[Source]:
        """Return the servers as sources, once they are all ready.

        Raises:
            UnreachableError: one could not start.
        """
        found: list[Source] = []
        for child in self.children:
            told = received(child)
            if isinstance(told, str):
                raise UnreachableError(told)
            found += told
        order = [place.name for place in PLACES]
        return sorted(found, key=lambda source: order.index(source.name))

    def close(self) -> None:
        """End the servers."""
        for child in self.children:
            child.close()


def received(child: Child) -> list[Source] | str:
    """Return what a process has to say: its servers, or why there are none."""
    try:
        told: list[Source] | str = child.pipe.recv()
    except EOFError:
        return "a sandbox did not start"
    return told


def live(pipe: Connection, places: Sequence[Place], patients: int) -> None:
    """Serve some countries until the parent says so, or is gone."""
    sandboxes = []
    running = []
    try:
        for place in places:
            sandbox = create_sandbox(
                place.country, fhir_version=place.fhir_version, patients=patients
            )
            sandboxes.append(sandbox)
            running.append(serve(sandbox))
    except GatewayError as error:
        pipe.send(error.text)
        return
    pipe.send(
        [
            Source(place.name, server.url, place.country, write_back="auto")
            for place, server in zip(places, running, strict=True)
        ]
    )
    try:
        pipe.recv()
    finally:
        for server in running:
            server.close()
        for sandbox in sandboxes:
            sandbox.close()
