"""What the inbox put into quarantine is in safe copies: it is the only place where it is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from commandline import p2, p2_json
from copy_samples import files_below, flip_a_bit
from plotter2.datter.store import Store
from staging_samples import drop

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def like(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a root that refused a file, to be copied."""
    root = tmp_path_factory.mktemp("like") / "root"
    Store.open(root).close()
    drop(root, "broken.csv", "step,loss\n1,2,3\n")
    assert p2(root, "inbox", "watch", "--once").code == 1
    return root


@pytest.fixture
def root(like: Path, tmp_path: Path) -> Path:
    return shutil.copytree(like, tmp_path / "root")


def kept(root: Path) -> dict[str, str]:
    return files_below(root / "quarantine")


def test_what_is_in_quarantine_comes_back_with_a_restored_root(root: Path, tmp_path: Path) -> None:
    copy, new = tmp_path / "copy", tmp_path / "new"
    p2_json(root, "backup", copy)
    assert kept(copy) == kept(root) != {}
    assert p2_json(root, "backup", copy)["copied"] == 1  # the registry
    shutil.rmtree(root)
    p2_json(new, "restore", copy)
    assert kept(new) == kept(copy)
    (item,) = p2_json(new, "quarantine", "ls")["refused"]
    assert item["name"] == "broken.csv"
    assert p2(new, "quarantine", "retry", item["id"]).code == 0


def test_what_was_dropped_since_the_newest_copy_stays_away(root: Path, tmp_path: Path) -> None:
    copy, new = tmp_path / "copy", tmp_path / "new"
    p2_json(root, "backup", copy)
    (item,) = p2_json(root, "quarantine", "ls")["refused"]
    p2_json(root, "quarantine", "drop", item["id"])
    p2_json(root, "backup", copy)
    p2_json(new, "restore", copy)
    assert p2_json(new, "quarantine", "ls")["refused"] == []


def test_what_is_damaged_in_the_copy_is_found_and_mended(root: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    p2_json(root, "backup", copy)
    flip_a_bit(next(copy.glob("quarantine/*/kept/broken.csv")))
    checked = p2(root, "backup", "--verify", copy)
    assert checked.code == 1
    assert "broken.csv" in checked.out
    p2_json(root, "backup", copy)
    assert kept(copy) == kept(root)


def test_what_no_disk_may_hold_or_is_private_is_told_and_left_out(
    root: Path, tmp_path: Path
) -> None:
    (folder,) = (root / "quarantine").iterdir()
    (folder / "kept" / "id").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    (folder / "kept" / "a\nb").write_text("odd")
    (folder / "kept" / "link").symlink_to("/etc/passwd")
    done = p2_json(root, "backup", tmp_path / "copy")
    names = {name.rpartition("/")[2]: why for name, why in done["left_out"].items()}
    assert set(names) == {"id", "a\nb", "link"}
    assert names["id"] == "it is private"
    told = p2(root, "backup", tmp_path / "copy").out.splitlines()
    assert [line for line in told if "a\\nb" in line]
