"""Spark says of every card's vectors what single rows and Arrow columns say, to the bit."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gateway.cohort import spark
from gateway.errors import UsageError
from scoring.cards import FOLDER, Card, load
from scoring.engine import score

if TYPE_CHECKING:
    from terminology.records import Value

ROOT = Path(__file__).resolve().parents[3]
CARDS = sorted(load().values(), key=lambda card: card.id)


@pytest.fixture(scope="session")
def spark_python() -> Path:
    """Python of the environment that holds Apache Spark."""
    if shutil.which("java") is None:
        pytest.skip("needs java to run Apache Spark")
    if not (ROOT / ".venv" / "bin" / "uv").exists():
        pytest.skip("needs the environment that `make env` makes")
    made = subprocess.run(
        [ROOT / "scripts" / "spark-env"], capture_output=True, text=True, timeout=900, check=False
    )
    if made.returncode:
        pytest.skip("the environment of Spark cannot be made (no package registry?)")
    return Path(made.stdout.strip()) / "bin" / "python"


def rows_of(card: Card, shared: Path | None) -> list[dict[str, Any]]:
    """The rows of the vectors, else of the worked examples, with one missing and one absurd."""
    file = shared / "scores" / "vectors" / f"{card.id}.json" if shared else None
    vectors = json.loads(file.read_bytes())["vectors"] if file and file.exists() else []
    rows = [vector["inputs"] for vector in vectors] or [dict(one.inputs) for one in card.examples]
    first = rows[0] if rows else {}
    name = next(key for key, given in card.inputs.items() if given.type in ("number", "integer"))
    rows = [*rows, {**first, name: None}, {**first, name: -1e9}, {**first, "country": "FI"}]
    return [{key: as_column(card, key, value) for key, value in row.items()} for row in rows]


def as_column(card: Card, name: str, value: Any) -> Any:
    """A value as a column holds it: a whole number as a double."""
    codes = name in card.inputs and card.inputs[name].type in ("boolean", "code")
    return value if codes or type(value) is not int else float(value)


def written(value: Value | None) -> Any:
    return value.hex() if isinstance(value, float) else value


def expected(card: Card, place: int, row: dict[str, Any]) -> dict[str, Any]:
    inputs = {name: value for name, value in row.items() if name != "country"}
    found = score(card, inputs, country=row.get("country"))
    outputs = {name: found.outputs.get(name) for name in card.outputs if name != card.category}
    for name, value in outputs.items():
        if card.outputs[name].kind == "value" and value is not None:
            outputs[name] = float(value)
    return {
        "place": place,
        **{name: written(value) for name, value in outputs.items()},
        "category": found.category,
        "reason": found.reason,
        "missing": list(found.missing),
    }


@pytest.mark.slow
@pytest.mark.counterpart
@pytest.mark.xdist_group("counterpart")
def test_every_card_is_the_same_to_the_bit(spark_python: Path, tmp_path: Path) -> None:
    beside = ROOT.parent / "shared"
    rows = {card.id: rows_of(card, beside if beside.is_dir() else None) for card in CARDS}
    asked = {
        card.id: {"text": (FOLDER / f"{card.id}.toml").read_text(), "rows": rows[card.id]}
        for card in CARDS
    }
    source, target = tmp_path / "rows.json", tmp_path / "results.json"
    source.write_text(json.dumps({"cards": asked}))
    done = subprocess.run(
        [spark_python, Path(__file__).with_name("on_spark.py"), source, target],
        env={**os.environ, "PYTHONPATH": str(ROOT), "SPARK_LOCAL_IP": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answers = json.loads(target.read_text())
    for card in CARDS:
        assert answers[card.id] == [
            expected(card, place, row) for place, row in enumerate(rows[card.id])
        ], card.id


def test_the_error_without_spark_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(UsageError, match=r"riskbridge\[spark\]"):
        spark.local_session(1)
