"""HDF5 files become tables and groups; what reaches out of the file, or is more than it looks, is refused."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from plotter2.child import reader_codes as codes
from plotter2.errors import DataError
from reader_samples import DATA, Found, read_one


def hdf5(write: Callable[[Any], object], **how: Any) -> bytes:
    """Give the bytes of a file that `write` fills."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", **how) as file:
        write(file)
    return buffer.getvalue()


def refusal(write: Callable[[Any], object], **limits: int) -> DataError:
    with pytest.raises(DataError) as caught:
        read_one(hdf5(write), "hdf5", **limits)
    assert caught.value.help
    assert caught.value.message.isprintable()
    return caught.value


def of_one(name: str, values: Any, **how: Any) -> Callable[[Any], object]:
    return lambda file: file.create_dataset(name, data=values, **how)


# ------------------------------------------------------------ what becomes of them
def test_recorded_runs_become_groups_with_params_units_and_tables() -> None:
    found = read_one((DATA / "hdf5" / "diabetes_sgd.h5").read_bytes(), "hdf5")
    assert found.runs["x"].params["title"] == "SGD regression on diabetes"
    assert found.runs["x/run_01"].params == {"eta0": 0.001, "seed": 1}
    main = found.tables["x/run_01"]
    assert main["epoch"] == list(range(30))
    assert found.features["x/run_01"]["mse"]["unit"] == "(mg/dl)^2"
    assert len(main["weights_9"]) == 30
    assert any("float32" in note for note in found.done["x/run_01"].notes)
    assert found.tables["x/run_01/feature_names"]["feature_names"][:2] == ["age", "sex"]
    assert found.runs["x/run_01"].definitions == {"aborted_steps": {"left out": "it has no values"}}


def test_arrays_of_equal_length_are_one_table_and_others_their_own() -> None:
    def write(file: Any) -> None:
        file["step"] = np.arange(4, dtype=">i2")
        file["loss"] = np.arange(4, dtype=">f4")
        file["per_class"] = np.arange(8.0).reshape(4, 2)
        file["names"] = ["a", "b"]
        file["cube"] = np.arange(8).reshape(2, 2, 2)
        file["lr"] = 0.5
        file["done"] = True

    found = read_one(hdf5(write), "hdf5")
    assert found.tables["x"] == {
        "loss": [0.0, 1.0, 2.0, 3.0],
        "per_class_0": [0.0, 2.0, 4.0, 6.0],
        "per_class_1": [1.0, 3.0, 5.0, 7.0],
        "step": [0, 1, 2, 3],
    }
    assert found.tables["x/names"] == {"names": ["a", "b"]}
    assert found.tables["x/cube"]["value"] == list(range(8))
    assert found.tables["x/cube"]["dim2"] == [0, 1] * 4
    assert found.runs["x"].params == {"lr": 0.5, "done": True}


def test_records_become_columns_and_every_type_of_number_is_kept() -> None:
    records = np.array(
        [(1, 0.5, b"a", True, 1 + 2j)],
        dtype=[("n", "u8"), ("v", "f2"), ("t", "S3"), ("b", "?"), ("c", "c8")],
    )
    found = read_one(hdf5(of_one("rows", records)), "hdf5")
    assert found.tables["x"] == {
        "rows.n": [1], "rows.v": [0.5], "rows.t": ["a"], "rows.b": [True], "rows.c_re": [1.0], "rows.c_im": [2.0]
    }  # fmt: skip


def test_packed_chunked_and_resizable_datasets_are_read() -> None:
    values = np.arange(1000) % 7
    for how in (
        {"compression": "gzip", "shuffle": True},
        {"compression": "lzf"},
        {"fletcher32": True},
    ):
        data = hdf5(of_one("a", values, chunks=(64,), maxshape=(None,), **how))
        assert read_one(data, "hdf5").tables["x"]["a"] == values.tolist()


def test_the_content_counts_and_not_the_name() -> None:
    data = hdf5(of_one("a", [1, 2]))
    assert read_one(data, "csv").tables["x"] == {"a": [1, 2]}
    assert read_one(data, "any").tables["x"] == {"a": [1, 2]}


def test_what_is_inside_the_file_under_two_names_is_read_once() -> None:
    def write(file: Any) -> None:
        file["a"] = [1, 2]
        file["same"] = file["a"]
        file["soft"] = h5py.SoftLink("/a")
        file.create_group("g")["around"] = file["/"]

    found = read_one(hdf5(write), "hdf5")
    assert found.tables == {"x": {"a": [1, 2]}}
    assert "not followed" in found.runs["x"].definitions["soft"]["left out"]
    assert "another name" in found.runs["x"].definitions["same"]["left out"]


