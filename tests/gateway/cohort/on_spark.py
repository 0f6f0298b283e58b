"""Scores rows by Spark: run by the tests in Spark's own environment, with a file of rows a card.

Reads ``{"cards": {id: {"text", "rows"}}}`` and writes ``{id: [row of the result, ...]}``, doubles
as the hexadecimal text of their value.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import types
from pyspark.sql.pandas.types import to_arrow_schema

from gateway.cohort.spark import local_session, score_frame
from scoring.cards import Card, parse

PLACE = "place"
KINDS = {"boolean": types.BooleanType(), "code": types.StringType()}


def frame_schema(card: Card) -> types.StructType:
    fields = [types.StructField(PLACE, types.LongType())]
    fields += [
        types.StructField(name, KINDS.get(given.type, types.DoubleType()))
        for name, given in card.inputs.items()
    ]
    extra = {"age": types.DoubleType(), "country": types.StringType()}
    fields += [types.StructField(n, kind) for n, kind in extra.items() if n not in card.inputs]
    return types.StructType(fields)


def written(value: Any) -> Any:
    return value.hex() if isinstance(value, float) else value


def main(source: str, target: str) -> None:
    session = local_session(2)
    answers = {}
    for name, asked in json.loads(Path(source).read_text())["cards"].items():
        schema = to_arrow_schema(frame_schema(parse(asked["text"], name)))
        rows = [{PLACE: place, **row} for place, row in enumerate(asked["rows"])]
        frame = session.createDataFrame(pa.Table.from_pylist(rows, schema))
        found = score_frame(frame, asked["text"], keep=[PLACE]).toArrow().to_pylist()
        ordered = sorted(found, key=lambda row: row[PLACE])
        answers[name] = [{key: written(value) for key, value in row.items()} for row in ordered]
    session.stop()
    Path(target).write_text(json.dumps(answers))


if __name__ == "__main__":
    main(*sys.argv[1:])
