"""Garbage of every kind, one quarantine, warnings before a disk is full, and one process at a time on a root."""

from __future__ import annotations

import platform
import re
import shutil
import sys
from pathlib import Path

import pytest

from commandline import p2, p2_json
from copy_samples import flip_a_bit, make_root
from datter_samples import add_run, published, recorded_run
from plotter2.datter import quarantine, room
from plotter2.datter.collecting import object_files
from plotter2.datter.layout import Layout
from plotter2.datter.locks import locked
from plotter2.datter.output import Artefact
from plotter2.datter.store import Store
from plotter2.errors import DataError, Plotter2Error
from plotter2.relay.copies import backup
from plotter2.staging import quarantine as refused
from plotter2.staging.grounds import Grounds


@pytest.fixture
def root(tmp_path: Path) -> Path:
    make_root(tmp_path / "root")
    return tmp_path / "root"


# ------------------------------------------------------------ gc
def test_what_killed_rebuilds_runs_and_pushes_left_is_told_and_removed(root: Path) -> None:
    layout = Layout(root)
    name = "01M8633SYAZZ2HS115MPGX0MCR"
    with Store.open(root) as store:
        kept = published(store, recorded_run(store, {}), [Artefact("a", "png", b"1")])[0]
        left = published(store, store.new_id(), [Artefact("b", "png", b"2")])[0]
    for path in (layout.registry / f"{name}.db", layout.registry / f"{name}.db-wal"):
        path.write_bytes(b"x")
    layout.partial.mkdir()
    (layout.partial / ("a" * 64)).write_bytes(b"y")
    assert "4 younger than 24 h left alone" in p2(root, "gc").out
    said = p2(root, "gc", "--older-than", "0").out
    assert "1 folder of pictures without a run, 3 rests of killed rebuilds or pushes" in said
    assert left.exists()
    told = p2_json(root, "gc", "--older-than", "0", "--yes")
    assert told["outputs"] == [left.parent.name]
    assert not left.exists()
    assert kept.exists()
    assert {path.name for path in layout.registry.iterdir()} <= {"registry.db", "lock"}
    assert p2(root, "gc", "--older-than", "0").out == "nothing to remove\n"


def test_pictures_stay_that_a_registry_may_know_that_was_set_aside_or_lost(root: Path) -> None:
    layout = Layout(root)
    (layout.registry / "registry.db").write_bytes(b"no database" * 999)
    p2(root, "fsck", "--rebuild")
    assert "are kept: a registry that was set aside" in p2(root, "gc", "--older-than", "0").out
    assert len(list(layout.output.iterdir())) == 1
    (item,) = quarantine.listed(layout)
    p2_json(root, "quarantine", "drop", item.id)
    assert "set aside or lost may know" in p2(root, "gc", "--older-than", "0", "--yes").out
    assert len(list(layout.output.iterdir())) == 1
    with Store.open(root) as store:
        recorded_run(store, {})
        published(store, store.new_id(), [Artefact("b", "png", b"2")])
    assert len(p2_json(root, "gc", "--older-than", "0")["outputs"]) == 1


def test_where_relays_have_an_object_it_goes_only_when_two_of_them_have(
    root: Path, tmp_path: Path
) -> None:
    layout = Layout(root)
    loose = layout.object_file("ab" * 32)
    loose.parent.mkdir(exist_ok=True)
    loose.write_bytes(b"of an add that was killed")
    for name in ("one", "two"):
        p2_json(root, "relay", "add", name, tmp_path / name)
    p2_json(root, "relay", "push", "one")
    with Store.open(root) as store:
        lost = store.events()[0]  # what put the bundles in
    for path in (layout.commits / f"{lost}.json", layout.commits / f"{lost}.json"):
        path.unlink(missing_ok=True)
    for event in layout.commits.iterdir():
        event.unlink()
    told = p2_json(root, "gc", "--older-than", "0")
    assert told["objects"] == [loose.name]
    assert told["kept"] == 6
    assert "bring it back with: plotter2 restore" in p2(root, "gc", "--older-than", "0").out
    with Store.open(root) as store:
        names = store.acknowledged.names("one", "object")
        store.acknowledged.enter("two", "object", names, 1)
    assert p2_json(root, "gc", "--older-than", "0")["kept"] == 0
    p2_json(root, "restore", "one")
    assert p2_json(root, "fsck")["problems"] == []


# ------------------------------------------------------------ quarantine
def test_one_command_looks_after_both_quarantines(root: Path) -> None:
    grounds = Grounds(root)
    grounds.make()
    (grounds.inbox / "bad.csv").write_text("a,b\n1\n")
    error = Plotter2Error("P2-D0844", "line 2 has too few fields", "bad.csv:2", "mend it")
    reason = refused.put_aside(grounds, grounds.inbox / "bad.csv", error)
    flip_a_bit(object_files(Layout(root))[0])
    p2(root, "scrub", "--set-aside")
    (item,) = quarantine.listed(Layout(root))
    listed = p2(root, "quarantine", "ls").out
    assert "bad.csv" in listed
    assert "line 2 has too few fields" in listed
    assert item.id in listed
    told = p2_json(root, "quarantine", "ls")
    assert [one["id"] for one in told["refused"]] == [reason.id]
    assert [one["id"] for one in told["items"]] == [item.id]
    assert "mend it" in p2(root, "quarantine", "show", reason.id[:5]).out
    assert "its bytes are not those" in p2(root, "quarantine", "show", item.id[:12].lower()).out
    assert "staged again" in p2(root, "quarantine", "retry", reason.id).out
    assert "P2-D0829" in p2(root, "quarantine", "retry", item.id).err
    assert p2(root, "quarantine", "drop", item.id).code == 0
    assert p2(root, "quarantine", "ls").out == "nothing is in quarantine\n"
    for word in ("retry", "drop", "show"):
        finished = p2(root, "quarantine", word, "nothing")
        assert finished.code == 2
        assert "error[P2-D0861]" in finished.err


