"""Models handed on and taken in: cards as ONNX graphs, estimators as ONNX or skops.

Nothing is handed on before it has been compared with the original on 10,000 rows.
"""

from __future__ import annotations


class ExchangeError(ValueError):
    """A model that is not handed on or taken in; the text says why."""
