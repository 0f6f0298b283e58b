"""Named faults of a pretend server, switched on by name and bounded, so that tests repeat.

A fault is written ``NAME`` or ``NAME:every=K,times=N``: of the requests it can spoil, it spoils
each K-th, N times at most. ``FAULTS`` says what each name does and how often when nothing is said.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from gateway.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable


class Kind(NamedTuple):
    """What a name stands for: `where` it acts, how often by itself, and in words."""

    where: str
    """``answer`` instead of the server, what it ``takes``, its ``query``, its ``page`` of results,
    or the ``wire``."""
    every: int
    times: int | None
    does: str


FAULTS: dict[str, Kind] = {
    "throttle": Kind("answer", 3, None, "429 with Retry-After in seconds"),
    "throttle-date": Kind("answer", 3, None, "429 with Retry-After as an HTTP date"),
    "unavailable": Kind("answer", 3, None, "503 without Retry-After"),
    "slow": Kind("answer", 3, None, "a pause before the answer"),
    "no-risk-assessment": Kind("takes", 1, None, "RiskAssessment is no type of this server"),
    "observations-only": Kind("takes", 1, None, "of all types only Observation may be written"),
    "documents-only": Kind("takes", 1, None, "of all types only DocumentReference may be written"),
    "read-only": Kind("takes", 1, None, "nothing may be written"),
    "undeclared": Kind("takes", 1, None, "what is not taken is declared nevertheless"),
    "drop": Kind("wire", 3, None, "the connection ends in the middle of the body"),
    "next-elsewhere": Kind("page", 1, 1, "the next link leads to another host"),
    "next-gone": Kind("page", 1, 1, "the next link leads to nothing (404)"),
    "next-loop": Kind("page", 1, 1, "the next link leads to the same page again"),
    "wrong-total": Kind("page", 1, None, "Bundle.total is seven too many"),
    "ignored-parameter": Kind("query", 1, None, "search parameters are silently ignored"),
    "invalid-entry": Kind("page", 1, None, "a page has one entry that is no valid resource"),
    "duplicate-entries": Kind("page", 1, None, "a page has its first entry twice"),
}


@dataclass(slots=True)
class Fault:
    """One fault that is switched on, and how often it has been."""

    name: str
    every: int
    times: int | None
    seen: int = 0
    fired: int = 0

    @property
    def where(self) -> str:
        """Return where it acts."""
        return FAULTS[self.name].where

    def due(self) -> bool:
        """Count one request that it can spoil, and say whether it does."""
        if self.times is not None and self.fired >= self.times:
            return False
        self.seen += 1
        if self.seen % self.every:
            return False
        self.fired += 1
        return True


def parse(text: str) -> Fault:
    """Return the fault of ``NAME`` or ``NAME:every=K,times=N``.

    >>> parse("throttle:every=1,times=2")
    Fault(name='throttle', every=1, times=2, seen=0, fired=0)

    Raises:
        UsageError: there is no such fault, or no such word about it.
    """
    name, _, words = text.partition(":")
    kind = FAULTS.get(name)
    if kind is None:
        raise UsageError(f"no fault {name}: one of {', '.join(FAULTS)}")
    said: dict[str, int] = {}
    for word in filter(None, words.split(",")):
        key, _, number = word.partition("=")
        if key not in ("every", "times") or not number.isdecimal() or int(number) < 1:
            raise UsageError(f"fault {text}: expected every=K and times=N, both 1 or more")
        said[key] = int(number)
    times = said.get("times", kind.times)
    if "every" in said and "times" not in said:
        times = None
    return Fault(name, said.get("every", kind.every), times)


@dataclass(slots=True)
class Switchboard:
    """The faults that are on; requests of several threads ask it one at a time."""

    on: list[Fault] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def set(self, names: Iterable[str]) -> None:
        """Switch on these faults and no others, counting from none."""
        faults = [parse(name) for name in names]
        with self.lock:
            self.on = faults

    def due(self, where: str, but: Iterable[str] = ()) -> list[str]:
        """Return the faults that spoil this request at `where`; those of `but` cannot."""
        skipped = set(but)
        with self.lock:
            candidates = [f for f in self.on if f.where == where and f.name not in skipped]
            return [fault.name for fault in candidates if fault.due()]

    def any(self, where: str) -> bool:
        """Say whether a fault is on that acts there."""
        return any(fault.where == where for fault in self.on)

    def state(self) -> list[dict[str, str | int | None]]:
        """Return the faults that are on and their counts."""
        with self.lock:
            return [
                {
                    "name": f.name,
                    "every": f.every,
                    "times": f.times,
                    "seen": f.seen,
                    "fired": f.fired,
                }
                for f in self.on
            ]
