"""Packages come in whole or not at all, leave as they came, and come back as the very same bundles."""

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

import logger2
from manifest_samples import as_bytes, container, digests, minimal
from plotter2.child.arrow import arrow_file
from plotter2.datter.bundle import Bundle
from plotter2.datter.rebuild import rebuild
from plotter2.datter.store import Store
from plotter2.errors import DataError
from plotter2.exporting import package as packages
from plotter2.exporting.wanted import Exported, ToExport
from plotter2.manifest import codes, read_manifest
from plotter2.manifest.plain import MOST_BYTES
from plotter2.staging import codes as staging_codes
from plotter2.staging import reading, sources
from plotter2.staging.intake import AddReport
from plotter2.staging.manifests import checked
from plotter2.staging.packing import Hold, Label, pack
from plotter2.staging.parts import Part
from plotter2.staging.shipping import Shipped, write_container, write_folder
from reader_samples import DATA, read_here
from staging_samples import staged

LABEL = Label("2026-11-24", "13:05:00", "UTC", "ada", "plotter2")
CSV = b"step,loss\n0,1.5\n1,\n"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "root") as opened:
        yield opened


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "other") as opened:
        yield opened


def add(store: Store, path: Path, name: str | None = None) -> AddReport:
    return staged([path], name, read_here, store)


def export(store: Store, wanted: ToExport) -> Exported:
    def never(*_: object) -> Any:
        raise AssertionError("a package needs no child")

    return packages.export(store, wanted, never)


def folder(at: Path, files: dict[str, bytes], **more: Any) -> Path:
    """Write a package as a folder."""
    for name, content in files.items():
        (at / name).parent.mkdir(parents=True, exist_ok=True)
        (at / name).write_bytes(content)
    at.mkdir(exist_ok=True)
    (at / "manifest.json").write_bytes(as_bytes(minimal(**more)))
    return at


def refusal(store: Store, path: Path, **how: Any) -> DataError:
    """Add what must be refused; nothing of it may be left in the store."""
    before = {path for path in store.layout.source.rglob("*") if path.is_file()}
    with pytest.raises(DataError) as caught:
        add(store, path, **how)
    assert caught.value.help
    assert {path for path in store.layout.source.rglob("*") if path.is_file()} == before
    return caught.value


def bundle(store: Store, name: str) -> Bundle:
    return store.bundle(store.find(name)[0].id)


def outcomes(report: AddReport) -> dict[str, str]:
    return {each.name: each.outcome for each in report.bundles}


def ship(path: Path, to: Path, **how: Any) -> Shipped:
    return write_container(pack([path], None, LABEL, **how).cargo, to)


def record(at: Path, **params: float) -> Path:
    with logger2.run("digits", params, axes=["lr"], dir=at) as run:
        run.define("loss", unit="nat")
        for step in range(3):
            run.log(step, loss=params["lr"] / (step + 1))
    return at / "digits"


# ------------------------------------------------------------ what a manifest brings
def test_a_folder_with_a_manifest_brings_bundles_in_each_other(
    store: Store, tmp_path: Path
) -> None:
    inner = {
        "kind": "bundle", "name": "experiment2a/revision1", "params": {"lr": 0.1, "seed": 3},
        "meta": {"why": "a trial"}, "contains": [{"kind": "table", "name": "main", "files": ["a/x.csv"]}],
    }  # fmt: skip
    files = {"a/x.csv": CSV, "README.txt": b"hello"}
    package = folder(
        tmp_path / "p", files, name="experiment2", contains=[inner], origin_point="cluster-7",
        tool="mine 1.0", meta={"project": "plants"},
    )  # fmt: skip
    report = add(store, package)
    assert outcomes(report) == {
        "experiment2": "added",
        "experiment2/experiment2a/revision1": "added",
    }
    assert report.left_alone == ("p/README.txt",)
    found = bundle(store, "experiment2/experiment2a/revision1")
    assert found.params == {"lr": 0.1, "seed": 3}
    assert found.repeat == ("seed",)
    assert found.meta == {"why": "a trial"}
    assert found.parent == bundle(store, "experiment2").id
    assert bundle(store, "experiment2").meta == {"project": "plants"}
    package_of = found.provenance.package
    assert package_of
    assert (package_of.user, package_of.tool, package_of.origin_point) == (
        "ada",
        "mine 1.0",
        "cluster-7",
    )
    assert [file.name for file in found.provenance.files] == ["p/a/x.csv"]


