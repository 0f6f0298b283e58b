"""What a check says: a problem, whose place grows from the inside out while the walk returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from terminology.records import JSON


class Problem:
    """One broken rule; `at` is relative to the value that was checked."""

    __slots__ = ("at", "code", "local", "severity", "targets", "text")

    def __init__(self, code: str, text: str, at: str = "", severity: str = "error") -> None:
        self.code = code
        """FHIR issue type."""
        self.text = text
        self.at = at
        self.severity = severity
        self.local: str | None = None
        """Id of the contained resource without which this is a problem (``""``: the container)."""
        self.targets: frozenset[str] = frozenset()
        """Types that this contained resource may have; empty when any."""

    def copy(self) -> Problem:
        """Return the same problem, to be placed elsewhere."""
        return Problem(self.code, self.text, self.at, self.severity)

    def under(self, name: str) -> None:
        """Move the place into the element called `name` (or list index, ``[3]``)."""
        joint = "." if self.at and self.at[0] != "[" else ""
        self.at = f"{name}{joint}{self.at}"


Problems: TypeAlias = list[Problem] | None
"""What is wrong; None, when nothing is, is told without making a list."""

Check: TypeAlias = "Callable[[JSON], Problems]"


def joined(first: Problems, second: Problems) -> Problems:
    """Return both lists as one."""
    if not first or not second:
        return first or second
    first += second
    return first


def placed(found: Problems, name: str) -> Problems:
    """Return `found` with every place moved into `name`."""
    for problem in found or ():
        problem.under(name)
    return found


def wrong(code: str, text: str, at: str = "") -> Problems:
    """Return a list of one problem."""
    return [Problem(code, text, at)]