def test_references_and_other_values_without_a_column_are_left_out_unread() -> None:
    def write(file: Any) -> None:
        file["a"] = [1, 2]
        file.create_dataset("refs", data=np.array([file["a"].ref] * 2, dtype=h5py.ref_dtype))
        file.create_dataset(
            "regions", data=np.array([file["a"].regionref[:1]], dtype=h5py.regionref_dtype)
        )
        file.create_dataset("lists", (2,), dtype=h5py.vlen_dtype(np.int32))
        file["raw"] = np.void(b"\x00\x01")
        file["a"].attrs["ref"] = file["a"].ref
        file["a"].attrs["units"] = "m/s"

    found = read_one(hdf5(write), "hdf5")
    assert set(found.runs["x"].definitions) == {"refs", "regions", "lists", "raw"}
    assert found.features["x"]["a"]["unit"] == "m/s"


# ------------------------------------------------------------ what is refused
@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_bytes(b"canary!!" * 8)
    return path


def test_values_in_another_file_are_refused(secret: Path) -> None:
    def external(file: Any) -> None:
        file.create_dataset("a", (64,), dtype="u1", external=[(str(secret), 0, 64)])

    assert refusal(external).code == codes.POINTS_OUTSIDE


def test_links_to_another_file_are_refused(secret: Path) -> None:
    with h5py.File(secret, "w") as file:
        file["a"] = [1]
    error = refusal(lambda file: file.__setitem__("deep/out", h5py.ExternalLink(str(secret), "/a")))
    assert (error.code, "'out'" in error.message) == (codes.POINTS_OUTSIDE, True)


def test_virtual_datasets_are_refused(secret: Path) -> None:
    with h5py.File(secret, "w") as file:
        file["a"] = np.arange(4)

    def virtual(file: Any) -> None:
        layout = h5py.VirtualLayout((4,), dtype="i8")
        layout[:] = h5py.VirtualSource(str(secret), "a", (4,))
        file.create_virtual_dataset("v", layout)

    assert refusal(virtual).code == codes.POINTS_OUTSIDE


def test_filters_that_are_not_here_are_named() -> None:
    def packed(file: Any) -> None:
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_chunk((4,))
        plan.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, (3,))
        space = h5py.h5s.create_simple((4,))
        h5py.h5d.create(file.id, b"a", h5py.h5t.NATIVE_INT64, space, plan)

    error = refusal(packed)
    assert (error.code, "32015" in error.message) == (codes.UNKNOWN_PACKING, True)


def test_what_becomes_far_more_than_the_file_is_refused() -> None:
    never_written = refusal(lambda file: file.create_dataset("a", (2**40,), dtype="f8"))
    assert never_written.code == codes.EXPANDS
    block = refusal(
        lambda file: file.create_dataset("a", (4,), maxshape=(None,), chunks=(2**28,), dtype="f8")
    )
    assert block.code == codes.EXPANDS

    def one_text_many_times(file: Any) -> None:
        one = file.create_dataset("a", (2000,), dtype=h5py.string_dtype(), chunks=(2000,))
        one[:] = ["x" * 500_000] + [""] * 1999

    found = hdf5(one_text_many_times)
    assert read_one(found, "hdf5").done["x"].rows == 2000


def test_limits_hold() -> None:
    assert refusal(of_one("a", [1, 2, 3]), max_rows=2).code == codes.TOO_MANY_ROWS
    assert refusal(of_one("a", np.zeros((2, 50))), max_columns=10).code == codes.TOO_MANY_COLUMNS
    assert refusal(of_one("a", ["x" * 99]), max_text_bytes=50).code == codes.TEXT_TOO_LONG
    assert refusal(of_one("a`b", [1])).code == codes.BAD_COLUMN_NAME
    assert refusal(lambda file: file.create_group("/".join("g" * 40))).code == codes.TOO_DEEP
    assert (
        refusal(lambda file: [file.create_group(str(n)) for n in range(5_001)]).code
        == codes.TOO_MANY_PARTS
    )
    assert refusal(lambda file: None).code == codes.NO_TABLE


def test_a_file_with_nothing_but_attributes_gives_params() -> None:
    found = read_one(hdf5(lambda file: file.attrs.__setitem__("a", 1)), "hdf5")
    assert found.runs["x"].params == {"a": 1}
    assert not found.tables


def test_a_file_that_is_cut_or_damaged_is_refused_and_nothing_else_happens() -> None:
    sound = (DATA / "hdf5" / "diabetes_sgd.h5").read_bytes()
    for end in (0, 9, 96, len(sound) // 2, len(sound) - 1):
        with pytest.raises(DataError):
            read_one(sound[:end], "hdf5")
    for place in range(0, len(sound), 499):
        broken = bytearray(sound)
        broken[place] ^= 0x55
        try:
            read_one(bytes(broken), "hdf5")
        except DataError:
            continue


def test_more_params_than_a_message_takes_are_named() -> None:
    def write(file: Any) -> None:
        file["a"] = [1]
        for number in range(60):
            file.attrs[f"text{number:02}"] = "x" * 1000

    found: Found = read_one(hdf5(write), "hdf5")
    assert len(found.runs["x"].params) == 32
    assert "bytes of params" in str(found.runs["x"].definitions)
