"""A root on a disk that nobody may write to is looked at as any other; one that is not there is not made by looking."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import plotter2
from commandline import p2, p2_json
from plotter2.errors import DataError
from small_disks import only_read, small_disk
from sweep_samples import Workplace

DECLARED = """p2 1
link curve: table{step: int, loss: number} -> "sweep/*" via | select([step, loss])
task draw {
  impose curve: table{step: int, loss: number}
  access("curve") | frame | point(x=step, y=loss) | plot("curve") | handoff
}
"""
READING = [
    ["ls"], ["show"], ["tree"], ["du"], ["gc"], ["fsck"], ["scrub"], ["runs"],
    ["requests", "ls"], ["quarantine", "ls"], ["relay", "status"], ["key", "ls"],
    ["trust", "ls"], ["links", "BUNDLE"], ["tasks", "BUNDLE"], ["show", "BUNDLE"],
    ["check", "SCRIPT"], ["verify", "SCRIPT"], ["explain", "rights", "SCRIPT"],
    ["new", "BUNDLE", "-o", "-"], ["export", "BUNDLE", "--as", "csv", "-o", "OUT"],
    ["backup", "COPY"],
]  # fmt: skip
WRITING = [
    ["add", "FOLDER"], ["rename", "BUNDLE", "other"], ["archive", "BUNDLE"], ["run", "SCRIPT"],
    ["detach", "BUNDLE", "x.p2"], ["gc", "--yes"], ["fsck", "--rebuild"], ["key", "new"],
    ["relay", "add", "disk", "/tmp/disk"], ["requests", "cancel", "X"],
]  # fmt: skip


def _filled(words: list[str], place: Workplace, bundle: str, out: Path) -> list[str | Path]:
    known: dict[str, str | Path] = {
        "BUNDLE": bundle, "SCRIPT": place.script, "OUT": out / "out", "COPY": out / "copy",
        "FOLDER": place.folder / "runs",
    }  # fmt: skip
    return [known.get(word, word) for word in words]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path, mib=64) as folder:
        yield folder


@pytest.mark.process
def test_all_that_reads_works_where_nothing_may_be_written(
    place: Workplace, disk: Path, tmp_path: Path
) -> None:
    (bundle,) = [b["name"] for b in p2_json(place.root, "tree")["tree"]]
    (tmp_path / "x.p2").write_text(DECLARED)
    p2_json(place.root, "attach", bundle, tmp_path / "x.p2", "-y")
    root = disk / "root"
    shutil.copytree(place.root, root)
    only_read(disk)
    for words in READING:
        said = p2(root, *_filled(words, place, bundle, tmp_path))
        assert said.code == 0, (words, said.out, said.err)
    (tmp_path / "own.p2").write_text(place.script.read_text())
    assert p2(root, "sign", tmp_path / "own.p2").code == 0
    for words in WRITING:
        refused = p2(root, *_filled(words, place, bundle, tmp_path))
        assert refused.code == 1, words
        assert "P2-D0802" in refused.err, (words, refused.err)
        assert "= help: " in refused.err
    with plotter2.open(root) as library:
        assert [str(link.link.head.name) for link in library.links(bundle)] == ["curve"]
        assert [task.task.name for task in library.tasks(bundle).own] == ["draw"]
        with pytest.raises(DataError) as caught:
            library.add(place.folder / "runs")
        assert caught.value.code == "P2-D0802"


@pytest.mark.parametrize("words", READING[:-1], ids=" ".join)
@pytest.mark.parametrize("there", [False, True], ids=["missing", "another folder"])
def test_what_only_reads_makes_no_root(
    made: Workplace, tmp_path: Path, words: list[str], there: bool
) -> None:
    root = tmp_path / "rooot"
    if there:
        root.mkdir()
        (root / "notes.txt").write_text("mine")
    said = p2(root, *_filled(words, made, "sweep", tmp_path))
    if "SCRIPT" in words and words[0] != "verify":
        assert f"note: there is no root {root}; checked without data" in said.err
    else:
        assert said.code == 1
        assert "P2-D0865" in said.err
        assert f"there is no root {root}" in said.err
        assert "--root DIR" in said.err
    assert [path.name for path in tmp_path.rglob("*")] == (["rooot", "notes.txt"] if there else [])