# ------------------------------------------------------------ room
def set_disk(root: Path, text: str) -> None:
    (root / "config" / "plotter2.toml").write_text(f"[disk]\n{text}\n")


@pytest.mark.process
def test_a_disk_that_is_nearly_full_is_told_by_every_command_that_fills_it(root: Path) -> None:
    data = root.parent / "run.csv"
    data.write_text("step,loss\n0,1\n1,2\n")
    assert p2_json(root, "du")["warnings"] == []
    set_disk(root, f"warn_free_mib = {1 << 29}")
    assert "warning: only " in p2(root, "add", data).out
    assert "[disk] warn_free_mib" in p2(root, "du").out
    assert " free" in p2(root, "du").out
    assert "warning: only " in p2(root, "inbox", "watch", "--once").err
    assert re.search(r"--  disk +only ", p2(root, "doctor").out)


def test_a_quota_is_told_before_it_is_used_up(root: Path) -> None:
    set_disk(root, "warn_free_mib = 0\nquota_mib = 1\nwarn_percent = 1")
    assert "of its quota of 1 MiB" in p2(root, "du").out
    set_disk(root, "warn_free_mib = 0\nquota_mib = 1000")
    assert "warning" not in p2(root, "du").out
    set_disk(root, "quota = 1")
    assert "P2-H0901" in p2(root, "du").err


# ------------------------------------------------------------ one process at a time
@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, module in list(sys.modules.items()):
        if name.startswith("plotter2") and hasattr(module, "PATIENCE_S"):
            monkeypatch.setattr(module, "PATIENCE_S", 0.05)


@pytest.mark.process
@pytest.mark.usefixtures("impatient")
def test_every_command_that_changes_a_root_is_told_who_holds_it(root: Path, tmp_path: Path) -> None:
    data = tmp_path / "run.csv"
    data.write_text("step,loss\n0,1\n1,2\n")
    backup(root, tmp_path / "copy")
    commands = [
        ["add", data],
        ["rename", "exp", "other"],
        ["archive", "exp"],
        ["gc"],
        ["gc", "--yes"],
        ["fsck"],
        ["fsck", "--rebuild"],
        ["doctor", "--rebuild"],
        ["backup", tmp_path / "copy"],
        ["restore", tmp_path / "copy"],
    ]
    with locked(root / "registry" / "lock", 1):
        for words in commands:
            finished = p2(root, *words)
            assert finished.code == 1, words
            assert "error[P2-D0808]" in finished.err, words
            assert f"on {platform.node()} since " in finished.err, words
        assert p2(root, "ls").code == 0
    with locked(tmp_path / "copy" / "registry" / "lock", 1):
        finished = p2(root, "backup", tmp_path / "copy")
        assert "error[P2-D0808]" in finished.err
    assert p2(root, "rename", "exp", "other").code == 0


@pytest.mark.process
def test_a_second_watcher_is_told_who_empties_the_inbox(root: Path) -> None:
    grounds = Grounds(root)
    grounds.make()
    with grounds.held():
        finished = p2(root, "inbox", "watch", "--once")
    assert finished.code == 1
    assert "error[P2-D0860]" in finished.err
    assert f"on {platform.node()}" in finished.err


@pytest.mark.process
def test_an_inbox_of_a_safe_copy_takes_nothing(root: Path, tmp_path: Path) -> None:
    backup(root, tmp_path / "copy")
    grounds = Grounds(tmp_path / "copy")
    grounds.make()
    (grounds.inbox / "run.csv").write_text("a\n1\n")
    finished = p2(tmp_path / "copy", "inbox", "watch", "--once")
    assert finished.code == 1
    assert "error[P2-D0911]" in finished.err
    assert (grounds.inbox / "run.csv").exists()


def test_a_file_system_of_several_machines_is_told(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
        f"2 1 0:9 / {str(tmp_path).replace(' ', chr(92) + '040')}/far rw - nfs4 host:/x rw\n"
    )
    (tmp_path / "far" / "root").mkdir(parents=True)
    assert room.file_system(tmp_path, mounts) == "ext4"
    assert room.file_system(tmp_path / "far" / "root", mounts) == "nfs4"
    assert room.file_system(tmp_path, tmp_path / "none") == ""
    assert room.is_far("nfs4")
    assert room.is_far("fuse.sshfs")
    assert not room.is_far("xfs")


def test_a_copy_in_a_killed_state_is_taken_over_by_the_next_who_opens_it(
    root: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    backup(root, copy)
    with Store.open(root) as store:
        add_run(store, "late")
    backup(root, tmp_path / "newer")
    arrived = copy / "registry" / "arrival"
    shutil.copytree(tmp_path / "newer" / "source", copy / "source", dirs_exist_ok=True)
    (arrived / "commits").mkdir(parents=True)
    (arrived / "config").mkdir()
    for event in (copy / "source" / "commits").iterdir():
        event.rename(arrived / "commits" / event.name)
    for name in ("registry.db", "safecopy.json"):
        shutil.copy(tmp_path / "newer" / "registry" / name, arrived / name)
    names = [bundle["name"] for bundle in p2_json(copy, "ls")["bundles"]]
    assert "late" in names
    assert not arrived.exists()
    with pytest.raises(DataError), Store.open(copy) as store:
        add_run(store, "x")
