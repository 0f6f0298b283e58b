"""All sites of a joint training, asked side by side; the silent are waited for, within limits."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence  # noqa: TC003 - dataclass annotations
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

from gateway.errors import GatewayError, ThrottledError, UnreachableError
from gateway.fhir.patience import Patience
from gateway.flow.federating_sites import NotJoinedError, Site

A = TypeVar("A")
AT_ONCE = 16
"""Sites that are asked at the same time."""


def unheard(_: str) -> None:
    """Tell nobody."""


@dataclass(slots=True)
class Panel:
    """The sites, and those that are left out with the reason."""

    sites: Sequence[Site]
    wait_s: float = 60.0
    """How long sites that do not answer are waited for."""
    tell: Callable[[str], None] = unheard
    patience: Patience = field(default_factory=lambda: Patience(first_s=0.2, longest_s=5.0))
    left_out: dict[str, str] = field(default_factory=dict)

    def present(self) -> list[Site]:
        """Return the sites that are not left out, by name."""
        there = [site for site in self.sites if site.name not in self.left_out]
        return sorted(there, key=lambda site: site.name)

    def each(self, ask: Callable[[Site], A]) -> dict[str, A]:
        """Return what each site answers; one that refuses or stays silent is left out and told.

        Raises:
            NotJoinedError: a site does not know the run.
        """
        found: dict[str, A] = {}
        since, attempt = time.monotonic(), 0
        while missing := [site for site in self.present() if site.name not in found]:
            attempt += 1
            silent = self.heard(ask, missing, found)
            if silent and time.monotonic() - since > self.wait_s:
                for site in silent:
                    self.leave_out(site, f"has not answered for {self.wait_s:g} s")
            elif silent:
                self.wait(silent, attempt)
        return found

    def heard(self, ask: Callable[[Site], A], sites: list[Site], found: dict[str, A]) -> list[Site]:
        """Ask the sites, add to what was `found`, leave out who refuses; return who is silent."""
        silent = []
        for site, answer in zip(sites, side_by_side(ask, sites), strict=True):
            if not isinstance(answer, GatewayError):
                found[site.name] = answer
            elif isinstance(answer, (UnreachableError, ThrottledError)):
                silent.append(site)
            elif isinstance(answer, NotJoinedError):
                raise answer
            else:
                self.leave_out(site, answer.text)
        return silent

    def leave_out(self, site: Site, reason: str) -> None:
        """Go on without a site."""
        self.left_out[site.name] = reason
        self.tell(f"{site.name}: left out: {reason}")

    def wait(self, silent: Sequence[Site], attempt: int) -> None:
        """Wait a while for sites, and start again what is ours of them."""
        names = ", ".join(site.name for site in silent)
        self.tell(f"{names}: no answer, asked again (attempt {attempt})")
        for site in silent:
            site.close()
            with suppress(GatewayError):  # not yet: it is asked, and started, again
                site.revive()
        self.patience.sleep(self.patience.pause(attempt))


def side_by_side(ask: Callable[[Site], A], sites: Sequence[Site]) -> list[A | GatewayError]:
    """Return what each site answers, or why it does not; no thread is left behind."""

    def asked(site: Site) -> A | GatewayError:
        try:
            return ask(site)
        except GatewayError as error:
            return error

    with ThreadPoolExecutor(min(AT_ONCE, len(sites))) as pool:
        return list(pool.map(asked, sites))
