"""Model files on the disk: read no further than they may be long, written over no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.errors import UsageError
from scoring.modelfile import LARGEST

if TYPE_CHECKING:
    from pathlib import Path


def read(path: Path) -> bytes:
    """Return the bytes of a file; of one that is too large, one too many."""
    with path.open("rb") as stream:
        return stream.read(LARGEST + 1)


def place(path: Path, raw: bytes) -> None:
    """Write a model file, unless it is there.

    Raises:
        UsageError: another file of that name is there, which another card may need.
    """
    if not path.exists():
        path.write_bytes(raw)
    elif not path.is_file() or read(path) != raw:
        raise UsageError(f"{path}: there is another file of that name")
