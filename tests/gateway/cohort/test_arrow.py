"""A card over Arrow columns says bit for bit what it says of single rows."""

from __future__ import annotations

import json
import math
import struct
import sys
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from gateway.cohort.arrow import score_record_batch
from gateway.errors import UsageError
from scoring.cards import Card, load
from scoring.engine import score

if TYPE_CHECKING:
    from pathlib import Path

    from terminology.records import Score

CARDS = sorted(load().values(), key=lambda card: card.id)
KINDS = {"boolean": pa.bool_(), "code": pa.string()}


def record_batch(card: Card, rows: list[dict[str, Any]]) -> pa.RecordBatch:
    """Rows of inputs as columns, each of its input's kind."""
    fields = {name: KINDS.get(given.type, pa.float64()) for name, given in card.inputs.items()}
    fields |= {"age": pa.float64()} if any("age" in row for row in rows) else {}
    arrays = [pa.array([row.get(name) for row in rows], kind) for name, kind in fields.items()]
    if any("country" in row for row in rows):
        fields["country"] = pa.string()
        arrays.append(pa.array([row.get("country") for row in rows], pa.string()))
    return pa.RecordBatch.from_arrays(arrays, names=list(fields))


def bits(value: Any) -> Any:
    """A value with the bits of its double, so that nothing is equal that is not the same."""
    return struct.pack("<d", value).hex() if isinstance(value, float) else value


def expected(card: Card, row: dict[str, Any]) -> dict[str, Any]:
    """What a single row says, as a row of the result."""
    inputs = {name: value for name, value in row.items() if name != "country"}
    found = score(card, inputs, country=row.get("country"))
    return {
        **{name: bits(plain(card, name, found)) for name in card.outputs if name != card.category},
        "category": found.category,
        "reason": found.reason,
        "missing": list(found.missing),
    }


def plain(card: Card, name: str, found: Score) -> Any:
    """An output of a single row; a whole number is a double in a column of values."""
    value = found.outputs.get(name)
    return float(value) if card.outputs[name].kind == "value" and type(value) is int else value


def told(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    return [{name: bits(value) for name, value in row.items()} for row in batch.to_pylist()]


def spoilt(card: Card, row: dict[str, Any]) -> list[dict[str, Any]]:
    """A row, and the same with each input gone, absurd, or not finite in turn."""
    found = [row]
    for name, given in card.inputs.items():
        values: list[Any] = [None]
        if given.type in ("number", "integer"):
            values += [-1.0, 1e9, math.nan, math.inf, 17.25]
        elif given.type == "code":
            values += ["nonsense", ""]
        found += [{**row, name: value} for value in values]
    regions = {name for name, given in card.inputs.items() if (given.source or "")[:4] == "resi"}
    bare = {name: value for name, value in row.items() if name not in regions}
    return found + [{**bare, "country": code} for code in ("FI", "US", "XX", "", None)]


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_vectors_and_what_becomes_of_them_are_the_same_to_the_bit(shared: Path, card: Card) -> None:
    file = shared / "scores" / "vectors" / f"{card.id}.json"
    given = json.loads(file.read_bytes())["vectors"] if file.exists() else []
    rows = [vector["inputs"] for vector in given] or [dict(one.inputs) for one in card.examples]
    rows = [*rows, *(spoilt(card, rows[0]) if rows else [{}])]
    assert told(score_record_batch(card, record_batch(card, rows))) == [
        expected(card, row) for row in rows
    ]


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_columns_of_another_kind_give_reasons(card: Card) -> None:
    for name, given in card.inputs.items():
        wrong = (
            pa.array([1.5, None]) if given.type in ("boolean", "code") else pa.array(["5", None])
        )
        problem = {"boolean": "not_a_truth_value", "code": "unknown"}.get(
            given.type, "not_a_number"
        )
        batch = pa.RecordBatch.from_arrays([wrong], names=[name])
        first, second = score_record_batch(card, batch).to_pylist()
        if card.runtime == "withheld":
            assert first["reason"] == second["reason"] == "licence_numbers_withheld"
            continue
        assert first["reason"] == f"{given.stem or name}_{problem}"
        assert name not in first["missing"]
        assert second["reason"] in ("missing_input", *card.exclude.values(), None)
        if second["reason"]:
            assert all(second[output] is None for output in card.outputs if output in second)


def test_columns_of_other_widths_are_the_same_values() -> None:
    card = load()["fib4"]
    wide = record_batch(card, [{"age": 50, "ast_u_l": 40, "alt_u_l": 40, "platelets_10e9_l": 200}])
    narrow = pa.RecordBatch.from_arrays(
        [pa.array([value], kind) for value, kind in zip((50, 40, 40, 200), (
            pa.int8(), pa.float32(), pa.int64(), pa.uint16()), strict=True)],
        names=["age", "ast_u_l", "alt_u_l", "platelets_10e9_l"],
    )  # fmt: skip
    assert told(score_record_batch(card, narrow)) == told(score_record_batch(card, wide))


def test_texts_in_a_dictionary_and_columns_that_are_kept() -> None:
    card = load()["egfr_ckd_epi_2021"]
    batch = pa.RecordBatch.from_pydict(
        {
            "patient": ["Patient/1", "Patient/2"],
            "age": [60, 61],
            "sex": pa.array(["male", "female"]).dictionary_encode(),
            "creatinine_mg_dl": [1.0, None],
        }
    )
    found = score_record_batch(card, batch, keep=["patient"])
    assert found.schema.names[0] == "patient"
    first, second = found.to_pylist()
    assert (first["patient"], first["reason"], first["category"]) == ("Patient/1", None, "G2")
    assert (second["reason"], second["missing"]) == ("missing_input", ["creatinine_mg_dl"])


@pytest.mark.parametrize("rows", [0, 3])
def test_a_batch_without_a_column_of_the_card(rows: int) -> None:
    batch = pa.RecordBatch.from_pydict({"x": pa.array([1] * rows, pa.int64())})
    found = score_record_batch(load()["score2"], batch, keep=["x"])
    assert found.num_rows == rows
    assert set(found.column("reason").to_pylist()) <= {"missing_input"}


def test_what_cannot_be_is_told() -> None:
    batch = pa.RecordBatch.from_pydict({"country": [1]})
    with pytest.raises(UsageError, match="no column 'patient' to keep"):
        score_record_batch(load()["score2"], batch, keep=["patient"])
    with pytest.raises(UsageError, match="'country' must hold texts"):
        score_record_batch(load()["score2"], batch)


def test_the_error_without_arrow_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = pa.RecordBatch.from_pydict({"age": [50.0]})
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match=r"riskbridge\[cohort\]"):
        score_record_batch(load()["score2"], batch)
