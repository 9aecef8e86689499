"""Arrays know what they lie along: the scales of HDF5 and NetCDF files are kept with their axes, and given back."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from manifest_samples import container
from plotter2.api.bundles import Kept, KeptBundle
from plotter2.cli.held import held_lines
from plotter2.datter.auditing import audit
from plotter2.datter.axes import Axis, Coordinate
from plotter2.datter.bundle import canonical, read_bundle
from plotter2.datter.holdings import arrays_json
from plotter2.datter.rebuild import rebuild
from plotter2.datter.store import Store
from plotter2.errors import DataError
from plotter2.exporting import files as as_files
from plotter2.exporting import package as packages
from plotter2.exporting.wanted import ToExport
from plotter2.staging import AddReport
from plotter2.wire.messages import ArrayFound, ReadJob
from reader_samples import DATA, Answered, read_here
from staging_samples import staged

PATIENCE_S = 5.0
TIME, LAT = np.arange(3.0), np.array([-60, 0, 45, 60], dtype="<f4")
FIELD = np.arange(24.0).reshape(3, 4, 2)
NO_VARIABLE = "This is a netCDF dimension but not a netCDF variable.         2"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "root") as opened:
        yield opened


def weather(file: Any) -> None:
    """Write two fields in a group along scales above it, as netCDF does: one of the axes has only a name."""
    for name, values, unit in (("time", TIME, "h"), ("lat", LAT, "degrees_north")):
        file[name] = values
        file[name].attrs["units"] = unit
        file[name].make_scale(name)
    file["bound"] = np.zeros(2, ">f4")
    file["bound"].make_scale(NO_VARIABLE)
    for name in ("wind", "heat"):
        field = file.create_dataset(f"fields/{name}", data=FIELD)
        for axis, scale in enumerate(("time", "lat", "bound")):
            field.dims[axis].attach_scale(file[scale])


def added(store: Store, folder: Path, write: Callable[[Any], object], name: str = "w") -> AddReport:
    path = folder / f"{name}.h5"
    with h5py.File(path, "w") as file:
        write(file)
    return staged([path], None, read_here, store)


def kept(store: Store, name: str, array: str) -> Kept:
    (row,) = store.find(name)
    return KeptBundle(store, row).arrays[array]


def along(array: Kept) -> list[Any]:
    """Give the axes with the values along them."""
    return [
        (axis.name, axis.unit, axis.coordinate and np.load(io.BytesIO(axis.coordinate.read())).tolist())
        for axis in array.axes
    ]  # fmt: skip


WEATHER = [
    ("time", "h", TIME.tolist()),
    ("lat", "degrees_north", LAT.tolist()),
    ("bound", "", None),
]


def never(*_: object) -> Any:
    raise AssertionError("nothing is converted")


# ------------------------------------------------------------ from HDF5 and NetCDF
def test_scales_become_coordinates_and_equal_ones_are_kept_once(
    store: Store, tmp_path: Path
) -> None:
    report = added(store, tmp_path, weather)
    assert along(kept(store, "w/fields", "wind")) == WEATHER
    heat, wind = kept(store, "w/fields", "heat"), kept(store, "w/fields", "wind")
    assert [a.coordinate and a.coordinate.sha256 for a in heat.axes] == [
        a.coordinate and a.coordinate.sha256 for a in wind.axes
    ]
    (fields,) = [bundle for bundle in report.bundles if bundle.arrays]
    axes = fields.arrays["wind"]["axes"]
    assert [axis["name"] for axis in axes] == ["time", "lat", "bound"]
    assert axes[1]["coordinate"]["dtype"] == "<f4"
    assert axes[2] == {"name": "bound", "coordinate": None}
    again = staged([tmp_path / "w.h5"], None, read_here, store)
    assert {bundle.outcome for bundle in again.bundles} == {"already there"}


def test_a_matrix_with_a_scale_is_kept_as_an_array_beside_its_table(
    store: Store, tmp_path: Path
) -> None:
    def write(file: Any) -> None:
        file["who"] = ["ada", "grace hopper"]
        file["who"].make_scale("who")
        file["scores"] = np.ones((2, 3))
        file["scores"].dims[0].attach_scale(file["who"])
        file["scores"].dims[1].label = "round"
        file["plain"] = np.ones((2, 3))

    (report,) = added(store, tmp_path, write).bundles
    assert list(report.arrays) == ["scores"]
    assert report.tables["main"]["rows"] == 2
    assert along(kept(store, "w", "scores")) == [
        ("who", "", ["ada", "grace hopper"]), ("round", "", None)
    ]  # fmt: skip


def test_a_variable_of_netcdf_that_is_a_scale_itself_finds_its_axes_by_number(
    store: Store, tmp_path: Path
) -> None:
    def write(file: Any) -> None:
        file["time"] = TIME
        file["time"].make_scale("time")
        file["time"].attrs["_Netcdf4Dimid"] = np.int32(0)
        file["lat"] = np.ones((3, 2))
        file["lat"].make_scale("lat")
        file["lat"].attrs["_Netcdf4Dimid"] = np.int32(1)
        file["lat"].attrs["_Netcdf4Coordinates"] = np.array([0, 7], dtype="i4")

    added(store, tmp_path, write)
    assert along(kept(store, "w", "lat")) == [("time", "", TIME.tolist()), ("", "", None)]


def test_a_file_of_netcdf_keeps_its_coordinates_over_groups(store: Store) -> None:
    staged([DATA / "hdf5" / "weather.nc"], None, read_here, store)
    expected = [
        ("time", "days since 2000-01-01", [0.0, 1.0]),
        ("lat", "degrees_north", [-45.0, 0.0, 45.0]),
        ("lon", "degrees_east", [0.0, 90.0, 180.0, 270.0]),
    ]
    assert along(kept(store, "weather", "T")) == expected
    assert along(kept(store, "weather/model", "P")) == expected
    assert along(kept(store, "weather", "time_bnds")) == [expected[0], ("nv", "", None)]
    assert along(kept(store, "weather", "sta")) == [("sta", "", None), ("nv", "", None)]


def test_a_bundle_whose_arrays_have_no_scales_says_nothing_of_axes(
    store: Store, tmp_path: Path
) -> None:
    (report,) = added(store, tmp_path, lambda file: file.__setitem__("a", FIELD)).bundles
    (row,) = store.find("w")
    assert "axes" not in report.arrays["a"]
    assert b'"a":{"bytes":320,"digest"' in canonical(store.bundle(row.id))
    assert b'"shape":[3,4,2]}' in canonical(store.bundle(row.id))


# ------------------------------------------------------------ references that lie
def lying(value: Any, dtype: Any = None) -> Callable[[Any], object]:
    """Write an array whose list of scales is made by hand."""

    def write(file: Any) -> None:
        file["short"] = np.arange(2.0)
        file["deep"] = FIELD
        file["a"] = FIELD
        said = value(file)
        kind = h5py.vlen_dtype(h5py.ref_dtype) if dtype is None else dtype
        filled = np.empty(len(said), dtype=kind)
        for place, each in enumerate(said):
            filled[place] = np.array(each, dtype=h5py.ref_dtype) if dtype is None else each
        file["a"].attrs.create("DIMENSION_LIST", filled, shape=(len(said),), dtype=kind)

    return write


def gone(file: Any) -> Any:
    file["gone"] = [1.0, 2.0, 3.0]
    reference = file["gone"].ref
    del file["gone"]
    return reference


@pytest.mark.parametrize(
    ("write", "note"),
    [
        (lying(lambda f: [[f["short"].ref], [], []]), "2 values for 3 places"),
        (lying(lambda f: [[f["deep"].ref], [], []]), "3 dimensions"),
        (lying(lambda f: [[f["a"].ref], [f["a"].ref], [f["a"].ref]]), "3 dimensions"),
        (lying(lambda f: [[f.ref], [], []]), "nothing that was read"),
        (lying(lambda f: [[gone(f)], [], []]), "nothing that was read"),
        (lying(lambda f: [[f["short"].ref]]), ""),
        (lying(lambda f: [1, 2, 3], np.dtype("i4")), ""),
    ],
)  # fmt: skip
def test_a_reference_that_is_wrong_costs_the_coordinate_and_is_told(
    store: Store, tmp_path: Path, write: Callable[[Any], object], note: str
) -> None:
    (report,) = added(store, tmp_path, write).bundles
    assert along(kept(store, "w", "a")) == []
    told = [each for each in report.notes if "coordinate 0 of a" in each]
    assert (note in told[0]) if note else not told


def test_axes_that_the_reader_makes_up_are_refused(store: Store, tmp_path: Path) -> None:
    def fewer(job: ReadJob, fds: tuple[int, ...]) -> Answered:
        answer = read_here(job, fds)
        for message in answer.messages:
            if isinstance(message, ArrayFound):
                message.axes.pop()
        return answer

    added(store, tmp_path, weather)
    with pytest.raises(DataError, match="3 dimensions and 2 axes") as refused:
        staged([tmp_path / "w.h5"], "other", fewer, store)
    assert refused.value.code == "P2-D0837"


# ------------------------------------------------------------ the store knows the objects
def test_gc_keeps_coordinates_and_fsck_misses_one_that_is_gone(
    store: Store, tmp_path: Path
) -> None:
    added(store, tmp_path, weather)
    assert store.garbage(0, remove=True).count == 0
    (lat,) = [a.coordinate for a in kept(store, "w/fields", "wind").axes if a.name == "lat"]
    assert lat is not None
    before = store.contents()
    assert any(lat.sha256 in objects for _, objects in before)
    root = store.layout.root
    assert audit(root, PATIENCE_S, deep=True).problems == ()
    store.layout.object_file(lat.sha256).unlink()
    (problem,) = audit(root, PATIENCE_S).problems
    assert (problem.code, "is missing" in problem.message) == ("P2-D0816", True)
    store.close()
    (root / "registry" / "registry.db").unlink()
    rebuild(root, PATIENCE_S)
    with Store.open(root) as again:
        assert again.contents() == before


def test_a_description_with_axes_that_do_not_fit_is_damaged(store: Store, tmp_path: Path) -> None:
    added(store, tmp_path, weather)
    (row,) = store.find("w/fields")
    data = canonical(store.bundle(row.id))
    assert read_bundle(data, "x") == store.bundle(row.id)
    for wrong in (
        data.replace(b'{"name":"bound"}', b'{"name":"b\\u001b[2J"}'),
        data.replace(b',{"name":"bound"}', b""),
    ):
        with pytest.raises(DataError) as damaged:
            read_bundle(wrong, "x")
        assert damaged.value.code == "P2-D0817"


# ------------------------------------------------------------ out of the store, and back
def test_coordinates_travel_in_packages_and_the_bundles_stay_the_same(
    store: Store, tmp_path: Path
) -> None:
    added(store, tmp_path, weather)
    packages.export(store, ToExport("w", tmp_path / "w.p2b"), never)
    with Store.open(tmp_path / "other") as other:
        staged([tmp_path / "w.p2b"], None, read_here, other)
        assert along(kept(other, "w/fields", "heat")) == WEATHER
        rows = [(row.id, row.content) for row, _ in other.contents()]
        assert rows == [(row.id, row.content) for row, _ in store.contents()]


def npy(values: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("axes", "code"),
    [
        ([{"name": "t", "coordinate": "t.npy", "unit": "s"}, {}, {"name": "c"}], ""),
        ([{}, {"coordinate": "t.npy"}, {}], "P2-D0945"),
        ([{"coordinate": "t.npy"}], "P2-D0945"),
        ([{"coordinate": "w.npy"}, {}, {}], "P2-D0895"),
        ([{"coordinate": "gone.npy"}, {}, {}], "P2-D0896"),
        ([{"title": "t"}, {}, {}], "P2-D0894"),
    ],
)  # fmt: skip
def test_a_manifest_names_axes_and_they_must_fit(
    store: Store, tmp_path: Path, axes: Any, code: str
) -> None:
    good = [{"coordinate": "t.npy"}, {}, {}]
    sound = axes if not code else good
    contains = [
        {"kind": "array", "name": n, "file": f"{n}.npy", "axes": a}
        for n, a in (("w", axes), ("v", sound))
    ]
    parts = {"w.npy": npy(FIELD), "v.npy": npy(FIELD), "t.npy": npy(TIME)}
    path = tmp_path / "lab.p2b"
    path.write_bytes(container(parts, name="lab", contains=contains))
    if not code:
        staged([path], None, read_here, store)
        expected = [("t", "s", TIME.tolist()), ("", "", None), ("c", "", None)]
        assert along(kept(store, "lab", "v")) == expected
        return
    with pytest.raises(DataError) as refused:
        staged([path], None, read_here, store)
    assert refused.value.code == code
    assert refused.value.help


def test_exported_files_hold_each_coordinate_once(store: Store, tmp_path: Path) -> None:
    added(store, tmp_path, weather)
    done = as_files.export(store, ToExport("w/fields", tmp_path / "out"), never)
    files = {path.relative_to(done.path).as_posix() for path in done.path.rglob("*.npy")}
    assert files == {"heat.npy", "wind.npy", "coordinates/time.npy", "coordinates/lat.npy"}
    assert np.array_equal(np.load(tmp_path / "out" / "coordinates" / "lat.npy"), LAT)


def test_a_bundle_tells_what_its_arrays_lie_along(store: Store, tmp_path: Path) -> None:
    added(store, tmp_path, weather)
    (row,) = store.find("w/fields")
    arrays = arrays_json(store.bundle(row.id).arrays)
    assert json.loads(json.dumps(arrays)) == arrays
    assert held_lines({}, arrays) == [
        "2 arrays: heat (time 3 x lat 4 x bound 2, float64), wind (time 3 x lat 4 x bound 2, float64)",
        "2 coordinates: time (float64, h), lat (float32, degrees_north)",
    ]


def test_an_axis_of_which_nothing_is_known_is_false() -> None:
    along = Coordinate(digest="0" * 64, bytes=9, dtype="<f4")
    assert [bool(axis) for axis in (Axis(), Axis(name="x"), Axis(coordinate=along))] == [
        False,
        True,
        True,
    ]
