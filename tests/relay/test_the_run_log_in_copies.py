"""Safe copies take the run log along; what comes back goes on as another one, and nothing is rolled back silently."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from datter_samples import add_run, curve
from plotter2.datter import log_files
from plotter2.datter.layout import Layout
from plotter2.datter.store import Store
from plotter2.errors import DataError
from plotter2.host import run_log
from plotter2.host.log_checking import logs_of
from plotter2.host.run_log import RunLog
from plotter2.relay import copies
from plotter2.relay.log_copies import told_after_restore


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(log_files, "SEGMENT", 4)
    monkeypatch.setattr(run_log, "SEGMENT", 4)
    monkeypatch.setattr("plotter2.relay.log_copies.SEGMENT", 4)
    folder = tmp_path / "root"
    with Store.open(folder) as store:
        add_run(store, "exp/run1", curve(4), lr=0.1)
    grow(folder, 5)
    return folder


def grow(root: Path, count: int) -> None:
    log = RunLog(root)
    for number in range(count):
        log.append("run", n=number)


def test_a_copy_holds_the_log_and_takes_what_is_new_only(root: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    assert copies.backup(root, copy).left_out["config/log_ed25519"]
    assert logs_of(copy).newest.note == logs_of(root).newest.note
    grow(root, 4)
    again = copies.backup(root, copy)
    assert again.shipped.copied == 4  # two segments, checkpoint, registry
    assert logs_of(copy).newest.lines == logs_of(root).newest.lines
    assert copies.verify(copy).problems == ()


def test_the_key_of_the_log_is_never_copied(root: Path, tmp_path: Path) -> None:
    copies.backup(root, tmp_path / "copy", private_keys=True)
    assert not (tmp_path / "copy" / "config" / "log_ed25519").exists()


def test_what_is_restored_goes_on_as_another_log_that_says_so(root: Path, tmp_path: Path) -> None:
    copy, back = tmp_path / "copy", tmp_path / "back"
    copies.backup(root, copy)
    ended = logs_of(root).newest
    grow(root, 2)
    copies.restore(copy, back)
    assert "ends at 6 entries" in told_after_restore(Layout(back))
    grow(back, 1)
    logs = logs_of(back)
    assert [log.checkpoint.size for log in logs.all] == [6, 2]
    assert logs.newest.first["previous"] == {"size": 6, "root": ended.checkpoint.root_text}
    assert logs.require(ended.note)[0] is logs.all[0]
    assert told_after_restore(Layout(back)) == ""
    copies.backup(back, tmp_path / "second")
    assert len(logs_of(tmp_path / "second").all) == 2


@pytest.mark.parametrize("way", ["older", "rewritten"])
def test_a_copy_does_not_take_another_history(root: Path, tmp_path: Path, way: str) -> None:
    copy, older = tmp_path / "copy", tmp_path / "older"
    if way == "older":
        shutil.copytree(root, older)
    grow(root, 3)
    copies.backup(root, copy)
    before = logs_of(copy).newest
    if way == "rewritten":
        shutil.copytree(root, older)
        segment = log_files.LogFiles(Layout(older).run_log).segment(0)
        segment.write_bytes(segment.read_bytes().replace(b'"n":1', b'"n":7'))
    with pytest.raises(DataError) as caught:
        copies.backup(older, copy)
    assert caught.value.code == "P2-D0913"
    assert logs_of(copy).newest.lines == before.lines


def test_a_log_with_another_key_does_not_replace_the_one_in_a_copy(
    root: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    copies.backup(root, copy)
    shutil.rmtree(Layout(root).run_log)
    grow(root, 1)
    copies.backup(root, copy)
    assert logs_of(copy).newest.checkpoint.size == 2
    (kept,) = (Layout(copy).log / "before").iterdir()
    assert (kept / "checkpoint").exists()


def test_a_restore_keeps_the_log_that_is_there(root: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copies.backup(root, copy)
    grow(root, 3)
    copies.restore(copy, root)
    assert logs_of(root).newest.checkpoint.size == 9
    grow(root, 1)
    assert len(logs_of(root).all) == 1
