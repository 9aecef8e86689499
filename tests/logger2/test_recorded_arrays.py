"""Arrays go raw into the blob file and come back bit by bit, with dimensions, labels and a checksum."""

from __future__ import annotations

import array
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import logger2
from logger2.segment import Blob, blob_bytes
from logger2_samples import table_of


def recorded(value: Any, base: Path, **more: Any) -> tuple[Blob, bytes]:
    with logger2.run("arrays", dir=base) as run:
        run.array("w", value, **more)
    ((number, blob),) = table_of(run).blobs
    data = (Path(run.folder) / f"seg-{number:04d}.l2.bin").read_bytes()
    return blob, blob_bytes(blob, data)


@pytest.mark.parametrize(
    "value",
    [
        np.arange(12, dtype="<f4").reshape(3, 4),
        np.arange(12, dtype=">f8").reshape(3, 4),
        np.arange(12, dtype="<i2").reshape(3, 4).T,
        np.arange(24)[::2],
        np.array([1 + 2j, 3]),
        np.array([True, False]),
        np.array(1.5, dtype="<f2"),
        np.zeros((0, 3)),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    ],
    ids=lambda a: f"{a.dtype}{a.shape}",
)
def test_an_array_comes_back(value: np.ndarray[Any, Any], tmp_path: Path) -> None:
    blob, data = recorded(value, tmp_path, step=3)
    back = np.frombuffer(data, dtype=blob.code).reshape(blob.shape)
    assert np.array_equal(back, value)
    assert back.dtype == value.dtype.newbyteorder("<")
    assert (blob.name, blob.step) == ("w", 3)


@pytest.mark.parametrize(
    "value", [array.array("d", [1, 2]), memoryview(b"abcd"), bytearray(5)], ids=repr
)
def test_any_buffer_will_do(value: Any, tmp_path: Path) -> None:
    blob, data = recorded(value, tmp_path)
    assert data == bytes(value)
    assert blob.shape == (len(value),)


def test_dimensions_labels_and_groups_are_kept(tmp_path: Path) -> None:
    with logger2.run("arrays", dir=tmp_path) as run, run.group("val", fold=2):
        run.array("conf", np.eye(2), step=1, dims=("true", "guess"), coords={"true": ["a", "b"]})
        run.array("conf", np.ones(2), step=2)
    (_, first), (_, second) = table_of(run).blobs
    assert (first.name, first.dims, first.labels) == ("val/conf", ("true", "guess"), {"fold": 2})
    assert first.coords == {"true": ["a", "b"]}
    assert (second.offset, second.length) == (32, 16)


class Tensor:
    """What tensors look like from outside."""

    def __init__(self, values: np.ndarray[Any, Any]) -> None:
        self.values = values

    def detach(self) -> Tensor:
        return self

    def cpu(self) -> Tensor:
        return self

    def numpy(self) -> np.ndarray[Any, Any]:
        return self.values


def test_tensors_are_brought_to_the_processor(tmp_path: Path) -> None:
    blob, data = recorded(Tensor(np.array([1.0, 2.0])), tmp_path)
    assert (blob.code, np.frombuffer(data).tolist()) == ("<f8", [1.0, 2.0])


@pytest.mark.parametrize(
    ("value", "more", "reason"),
    [
        ([1, 2], {}, "list is no array"),
        (np.array([object()]), {}, "kind |O"),
        (np.array(["a"]), {}, "kind <U1"),
        (np.zeros(2), {"dims": ("a", "b")}, "2 names for 1 dimensions"),
        (
            np.zeros(2),
            {"dims": ("a",), "coords": {"a": [1, 2, 3]}},
            "3 labels for dimension 'a' of size 2",
        ),
        (np.zeros(2), {"step": "one"}, "a step is a finite number"),
    ],
)
def test_what_is_no_array_is_refused_with_a_reason(
    value: Any, more: dict[str, Any], reason: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with logger2.run("arrays", dir=tmp_path) as run:
        run.array("w", value, **more)
        assert run.health.refused == 1
    table = table_of(run)
    assert table.blobs == ()
    assert reason in table.events[0].message
    assert reason in caplog.text


def test_damaged_array_bytes_are_noticed(tmp_path: Path) -> None:
    blob, data = recorded(np.arange(3.0), tmp_path)
    for bad in (data[:-1], b"\1" + data[1:], b""):
        with pytest.raises(ValueError, match="array 'w' is damaged"):
            blob_bytes(blob, bad)
