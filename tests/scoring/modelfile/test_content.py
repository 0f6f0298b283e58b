from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import zipfile
import zlib
from typing import TYPE_CHECKING

import numpy as np
import pytest

from scoring.cards import CardError, read
from scoring.modelfile import LARGEST, ModelFileError, content
from tests.fakes.models import a_card, a_graph

if TYPE_CHECKING:
    from pathlib import Path


class Trap:
    """Unpickling this would end the test run."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('a pickle was loaded')",)


def archive(*names: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as zipped:
        for name in names:
            zipped.writestr(name, pickle.dumps(Trap()))
    return made.getvalue()


REFUSED = {
    **{f"pickle-{n}": (pickle.dumps(Trap(), n), "a pickle") for n in range(6)},
    "pickle-of-list-0": (pickle.dumps([1, "x"], 0), "a pickle"),
    "joblib-zlib": (zlib.compress(pickle.dumps(Trap())), "as joblib writes"),
    "joblib-gzip": (gzip.compress(pickle.dumps(Trap())), "as joblib writes"),
    "joblib-bz2": (bz2.compress(pickle.dumps(Trap())), "as joblib writes"),
    "joblib-xz": (lzma.compress(pickle.dumps(Trap())), "as joblib writes"),
    "torch": (archive("model/data.pkl", "model/version"), "a PyTorch archive"),
    "keras": (archive("config.json", "model.weights.h5"), "a Keras archive"),
    "keras-h5": (b"\x89HDF\r\n\x1a\n" + bytes(100), "HDF5"),
    "zip": (archive("readme.txt"), "not of skops"),
    "zip-cut": (archive("schema.json")[:-30], "broken archive"),
    "numpy": (b"\x93NUMPY" + bytes(100), "a NumPy array"),
    "text": (b"<html>", "neither ONNX nor skops"),
    "nothing": (b"", "neither ONNX nor skops"),
}


@pytest.mark.parametrize(("raw", "told"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("runtime", ["onnx", "skops"])
def test_what_is_no_model_file_is_refused_by_its_content(
    raw: bytes, told: str, runtime: str, tmp_path: Path
) -> None:
    with pytest.raises(CardError, match=rf"^card.toml: model_file.path: .*{told}"):
        a_card(tmp_path, raw, runtime)


@pytest.mark.parametrize(
    "path",
    ["../model", "/etc/passwd", "sub/model", "..", ".", "", "c:\\model", "..\\model", "a\0b"],
)
def test_the_file_lies_in_the_folder_of_the_card(path: str) -> None:
    with pytest.raises(ModelFileError, match=r"model_file.path: must be the name"):
        content.plain_name(path)


def test_a_path_that_leads_elsewhere_is_an_error_of_the_card(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "model").write_bytes(a_graph().SerializeToString())
    with pytest.raises(CardError, match=r"card.toml: model_file.path: must be the name"):
        a_card(tmp_path / "inner", a_graph().SerializeToString(), "onnx", path="../model")


@pytest.mark.parametrize("size", [0, 100, -1])
def test_another_file_than_the_cards_is_refused(size: int, tmp_path: Path) -> None:
    raw = a_graph().SerializeToString()
    a_card(tmp_path, raw, "onnx")
    (tmp_path / "model").write_bytes(raw[:size])
    with pytest.raises(CardError, match=r"card.toml: model_file.sha256: .*cut short"):
        read(tmp_path / "card.toml")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CardError, match=r"there is no file elsewhere beside the card"):
        a_card(tmp_path, b"", "onnx", path="elsewhere")


def test_a_huge_file_is_not_read_whole(tmp_path: Path) -> None:
    a_card(tmp_path, a_graph().SerializeToString(), "onnx")
    with (tmp_path / "model").open("wb") as sparse:
        sparse.truncate(50 * LARGEST)
    with pytest.raises(CardError, match="larger than 64 MiB"):
        read(tmp_path / "card.toml")


def test_content_written_in_a_card_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CardError, match="content"):
        a_card(tmp_path, a_graph().SerializeToString(), "onnx", more='content = "AAAA"')


def test_the_other_runtime_than_the_files(tmp_path: Path) -> None:
    with pytest.raises(CardError, match="the file is onnx, the card's runtime is skops"):
        a_card(tmp_path, a_graph().SerializeToString(), "skops")


@pytest.mark.parametrize(
    ("runtime", "change", "told"),
    [
        ("regression", "", "model_file: is there for the runtimes"),
        ("onnx", 'output = "q"', "model_file.output: must be one of p"),
        ("onnx", "column = 1", "model_file.column: p has 1 numbers a row"),
        ("onnx", 'trusted_types = ["x"]', "trusted_types"),
    ],
)
def test_a_table_that_does_not_fit(runtime: str, change: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(CardError, match=told):
        a_card(tmp_path, a_graph().SerializeToString(), runtime, more=change)


@pytest.mark.parametrize("sha256", ["abc", "Z" * 64, "A" * 64])
def test_a_hash_is_written_in_one_way(sha256: str, tmp_path: Path) -> None:
    with pytest.raises(CardError, match="must be 64 hexadecimal digits"):
        a_card(tmp_path, a_graph().SerializeToString(), "onnx", sha256=sha256)


def test_floats_of_an_array_are_no_model() -> None:
    with pytest.raises(ModelFileError):
        content.recognise(np.arange(5.0).tobytes())