def test_a_container_brings_the_same(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "steps.p2b"
    path.write_bytes(container({"steps.csv": CSV}))
    assert outcomes(add(store, path)) == {"steps": "added"}
    renamed = path.rename(tmp_path / "whatever")  # known by its first bytes, too
    assert outcomes(add(store, renamed, name="steps")) == {"steps": "already there"}


def test_what_the_maker_knows_of_columns_counts(store: Store, tmp_path: Path) -> None:
    schema = {
        "steps": {
            "x": "step",
            "columns": {
                "step": {"unit": "s", "type": "time"},
                "loss": {"role": "metric", "description": "of the validation set", "type": "number",
                         "nullable": True, "unit": "nat", "better": "lower"},
            },
        }
    }  # fmt: skip
    add(store, folder(tmp_path / "p", {"steps.csv": CSV}, schema=schema))
    step, loss = bundle(store, "p").tables["steps"].columns
    assert (step.kind, step.unit) == ("time", "s")
    assert (loss.role, loss.description, loss.unit, loss.better) == (
        "metric", "of the validation set", "nat", "lower",
    )  # fmt: skip
    assert bundle(store, "p").tables["steps"].x == "step"


@pytest.mark.parametrize(
    "hint",
    [
        {"missing": {}},
        {"loss": {"type": "string"}},
        {"loss": {"nullable": False}},
        {"step": {"type": "bool"}},
    ],
)
def test_what_a_manifest_promises_of_columns_must_be_so(
    store: Store, tmp_path: Path, hint: dict[str, Any]
) -> None:
    package = folder(tmp_path / "p", {"steps.csv": CSV}, schema={"steps": {"columns": hint}})
    assert refusal(store, package).code == codes.DISAGREES


def test_a_recorded_run_and_a_params_file_come_in_a_package(store: Store, tmp_path: Path) -> None:
    runs = record(tmp_path / "runs", lr=0.1)
    (tmp_path / "sweep").mkdir()
    (tmp_path / "sweep" / "x.csv").write_bytes(CSV)
    (tmp_path / "sweep" / "config.json").write_text('{"lr": 0.5}')
    packed = pack([runs, tmp_path / "sweep"], None, LABEL)
    write_container(packed.cargo, tmp_path / "both.p2b")
    report = add(store, tmp_path / "both.p2b")
    assert outcomes(report) == {"digits": "added", "digits/lr=0.1": "added", "sweep": "added"}
    assert bundle(store, "digits/lr=0.1").tables["main"].column("loss").unit == "nat"
    assert bundle(store, "sweep").params == {"lr": 0.5}
    assert {
        *outcomes(add(store, runs)).values(),
        *outcomes(add(store, tmp_path / "sweep")).values(),
    } == {"already there"}


def test_a_name_can_be_given(store: Store, tmp_path: Path) -> None:
    package = folder(tmp_path / "p", {"steps.csv": CSV}, name="exp", parent="lab")
    assert outcomes(add(store, package)) == {"lab/exp": "added"}
    assert outcomes(add(store, package, name="mine/x")) == {"mine/x": "added"}


def test_a_folder_with_another_programs_manifest_is_an_ordinary_folder(
    store: Store, tmp_path: Path
) -> None:
    at = folder(tmp_path / "web", {"x.csv": CSV})
    (at / "manifest.json").write_text('{"name": "my page", "icons": []}')
    assert outcomes(add(store, at)) == {"web": "added"}


# ------------------------------------------------------------ refused, and nothing is left
@pytest.mark.parametrize(
    ("manifest", "code"),
    [
        (b"", codes.NOT_JSON),
        (b'{"contains": ["steps.csv"], "da', codes.NOT_JSON),
        (b"\xff", codes.NOT_JSON),
        (b" " * (MOST_BYTES + 1), staging_codes.TOO_LARGE),
        (b'{"manifest_version": 1, "date"', codes.NOT_JSON),
        (b'{"manifest_version": 1, "manifest_version": 1}', codes.NOT_JSON),
        (b'{"a":' * 500 + b'{"manifest_version": 1}' + b"}" * 500, codes.NOT_JSON),
        (as_bytes(minimal(manifest_version=9)), codes.NEWER),
        (as_bytes(minimal(wrong=1)), codes.BAD_VALUE),
        (as_bytes(minimal(contains=["../../etc/passwd.csv"])), codes.BAD_NAME),
        (as_bytes(minimal(contains=["missing.csv"])), codes.DISAGREES),
    ],
)
def test_a_folder_with_a_bad_manifest_is_refused(
    store: Store, tmp_path: Path, manifest: bytes, code: str
) -> None:
    at = folder(tmp_path / "p", {"steps.csv": CSV})
    (at / "manifest.json").write_bytes(manifest)
    assert refusal(store, at).code == code


def test_digests_are_verified_while_files_are_read(store: Store, tmp_path: Path) -> None:
    wrong = digests({"steps.csv": CSV.replace(b"1.5", b"1.6")})
    at = folder(tmp_path / "p", {"steps.csv": CSV}, digests=wrong)
    assert refusal(store, at).code == codes.DAMAGED
    assert [problem.code for problem in checked(at).problems] == [codes.DAMAGED]
    assert store.list() == ()


def test_a_file_of_another_size_is_refused_before_anything_is_read(
    store: Store, tmp_path: Path
) -> None:
    at = folder(tmp_path / "p", {"steps.csv": CSV + b"2,3\n"}, digests=digests({"steps.csv": CSV}))
    assert refusal(store, at).code == codes.DAMAGED


def test_links_out_of_a_package_are_not_followed(store: Store, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "steps.csv").write_bytes(CSV)
    at = folder(tmp_path / "p", {})
    (at / "steps.csv").symlink_to(tmp_path / "secret" / "steps.csv")
    assert refusal(store, at).code == codes.DISAGREES
    (at / "steps.csv").unlink()
    (at / "in").symlink_to(tmp_path / "secret")
    (at / "manifest.json").write_bytes(as_bytes(minimal(contains=["in/steps.csv"])))
    assert refusal(store, at).code == codes.DISAGREES


@pytest.mark.parametrize("cut", [1, 100, 400])
def test_a_truncated_container_is_refused(store: Store, tmp_path: Path, cut: int) -> None:
    path = tmp_path / "x.p2b"
    path.write_bytes(container({"steps.csv": CSV})[:-cut])
    assert refusal(store, path).code == codes.DAMAGED


def test_a_flipped_bit_in_any_part_of_a_container_is_refused(store: Store, tmp_path: Path) -> None:
    sound = container({"steps.csv": CSV * 20})
    for place in range(0, len(sound), 37):
        flipped = bytearray(sound)
        flipped[place] ^= 4
        path = tmp_path / "x.p2b"
        path.write_bytes(flipped)
        assert refusal(store, path).code in set(codes.CODES)
    assert store.list() == ()


def test_a_container_without_digests_is_refused(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "x.p2b"
    path.write_bytes(container({"steps.csv": CSV}, digests={}))
    assert refusal(store, path).code in (codes.DISAGREES, codes.DAMAGED)


def test_a_package_that_changes_while_it_is_read_is_refused(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = folder(
        tmp_path / "p", {"steps.csv": CSV * 1000}, digests=digests({"steps.csv": CSV * 1000})
    )
    monkeypatch.setattr(sources, "_STEP", 100)
    opened = sources.opened

    def changed_meanwhile(path: Path, name: str, most: int = sources.MOST_BYTES) -> int:
        if path.name == "steps.csv":
            path.write_bytes(CSV.replace(b"1.5", b"9.5") * 1000)
        return opened(path, name, most)

    monkeypatch.setattr(sources, "opened", changed_meanwhile)
    assert refusal(store, at).code == codes.DAMAGED


def test_check_tells_all_files_that_are_missing_or_have_another_size(tmp_path: Path) -> None:
    wrong = digests({"a.csv": CSV, "b.csv": CSV, "c.csv": CSV})
    at = folder(tmp_path / "p", {"a.csv": CSV + b"1,1\n"}, contains=list(wrong), digests=wrong)
    told = [problem.code for problem in checked(at).problems]
    assert sorted(told) == [codes.DISAGREES, codes.DISAGREES, codes.DAMAGED]


def test_several_bundles_in_one_package_get_a_bundle_around_them_with_a_name(
    store: Store, tmp_path: Path
) -> None:
    inside = [{"kind": "bundle", "name": n, "contains": [f"{n}.csv"]} for n in ("a", "b")]
    at = folder(tmp_path / "p", {"a.csv": CSV, "b.csv": CSV + b"2,2\n"}, contains=inside)
    assert list(outcomes(add(store, at))) == ["a", "b"]
    assert list(outcomes(add(store, at, name="both"))) == ["both", "both/a", "both/b"]


# ------------------------------------------------------------ ids
def test_the_same_id_with_the_same_content_changes_nothing(store: Store, tmp_path: Path) -> None:
    package = folder(tmp_path / "p", {"steps.csv": CSV}, id="run-17", name="one")
    first = add(store, package)
    again = folder(tmp_path / "q", {"steps.csv": CSV}, id="run-17", name="another", time="14:00:00")
    second = add(store, again)
    assert outcomes(second) == {"one": "already there"}
    assert second.bundles[0].id == first.bundles[0].id


@pytest.mark.parametrize("identity", ["run-17", "01HZX3J7C8QK5RW2V9YBT6M4ND"])
def test_the_same_id_with_other_content_is_refused_and_both_are_shown(
    store: Store, tmp_path: Path, identity: str
) -> None:
    add(store, folder(tmp_path / "p", {"steps.csv": CSV}, id=identity, name="one"))
    before = bundle(store, "one")
    error = refusal(
        store, folder(tmp_path / "q", {"steps.csv": CSV + b"7,7\n"}, id=identity, name="two")
    )
    assert error.code == codes.SAME_ID
    assert before.content_digest()[:16] in error.message
    assert "came" in error.message
    assert bundle(store, "one") == before
    assert [line.bundle.name for line in store.list()] == ["one"]


def test_a_ulid_is_the_bundles_id_here_too(store: Store, tmp_path: Path) -> None:
    identity = "01HZX3J7C8QK5RW2V9YBT6M4ND"
    add(store, folder(tmp_path / "p", {"steps.csv": CSV}, id=identity))
    assert bundle(store, identity).name == "p"


def test_ids_are_known_after_the_registry_is_made_anew(store: Store, tmp_path: Path) -> None:
    package = folder(tmp_path / "p", {"steps.csv": CSV}, id="run-17", name="one")
    add(store, package)
    store.rename("one", "uno")
    store.close()
    rebuild(tmp_path / "root", 1.0)
    with Store.open(tmp_path / "root") as anew:
        assert outcomes(add(anew, package)) == {"uno": "already there"}


def test_a_package_never_edits_an_older_bundle(store: Store, tmp_path: Path) -> None:
    add(store, folder(tmp_path / "p", {"steps.csv": CSV}, name="exp", meta={"note": "first"}))
    older = bundle(store, "exp")
    later = folder(
        tmp_path / "q", {"steps.csv": CSV}, name="exp", meta={"note": "second"}, attempt=1
    )
    report = add(store, later)
    assert outcomes(report) == {"exp": "new attempt"}
    assert "attempt 1 of this name is another bundle" in report.bundles[0].notes[0]
    assert store.bundle(older.id) == older


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
