"""Packages leave as they came, and come back as the very same bundles."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from manifest_samples import as_bytes, minimal
from package_samples import CSV, LABEL, add, bundle, export, folder, outcomes, record, refusal, ship
from plotter2.child.arrow import arrow_file
from plotter2.datter.bundle import Bundle
from plotter2.datter.store import Store
from plotter2.errors import DataError
from plotter2.exporting.wanted import ToExport
from plotter2.manifest import codes, read_manifest
from plotter2.staging import codes as staging_codes
from plotter2.staging import reading
from plotter2.staging.manifests import checked
from plotter2.staging.packing import Hold, pack
from plotter2.staging.parts import Part
from plotter2.staging.shipping import write_container, write_folder
from reader_samples import DATA


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "root") as opened:
        yield opened


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "other") as opened:
        yield opened


# ------------------------------------------------------------ packing
def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    sweep = shutil.copytree(DATA / "sklearn_sweep", tmp_path / "sweep")
    ship(sweep, tmp_path / "a.p2b")
    for path in sweep.rglob("*"):
        path.touch()
    ship(sweep, tmp_path / "b.p2b")
    assert (tmp_path / "a.p2b").read_bytes() == (tmp_path / "b.p2b").read_bytes()


def test_what_was_packed_is_what_add_would_have_taken(store: Store, tmp_path: Path) -> None:
    sweep = shutil.copytree(DATA / "sklearn_sweep", tmp_path / "sweep")
    assert set(outcomes(add(store, sweep)).values()) == {"added"}
    ship(sweep, tmp_path / "a.p2b")
    write_folder(pack([sweep], None, LABEL).cargo, tmp_path / "a")
    assert checked(tmp_path / "a").problems == ()
    assert checked(tmp_path / "a").is_canonical
    for package in (tmp_path / "a.p2b", tmp_path / "a"):
        report = add(store, package)
        assert set(outcomes(report).values()) == {"already there"}
        assert len(report.bundles) == 7


def test_files_with_odd_names_get_paths_that_fit(store: Store, tmp_path: Path) -> None:
    at = tmp_path / "exp"
    for name in ("Größe 1.csv", "a?b.csv", "con.csv", "x:y.csv", "A.csv", "a.csv"):
        (at / name).parent.mkdir(exist_ok=True)
        (at / name).write_bytes(CSV)
    add(store, at)
    ship(at, tmp_path / "x.p2b")
    assert set(outcomes(add(store, tmp_path / "x.p2b")).values()) == {"already there"}


def test_a_folder_with_a_manifest_is_packed_with_what_it_says(store: Store, tmp_path: Path) -> None:
    at = folder(tmp_path / "p", {"steps.csv": CSV}, name="exp", params={"lr": 1}, meta={"a": [1]})
    ship(at, tmp_path / "p.p2b")
    manifest = read_manifest(
        (tmp_path / "p.p2b").read_bytes()[17:].split(b"\n")[0].split(b"step,loss")[0], "m"
    )
    assert (manifest.name, manifest.params, manifest.meta) == ("exp", {"lr": 1}, {"a": [1]})
    assert outcomes(add(store, tmp_path / "p.p2b")) == {"exp": "added"}
    assert outcomes(add(store, at)) == {"exp": "already there"}


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "x.p2b").write_text("mine")
    at = folder(tmp_path / "p", {"steps.csv": CSV})
    for write in (write_container, write_folder):
        with pytest.raises(DataError) as caught:
            write(pack([at], None, LABEL).cargo, tmp_path / "x.p2b")
        assert caught.value.code == codes.NOT_WRITTEN
    assert (tmp_path / "x.p2b").read_text() == "mine"
    with pytest.raises(DataError):
        write_container(pack([at], None, LABEL).cargo, tmp_path / "nowhere" / "x.p2b")
    assert {path.name for path in tmp_path.iterdir()} == {"x.p2b", "p"}


def test_a_file_that_changes_while_it_is_packed_gives_no_package(tmp_path: Path) -> None:
    at = folder(tmp_path / "p", {"steps.csv": CSV})
    cargo = pack([at], None, LABEL).cargo
    (at / "steps.csv").write_bytes(CSV.replace(b"1.5", b"2.5"))
    with pytest.raises(DataError) as caught:
        write_container(cargo, tmp_path / "x.p2b")
    assert caught.value.code == codes.DAMAGED
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


# ------------------------------------------------------------ there and back
def everything(at: Path) -> Path:
    """Write a package with every kind of column, Arrow times, units, and bundles in each other."""
    frame = pl.DataFrame(
        {
            "int": [1, None], "number": [0.5, float("nan")], "bool": [True, None], "string": ["ä", None],
            "none": [None, None], "whole": [1, 2],
        }
    )  # fmt: skip
    stamped = frame.with_columns(at=pl.Series([1_000_000, 2_500_000]).cast(pl.Datetime("us")))
    buffer = io.BytesIO()
    stamped.write_ipc(buffer)
    empty = io.BytesIO()
    pl.DataFrame({"a": []}, schema={"a": pl.Int64}).write_ipc(empty)
    inner = {
        "kind": "bundle", "name": "b/c", "params": {"lr": 0.1, "opt": "adam", "on": True, "none": None},
        "axes": ["lr"], "repeat": [], "contains": ["empty.arrow", "inner.csv"],
    }  # fmt: skip
    hints = {
        "int": {"unit": "B", "role": "metric", "description": "bytes"},
        "whole": {"nullable": True},
    }
    files = {"main.arrow": buffer.getvalue(), "empty.arrow": empty.getvalue(), "inner.csv": CSV}
    return folder(
        at, files, name="a", meta={"x": {"y": [1, None]}}, contains=["main.arrow", inner],
        schema={"main": {"columns": hints, "x": "at"}},
    )  # fmt: skip


def compared(one: Bundle) -> Any:
    """Give all of a bundle that travels."""
    tables = {
        stream: (table.rows, table.columns, table.x, table.other_x)
        for stream, table in one.tables.items()
    }
    return (
        one.id, one.name, one.parent, one.attempt, one.params, one.repeat, one.axes, one.meta, tables,
        one.content_digest(),
    )  # fmt: skip


@pytest.mark.parametrize("as_folder", [False, True])
def test_an_exported_tree_comes_back_as_the_very_same_bundles(
    store: Store, other: Store, tmp_path: Path, as_folder: bool
) -> None:
    add(store, everything(tmp_path / "p"))
    to = tmp_path / "out"
    exported = export(store, ToExport("a", to, as_folder=as_folder))
    assert exported.bundles == 2
    assert checked(to).problems == ()
    report = add(other, to)
    assert set(outcomes(report).values()) == {"added"}
    for name in ("a", "a/b/c"):
        assert compared(bundle(other, name)) == compared(bundle(store, name))
    kinds = {column.name: str(column.type) for column in bundle(other, "a").tables["main"].columns}
    assert kinds == {
        "int": "int?[B]", "number": "number?", "bool": "bool?", "string": "string?", "none": "number?",
        "whole": "int?", "at": "time",
    }  # fmt: skip
    assert set(outcomes(add(store, to)).values()) == {"already there"}
    assert set(outcomes(add(other, to)).values()) == {"already there"}


def test_a_sweep_that_logger2_recorded_comes_back(
    store: Store, other: Store, tmp_path: Path
) -> None:
    runs = record(tmp_path / "runs", lr=0.1)
    record(tmp_path / "runs", lr=0.3)
    add(store, runs)
    export(store, ToExport("digits", tmp_path / "d.p2b"))
    add(other, tmp_path / "d.p2b")
    for line in store.list():
        assert compared(bundle(other, line.bundle.name)) == compared(store.bundle(line.bundle.id))


def test_attempts_go_along_when_they_are_asked_for(
    store: Store, other: Store, tmp_path: Path
) -> None:
    at = tmp_path / "exp"
    for number in range(3):
        at.mkdir(exist_ok=True)
        (at / "x.csv").write_bytes(CSV + f"{number},{number}\n".encode())
        add(store, at)
    plain = export(store, ToExport("exp", tmp_path / "newest.p2b"))
    assert plain.bundles == 1
    assert "--attempts" in plain.notes[0]
    export(store, ToExport("exp", tmp_path / "all.p2b", attempts=True))
    add(other, tmp_path / "newest.p2b")
    assert [row.attempt for row in other.attempts("exp")] == [3]
    add(other, tmp_path / "all.p2b")
    assert [(row.attempt, row.id) for row in other.attempts("exp")] == [
        (row.attempt, row.id) for row in store.attempts("exp")
    ]


def test_an_enclosing_bundle_without_tables_travels(
    store: Store, other: Store, tmp_path: Path
) -> None:
    at = folder(tmp_path / "p", {"x.csv": CSV}, name="top", contains=[
        {"kind": "bundle", "name": "mid", "contains": [{"kind": "bundle", "name": "low", "contains": ["x.csv"]}]}
    ])  # fmt: skip
    add(store, at)
    export(store, ToExport("top", tmp_path / "x.p2b"))
    assert list(outcomes(add(other, tmp_path / "x.p2b"))) == ["top", "top/mid", "top/mid/low"]


def test_a_damaged_object_does_not_leave(store: Store, tmp_path: Path) -> None:
    add(store, everything(tmp_path / "p"))
    chunk = bundle(store, "a").tables["main"].columns[0].chunks[0]
    path = store.layout.object_file(chunk.digest)
    path.chmod(0o644)
    path.write_bytes(b"\x00" * chunk.bytes)
    with pytest.raises(DataError) as caught:
        export(store, ToExport("a", tmp_path / "x.p2b"))
    assert caught.value.code == codes.DAMAGED
    assert not (tmp_path / "x.p2b").exists()


def test_only_one_bundle_is_exported(store: Store, tmp_path: Path) -> None:
    add(store, everything(tmp_path / "p"))
    with pytest.raises(DataError):
        export(store, ToExport("a/*", tmp_path / "x.p2b"))


def test_a_package_that_brings_nothing_is_refused(store: Store, tmp_path: Path) -> None:
    assert (
        refusal(store, folder(tmp_path / "p", {}, contains=[])).code
        == staging_codes.NOTHING_TO_READ
    )


def test_a_manifest_of_a_container_is_plain_to_read(tmp_path: Path) -> None:
    ship(folder(tmp_path / "p", {"steps.csv": CSV}), tmp_path / "x.p2b")
    first, manifest = (tmp_path / "x.p2b").read_bytes().split(b"\n", 1)
    assert first.startswith(b"P2B 1 ")
    assert json.JSONDecoder().raw_decode(manifest.decode())[0]["user"] == "ada"


# ------------------------------------------------------------ too large for one go
def in_pieces(at: Path, rows: list[int], **more: Any) -> Path:
    """Write a table whose columns lie in several files each."""
    files: dict[str, bytes] = {}
    columns = {
        "a": lambda n: pl.Series("a", range(n), dtype=pl.Int64),
        "b": lambda n: pl.Series(
            "b", [i / 3 if i % 5 else None for i in range(n)], dtype=pl.Float64
        ),
        "c": lambda n: pl.Series("c", [f"text {i}" for i in range(n)]),
    }
    for name, made in columns.items():
        for number, count in enumerate(rows):
            files[f"{name}{number}.arrow"] = bytes(arrow_file(made(count)))
    table = {"kind": "table", "name": "main", "files": list(files), "format": "arrow"}
    return folder(at, {**files, "p.json": b'{"lr": 1}'}, contains=[table, {"kind": "params", "file": "p.json"}],
                  **more)  # fmt: skip


@pytest.mark.parametrize(("size", "parts"), [(1, 4000), (3000, 4000), (1 << 27, 2), (1 << 27, 5)])
def test_a_bundle_that_is_too_large_for_one_child_is_read_in_several(
    store: Store,
    other: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    size: int,
    parts: int,
) -> None:
    at = in_pieces(tmp_path / "p", [7, 1, 20], id="01HZX3J7C8QK5RW2V9YBT6M4ND")
    add(store, at)
    monkeypatch.setattr(reading, "BATCH_BYTES", size)
    monkeypatch.setattr(reading, "BATCH_PARTS", parts)
    add(other, at)
    assert compared(bundle(other, "p")) == compared(bundle(store, "p"))
    assert bundle(other, "p").params == {"lr": 1}
    ranges = [column.range for column in bundle(other, "p").tables["main"].columns]
    assert ranges == [(0.0, 19.0), (1 / 3, 19 / 3), None]


def test_columns_that_do_not_fit_together_are_seen_over_several_goes(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "BATCH_PARTS", 2)
    at = in_pieces(tmp_path / "p", [7, 1])
    (at / "b1.arrow").write_bytes((at / "b0.arrow").read_bytes())
    error = refusal(store, at)
    assert error.code == codes.DISAGREES
    assert "8 and 14" in error.message


# ------------------------------------------------------------ for ever
@pytest.mark.parametrize("version", [1, 2])
def test_packages_of_every_version_that_was_ever_written_are_read(
    store: Store, version: int
) -> None:
    path = DATA / "packages" / f"version-{version}.p2b"
    assert checked(path).problems == ()
    report = add(store, path)
    assert outcomes(report) == {"lab/a": "added", "lab/a/b": "added"}
    found = bundle(store, "01HZX3J7C8QK5RW2V9YBT6M4ND")
    assert (found.name, found.attempt, found.axes, found.repeat) == ("lab/a/b", 2, ("lr",), ())
    assert found.params == {"lr": 0.1, "opt": "adam", "on": True, "none": None, "seed": 3}
    assert found.meta == {"x": [1, {"y": None}]}
    loss = found.tables["main"].column("loss")
    assert loss is not None
    assert (loss.unit, loss.role, loss.description) == ("nat", "metric", "d")
    origin = bundle(store, "lab/a").provenance.package
    assert origin
    assert (origin.destination, origin.links, origin.tasks) == ("home", ("matrix",), ("pca",))
    assert [len(asked.manifest.plots) for asked in report.asked] == [1] * (version - 1)


@example(["\U00018cd6", "/"])
@given(st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=6, unique=True))
def test_any_names_of_files_become_paths_that_a_manifest_takes(names: list[str]) -> None:
    hold = Hold()
    for name in names:
        hold.place(Part(Path("x"), name), f"exp/{name}")
    assert len(hold.parts) == len(names)
    contains = [
        {"kind": "table", "name": f"t{number}", "files": [path], "format": "csv"}
        for number, path in enumerate(hold.parts)
    ]
    read_manifest(as_bytes(minimal(contains=contains)), "m.json")
