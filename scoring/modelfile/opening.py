"""The model file of a card: brought, verified, opened once, and kept open by its hash."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol

import msgspec

from scoring.modelfile import LARGEST, Content, ModelFileError, content

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scoring.cards import Card, ModelFile
    from scoring.codegen import Array

KEPT = 16
"""Models kept open at once."""


class Opened(Protocol):
    """A model that has been opened."""

    at_once: int
    """Rows of a call: always so many, for the same bits whatever the number of patients."""
    rows_of_patients: str | None
    """What in it is a patient's row, if anything."""

    def probabilities(self, design: Array) -> Array:
        """Return the probability of each row (n,) of a matrix (n, terms), all in one call.

        Raises:
            ModelFileError: the model does not take or give what the card says.
        """


def beside(folder: Path, name: str) -> bytes:
    """Return the bytes of a file in `folder`; of one that is too large, one too many.

    Raises:
        ModelFileError: it is not there, or is no file.
    """
    path = folder / name
    if not path.is_file():
        raise ModelFileError("path", f"there is no file {name} beside the card")
    try:
        with path.open("rb") as stream:
            return stream.read(LARGEST + 1)
    except OSError as error:
        raise ModelFileError("path", f"{name} cannot be read: {error.strerror}") from None


def with_content(card: Card, fetch: Callable[[str], bytes] | None) -> Card:
    """Return the card with its model file, which has been verified and opened; or as it is.

    Raises:
        ModelFileError: it is another file than the card was made for, or one that is not used.
    """
    file = card.model_file
    if file is None:
        return card
    if fetch is None:
        raise ModelFileError("path", "this card is read from its folder, where its model file is")
    raw = fetch(content.plain_name(file.path))
    content.verify(raw, file.sha256)
    found = msgspec.structs.replace(
        card, model_file=msgspec.structs.replace(file, content=Content(raw))
    )
    rows = opened(found).rows_of_patients
    if rows and file.leaves_site:
        raise ModelFileError("leaves_site", f"must be false: the file holds {rows}")
    return found


def opened(card: Card) -> Opened:
    """Return the model of a card that has its content.

    Raises:
        ModelFileError: the file is not of the card's runtime, or not what a model may be.
    """
    file = card.model_file
    assert file is not None
    key = (file.sha256, card.runtime, file.output, file.column, file.trusted, len(card.terms))
    if key not in _OPENED:
        if len(_OPENED) >= KEPT:
            _OPENED.clear()
        _OPENED[key] = _open(card, file)
    return _OPENED[key]


_OPENED: dict[tuple[object, ...], Opened] = {}


def _open(card: Card, file: ModelFile) -> Opened:
    assert file.content is not None
    raw = file.content.raw
    kind = content.recognise(raw)
    if kind != card.runtime:
        raise ModelFileError("path", f"the file is {kind}, the card's runtime is {card.runtime}")
    runtime = import_module(f"scoring.runtimes.{kind}")
    try:
        made: Opened = runtime.open_model(raw, file, len(card.terms))
    except ModelFileError:
        raise
    except Exception as error:  # noqa: BLE001 - a crafted file fails in any way it likes
        raise ModelFileError("path", f"cannot be opened: {type(error).__name__}") from None
    return made
