"""How the steps of the flow tell how far they are, to whoever draws it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Step:
    """So many of one stage done at one source; `total` when it is known."""

    source: str
    stage: str
    done: int
    total: int | None = None


Progress: TypeAlias = "Callable[[Step], None]"


def silent(_step: Step) -> None:
    """Tell nobody."""
