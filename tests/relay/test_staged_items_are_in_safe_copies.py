"""What staging acknowledged is in safe copies before it is stored; it comes back with a lost root, whole or not."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from commandline import p2, p2_json
from copy_samples import files_below
from plotter2.datter.store import Store
from plotter2.errors import DataError
from plotter2.relay import addresses, copies, pushing
from plotter2.relay.source import LocalSource
from plotter2.staging.accepting import accept
from plotter2.staging.grounds import Grounds
from small_disks import small_disk
from staging_samples import attempts, drop

pytestmark = pytest.mark.process
TABLE = "step,loss\n0,1\n1,0.5\n"


def stage_one(root: Path, name: str, content: str = TABLE) -> Path:
    """Acknowledge a folder of two files, which nobody stores."""
    folder = root / "inbox" / name
    (folder / "deep/er").mkdir(parents=True)
    (folder / "steps.csv").write_text(content)
    (folder / "deep/er/note.md").write_text(f"# {name}")
    grounds = Grounds(root)
    grounds.make()
    with Store.open(root) as store:
        accepted = accept(grounds, [folder], store.new_id())
    assert accepted.names == (name,)
    return accepted.folder / name


@pytest.fixture(scope="module")
def like(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a root with a bundle and an item that waits, to be copied."""
    folder = tmp_path_factory.mktemp("like")
    first = folder / "first.csv"
    first.write_text(TABLE)
    assert p2(folder / "root", "add", first).code == 0
    stage_one(folder / "root", "waiting")
    return folder / "root"


@pytest.fixture
def root(like: Path, tmp_path: Path) -> Path:
    return shutil.copytree(like, tmp_path / "root")


def staged(root: Path) -> dict[str, str]:
    return {name: text for name, text in files_below(root / "staged").items() if name != ".lock"}


def test_what_was_acknowledged_and_pushed_survives_the_loss_of_the_root(
    root: Path, tmp_path: Path
) -> None:
    copy, new = tmp_path / "copy", tmp_path / "new"
    p2_json(root, "relay", "add", "disk", copy)
    (behind,) = p2_json(root, "relay", "status")["relays"]
    assert behind["staged"] == 1
    assert "1 staged item" in p2(root, "relay", "status").out
    pushed = p2(root, "relay", "push")
    assert "1 staged item among them" in pushed.out, pushed.err
    assert p2_json(root, "relay", "status")["relays"][0]["staged"] == 0
    before = staged(root)
    assert staged(copy) == before != {}
    shutil.rmtree(root)
    told = p2(new, "restore", copy)
    assert told.code == 0, told.err
    assert "1 item waits to be stored" in told.out
    assert staged(new) == before
    assert p2(new, "inbox", "watch", "--once").code == 0
    with Store.open(new) as store:
        assert attempts(store) == {"first": 1, "waiting": 1}
    assert staged(new) == {}


def test_what_is_staged_later_counts_as_missing_until_it_is_pushed(
    root: Path, tmp_path: Path
) -> None:
    p2_json(root, "relay", "add", "disk", tmp_path / "copy")
    p2_json(root, "relay", "push")
    stage_one(root, "later")
    assert p2_json(root, "relay", "status")["relays"][0]["staged"] == 1
    (pushed,) = p2_json(root, "relay", "push")["relays"]
    assert (pushed["staged"], pushed["copied"]) == (2, 3)  # two files and the registry


def test_what_was_stored_since_the_last_copy_is_not_staged_again(
    root: Path, tmp_path: Path
) -> None:
    copy, new = tmp_path / "copy", tmp_path / "new"
    p2_json(root, "backup", copy)
    assert p2(root, "inbox", "watch", "--once").code == 0
    p2_json(root, "backup", copy)
    assert p2_json(copy, "backup", "--verify", copy)["ok"]
    p2_json(new, "restore", copy)
    assert staged(new) == {}
    with Store.open(new) as store:
        assert attempts(store) == {"first": 1, "waiting": 1}


