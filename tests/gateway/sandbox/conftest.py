from __future__ import annotations

from datetime import UTC, datetime

import pytest


@pytest.fixture(scope="session")
def now() -> datetime:
    """The moment that the records of these tests are made for."""
    return datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
