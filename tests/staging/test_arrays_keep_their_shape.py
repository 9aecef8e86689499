"""Arrays of more dimensions than a table has: kept in their shape, told, packed, and given back as they were."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from manifest_samples import container
from plotter2.api.bundles import KeptBundle
from plotter2.child.reader_shapes import MOST_AS_ROWS, npy_file
from plotter2.datter.holdings import Paths, misfits
from plotter2.datter.store import Store
from plotter2.errors import DataError
from plotter2.exporting import package as packages
from plotter2.exporting.wanted import ToExport
from plotter2.staging import AddReport, Answer
from plotter2.staging.loose import free_path
from plotter2.wire.messages import ArrayFound, ReadJob
from reader_samples import read_here
from staging_samples import staged

IMAGES = np.arange(2 * 3 * 4, dtype=np.float32).reshape(2, 3, 4)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "root") as opened:
        yield opened


def add(store: Store, path: Path, name: str | None = None) -> AddReport:
    return staged([path], name, read_here, store)


def arrays(store: Store, name: str) -> dict[str, Any]:
    """Give the arrays of a bundle as NumPy reads them."""
    (row,) = store.find(name)
    kept = KeptBundle(store, row).arrays
    return {path: np.load(io.BytesIO(array.read())) for path, array in kept.items()}


def test_arrays_of_a_folder_are_called_after_their_files(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "exp"
    folder.mkdir()
    np.save(folder / "images.npy", IMAGES)
    np.savez(folder / "layers.npz", weights=IMAGES[::-1], bias=np.ones(3), loss=np.float64(0.5))
    (report,) = add(store, folder).bundles
    assert report.arrays == {
        "images": {"shape": [2, 3, 4], "dtype": "<f4", "bytes": 224},
        "layers/weights": {"shape": [2, 3, 4], "dtype": "<f4", "bytes": 224},
    }
    assert report.files == {}
    found = arrays(store, "exp")
    assert np.array_equal(found["images"], IMAGES)
    assert np.array_equal(found["layers/weights"], IMAGES[::-1])
    assert report.tables["images"]["rows"] == IMAGES.size
    assert add(store, folder).bundles[0].outcome == "already there"


def test_pictures_and_large_arrays_are_no_tables(store: Store, tmp_path: Path) -> None:
    np.save(tmp_path / "photo.npy", np.zeros((1000, 1200), dtype=np.uint8))
    (report,) = add(store, tmp_path / "photo.npy").bundles
    assert (report.tables, list(report.arrays)) == ({}, ["value"])
    assert report.arrays["value"]["shape"] == [1000, 1200]
    assert report.arrays["value"]["dtype"] == "|u1"
    assert MOST_AS_ROWS < 1000 * 1200


def test_groups_of_a_file_keep_their_own_arrays(store: Store, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "lab.h5", "w") as file:
        for run in ("run1", "run2"):
            file[f"{run}/steps"] = np.arange(3)
            file[f"{run}/images"] = IMAGES * 2
            file[run].attrs["lr"] = 0.1
        file["plain/images"] = IMAGES
    report = add(store, tmp_path / "lab.h5")
    held = {bundle.name: sorted(bundle.arrays) for bundle in report.bundles}
    assert held == {
        "lab": [], "lab/plain": ["images"], "lab/run1": ["images"], "lab/run2": ["images"]
    }  # fmt: skip
    assert np.array_equal(arrays(store, "lab/run2")["images"], IMAGES * 2)


def test_names_that_no_file_can_have_are_mended(store: Store, tmp_path: Path) -> None:
    np.savez(tmp_path / "odd.npz", **{"a:b": IMAGES, "A:B": IMAGES, "con": IMAGES})
    (report,) = add(store, tmp_path / "odd.npz").bundles
    assert list(report.arrays) == ["a-b", "a-b-2", "con_"]


def test_an_array_called_as_if_it_lay_in_another_one_lies_beside_it(
    store: Store, tmp_path: Path
) -> None:
    np.savez(tmp_path / "n.npz", **{"conv": IMAGES, "conv/grad": IMAGES, "Conv/Grad": IMAGES})
    (report,) = add(store, tmp_path / "n.npz").bundles
    assert list(report.arrays) == ["conv", "conv-grad-2", "conv-grad-3"]


def test_names_without_room_for_a_number_get_shorter_ones(store: Store, tmp_path: Path) -> None:
    deep, long = "d/" * 40 + "x", "n" * 200
    np.savez(tmp_path / "deep.npz", **{deep: IMAGES, long: IMAGES, long.upper(): IMAGES})
    (report,) = add(store, tmp_path / "deep.npz").bundles
    assert list(report.arrays) == ["d-" * 40 + "x", long, "n" * 100 + "-2"]


_PARTS = st.one_of(
    st.text(max_size=5), st.sampled_from(["a", "A", "con", "\u00e9" * 199, "n" * 200])
)


@given(st.lists(st.lists(_PARTS, max_size=40).map("/".join), max_size=12))
def test_any_names_find_paths_beside_each_other(names: list[str]) -> None:
    there = Paths()
    paths = [free_path(name, there) for name in names]
    assert list(misfits(paths)) == []


@given(
    hnp.arrays(
        st.sampled_from(["<f8", ">i4", "|b1", "<c8", "<U3", "<M8[ns]"]),
        hnp.array_shapes(min_dims=3, max_dims=4, max_side=3),
    )
)
@settings(max_examples=30, deadline=None)
def test_the_same_values_give_the_same_bytes_however_they_lie(values: Any) -> None:
    data = npy_file(values)
    assert npy_file(np.asfortranarray(values)) == data
    back = np.load(io.BytesIO(data))
    assert (back.dtype, back.shape, back.tobytes()) == (
        values.dtype,
        values.shape,
        values.tobytes(),
    )


# ------------------------------------------------------------ packages
def test_arrays_travel_in_packages_and_the_bundles_stay_the_same(
    store: Store, tmp_path: Path
) -> None:
    folder = tmp_path / "exp"
    folder.mkdir()
    (folder / "notes.md").write_text("# notes")
    np.savez(folder / "layers.npz", weights=IMAGES, bias=np.ones(3))
    add(store, folder)

    def never(*_: object) -> Any:
        raise AssertionError("nothing is converted")

    packages.export(store, ToExport("exp", tmp_path / "exp.p2b"), never)
    with Store.open(tmp_path / "other") as other:
        add(other, tmp_path / "exp.p2b")
        assert np.array_equal(arrays(other, "exp")["layers/weights"], IMAGES)
        rows = [(row.id, row.content) for row, _ in other.contents()]
        assert rows == [(row.id, row.content) for row, _ in store.contents()]


def test_a_manifest_names_arrays_and_what_is_none_is_refused(store: Store, tmp_path: Path) -> None:
    def package(content: bytes, name: str = "deep/weights") -> Path:
        contains = [{"kind": "array", "name": name, "file": "w.npy"}]
        path = tmp_path / "lab.p2b"
        path.write_bytes(container({"w.npy": content}, name="lab", contains=contains))
        return path

    add(store, package(npy_file(IMAGES)))
    assert list(arrays(store, "lab")) == ["deep/weights"]
    objects = io.BytesIO()
    np.save(objects, np.array([{}], dtype=object), allow_pickle=True)
    for content, code in ((b"none", "P2-D0934"), (objects.getvalue(), "P2-D0932")):
        with pytest.raises(DataError) as refused:
            add(store, package(content))
        assert refused.value.code == code
    with pytest.raises(DataError) as refused:
        add(store, package(npy_file(IMAGES), "../weights"))
    assert refused.value.code == "P2-D0895"


# ------------------------------------------------------------ answers that lie
def test_an_array_that_was_not_asked_for_or_does_not_come_is_refused(
    store: Store, tmp_path: Path
) -> None:
    np.save(tmp_path / "a.npy", IMAGES)

    def elsewhere(job: ReadJob, fds: tuple[int, ...]) -> Answer:
        answer = read_here(job, fds)
        answer.messages[:] = [
            ArrayFound(file="other", name=m.name, dtype=m.dtype, shape=m.shape, offset=0, length=0)
            if isinstance(m, ArrayFound)
            else m
            for m in answer.messages
        ]
        return answer

    with pytest.raises(DataError) as refused:
        staged([tmp_path / "a.npy"], None, elsewhere, store)
    assert refused.value.code == "P2-D0837"

    def without(job: ReadJob, fds: tuple[int, ...]) -> Answer:
        answer = read_here(job, fds)
        answer.messages[:] = [m for m in answer.messages if not isinstance(m, ArrayFound)]
        return answer

    contains = [{"kind": "array", "name": "w", "file": "w.npy"}]
    path = tmp_path / "lab.p2b"
    path.write_bytes(container({"w.npy": npy_file(IMAGES)}, name="lab", contains=contains))
    with pytest.raises(DataError, match="array 'w' is missing"):
        staged([path], None, without, store)
