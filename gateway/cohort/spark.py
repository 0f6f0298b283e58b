"""A card over a Spark DataFrame: `gateway.cohort.arrow` in every executor, by mapInArrow.

The only module that knows pyspark. The text of the card is broadcast, so that the executors use the
very card of the driver; each parses it once.
"""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any

from gateway.cohort.arrow import own_outputs, score_record_batch
from gateway.errors import UsageError
from scoring import cards

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

LOOPBACK = "127.0.0.1"
LOCAL = {
    "spark.ui.enabled": "false",
    "spark.driver.host": LOOPBACK,
    "spark.driver.bindAddress": LOOPBACK,
}


def local_session(cores: int, settings: dict[str, str] | None = None) -> SparkSession:
    """Return a session of this machine alone, on loopback and without its web page.

    Raises:
        UsageError: pyspark is not installed; the text names the extra.
    """
    builder = sql().SparkSession.builder.master(f"local[{cores}]").appName("riskbridge")
    for key, value in (LOCAL | (settings or {})).items():
        builder = builder.config(key, value)
    session: SparkSession = builder.getOrCreate()
    session.sparkContext.pythonExec = sys.executable
    return session


def sql() -> Any:  # noqa: ANN401 - the module
    """Return pyspark.sql.

    Raises:
        UsageError: it is not installed; the text names the extra.
    """
    try:
        from pyspark import sql  # noqa: PLC0415 - an extra
    except ImportError:
        raise UsageError("Spark asks for the extra: pip install riskbridge[spark]") from None
    return sql


def score_frame(frame: DataFrame, text: str, keep: Sequence[str] = ()) -> DataFrame:
    """Return the columns `keep` of the frame, then what the card in `text` says of each row.

    Columns are those of `gateway.cohort.arrow.score_record_batch`.

    Raises:
        CardError: the text is no card.
        UsageError: pyspark is not installed, or a column to keep is not there.
    """
    for name in keep:
        if name not in frame.columns:
            raise UsageError(f"there is no column {name!r} to keep")
    made = schema_of(parsed(text), frame, keep)
    card = frame.sparkSession.sparkContext.broadcast(text)
    return frame.mapInArrow(scorer(card, tuple(keep)), made)


def scorer(
    card: Any,  # noqa: ANN401 - a broadcast text
    keep: Sequence[str],
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Return what an executor does with its record batches."""

    def score(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        found = parsed(card.value)
        for batch in batches:
            yield score_record_batch(found, batch, keep)

    return score


@functools.lru_cache(maxsize=64)
def parsed(text: str) -> cards.Card:
    """Return the card written in `text`."""
    return cards.parse(text, "card")


def schema_of(card: cards.Card, frame: DataFrame, keep: Sequence[str]) -> StructType:
    """Return the schema of the results, as Spark writes it."""
    types = sql().types
    kinds = {"points": types.LongType(), "flag": types.BooleanType(), "class": types.StringType()}
    fields = [frame.schema[name] for name in keep]
    fields += [
        types.StructField(name, kinds.get(card.outputs[name].kind, types.DoubleType()))
        for name in own_outputs(card)
    ]
    fields += [types.StructField(name, types.StringType()) for name in ("category", "reason")]
    fields.append(types.StructField("missing", types.ArrayType(types.StringType())))
    found: StructType = types.StructType(fields)
    return found
