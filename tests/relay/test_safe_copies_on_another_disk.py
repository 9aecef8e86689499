"""`backup` and `restore`: what a copy holds, what it never holds, and what becomes of damage on either side."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from commandline import p2, p2_json
from copy_samples import change_root, files_below, flip_a_bit, make_root, said_of
from datter_samples import PATIENCE_S, add_run, curve
from plotter2.datter import quarantine
from plotter2.datter.auditing import audit
from plotter2.datter.collecting import object_files
from plotter2.datter.layout import Layout
from plotter2.datter.store import Store
from plotter2.errors import DataError
from plotter2.relay.copies import backup, restore, verify

COPIER = Path(__file__).with_name("killed_copier.py")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    make_root(tmp_path / "root")
    return tmp_path / "root"


@pytest.fixture
def copy(root: Path, tmp_path: Path) -> Path:
    backup(root, tmp_path / "copy")
    return tmp_path / "copy"


def refused(root: Path, target: Path) -> str:
    with pytest.raises(DataError) as caught:
        backup(root, target)
    assert caught.value.help
    return caught.value.code


# ------------------------------------------------------------ what a copy is
def test_a_copy_is_a_root_that_can_be_read_and_is_not_changed(root: Path, copy: Path) -> None:
    assert said_of(copy) == said_of(root)
    names = [bundle["name"] for bundle in p2_json(copy, "ls")["bundles"]]
    assert names == ["exp", "exp/best", "exp/run0"]
    assert p2_json(copy, "fsck")["problems"] == []
    for words in (("rename", "exp", "other"), ("archive", "exp")):
        finished = p2(copy, *words)
        assert finished.code == 1
        assert "error[P2-D0911]" in finished.err
        assert "plotter2 restore" in finished.err
    with Store.open(copy) as store, pytest.raises(DataError) as caught:
        add_run(store, "news")
    assert caught.value.code == "P2-D0911"


def test_the_next_copy_takes_only_what_is_new(root: Path, copy: Path) -> None:
    objects = len(object_files(Layout(copy)))
    change_root(root)
    done = backup(root, copy)
    assert len(object_files(Layout(copy))) == objects + 2
    # two columns, a description, two events, a picture, the registry
    assert done.shipped.copied == 7
    assert said_of(copy) == said_of(root)
    assert verify(copy).problems == ()


def test_private_keys_are_left_out_unless_they_are_asked_for(root: Path, tmp_path: Path) -> None:
    said = p2(root, "backup", tmp_path / "copy").out
    assert "not copied: config/keys/sign_ed25519: it is private" in said
    assert "not copied: config/odd: it is private" in said
    kept = set(files_below(tmp_path / "copy" / "config"))
    assert kept == {"plotter2.toml", "trust/allowed_signers", "keys/sign_ed25519.pub"}
    assert p2_json(root, "backup", tmp_path / "copy", "--with-private-keys")["private_keys"]
    private = tmp_path / "copy" / "config" / "keys" / "sign_ed25519"
    assert private.stat().st_mode & 0o777 == 0o600


def test_a_copy_on_the_same_disk_is_told_as_a_warning(root: Path, tmp_path: Path) -> None:
    assert "warning: the copy is on the same disk" in p2(root, "backup", tmp_path / "copy").out
    if Path("/dev/shm").stat().st_dev != root.stat().st_dev:
        elsewhere = Path("/dev/shm") / f"p2-copy-{os.getpid()}"
        try:
            assert "warning" not in p2(root, "backup", elsewhere).out
        finally:
            shutil.rmtree(elsewhere, ignore_errors=True)


def test_what_is_written_while_a_copy_is_made_spoils_nothing(root: Path, tmp_path: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        with Store.open(root) as store:
            number = 0
            while not stop.is_set():
                number += 1
                add_run(store, f"busy/run{number}", curve(number + 3))
                store.rename(f"busy/run{number}", f"calm/run{number}")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(4):
            backup(root, tmp_path / "copy")
            assert verify(tmp_path / "copy").problems == ()
    finally:
        stop.set()
        writer.join()


# ------------------------------------------------------------ where a copy may go
def test_folders_that_hold_something_else_are_refused(root: Path, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").touch()
    assert refused(root, tmp_path / "photos") == "P2-D0910"
    make_root(tmp_path / "other")
    assert refused(root, tmp_path / "other") == "P2-D0910"
    assert refused(root, root / "copy") == "P2-D0910"
    assert refused(root, tmp_path) == "P2-D0910"
    backup(tmp_path / "other", tmp_path / "copy of other")
    assert refused(root, tmp_path / "copy of other") == "P2-D0912"


def test_a_root_that_fell_behind_its_copy_does_not_overwrite_it(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root, tmp_path / "old")
    change_root(root)
    backup(root, tmp_path / "copy")
    before = said_of(tmp_path / "copy")
    assert refused(tmp_path / "old", tmp_path / "copy") == "P2-D0912"
    assert said_of(tmp_path / "copy") == before


# ------------------------------------------------------------ damage
def test_a_damaged_object_is_not_copied_over_a_good_one_and_is_told(root: Path, copy: Path) -> None:
    good = said_of(copy)
    hurt = object_files(Layout(root))[0]
    flip_a_bit(hurt)
    change_root(root)
    finished = p2(root, "backup", copy, "--deep")
    assert finished.code == 0
    assert good["objects"].items() <= said_of(copy)["objects"].items()
    fresh = copy.with_name("fresh")
    finished = p2(root, "backup", fresh)
    assert finished.code == 1
    assert f"error[P2-D0913]: the object {hurt.name} is damaged" in finished.out
    assert not Layout(fresh).object_file(hurt.name).exists()
    assert [p.code for p in verify(fresh).problems] == ["P2-D0816"]


def test_verifying_finds_every_flipped_bit_and_a_deep_copy_mends_them(
    root: Path, copy: Path
) -> None:
    layout = Layout(copy)
    bundle = next(layout.source.glob("0*/bundle.json"))
    event = next(layout.commits.iterdir())
    picture = next(layout.output.rglob("*.png"))
    for path in (object_files(layout)[0], bundle, event, picture, layout.config / "plotter2.toml"):
        kept = path.read_bytes()
        flip_a_bit(path)
        assert p2(copy.parent / "none", "backup", "--verify", copy).code == 1, path
        if path in (bundle, event):
            path.write_bytes(kept)
        else:
            backup(root, copy, deep=True)
        assert verify(copy).problems == (), path
    assert [item.kind for item in quarantine.listed(layout)] == ["object"]


def test_what_never_changes_and_is_damaged_in_the_root_is_not_copied_over(
    root: Path, copy: Path
) -> None:
    before, layout = said_of(copy), Layout(root)
    event, picture = next(layout.commits.iterdir()), next(layout.output.rglob("*.png"))
    flip_a_bit(picture)
    for deep in (False, True):
        assert backup(root, copy, deep=deep).problems == ()
        assert said_of(copy)["outputs"] == before["outputs"]
        assert verify(copy).problems == ()
    flip_a_bit(event)
    for deep in (False, True):
        with pytest.raises(DataError) as caught:
            backup(root, copy, deep=deep)
        assert caught.value.code == "P2-D0913"
        assert verify(copy).problems == ()
    restore(copy, root)
    assert event.read_bytes() == (copy / "source" / "commits" / event.name).read_bytes()
    assert audit(root, PATIENCE_S).problems == ()


def test_damage_in_the_copy_does_not_come_into_the_root(root: Path, copy: Path) -> None:
    layout = Layout(root)
    good = files_below(layout.source)
    flip_a_bit(next(Layout(copy).commits.iterdir()))
    next(layout.commits.iterdir()).unlink()
    with pytest.raises(DataError) as caught:
        restore(copy, root)
    assert caught.value.code == "P2-D0913"
    assert good.items() >= files_below(layout.source).items()


def test_damaged_descriptions_come_back(root: Path, copy: Path) -> None:
    for path in Layout(root).source.glob("0*/bundle.json"):
        flip_a_bit(path)
    assert restore(copy, root).problems == ()
    assert said_of(root) == said_of(copy)


def test_verifying_what_is_no_copy_is_refused(root: Path, tmp_path: Path) -> None:
    for folder in (root, tmp_path / "nothing"):
        finished = p2(root, "backup", "--verify", folder)
        assert finished.code == 1
        assert "P2-D0915" in finished.err


# ------------------------------------------------------------ the way back
def test_a_lost_root_comes_back_with_every_run(root: Path, copy: Path, tmp_path: Path) -> None:
    truth = said_of(root)
    shutil.rmtree(root)
    told = p2_json(root, "restore", copy)
    assert told["problems"] == []
    assert told["bundles"] == 4
    assert said_of(root) == truth
    assert audit(root, PATIENCE_S).problems == ()
    with Store.open(root) as store:
        assert [run.script for run in store.runs()] == ["first"]
        assert store.seen_serial("first") == 3
        add_run(store, "it goes on".replace(" ", "-"))
    assert (root / "config" / "trust" / "allowed_signers").exists()


def test_a_hurt_root_is_mended_and_what_is_sound_is_left_alone(root: Path, copy: Path) -> None:
    change_root(root)
    truth = said_of(root)
    layout = Layout(root)
    files = object_files(layout)
    known = {path.name for path in object_files(Layout(copy))}
    hurt, gone, sound = [path for path in files if path.name in known][:3]
    kept = sound.stat().st_ino
    flip_a_bit(hurt)
    gone.unlink()
    (layout.config / "plotter2.toml").write_text("[limits]\nwall_ms = 7\n")
    restored = restore(copy, root)
    assert restored.problems == ()
    assert said_of(root) == truth
    assert sound.stat().st_ino == kept
    assert (layout.config / "plotter2.toml").read_text().endswith("7\n")
    (item,) = quarantine.listed(layout)
    assert item.name == hurt.name


def test_a_lost_or_damaged_registry_comes_back_with_its_runs(root: Path, copy: Path) -> None:
    truth = said_of(root)
    path = root / "registry" / "registry.db"
    for harm in (path.unlink, lambda: path.write_bytes(b"no database" * 999)):
        for ending in ("-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
        harm()
        restore(copy, root)
        assert said_of(root) == truth


def test_another_store_is_not_mixed_in(root: Path, copy: Path, tmp_path: Path) -> None:
    make_root(tmp_path / "other")
    before = said_of(tmp_path / "other")
    for source, target, code in (
        (copy, tmp_path / "other", "P2-D0912"),
        (tmp_path / "empty", tmp_path / "other", "P2-D0915"),
        (copy, copy, "P2-D0910"),
    ):
        with pytest.raises(DataError) as caught:
            restore(source, target)
        assert caught.value.code == code
    assert said_of(tmp_path / "other") == before


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["backup", "first", "restore", "mend"])
def test_a_copy_killed_at_any_step_is_the_old_one_or_the_new_one(tmp_path: Path, kind: str) -> None:
    stride = os.environ.get("P2_KILL_STRIDE", "53")
    command = [sys.executable, str(COPIER), str(tmp_path), kind, stride]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["broken"] == []
    assert found["points"] >= 60 // int(stride)
