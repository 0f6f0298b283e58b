"""A card over an Arrow record batch: inputs in, outputs, category, reason and missing inputs out.

A column of the batch is an input of the card when it has its name; ``country`` (of residence, ISO
3166-1 alpha-2) gives regions that are not there. A null is missing. As in a single row, nothing is
made to fit: a NaN is a value that is not finite, and a column of another kind than its input's (a
text where a number belongs) gives a reason for each of its values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gateway.errors import UsageError
from scoring.applicability import RESIDENCE
from scoring.batch import categories, score_batch
from scoring.cards import region

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from scoring.batch import Batch
    from scoring.cards import Card, Input
    from scoring.codegen import Array

COUNTRY = "country"
NO_VALUE = ()
"""Stands for whatever a column of another kind holds."""


def arrow() -> Any:  # noqa: ANN401 - the module
    """Return pyarrow.

    Raises:
        UsageError: it is not installed; the text names the extra.
    """
    try:
        import pyarrow  # noqa: PLC0415, ICN001 - an extra
    except ImportError:
        raise UsageError("Arrow asks for the extra: pip install riskbridge[cohort]") from None
    return pyarrow


def score_record_batch(
    card: Card, batch: pa.RecordBatch, keep: Sequence[str] = ()
) -> pa.RecordBatch:
    """Return the columns `keep` of the batch as they are, then what the card says of each row.

    Outputs are doubles (points int64, flags bool, classes text), null where there is none; the
    ``reason`` is null where the card applies; ``missing`` lists inputs.

    Raises:
        UsageError: pyarrow is not installed, or a column is not there or not as it must be.
    """
    pyarrow = arrow()
    for name in keep:
        if name not in batch.schema.names:
            raise UsageError(f"there is no column {name!r} to keep")
    country = countries(batch)
    columns = {name: column_of(given, batch, name) for name, given in card.inputs.items()}
    if "age" not in columns and card.ages:
        columns["age"] = numbers(batch, "age")
    if card.calibration and card.calibration.by in {*batch.schema.names} - {*columns}:
        columns[card.calibration.by] = codes(batch, card.calibration.by)
    found = score_batch(card, columns, country=country)
    made = [batch.column(name) for name in keep]
    made += [output_of(card, name, found) for name in own_outputs(card)]
    made += [
        texts(categories(card, found) if found.outputs else np.full(batch.num_rows, "")),
        texts(np.array(found.reasons)[found.reason]),
        pyarrow.array(missing_of(card, batch, country), pyarrow.list_(pyarrow.string())),
    ]
    return pyarrow.RecordBatch.from_arrays(made, schema=schema_of(card, batch.schema, keep))


def schema_of(card: Card, schema: pa.Schema, keep: Sequence[str] = ()) -> pa.Schema:
    """Return the schema of the results for a batch of that schema."""
    pyarrow = arrow()
    kinds = {"points": pyarrow.int64(), "flag": pyarrow.bool_(), "class": pyarrow.string()}
    text = pyarrow.string()
    columns = {
        name: kinds.get(card.outputs[name].kind, pyarrow.float64()) for name in own_outputs(card)
    }
    columns |= {"category": text, "reason": text, "missing": pyarrow.list_(text)}
    made = (pyarrow.field(name, kind) for name, kind in columns.items())
    return pyarrow.schema([*map(schema.field, keep), *made])


def own_outputs(card: Card) -> list[str]:
    """Return the outputs that have a column, which one that is the ``category`` already has."""
    return [name for name in card.outputs if name != card.category]


def countries(batch: pa.RecordBatch) -> list[str | None] | None:
    """Return the countries of residence, None where the batch has no such column.

    Raises:
        UsageError: they are no texts.
    """
    if COUNTRY not in batch.schema.names:
        return None
    column = batch.column(COUNTRY)
    if not is_text(column.type) and column.null_count < len(column):
        raise UsageError(f"the column {COUNTRY!r} must hold texts")
    found: list[str | None] = column.to_pylist()
    return found


def column_of(given: Input, batch: pa.RecordBatch, name: str) -> Array:
    """Return an input as `scoring.batch` takes it."""
    if given.type == "code":
        return codes(batch, name)
    return truths(batch, name) if given.type == "boolean" else numbers(batch, name)


def codes(batch: pa.RecordBatch, name: str) -> Array:
    """Return a column of texts, None where there is none."""
    column = column_or_none(batch, name)
    if column is None or not is_text(column.type):
        return strange(batch, name)
    found: Array = np.array(column.to_pylist(), dtype=object)
    return found


def truths(batch: pa.RecordBatch, name: str) -> Array:
    """Return a column of truths: 0, 1 and NaN where there is none."""
    column = column_or_none(batch, name)
    if column is None or not arrow().types.is_boolean(column.type):
        return strange(batch, name)
    plain = column.fill_null(fill_value=False).to_numpy(zero_copy_only=False).astype(np.float64)
    return np.where(nulls(batch, name), np.nan, plain)


def numbers(batch: pa.RecordBatch, name: str) -> Array:
    """Return a column of numbers, NaN where there is none; what is NaN itself is infinite."""
    column = column_or_none(batch, name)
    types = arrow().types
    if column is None or not (types.is_integer(column.type) or types.is_floating(column.type)):
        return strange(batch, name)
    plain = column.fill_null(0).to_numpy(zero_copy_only=False).astype(np.float64)
    return np.where(nulls(batch, name), np.nan, np.where(np.isnan(plain), np.inf, plain))


def strange(batch: pa.RecordBatch, name: str) -> Array:
    """Return a column that is not of its input's kind: something that is no value, or None."""
    found = np.full(batch.num_rows, None, dtype=object)
    for place in np.flatnonzero(~nulls(batch, name)):
        found[place] = NO_VALUE
    return found


