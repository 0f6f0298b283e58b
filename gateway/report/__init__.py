"""Reports on a card: one page, or one document, that needs nothing else.

The figures come from `scoring.appraisal`; matplotlib (extra ``report``) draws them. The same
appraisal gives the same bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scoring.appraisal import Appraisal

EXTRA = "a report takes matplotlib: pip install 'riskbridge[report]'"


def made(found: Appraisal, kind: str) -> bytes:
    """Return the report as ``html`` or ``pdf``.

    Raises:
        ImportError: matplotlib is not there; the text names the extra.
    """
    try:
        from gateway.report import page, paper  # noqa: PLC0415 - matplotlib is slow, and an extra
    except ImportError as error:
        if (error.name or "").partition(".")[0] != "matplotlib":
            raise
        raise ImportError(EXTRA) from None
    return page.made(found) if kind == "html" else paper.made(found)
