"""Model files: read as data, never run; the hash first, then size, kind, content.

``content`` tells what a file is, ``onnx_rules`` and ``skops_rules`` what it may hold; the lists of
operators and types are data (`operators.toml`, `types.toml`). `scoring.runtimes` runs them.
"""

from __future__ import annotations

LARGEST = 64 * 2**20
"""Bytes of a model file, at most."""
LONGEST = 300
"""Characters of an error."""


class ModelFileError(ValueError):
    """A model file that is not used; `key` is the entry of ``[model_file]`` that is wrong."""

    def __init__(self, key: str, text: str) -> None:
        """Take the text, in which names from the file may stand: one line, nothing unprintable."""
        plain = "".join(sign if sign.isprintable() else "?" for sign in text[:LONGEST])
        super().__init__(f"model_file.{key}: {plain}")
        self.key = key


class Content:
    """The bytes of a model file; a class of its own, so that no text of a card becomes one."""

    __slots__ = ("raw",)

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Content) and other.raw == self.raw

    def __hash__(self) -> int:
        return hash(self.raw)

    def __reduce__(self) -> tuple[type[Content], tuple[bytes]]:
        return Content, (self.raw,)