def column_or_none(batch: pa.RecordBatch, name: str) -> pa.Array | None:
    """Return a column of the batch, None where it has none of that name."""
    return batch.column(name) if name in batch.schema.names else None


def is_text(kind: pa.DataType) -> bool:
    """Say whether a type is text, in a dictionary or not."""
    types = arrow().types
    plain = kind.value_type if types.is_dictionary(kind) else kind
    return bool(types.is_string(plain) or types.is_large_string(plain))


def nulls(batch: pa.RecordBatch, name: str) -> Array:
    """Return where a column has no value; everywhere when there is no such column."""
    column = column_or_none(batch, name)
    if column is None:
        return np.ones(batch.num_rows, dtype=bool)
    found: Array = column.is_null().to_numpy(zero_copy_only=False)
    return found


def output_of(card: Card, name: str, found: Batch) -> pa.Array:
    """Return an output as a column, null where there is none."""
    pyarrow, kind = arrow(), card.outputs[name].kind
    column = found.outputs.get(name, np.full(len(found.reason), np.nan))
    if kind == "class":
        return texts(column if column.dtype.kind == "U" else np.full(len(column), ""))
    none = np.isnan(column)
    if kind == "points":
        return pyarrow.array(np.where(none, 0, column).astype(np.int64), mask=none)
    if kind == "flag":
        return pyarrow.array(np.where(none, 0, column).astype(bool), mask=none)
    return pyarrow.array(column.astype(np.float64), mask=none)


def texts(column: Array) -> pa.Array:
    """Return texts as a column, null where one is empty."""
    pyarrow = arrow()
    return pyarrow.array(column.astype(object), pyarrow.string(), mask=column == "")


def missing_of(
    card: Card, batch: pa.RecordBatch, country: Sequence[str | None] | None
) -> list[list[str]]:
    """Return the inputs that each row lacks, in the order of the card."""
    missing: list[list[str]] = [[] for _ in range(batch.num_rows)]
    for name, given in needed(card):
        for place in np.flatnonzero(nulls(batch, name)).tolist():
            if not resides(given, country[place] if country else None):
                missing[place].append(name)
    return missing


def needed(card: Card) -> Iterator[tuple[str, Input]]:
    """Yield the inputs for which nothing stands in."""
    imputed = card.training.impute if card.training else {}
    for name, given in card.inputs.items():
        stands_in = given.default is not None or (not given.required and name in imputed)
        if not stands_in and card.runtime != "withheld":
            yield name, given


def resides(given: Input, country: str | None) -> bool:
    """Say whether the country of residence gives the input."""
    table = (given.source or "").removeprefix(RESIDENCE)
    resident = (given.source or "").startswith(RESIDENCE)
    return resident and bool(country) and region(table, country) is not None
