"""NumPy files and archives of them become tables; Python objects are never loaded."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from plotter2.child import reader_codes as codes
from plotter2.errors import DataError
from reader_samples import DATA, read_one


def npy(values: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values, allow_pickle=True)
    return buffer.getvalue()


def npz(**arrays: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def zipped(members: Mapping[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", how) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def header(descr: str, shape: str, version: int = 1) -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H", len(text)) + text


def refusal(data: bytes, format: str = "npy", **limits: int) -> DataError:
    with pytest.raises(DataError) as caught:
        read_one(data, format, **limits)
    assert caught.value.help
    assert caught.value.message.isprintable()
    return caught.value


def test_a_curve_becomes_a_column() -> None:
    data = (DATA / "numpy" / "TD3_Hopper-v1_3.npy").read_bytes()
    found = read_one(data, "npy")
    assert found.tables["x"]["value"] == np.load(io.BytesIO(data)).tolist()


def test_evaluations_keep_their_repeats_beside_the_steps() -> None:
    found = read_one((DATA / "numpy" / "evaluations.npz").read_bytes(), "npz")
    assert list(found.tables["x"])[:2] == ["timesteps", "results_0"]
    assert found.dtypes["x"]["timesteps"] == "int"


@pytest.mark.parametrize(
    ("values", "columns"),
    [
        (
            np.array([[1, 2], [3, 4]], order="F"),
            {"row": [0, 1], "value_0": [1, 3], "value_1": [2, 4]},
        ),
        (np.array([True, False]), {"value": [True, False]}),
        (np.array(["ä", ""]), {"value": ["ä", ""]}),
        (np.array([b"a", b"\xff"]), {"value": ["a", "\ufffd"]}),
        (np.array([2**64 - 1], dtype="u8"), {"value": [2.0**64]}),
        (np.array([1 + 2j]), {"value_re": [1.0], "value_im": [2.0]}),
        (np.array(["1970-01-02", "NaT"], dtype="M8[D]"), {"value": [86400.0, None]}),
        (np.array([1500], dtype="m8[ms]"), {"value": [1.5]}),
        (np.array([(1, b"x")], dtype=[("n", "<i4"), ("t", "S1")]), {"n": [1], "t": ["x"]}),
        (np.array([1, 2], dtype=">f4"), {"value": [1.0, 2.0]}),
    ],
)
def test_types(values: Any, columns: dict[str, Any]) -> None:
    assert read_one(npy(values), "npy").tables["x"] == columns


def test_arrays_of_several_lengths_are_several_tables() -> None:
    found = read_one(
        npz(a=np.arange(3), b=np.arange(3.0), other=np.arange(2), lr=np.array(0.1)), "npz"
    )
    assert found.tables == {
        "x": {"a": [0, 1, 2], "b": [0.0, 1.0, 2.0]},
        "x/other": {"other": [0, 1]},
    }
    assert found.runs["x"].params == {"lr": 0.1}


def test_objects_are_refused_and_never_loaded(tmp_path: Any) -> None:
    class Bad:
        def __reduce__(self) -> Any:
            return (open, (str(tmp_path / "made"), "w"))

    for data, kind in ((npy(np.array([Bad()])), "npy"), (npz(a=np.array([Bad(), None])), "npz")):
        error = refusal(data, kind)
        assert (error.code, "savez" in error.help) == (codes.HOLDS_OBJECTS, True)
    nested = np.zeros(1, dtype=[("a", "O")])
    assert refusal(npy(nested)).code == codes.HOLDS_OBJECTS
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    "data",
    [
        b"\x93NUMPY",
        header("'|S0'", "(4611686018427387904,)"),
        header("'<f8'", "(1000000000000,)"),
        header("'<f8'", "(-1,)") + bytes(8),
        header("'<f8'", "(" + "1," * 60 + ")") + bytes(8),
        header("'<f8'", "(1,)", version=3) + bytes(8),
        b"\x93NUMPY\x01\x00\x0c\x00{'descr': (\n\n",
        header("'<f8'", "(__import__('os').system('true'),)"),
        header("'<f8'", "(" * 900 + ")" * 900),
        header("[('a', '<f8'), ('a', '<f8')]", "(1,)") + bytes(16),
        b"\x93NUMPY\x01\x00\xff\xff" + b" " * 65535,
    ],
)
def test_headers_that_lie_are_refused(data: bytes) -> None:
    assert refusal(data).code == codes.BAD_NUMPY


def test_archives_that_lie_are_refused() -> None:
    bomb = npy(np.zeros(60_000_000))
    assert refusal(zipped({"a.npy": bomb}), "npz").code == codes.EXPANDS
    many = {f"{n}.npy": npy(np.zeros(1)) for n in range(5_001)}
    assert refusal(zipped(many, zipfile.ZIP_STORED), "npz").code == codes.TOO_MANY_PARTS
    for how in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        assert refusal(zipped({"a.npy": npy([1])}, how), "npz").code == codes.UNKNOWN_PACKING
    assert refusal(zipped({"readme.txt": b"x"}), "npz").code == codes.NO_TABLE
    sound = npz(a=np.arange(100))
    assert refusal(sound[:-50], "npz").code == codes.BAD_NUMPY
    twice = zipped({"a.npy": npy([1]), "b.npy": npy([2])}).replace(b"b.npy", b"a.npy")
    assert refusal(twice, "npz").code == codes.DUPLICATE_COLUMN


def test_limits_hold() -> None:
    assert refusal(npy(np.zeros(9)), max_rows=5).code == codes.TOO_MANY_ROWS
    assert refusal(npy(np.zeros((3, 9))), max_columns=5).code == codes.TOO_MANY_COLUMNS
    assert refusal(npy(np.array(["x" * 99])), max_text_bytes=50).code == codes.TEXT_TOO_LONG
