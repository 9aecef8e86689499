"""Adding bundles: whole or absent, once, in the right order, readable afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from datter_samples import PATIENCE_S, add_run, add_sweep, curve, table
from plotter2.datter.adding import Draft
from plotter2.datter.bundle import slug, slug_path
from plotter2.datter.ids import IdSource, is_id
from plotter2.datter.layout import FOLDERS, INBOX
from plotter2.datter.locks import locked
from plotter2.datter.store import Store
from plotter2.errors import DataError


def files_under(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_new_root_has_the_seven_folders_and_a_private_config(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a" / "root") as store:
        assert {path.name for path in store.layout.root.iterdir()} == {*FOLDERS, INBOX}
        assert store.layout.config.stat().st_mode & 0o777 == 0o700
        assert list(store.layout.objects.iterdir()) == []


def test_an_added_bundle_is_found_by_name_and_id_after_reopening(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        entered = add_run(store, "exp", lr=0.1)
    with Store.open(tmp_path) as store:
        assert [row.id for row in store.find("exp")] == [entered.id]
        assert [row.id for row in store.find(entered.id[:20].lower())] == [entered.id]
        bundle = store.bundle(entered.id)
        assert bundle.params == {"lr": 0.1}
        assert store.verify("exp") == 2


def test_the_same_content_under_the_same_name_is_the_bundle_that_is_there(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        first = add_run(store, "exp")
        before = files_under(tmp_path / "source")
        again = add_run(store, "exp")
        assert (again.outcome, again.id) == ("already there", first.id)
        assert files_under(tmp_path / "source") == before


def test_other_content_under_the_same_name_is_a_new_attempt_and_the_old_one_is_kept(
    tmp_path: Path,
) -> None:
    with Store.open(tmp_path) as store:
        first = add_run(store, "exp", curve(3))
        second = add_run(store, "exp", curve(5))
        assert (second.outcome, second.attempt) == ("new attempt", 2)
        assert store.schema_of("exp").rows == 5
        assert store.schema_of(first.id).rows == 3
        assert [row.attempt for row in store.attempts("exp")] == [2, 1]


def test_equal_columns_are_kept_once(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        add_run(store, "one", lr=0.1)
        add_run(store, "two", lr=0.2)
        assert len(files_under(store.layout.objects)) == 2


def test_a_tree_is_one_event_and_children_know_their_parent(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        parent, *children = add_sweep(store, "exp", 3)
        assert len(list(store.layout.commits.iterdir())) == 1
        assert {row.parent for row in store.find("exp/*")} == {parent.id}
        assert [entered.outcome for entered in children] == ["added"] * 3


def test_nothing_is_left_of_an_add_that_is_not_committed(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        before = files_under(tmp_path / "source")
        with store.adding() as adding:
            adding.put(b"never named")
        assert files_under(tmp_path / "source") == before
        assert list(store.layout.temp.iterdir()) == []


def test_a_bad_name_is_refused_with_a_good_one(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        for name in ("../evil", "", "a//b", "A", "a/.hidden", "x" * 101):
            with pytest.raises(DataError) as caught:
                add_run(store, name)
            assert caught.value.code == "P2-D0815"
        assert store.list() == ()


def test_any_text_becomes_a_readable_name() -> None:
    assert slug("lr=0.1,seed=3") == "lr=0.1,seed=3"
    assert slug("LR=1e+300_seed=0") == "lr=1e+300_seed=0"
    assert slug("My Runs (final)") == "my-runs-final"
    assert slug("...") == "unnamed"
    assert [slug(name) for name in ("CON", "aux.x", "console", "a.")] == [
        "con_",
        "aux_.x",
        "console",
        "a",
    ]
    assert slug_path("Exp 2/Run 7") == "exp-2/run-7"


def test_ids_of_one_process_only_grow() -> None:
    ids = IdSource()
    made = [ids.new() for _ in range(5000)]
    assert made == sorted(set(made))
    assert all(is_id(one) for one in made)


def test_folders_of_dead_processes_are_swept_and_those_of_living_ones_stay(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store, store.adding() as adding:
        adding.put(b"in progress")
        orphan = store.layout.temp / IdSource().new()
        orphan.mkdir()
        (orphan / "half").write_bytes(b"half")
        Store.open(tmp_path).close()
        assert not orphan.exists()
        assert len(list(store.layout.temp.iterdir())) == 2  # the living folder and its lock


def test_a_second_process_waits_and_then_says_that_the_store_is_busy(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store, store.adding() as adding:
        made = table(adding, curve())
        with (
            locked(store.layout.registry / "lock", 1.0),
            pytest.raises(DataError) as caught,
        ):
            adding.commit([Draft(name="exp", tables={"main": made})], 0.1)
        assert caught.value.code == "P2-D0808"
        adding.commit([Draft(name="exp", tables={"main": made})], PATIENCE_S)
        assert store.schema_of("exp").rows == 3


def test_a_damaged_object_is_found_and_mended_by_adding_again(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        add_run(store, "exp")
        victim = sorted(path for path in store.layout.objects.rglob("*") if path.is_file())[0]
        original = victim.read_bytes()
        victim.chmod(0o644)
        victim.write_bytes(bytes(len(original)))
        with pytest.raises(DataError) as caught:
            store.verify("exp")
        assert caught.value.code == "P2-D0816"
        victim.unlink()
        with pytest.raises(DataError):
            store.bind("exp", ["step", "loss"])
        assert add_run(store, "exp").outcome == "already there"
        assert store.verify("exp") == 2


def test_renaming_moves_all_below_and_is_remembered(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        parent, *_ = add_sweep(store, "old", 3)
        add_run(store, "taken")
        assert store.rename("old", "new/name") == 4
        assert store.schema_of("new/name/*").rows == 9
        assert [(r.old, r.new) for r in store.renames(parent.id)] == [("old", "new/name")]
        for name, code in (("taken", "P2-D0820"), ("../x", "P2-D0815")):
            with pytest.raises(DataError) as caught:
                store.rename("new/name", name)
            assert caught.value.code == code
        with pytest.raises(DataError) as caught:
            store.rename("nobody", "somebody")
        assert caught.value.code == "P2-D0810"
