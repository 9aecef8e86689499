"""One damaged description costs one bundle, until it is mended: nothing else, and nothing for good."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from commandline import p2, p2_json
from datter_samples import PATIENCE_S, add_run, add_sweep, curve
from plotter2.datter.auditing import audit
from plotter2.datter.collecting import object_files
from plotter2.datter.layout import Layout
from plotter2.datter.rebuild import rebuild
from plotter2.datter.store import Store
from plotter2.errors import DataError
from plotter2.relay import copies


@pytest.fixture
def root(tmp_path: Path) -> Path:
    with Store.open(tmp_path / "root") as store:
        add_sweep(store, "exp", 3)
        add_run(store, "other", curve(5))
    return tmp_path / "root"


def file_of(root: Path, name: str) -> Path:
    with Store.open(root) as store:
        (row,) = store.find(name)
    return Layout(root).bundle_file(row.id)


def garbled(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(b"\0" * path.stat().st_size)


def lose_registry(root: Path) -> None:
    for path in (root / "registry").glob("registry.db*"):
        path.unlink()


def content(root: Path) -> dict[str, list[tuple[str, int]]]:
    """Give every attempt of every name with its id."""
    with Store.open(root) as store:
        names = {line.bundle.name for line in (*store.list(), *store.archived())}
        return {name: [(a.id, a.attempt) for a in store.attempts(name)] for name in names}


def names(root: Path) -> list[str]:
    return [line["name"] for line in p2_json(root, "ls")["bundles"]]


@pytest.mark.parametrize("damage", [garbled, Path.unlink], ids=["damaged", "missing"])
@pytest.mark.parametrize("registry", ["there", "lost"])
def test_a_rebuild_leaves_out_what_cannot_be_read_and_brings_it_back(
    root: Path, damage: Callable[[Path], None], registry: str
) -> None:
    before, path = content(root), file_of(root, "exp/run1")
    whole = path.read_bytes()
    damage(path)
    if registry == "lost":
        lose_registry(root)
    done = p2(root, "fsck", "--rebuild")
    assert done.code == 1
    assert "1 left out as it cannot be read" in done.out
    called = path.parent.name if registry == "lost" else f"exp/run1 ({path.parent.name})"
    assert f"left out until it is mended: {called}" in done.out
    assert "plotter2 restore COPY" in done.out
    assert names(root) == ["exp", "exp/run0", "exp/run2", "other"]
    assert path.parent.is_dir()
    found = p2(root, "fsck", "--json")
    assert (found.code, [each["id"] for each in found.json["left_out"]]) == (1, [path.parent.name])
    path.unlink(missing_ok=True)
    path.write_bytes(whole)
    mended = p2(root, "fsck")
    assert mended.code == 1
    assert "leaves out what can be read again" in mended.out
    assert p2(root, "fsck", "--rebuild").code == 0
    assert content(root) == before


def test_listings_and_selectors_say_that_something_is_left_out(root: Path) -> None:
    path = file_of(root, "exp/run1")
    garbled(path)
    rebuild(root, PATIENCE_S)
    for words in (["ls"], ["tree"], ["show"], ["show", "exp/*"]):
        said = p2(root, *words)
        assert said.code == 0
        assert "1 bundle is left out until mended" in said.out, words
        assert "plotter2 restore COPY" in said.out
    (left,) = p2_json(root, "ls")["left_out"]
    assert (left["id"], left["name"]) == (path.parent.name, "exp/run1")
    for wanted in ("exp/run1", path.parent.name):
        refused = p2(root, "show", wanted)
        assert refused.code == 1
        assert "P2-D0817" in refused.err
        assert "is left out" in refused.err


def test_what_a_bundle_that_is_left_out_needs_is_kept(root: Path) -> None:
    path = file_of(root, "exp/run1")
    whole = path.read_bytes()
    objects = object_files(Layout(root))
    garbled(path)
    for _ in range(2):  # with the registry of before, and with the one without it
        done = p2(root, "gc", "--yes", "--older-than", "0")
        assert done.code == 0
        assert "plotter2 restore COPY" in done.out
        assert object_files(Layout(root)) == objects
        assert path.exists()
        rebuild(root, PATIENCE_S)
    path.write_bytes(whole)
    rebuild(root, PATIENCE_S)
    assert audit(root, PATIENCE_S, deep=True).problems == ()


def test_other_garbage_goes_while_a_bundle_is_left_out(root: Path) -> None:
    garbled(file_of(root, "exp/run1"))
    rest = root / "source" / "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    rest.mkdir()
    p2(root, "gc", "--yes", "--older-than", "0")
    assert not rest.exists()


def test_a_name_that_was_given_again_keeps_both_bundles(root: Path) -> None:
    path = file_of(root, "other")
    whole, first = path.read_bytes(), path.parent.name
    path.unlink()
    lose_registry(root)
    rebuild(root, PATIENCE_S)
    with Store.open(root) as store:
        second = add_run(store, "other", curve(6))
        third = add_run(store, "other", curve(7))
        store.rename("exp/run2", "again")
    assert (second.attempt, third.attempt) == (1, 2)
    path.write_bytes(whole)
    done = p2(root, "fsck", "--rebuild", "--json")
    assert done.code == 0
    moved = [(e["id"], e["stored"], e["attempt"]) for e in done.json["rebuilt"]["renumbered"]]
    assert moved == [(second.id, 1, 2), (third.id, 2, 3)]
    assert content(root)["other"] == [(third.id, 3), (second.id, 2), (first, 1)]
    said = p2(root, "show", "other").out
    assert "attempt 3 of other was stored as attempt 2" in said
    assert "plotter2 archive ID" in said
    p2(root, "archive", third.id)
    with Store.open(root) as store:
        assert [row.id for row in store.find("other")] == [second.id]


def test_a_name_that_another_bundle_was_renamed_to_keeps_both(root: Path) -> None:
    path = file_of(root, "other")
    whole, first = path.read_bytes(), path.parent.name
    path.unlink()
    rebuild(root, PATIENCE_S)
    moved = file_of(root, "exp/run2").parent.name
    p2_json(root, "rename", "exp/run2", "other")
    path.write_bytes(whole)
    assert p2(root, "fsck", "--rebuild").code == 0
    assert content(root)["other"] == [(moved, 2), (first, 1)]
    rebuild(root, PATIENCE_S)
    assert content(root)["other"] == [(moved, 2), (first, 1)]


def test_a_change_that_cannot_be_read_costs_what_it_says_only(root: Path) -> None:
    before = content(root)
    with Store.open(root) as store:
        last = store.events()[-1]
    event = root / "source" / "commits" / f"{last}.json"
    whole = event.read_bytes()
    garbled(event)
    lose_registry(root)
    assert p2(root, "fsck", "--rebuild").code == 1
    assert names(root) == ["exp", "exp/run0", "exp/run1", "exp/run2"]
    objects = object_files(Layout(root))
    p2(root, "gc", "--yes", "--older-than", "0")
    assert object_files(Layout(root)) == objects
    event.write_bytes(whole)
    assert p2(root, "fsck", "--rebuild").code == 0
    assert content(root) == before


def test_without_a_registry_the_remedy_is_named(root: Path) -> None:
    garbled(file_of(root, "exp/run1"))
    lose_registry(root)
    refused = p2(root, "ls")
    assert "P2-D0817" in refused.err
    assert "plotter2 fsck --rebuild" in refused.err


def test_one_restore_mends_it_and_brings_it_back(root: Path, tmp_path: Path) -> None:
    before, path = content(root), file_of(root, "exp/run1")
    copies.backup(root, tmp_path / "copy")
    garbled(path)
    lose_registry(root)
    rebuild(root, PATIENCE_S)
    done = p2(root, "restore", str(tmp_path / "copy"))
    assert done.code == 0, done.err
    assert content(root) == before
    assert p2(root, "fsck").code == 0


def test_a_copy_keeps_the_bundle_that_its_root_has_lost(root: Path, tmp_path: Path) -> None:
    before, path = content(root), file_of(root, "exp/run1")
    copies.backup(root, tmp_path / "copy")
    path.chmod(0o644)
    path.write_bytes(b"{")
    rebuild(root, PATIENCE_S)
    with Store.open(root) as store:
        add_run(store, "new")
    assert copies.backup(root, tmp_path / "copy").problems == ()
    assert p2(root, "restore", str(tmp_path / "copy")).code == 0
    assert content(root) == {**before, "new": content(root)["new"]}


def test_a_first_copy_of_a_root_with_a_lost_bundle_says_so(root: Path, tmp_path: Path) -> None:
    path = file_of(root, "exp/run1")
    garbled(path)
    rebuild(root, PATIENCE_S)
    done = p2(root, "backup", str(tmp_path / "copy"))
    assert done.code == 1
    assert path.parent.name in done.out
    assert names(tmp_path / "copy") == ["exp", "exp/run0", "exp/run2", "other"]
    shutil.rmtree(root)
    p2(root, "restore", str(tmp_path / "copy"))
    assert names(root) == ["exp", "exp/run0", "exp/run2", "other"]


def test_a_bundle_that_is_left_out_is_not_stored_under_its_id_again(root: Path) -> None:
    from plotter2.datter.adding import Draft

    path = file_of(root, "other")
    path.unlink()
    rebuild(root, PATIENCE_S)
    with (
        Store.open(root) as store,
        store.adding() as adding,
        pytest.raises(DataError, match="is left out"),
    ):
        adding.commit([Draft(name="other", id=path.parent.name)], PATIENCE_S)
