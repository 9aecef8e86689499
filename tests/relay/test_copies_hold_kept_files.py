"""Safe copies and relays hold the files that bundles keep, byte by byte, and give them back."""

from __future__ import annotations

from pathlib import Path

from commandline import p2, p2_json
from datter_samples import add_with_files
from plotter2.datter.store import Store

CONTENTS = {"notes.md": b"notes", "deep/model.bin": b"weights" * 100_000}


def make_root(root: Path) -> None:
    with Store.open(root) as store:
        add_with_files(store, "kept", CONTENTS)


def held(root: Path) -> dict[str, bytes]:
    with Store.open(root) as store:
        (row,) = store.find("kept")
        files = store.bundle(row.id).files
        return {path: store.object_bytes(file.digest) for path, file in files.items()}


def test_a_lost_root_comes_back_with_its_files(tmp_path: Path) -> None:
    root, copy = tmp_path / "root", tmp_path / "copy"
    make_root(root)
    assert p2_json(root, "backup", copy)["ok"]
    assert p2(root, "backup", copy, "--verify").code == 0
    p2_json(tmp_path / "new", "restore", copy)
    assert held(tmp_path / "new") == CONTENTS
    assert p2_json(tmp_path / "new", "fsck", "--deep")["problems"] == []


def test_a_damaged_file_is_mended_from_a_copy(tmp_path: Path) -> None:
    root, copy = tmp_path / "root", tmp_path / "copy"
    make_root(root)
    p2_json(root, "backup", copy)
    with Store.open(root) as store:
        (row,) = store.find("kept")
        digest = store.bundle(row.id).files["deep/model.bin"].digest
        path = store.layout.object_file(digest)
    path.chmod(0o644)
    path.write_bytes(b"Weights" * 100_000)
    assert p2(root, "fsck", "--deep").code != 0
    p2_json(root, "restore", copy)
    assert held(root) == CONTENTS


def test_a_relay_gets_the_files(tmp_path: Path) -> None:
    root, other = tmp_path / "root", tmp_path / "other"
    make_root(root)
    p2_json(root, "relay", "add", "disk", other)
    p2_json(root, "relay", "push", "disk")
    p2_json(tmp_path / "new", "restore", other)
    assert held(tmp_path / "new") == CONTENTS
