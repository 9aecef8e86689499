"""What is acknowledged was synced before, in the right order; a disk that refuses loses nothing."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from plotter2.datter import durable
from plotter2.datter.store import Store
from plotter2.errors import Plotter2Error
from plotter2.staging import Inbox, Told
from staging_samples import attempts, drop, read_plainly

DROPS = {"one.csv": "1", "two.csv": "2", "bad.csv": "bad"}


def places(root: Path) -> dict[str, list[str]]:
    """Give for each drop the folders in which it lies."""
    found: dict[str, list[str]] = {name: [] for name in DROPS}
    for pattern in ("inbox/*", "staged/*/*", "quarantine/*/kept/*"):
        for path in root.glob(pattern):
            found[path.name].append(path.relative_to(root).parts[0])
    return found


def test_bytes_are_synced_before_they_move_and_folders_before_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[tuple[str, str]] = []
    sync, rename = os.fsync, os.rename

    def synced(fd: int) -> None:
        sync(fd)
        happened.append(("synced", str(Path(f"/proc/self/fd/{fd}").readlink())))

    def renamed(source: Path, target: Path, **options: Any) -> None:
        happened.append(("moved", str(source)))
        rename(source, target, **options)

    def told(news: Told) -> None:
        happened.append((news.what, news.name))

    folder = tmp_path / "inbox" / "sweep"
    (folder / "run0").mkdir(parents=True)
    (folder / "run0" / "a.csv").write_text("1")
    curve = drop(tmp_path, "curve.csv", "2")
    with Store.open(tmp_path) as store:
        inbox = Inbox(store, read_plainly, told, still_s=0)
        with inbox.held():
            inbox.step()
            monkeypatch.setattr(os, "fsync", synced)
            monkeypatch.setattr(os, "rename", renamed)
            inbox.step()
    batch = next(path for what, path in happened if what == "synced" and "/staged/" in path)
    for path in (folder, folder / "run0", folder / "run0" / "a.csv", curve):
        item = curve if path == curve else folder
        assert happened.index(("synced", str(path))) < happened.index(("moved", str(item)))
    for item in (curve, folder):
        moved, told_at = happened.index(("moved", str(item))), happened.index(("staged", item.name))
        between = happened[moved:told_at]
        assert ("synced", batch) in between
        assert ("synced", str(tmp_path / "inbox")) in between


@pytest.mark.parametrize(
    ("kind", "error"), [("write", errno.ENOSPC), ("mkdir", errno.ENOSPC), ("fsync", errno.EIO)]
)
def test_whatever_call_fails_every_item_lies_in_one_place_and_is_stored_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, error: int
) -> None:
    original, fail_at, calls = getattr(os, kind), 0, 0

    def failing(*arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == fail_at:
            raise OSError(error, os.strerror(error))
        return original(*arguments, **options)

    refused = "P2"
    while refused or calls >= fail_at:  # a folder that is there already need not be made
        fail_at, calls = fail_at + 1, 0
        root = tmp_path / str(fail_at)
        for name, content in DROPS.items():
            drop(root, name, content)
        monkeypatch.setattr(durable.os, kind, failing)
        told, refused = emptied(root)
        monkeypatch.undo()
        assert refused in ("P2-D0801", "P2-D0803", "P2-H0915", "")
        acknowledged = {news.name for news in told if news.what == "staged"}
        for name, folders in places(root).items():
            ended = any(news.name == name and news.what != "staged" for news in told)
            assert len(folders) <= 1, (fail_at, name, folders)
            assert folders or ended, (fail_at, name)
            assert not (name in acknowledged and folders == ["inbox"]), (fail_at, name)
        assert not emptied(root)[1]
        with Store.open(root) as store:
            assert attempts(store) == {"one": 1, "two": 1}
        assert places(root) == {"one.csv": [], "two.csv": [], "bad.csv": ["quarantine"]}
    assert fail_at > 5


def emptied(root: Path) -> tuple[list[Told], str]:
    """Empty the inbox; tells the news and with which code it was broken off."""
    told: list[Told] = []
    try:
        with Store.open(root) as store:
            inbox = Inbox(store, read_plainly, told.append, still_s=0)
            with inbox.held():
                inbox.step()
                inbox.step()
    except Plotter2Error as refused:
        return told, refused.code
    return told, ""
