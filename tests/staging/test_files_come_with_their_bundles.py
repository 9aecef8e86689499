"""Files that nothing is read from come in with the bundle around them, travel with it, and leave as they came."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import logger2
import plotter2
from commandline import p2, p2_json
from manifest_samples import as_bytes, container, digests, minimal
from plotter2.api.bundles import KeptBundle
from plotter2.config.settings import Files
from plotter2.datter.codes import OBJECT_DAMAGED
from plotter2.datter.living import Work
from plotter2.datter.requested import Asking
from plotter2.datter.store import Store
from plotter2.errors import DataError
from plotter2.exporting import files as files_out
from plotter2.exporting import package as packages
from plotter2.exporting.wanted import ToExport
from plotter2.host.asking import add_of
from plotter2.staging import AddReport, stage
from plotter2.staging.loose import Taking
from plotter2.staging.media import FIRST_BYTES, UNKNOWN, media_of
from plotter2.staging.packing import Label, pack
from plotter2.staging.parts import Part
from plotter2.staging.shipping import write_container
from plotter2.staging.sources import steady_content
from reader_samples import read_here

PNG = b"\x89PNG\r\n\x1a\n and what follows"
WEIGHTS = bytes(range(256)) * 20_000  # more than one piece


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "root") as opened:
        yield opened


def add(store: Store, path: Path, taking: Taking | None = None) -> AddReport:
    asked: Asking = add_of([path], None)
    work = store.begin(asked, 60)
    assert isinstance(work, Work)
    with work:
        return stage([path], None, read_here, store, work, taking or Taking())


def write(path: Path, content: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def experiment(folder: Path) -> Path:
    """Make an experiment: a table and files at the top, a run with checkpoints, a folder of pictures."""
    write(folder / "all.csv", "a\n1\n")
    write(folder / "README.md", "# read me")
    write(folder / "pictures" / "deep" / "curve.png", PNG)
    write(folder / "run1" / "steps.csv", "step,loss\n0,1\n")
    write(folder / "run1" / "ckpt" / "best.bin", WEIGHTS)
    write(folder / "run1" / "setup.yaml", "lr: 0.1")
    return folder


def held(store: Store, name: str) -> dict[str, bytes]:
    """Give the files of a bundle with their bytes."""
    (row,) = store.find(name)
    return {path: file.read() for path, file in KeptBundle(store, row).files.items()}


def refusal(store: Store, path: Path, taking: Taking | None = None) -> DataError:
    with pytest.raises(DataError) as refused:
        add(store, path, taking)
    return refused.value


# ------------------------------------------------------------ folders
def test_files_go_to_the_nearest_bundle_around_them(store: Store, tmp_path: Path) -> None:
    report = add(store, experiment(tmp_path / "exp"))
    assert [bundle.name for bundle in report.bundles] == ["exp", "exp/run1"]
    assert report.left_alone == ()
    assert held(store, "exp") == {"README.md": b"# read me", "pictures/deep/curve.png": PNG}
    assert held(store, "exp/run1") == {"ckpt/best.bin": WEIGHTS, "setup.yaml": b"lr: 0.1"}
    assert {path: file["media"] for path, file in report.bundles[0].files.items()} == {
        "README.md": "text/markdown", "pictures/deep/curve.png": "image/png"
    }  # fmt: skip
    again = add(store, tmp_path / "exp")
    assert {bundle.outcome for bundle in again.bundles} == {"already there"}
    write(tmp_path / "exp" / "README.md", "# read me anew")
    outcomes = [bundle.outcome for bundle in add(store, tmp_path / "exp").bundles]
    assert outcomes == ["new attempt", "already there"]


def test_what_lies_beside_a_recorded_run_belongs_to_it(store: Store, tmp_path: Path) -> None:
    with logger2.run("digits", {"lr": 0.1}, axes=["lr"], dir=tmp_path) as run:
        run.log(0, loss=1.0)
    (folder,) = (tmp_path / "digits").iterdir()
    write(folder / "model.bin", WEIGHTS)
    write(folder / "tables" / "raw.csv", "kept, not read")
    add(store, tmp_path / "digits")
    assert held(store, "digits/lr=0.1") == {"model.bin": WEIGHTS, "tables/raw.csv": b"kept, not read"}  # fmt: skip


def test_what_cannot_be_kept_is_left_alone_and_the_reason_told(
    store: Store, tmp_path: Path
) -> None:
    folder = experiment(tmp_path / "exp")
    write(folder / ".git" / "config", "hidden")
    write(folder / "aux.txt", "a device elsewhere")
    write(folder / "readme.md", "the same elsewhere")
    write(folder / "model.bin.tmp", "half")
    write(folder / "line\nfeed.txt", "x")
    write(folder / "large.bin", b"x" * (1 << 20) + b"x")
    os.mkfifo(folder / "pipe")
    report = add(store, folder, Taking(limits=Files(largest_mib=1)))
    assert report.left_alone == (
        "exp/.git (hidden)",
        "exp/run1/ckpt/best.bin (it has 5,120,000 bytes; 1,048,576 is the most that is kept)",
        "exp/aux.txt (not every system can have a file of this name)",
        "exp/large.bin (it has 1,048,577 bytes; 1,048,576 is the most that is kept)",
        "exp/line\\nfeed.txt (not every system can have a file of this name)",
        "exp/model.bin.tmp (its name says that it is not finished)",
        "exp/pipe (no plain file)",
        "exp/readme.md (it is one file with 'README.md' on some systems)",
    )
    assert list(held(store, "exp")) == ["README.md", "pictures/deep/curve.png"]


def test_too_many_or_too_large_files_are_refused_and_nothing_is_stored(
    store: Store, tmp_path: Path
) -> None:
    folder = experiment(tmp_path / "exp")
    few = refusal(store, folder, Taking(limits=Files(most=1)))
    assert (few.code, "holds 2 files" in few.message) == ("P2-D0926", True)
    assert "--no-files" in few.help
    small = refusal(store, folder, Taking(limits=Files(together_mib=1)))
    assert (small.code, "5,120,007 bytes" in small.message) == ("P2-D0926", True)
    assert store.list() == ()


def test_files_alone_become_a_bundle_only_where_that_is_asked(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    write(folder / "deep" / "a.png", PNG)
    error = refusal(store, folder)
    assert (error.code, "--files" in error.help) == ("P2-D0831", True)
    report = add(store, folder, Taking(keep=True))
    assert [bundle.name for bundle in report.bundles] == ["pictures"]
    assert held(store, "pictures") == {"deep/a.png": PNG}
    add(store, write(tmp_path / "model.bin", WEIGHTS), Taking(keep=True))
    assert held(store, "model") == {"model.bin": WEIGHTS}


def test_files_are_left_alone_where_that_is_asked(store: Store, tmp_path: Path) -> None:
    report = add(store, experiment(tmp_path / "exp"), Taking(keep=False))
    assert len(report.left_alone) == 4
    assert (held(store, "exp"), held(store, "exp/run1")) == ({}, {})


def test_a_file_that_is_written_while_it_is_kept_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "model.bin", WEIGHTS * 2)
    pieces = steady_content(Part(path, "model.bin"))
    next(pieces)
    with path.open("r+b") as file:
        file.write(b"new")
    os.utime(path, ns=(1, 1))
    with pytest.raises(DataError) as refused:
        list(pieces)
    assert (refused.value.code, "was written while" in refused.value.message) == ("P2-D0836", True)


def test_a_link_that_takes_the_place_of_a_file_is_refused(store: Store, tmp_path: Path) -> None:
    folder = experiment(tmp_path / "exp")
    secret = write(tmp_path / "secret", "secret")
    stop = threading.Event()

    def swapping() -> None:
        (folder / "README.md").unlink()
        (folder / "README.md").symlink_to(secret)
        stop.set()

    def read(job: Any, fds: tuple[int, ...]) -> Any:
        if not stop.is_set():
            swapping()
        return read_here(job, fds)

    work = store.begin(add_of([folder], None), 60)
    assert isinstance(work, Work)
    with pytest.raises(DataError) as refused, work:
        stage([folder], None, read, store, work)
    assert refused.value.code == "P2-D0832"
    assert store.list() == ()


# ------------------------------------------------------------ packages
def test_a_manifest_names_files_and_what_they_are_called(store: Store, tmp_path: Path) -> None:
    contains = [
        "steps.csv", "notes.md",
        {"kind": "file", "file": "blobs/1", "path": "model/weights.bin"},
        {"kind": "bundle", "name": "inner", "contains": [{"kind": "file", "file": "blobs/2"}]},
    ]  # fmt: skip
    files = {"steps.csv": b"a\n1\n", "notes.md": b"# notes", "blobs/1": WEIGHTS, "blobs/2": PNG}
    add(store, write(tmp_path / "lab.p2b", container(files, name="lab", contains=contains)))
    assert held(store, "lab") == {"notes.md": b"# notes", "model/weights.bin": WEIGHTS}
    assert held(store, "lab/inner") == {"blobs/2": PNG}
    folder = tmp_path / "lab2"
    for path, content in files.items():
        write(folder / path, content)
    write(
        folder / "manifest.json",
        as_bytes(minimal(name="lab2", contains=contains, digests=digests(files))),
    )
    write(folder / "extra.txt", "not named")
    assert add(store, folder).left_alone == ("lab2/extra.txt",)
    assert held(store, "lab2") == held(store, "lab")
    write(folder / "blobs" / "2", PNG[:-1] + b"!")
    assert refusal(store, folder).code == "P2-D0897"


@pytest.mark.parametrize("path", ["../x", "con", "a\\b", "notes.md", "NOTES.MD", "notes.md/x"])
def test_a_manifest_with_a_path_that_cannot_be_is_refused(
    store: Store, tmp_path: Path, path: str
) -> None:
    named = {"kind": "file", "file": "b", "path": path}
    files = {"notes.md": b"# notes", "b": b"x"}
    package = container(files, name="lab", contains=["notes.md", named])
    error = refusal(store, write(tmp_path / "lab.p2b", package))
    assert error.code == "P2-D0895"


def test_files_travel_in_packages_and_the_bundles_stay_the_same(
    store: Store, tmp_path: Path
) -> None:
    add(store, experiment(tmp_path / "exp"))
    packed = pack([tmp_path / "exp"], None, Label("2026-11-24", "13:05:00", "UTC", "ada", "x"))
    write_container(packed.cargo, tmp_path / "packed.p2b")

    def never(*_: object) -> Any:
        raise AssertionError("nothing is converted")

    packages.export(store, ToExport("exp", tmp_path / "exported.p2b"), never)
    for file in ("packed.p2b", "exported.p2b"):
        with Store.open(tmp_path / file.removesuffix(".p2b")) as other:
            add(other, tmp_path / file)
            assert held(other, "exp/run1") == held(store, "exp/run1")
            rows = [(row.name, row.content) for row, _ in other.contents()]
            if file == "exported.p2b":
                assert rows == [(row.name, row.content) for row, _ in store.contents()]


# ------------------------------------------------------------ out again
def test_files_leave_as_they_came(store: Store, tmp_path: Path) -> None:
    folder = experiment(tmp_path / "exp")
    add(store, folder)
    to = tmp_path / "out"

    def never(*_: object) -> Any:
        raise AssertionError("nothing is converted")

    told = files_out.export(store, ToExport("exp", to), never)
    found = {p.relative_to(to).as_posix(): p.read_bytes() for p in to.rglob("*") if p.is_file()}
    kept = {p: (folder / p).read_bytes() for p in found}
    assert found == kept
    assert (told.bundles, told.files) == (2, 4)
    one = ToExport("exp/run1", tmp_path / "best.bin", only="ckpt/best.bin")
    files_out.export(store, one, never)
    assert (tmp_path / "best.bin").read_bytes() == WEIGHTS
    with pytest.raises(DataError, match="keeps no file") as unknown:
        files_out.export(store, ToExport("exp/run1", tmp_path / "x", only="ckpt/bst.bin"), never)
    assert (unknown.value.code, "ckpt/best.bin" in unknown.value.help) == ("P2-D0927", True)


def test_a_damaged_file_does_not_leave(store: Store, tmp_path: Path) -> None:
    add(store, experiment(tmp_path / "exp"))
    (row,) = store.find("exp")
    kept = KeptBundle(store, row).file("README.md")
    path = store.layout.object_file(kept.sha256)
    path.chmod(0o644)
    path.write_bytes(b"# lead me")
    with pytest.raises(DataError) as damaged:
        kept.copy_to(tmp_path / "copy.md")
    assert damaged.value.code == OBJECT_DAMAGED
    assert not (tmp_path / "copy.md").exists()


def test_python_gets_the_bytes_and_copies(store: Store, tmp_path: Path) -> None:
    add(store, experiment(tmp_path / "exp"))
    with plotter2.open(tmp_path / "root") as library:
        run = library.bundle("exp/run1")
        best = run.files["ckpt/best.bin"]
        assert (best.size, best.media, best.shape) == (len(WEIGHTS), UNKNOWN, None)
        assert best.read() == WEIGHTS
        assert best.copy_to(tmp_path / "copy.bin").read_bytes() == WEIGHTS
        assert run.arrays == {}
        with pytest.raises(DataError) as taken:
            best.copy_to(tmp_path / "copy.bin")
        assert taken.value.code == "P2-D0899"
        with pytest.raises(DataError) as unknown:
            run.file("nothing")
        assert unknown.value.code == "P2-D0927"


@pytest.mark.process
def test_commands_show_and_export_what_is_kept(tmp_path: Path) -> None:
    root, folder = tmp_path / "root", experiment(tmp_path / "exp")
    added = p2_json(root, "add", folder)
    assert added["added"][1]["files"]["setup.yaml"] == {"bytes": 7, "media": "application/yaml"}
    shown = p2_json(root, "show", "exp/run1")
    assert (list(shown["files"]), shown["arrays"]) == (["ckpt/best.bin", "setup.yaml"], {})
    assert "2 files (5.1 MB): ckpt/best.bin, setup.yaml" in p2(root, "show", "exp/run1").out
    for form, descriptor in (("frictionless", "datapackage.json"), ("csv", "run1/bundle.json"),
                             ("ro-crate", "ro-crate-metadata.json")):  # fmt: skip
        to = tmp_path / form
        p2_json(root, "export", "exp", "--as", form, "-o", to)
        assert (to / "run1" / "ckpt" / "best.bin").read_bytes() == WEIGHTS
        assert "best.bin" in (to / descriptor).read_text()
    package = json.loads((tmp_path / "frictionless" / "datapackage.json").read_text())
    assert package["profile"] == "data-package"
    assert p2(root, "export", "exp", "--as", "csv", "--only", "README.md").code == 2
    write(root / "config" / "plotter2.toml", "[files]\nmost = 1\n")
    write(folder / "run1" / "more.txt", "x")
    assert "P2-D0926" in p2(root, "add", folder).err
    assert p2(root, "add", "--no-files", folder).code == 0


def test_a_manifest_is_shown_with_its_files_and_arrays(tmp_path: Path) -> None:
    contains = [
        "steps.csv", "notes.md", {"kind": "file", "file": "b", "path": "c/d"},
        {"kind": "array", "name": "w", "file": "w.npy"},
    ]  # fmt: skip
    path = write(tmp_path / "manifest.json", as_bytes(minimal(name="lab", contains=contains)))
    shown = p2(tmp_path / "root", "manifest", "show", path).out
    assert "steps, array w, 2 files as they are" in shown


# ------------------------------------------------------------ what kind of file
@pytest.mark.parametrize(
    ("name", "first", "media"),
    [
        ("a.png", PNG, "image/png"),
        ("a.txt", PNG, "image/png"),
        ("a.png", b"text", "text/plain"),
        ("a.png", b"\x00\x01", UNKNOWN),
        ("a.pt", b"PK\x03\x04", "application/x-pytorch"),
        ("a.zip", b"PK\x03\x04", "application/zip"),
        ("a.pt", b"\x80\x02\x00", UNKNOWN),
        ("a.safetensors", b"\x00\x01", "application/x-safetensors"),
        ("a.md", "é".encode() * FIRST_BYTES, "text/markdown"),
        ("a.md", b"x" + "é".encode() * FIRST_BYTES, "text/markdown"),
        ("a.md", b"a\x00b", UNKNOWN),
        ("noending", b"text", "text/plain"),
        ("noending", b"\xff\xfe\x00", UNKNOWN),
        ("a.yaml", b"", "application/yaml"),
        ("x", b"", UNKNOWN),
    ],
)
def test_the_first_bytes_and_the_name_tell_what_a_file_is(
    name: str, first: bytes, media: str
) -> None:
    assert media_of(name, first) == media