def test_restoring_leaves_alone_what_still_waits_in_the_root(root: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    p2_json(root, "backup", copy)
    (path,) = root.glob("staged/*/waiting/steps.csv")
    path.write_text(TABLE + "2,0.25\n")
    p2_json(root, "restore", copy)
    assert path.read_text().endswith("2,0.25\n")
    shutil.rmtree(path.parent.parent)
    p2_json(root, "restore", copy)
    assert path.read_text() == TABLE


def test_an_item_that_changed_is_copied_as_it_is_now(root: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    p2_json(root, "backup", copy)
    (path,) = root.glob("staged/*/waiting/steps.csv")
    path.write_text(TABLE.replace("0.5", "0.7"))
    p2_json(root, "backup", copy)
    assert staged(copy) == staged(root)


def test_an_item_that_is_stored_while_it_is_copied_is_copied_as_a_bundle(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy, new = tmp_path / "copy", tmp_path / "new"
    read = LocalSource.read

    def storing(source: LocalSource, item: object, offset: int) -> Iterator[bytes]:
        if getattr(item, "kind", "") == "staged" and staged(root):
            assert p2(root, "inbox", "watch", "--once").code == 0
        return read(source, item, offset)  # type: ignore[arg-type]

    monkeypatch.setattr(LocalSource, "read", storing)
    done = copies.backup(root, copy)
    assert (done.moving, done.shipped.staged) == (0, 0)
    monkeypatch.undo()
    p2_json(new, "restore", copy)
    assert staged(new) == {}
    with Store.open(new) as store:
        assert attempts(store) == {"first": 1, "waiting": 1}


def test_half_an_item_is_never_restored(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy, new = tmp_path / "copy", tmp_path / "new"
    read = LocalSource.read

    def failing(source: LocalSource, item: object, offset: int) -> Iterator[bytes]:
        if str(getattr(item, "name", "")).endswith("note.md"):
            raise DataError("P2-D0804", "gone")
        return read(source, item, offset)  # type: ignore[arg-type]

    monkeypatch.setattr(LocalSource, "read", failing)
    done = copies.backup(root, copy)
    monkeypatch.undo()
    assert (done.moving, done.problems) == (1, ())
    assert p2_json(copy, "backup", "--verify", copy)["ok"]
    p2_json(new, "restore", copy)
    assert staged(new) == {}
    assert "1 staged item is not in the copy" in _told_of(done)
    p2_json(root, "backup", copy)
    (damaged,) = copy.glob("staged/*/waiting/deep/er/note.md")
    damaged.unlink()
    told = p2(tmp_path / "newer", "restore", copy)
    assert told.code == 1
    assert "note.md" in told.out
    assert staged(tmp_path / "newer") == {}


def _told_of(done: copies.Copied) -> str:
    from plotter2.cli.copies import moving_lines

    return "\n".join(moving_lines(done))


# ------------------------------------------------------------ a disk without room
@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path, mib=16) as folder:
        yield folder


def fill(disk: Path, leave: int = 0) -> None:
    with (disk / "ballast").open("wb", buffering=0) as file:
        with contextlib.suppress(OSError):
            while file.write(bytes(4096)):
                pass
        file.truncate(max(0, file.tell() - leave))


@pytest.mark.parametrize("leave", [0, 64 << 10])
def test_a_root_on_a_full_disk_is_pushed_whole(
    root: Path, disk: Path, tmp_path: Path, leave: int
) -> None:
    full, copy, new = disk / "root", tmp_path / "copy", tmp_path / "new"
    shutil.copytree(root, full)
    p2_json(full, "relay", "add", "disk", copy)
    fill(disk, leave)
    pushed = p2(full, "relay", "push")
    assert pushed.code == 0, pushed.err
    assert "acknowledged" in pushed.out
    if not leave:
        assert "cannot note what was acknowledged" in pushed.out
    p2_json(new, "restore", copy)
    assert staged(new) == staged(full)
    with Store.open(new) as store:
        assert attempts(store) == {"first": 1}
    (disk / "ballast").unlink()
    again = p2_json(full, "relay", "push")["relays"][0]
    assert again["noted"]
    assert p2_json(full, "relay", "status")["relays"][0]["objects"] == 0


def test_a_disk_that_fills_while_it_is_pushed_does_not_end_the_push(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from plotter2.datter.acknowledged import Acknowledged

    def no_room(*_: object) -> None:
        raise DataError("P2-D0801", "full")

    p2_json(root, "relay", "add", "disk", tmp_path / "copy")
    monkeypatch.setattr(Acknowledged, "enter", no_room)
    with Store.open(root) as store:
        done = pushing.push(store, addresses.find(store.layout, "disk"))
    assert not done.is_noted
    assert staged(tmp_path / "copy") == staged(root)


def test_dropped_files_are_items_too(root: Path, tmp_path: Path) -> None:
    path = drop(root, "single.csv", TABLE)
    with Store.open(root) as store:
        accept(Grounds(root), [path], store.new_id())
    p2_json(root, "backup", tmp_path / "copy")
    p2_json(tmp_path / "new", "restore", tmp_path / "copy")
    assert staged(tmp_path / "new") == staged(root)


ODD = (b"\xff\xfe.csv", b"two\nlines.csv", "turned\u202e.csv".encode())
"""Names that not every disk takes, or no text holds."""


@pytest.mark.parametrize("name", ODD)
def test_an_item_with_a_name_that_cannot_travel_stays_whole_at_home(
    root: Path, tmp_path: Path, name: bytes
) -> None:
    folder = root / "inbox" / "odd"
    folder.mkdir()
    (folder / "fine.csv").write_text(TABLE)
    Path(os.fsdecode(bytes(folder) + b"/" + name)).write_text(TABLE)
    Path(folder / "empty").mkdir()
    (folder / "link.csv").symlink_to("/etc/passwd")
    with Store.open(root) as store:
        accept(Grounds(root), [folder], store.new_id())
    copy = tmp_path / "copy"
    p2_json(root, "relay", "add", "disk", copy)
    pushed = p2(root, "relay", "push")
    assert pushed.code == 0, pushed.err
    assert "1 staged item among them" in pushed.out
    assert pushed.out.count("its name is not one that every disk takes") == 1
    assert "/odd: not all that is in it can be copied" in pushed.out
    assert not [path for path in staged(copy) if "/odd/" in path]
    assert p2_json(root, "relay", "status")["relays"][0]["staged"] == 1
    assert p2(root, "backup", tmp_path / "backup").code == 0


@pytest.mark.parametrize("name", ODD)
def test_a_name_that_cannot_travel_in_quarantine_keeps_nothing_else_from_being_copied(
    root: Path, tmp_path: Path, name: bytes
) -> None:
    folder = root / "inbox" / "odd"
    folder.mkdir()
    (folder / "broken.parquet").write_bytes(b"PAR1")
    Path(os.fsdecode(bytes(folder) + b"/" + name)).write_text(TABLE)
    assert p2(root, "inbox", "watch", "--once").code == 1
    done = p2_json(root, "backup", tmp_path / "copy")
    (left_out,) = [why for name, why in done["left_out"].items() if "quarantine/" in name]
    assert left_out == "its name is not one that every disk takes"
    restored = p2(tmp_path / "new", "restore", tmp_path / "copy")
    assert restored.code == 0, restored.err
