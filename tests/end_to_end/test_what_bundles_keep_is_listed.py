"""Lists say what bundles keep beside their tables; long names stay readable; an inbox waits from the beginning."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from commandline import p2, p2_json
from plotter2.cli import tables
from plotter2.cli.params import param_text
from plotter2.cli.tables import drawn_table
from plotter2.datter.layout import INBOX
from plotter2.printable import shortened

pytestmark = pytest.mark.process
LONG = "n" * 82 + "-the-end"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("listed")
    kept = folder / "kept"
    kept.mkdir()
    (kept / "a.bin").write_bytes(bytes(100_000))
    (kept / f"{LONG}.md").write_text("# hello")
    measured = folder / "measured"
    measured.mkdir()
    (measured / "steps.csv").write_text("step,loss\n0,1\n1,0.5\n")
    (measured / "config.json").write_text('{"warmup": null, "fast": true, "lr": 0.5}')
    np.save(measured / "cube.npy", np.zeros((3, 4, 5)))
    for path, more in ((kept, ["--files"]), (measured, [])):
        added = p2(folder / "root", "add", path, *more)
        assert added.code == 0, added.err
    return folder / "root"


def test_a_bundle_of_files_alone_does_not_look_empty(root: Path) -> None:
    for command in ("ls", "tree", "show"):
        lines = p2(root, command).out.splitlines()
        (line,) = [line for line in lines if line.startswith("kept")]
        assert "2 files, 100.0 kB" in line
    listed = {line["name"]: line for line in p2_json(root, "ls")["bundles"]}
    assert (listed["kept"]["files"], listed["kept"]["held_bytes"]) == (2, 100_007)
    assert (listed["measured"]["files"], listed["measured"]["arrays"]) == (0, 1)


def test_lists_without_files_have_no_column_for_them(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("step,loss\n0,1\n")
    assert p2(tmp_path / "root", "add", path).code == 0
    assert "files" not in p2(tmp_path / "root", "ls").out


def test_params_without_a_value_are_null(root: Path) -> None:
    shown = p2(root, "show", "measured").out
    assert "warmup = null" in shown
    assert "fast = true" in shown
    assert "None" not in shown
    assert "warmup=null" in p2(root, "ls").out
    assert [param_text(v) for v in (None, False, 0, "None")] == ["null", "false", "0", "None"]


def test_a_very_long_name_is_cut_where_it_is_told_and_whole_in_json(root: Path) -> None:
    shown = p2(root, "show", "kept").out
    assert LONG not in shown
    assert "\N{HORIZONTAL ELLIPSIS}" in shown
    assert "-the-end.md" in shown
    assert f"{LONG}.md" in p2_json(root, "show", "kept")["files"]


def test_a_table_on_a_terminal_cuts_long_names_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "shows_colours", lambda _: True)
    monkeypatch.setenv("COLUMNS", "160")
    longer = LONG * 2
    plain, coloured = drawn_table(["bundle", "rows"], [[longer, "3"], ["short", "4"]])
    drawn = re.sub(r"\x1b\[\d*m", "", coloured)
    assert longer in plain
    assert longer not in drawn
    assert shortened(longer, 100) in drawn
    assert "--json has them whole" in drawn
    assert "--json" not in drawn_table(["bundle", "rows"], [["short", "4"]])[1]


def test_an_inbox_is_there_as_soon_as_the_root_is(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("step,loss\n0,1\n")
    root = tmp_path / "root"
    assert p2(root, "add", path).code == 0
    shutil.copy(path, root / INBOX / "dropped.csv")
    assert "arriving: dropped.csv" in p2(root, "inbox", "status").out
    copy = tmp_path / "copy"
    assert p2(root, "backup", copy).code == 0
    assert not (copy / INBOX).exists()
    assert p2(tmp_path / "again", "restore", copy).code == 0
    assert (tmp_path / "again" / INBOX).is_dir()


def test_pack_takes_files_along_as_add_does(tmp_path: Path) -> None:
    folder = tmp_path / "exp"
    folder.mkdir()
    (folder / "notes.md").write_text("# only words")
    refused = p2(tmp_path / "root", "pack", folder, "-o", tmp_path / "x.p2b")
    assert refused.code == 1
    assert "P2-D0831" in refused.err
    made = p2_json(tmp_path / "root", "pack", "--files", folder, "-o", tmp_path / "x.p2b")
    assert made["files"] == 1
    added = p2_json(tmp_path / "root", "add", tmp_path / "x.p2b")
    assert list(added["added"][0]["files"]) == ["notes.md"]
    (folder / "steps.csv").write_text("step,loss\n0,1\n")
    made = p2_json(tmp_path / "root", "pack", "--no-files", folder, "-o", tmp_path / "y.p2b")
    assert (made["files"], made["left_alone"]) == (1, ["exp/notes.md"])


def test_a_package_with_an_unreadable_file_is_added_with_files(tmp_path: Path) -> None:
    folder = tmp_path / "exp"
    folder.mkdir()
    (folder / "steps.csv").write_text("step,loss\n0,1\n")
    (folder / "bad.npy").write_bytes(b"not numpy")
    assert p2(tmp_path / "root", "pack", folder, "-o", tmp_path / "x.p2b").code == 0
    refused = p2(tmp_path / "root", "add", tmp_path / "x.p2b")
    assert refused.code == 1
    assert "plotter2 add --files" in refused.err
    added = p2_json(tmp_path / "root", "add", "--files", tmp_path / "x.p2b")["added"][0]
    assert list(added["files"]) == ["bad.npy"]
    assert added["tables"]["steps"]["rows"] == 1
