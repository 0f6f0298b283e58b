"""What a model file is, told by its content; its name counts for nothing."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import PurePath, PureWindowsPath

from scoring.modelfile import LARGEST, ModelFileError

RUNS_CODE = "loading it would run code"
COMPRESSED = (
    b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x5d\x00\x00", b"\x78\x01", b"\x78\x5e", b"\x78\x9c",
    b"\x78\xda", b"\x04\x22\x4d\x18",
)  # fmt: skip
"""How gzip, bzip2, xz, LZMA, zlib and LZ4 begin."""
JOBLIB = "a compressed stream, as joblib writes: inside is a pickle, " + RUNS_CODE
MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89HDF\r\n\x1a\n", "HDF5, as Keras writes: it may hold code; export it to ONNX"),
    (b"\x93NUMPY", "a NumPy array, not a model"),
    *((start, JOBLIB) for start in COMPRESSED),
)
PICKLE = "a pickle (pickle, joblib, cloudpickle): " + RUNS_CODE
MEMBERS: tuple[tuple[str, str], ...] = (
    ("data.pkl", "a PyTorch archive: inside is a pickle, " + RUNS_CODE + "; export it to ONNX"),
    ("model.weights.h5", "a Keras archive: it may hold code; export it to ONNX"),
    ("saved_model.pb", "a TensorFlow SavedModel: export it to ONNX"),
)


def plain_name(path: str) -> str:
    """Return `path`, which is the name of a file in the card's own folder.

    Raises:
        ModelFileError: it leads anywhere else.
    """
    single = PurePath(path).name == path == PureWindowsPath(path).name
    if not single or path in ("", ".", "..") or "\x00" in path:
        raise ModelFileError("path", "must be the name of a file in the card's own folder")
    return path


def verify(raw: bytes, sha256: str) -> None:
    """Check the size and the hash.

    Raises:
        ModelFileError: the file is too large, or is not the one that the card was made for.
    """
    if len(raw) > LARGEST:
        raise ModelFileError("path", f"the file is larger than {LARGEST // 2**20} MiB")
    found = hashlib.sha256(raw).hexdigest()
    if found != sha256:
        raise ModelFileError("sha256", f"the file's is {found[:16]}..: cut short, or another file")


def recognise(raw: bytes) -> str:
    """Return ``onnx`` or ``skops``.

    Raises:
        ModelFileError: it is something else; the text says what, and why it is refused.
    """
    for start, what in MAGIC:
        if raw.startswith(start):
            raise ModelFileError("path", f"refused: {what}")
    if raw.startswith(b"PK"):
        return _archive(raw)
    if _pickled(raw):
        raise ModelFileError("path", f"refused: {PICKLE}")
    if raw[:1] == b"\x08":  # the field ir_version, which ONNX writers put first
        return "onnx"
    raise ModelFileError("path", "neither ONNX nor skops")


def _pickled(raw: bytes) -> bool:
    """Say whether the bytes begin as a pickle: by protocol (2 and later) or by its text opcodes."""
    late = raw[:1] == b"\x80" and raw[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05")
    early = raw.endswith(b".") and raw[:1] in b"(c]}IFSVNKMGXldt"
    return late or early


def _archive(raw: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise ModelFileError("path", "a broken archive: cut short or damaged") from None
    for member, what in MEMBERS:
        if any(PurePath(name).name == member for name in names):
            raise ModelFileError("path", f"refused: {what}")
    if "schema.json" not in names:
        raise ModelFileError("path", "an archive, but not of skops")
    return "skops"
