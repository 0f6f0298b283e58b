"""When a request is tried again, and after how long: jitter, limits, and the server's own word."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

THROTTLED = frozenset({429, 503})
"""The server did not do it and says so: any request may be sent again."""

BROKEN = frozenset({500, 502, 504})
"""The server may have done it: only a request that may safely run twice is sent again."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often to try (the first time counts) and how long to wait between, in seconds."""

    attempts: int = 6
    first_s: float = 0.25
    longest_s: float = 60.0
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random

    def pause(self, attempt: int, asked: float | None = None) -> float:
        """Return the seconds to wait after the `attempt`-th failure.

        Full jitter over a doubling window, so that many clients do not come back together; a wait
        that the server `asked` for is kept and a little is added to it.
        """
        window = min(self.longest_s, self.first_s * 2.0 ** (attempt - 1))
        if asked is None:
            return window * (0.5 + self.chance() / 2)
        return asked + min(window, 0.5) * self.chance()

    def spent(self, attempt: int, asked: float | None = None) -> bool:
        """Tell whether to give up: tried often enough, or told to come back much later."""
        return attempt >= self.attempts or (asked or 0.0) > self.longest_s


def asked_wait(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Return the seconds of ``Retry-After`` (RFC 9110 10.2.3: seconds or a date), if readable.

    A date is held against the server's own ``Date``, because its clock may differ from ours.

    >>> asked_wait({"Retry-After": "120"})
    120.0
    >>> asked_wait({"Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT",
    ...             "Date": "Sun, 06 Nov 1994 08:49:07 GMT"})
    30.0
    """
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    until = http_date(text)
    if until is None:
        return None
    since = http_date(headers.get("Date", "")) or now or datetime.now(UTC)
    return max(0.0, (until - since).total_seconds())


def http_date(text: str) -> datetime | None:
    """Return the instant of an HTTP date, None when it is none."""
    try:
        instant = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
