"""What every input has to hold to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.errors import GatewayError
from gateway.fhir import documents
from mappers import features
from mappers.document import map_document
from mappers.fold import Fold

if TYPE_CHECKING:
    from mappers.document import Mapped


def every(raw: bytes) -> None:
    """Read an input in each way; any exception is a fault."""
    try:
        mapped = map_document(documents.decode(raw))
    except GatewayError:
        mapped = None
    lane = Fold()
    lane.take(raw)
    lines = Fold()
    lines.lines(raw.split(b"\n"))
    list(lines.rows())
    if mapped is not None and not raw.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        told = {
            name: {k: one.record(name) for k, one in h.items()} for name, h in lane.held.items()
        }
        assert {name: held for name, held in told.items() if held} == newest(mapped)
        assert lane.findings == list(mapped.findings)


def newest(mapped: Mapped) -> dict[str, dict[str, Any]]:
    """Return the newest values of each patient, as the fold holds them."""
    found: dict[str, list[Any]] = {}
    for one in mapped.measurements:
        if one.subject is not None:
            found.setdefault(one.subject, []).append(one)
    return {name: features.chosen(listed, None) for name, listed in found.items()}
