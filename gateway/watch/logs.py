"""Logs: JSON lines of allow-listed keys on standard error, so that no patient data can slip in."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from collections.abc import MutableMapping

ALLOWED = frozenset(
    {
        "event", "level", "timestamp", "logger", "source", "country", "method", "route", "status",
        "seconds", "kind", "count", "card", "reason", "attempt", "attempts", "job", "error", "wait",
        "request", "port", "version", "feature",
    }
)  # fmt: skip
"""Keys that may be logged: kinds, counts, codes and names of partners; never values, ids, URLs."""


def only_allowed(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:  # noqa: ANN401
    """Drop each key that is not on the allow-list."""
    dropped = [key for key in event if key not in ALLOWED]
    for key in dropped:
        del event[key]
    return event


def set_up(level: str = "INFO") -> None:
    """Send our logs to standard error as JSON lines; libraries' warnings by their name alone."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            only_allowed,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # Messages of libraries may quote URLs with ids: they are not printed at all.
    logging.getLogger("urllib3").setLevel(logging.CRITICAL)


def log() -> Any:  # noqa: ANN401
    """Return the logger; call it with a fixed event name and allow-listed keys."""
    return structlog.get_logger()
