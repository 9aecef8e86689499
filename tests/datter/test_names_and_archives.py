"""Renaming, archiving, conditions: what a name means afterwards, and what stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from datter_samples import PATIENCE_S, add_run, add_sweep, curve
from plotter2.datter.auditing import audit
from plotter2.datter.narrowing import narrowing
from plotter2.datter.rebuild import rebuild
from plotter2.datter.store import Store
from plotter2.errors import DataError


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path) as opened:
        add_sweep(opened, "exp", 3)
        yield opened


def names(store: Store) -> list[str]:
    return [line.bundle.name for line in store.list()]


def sound(store: Store) -> bool:
    return audit(store.layout.root, PATIENCE_S).problems == ()


def refused(work: object, *words: object, **options: object) -> DataError:
    assert callable(work)
    with pytest.raises(DataError) as caught:
        work(*words, **options)
    assert caught.value.help
    return caught.value


# ------------------------------------------------------------ former names
def test_a_former_name_goes_on_meaning_the_bundle_and_says_so(store: Store) -> None:
    store.rename("exp", "old-exp")
    stacked = store.describe("exp/*")
    assert len(stacked.parts) == 3
    assert "'exp' is a former name; the bundle is called 'old-exp' now" in stacked.notes
    (row,) = store.find("exp/run1")
    assert row.name == "old-exp/run1"
    assert store.describe("exp/run1/main").notes == (
        "'exp/run1' is a former name; the bundle is called 'old-exp/run1' now",
    )
    assert store.describe("old-exp/*").notes == ()


def test_a_former_name_means_the_new_bundle_that_gets_it(store: Store) -> None:
    store.rename("exp", "old-exp")
    add_run(store, "exp", curve(9))
    (row,) = store.find("exp")
    assert row.name == "exp"
    assert store.describe("exp").notes == ()


def test_names_may_move_up_and_down_over_each_other(store: Store) -> None:
    store.rename("exp", "exp/inner")
    assert names(store) == ["exp/inner", *(f"exp/inner/run{n}" for n in range(3))]
    add_run(store, "exp/inner/inner")
    store.rename("exp/inner", "exp")
    assert names(store) == ["exp", "exp/inner", *(f"exp/run{n}" for n in range(3))]
    assert sound(store)


def test_an_id_can_be_renamed_and_a_former_name_cannot(store: Store) -> None:
    (row,) = store.find("exp/run1")
    store.rename(row.id, "exp/best")
    assert "exp/best" in names(store)
    assert refused(store.rename, "exp/run1", "exp/run7").code == "P2-D0810"
    assert store.rename("exp/best", "exp/best") == 0


# ------------------------------------------------------------ archives
def test_archived_bundles_are_hidden_and_their_ids_reach_them(store: Store) -> None:
    (row,) = store.find("exp/run1")
    assert [b.id for b in store.archive("exp/run1")] == [row.id]
    assert names(store) == ["exp", "exp/run0", "exp/run2"]
    assert len(store.describe("exp/*").parts) == 2
    assert store.describe(row.id).schema.rows == 3
    assert [line.bundle.id for line in store.archived()] == [row.id]
    error = refused(store.describe, "exp/run1")
    assert error.code == "P2-D0824"
    assert "plotter2 archive --undo exp/run1" in error.help
    assert sound(store)


def test_archiving_takes_all_below_and_undo_brings_all_back(store: Store) -> None:
    before = store.list()
    assert len(store.archive("exp")) == 4
    assert store.archive("exp") == ()
    assert store.list() == ()
    assert refused(store.describe, "exp/*").code == "P2-D0824"
    assert len(store.archive("exp", undo=True)) == 4
    assert store.list() == before
    error = refused(store.archive, "exp", undo=True)
    assert error.code == "P2-D0825"


def test_a_selector_archives_what_it_means_and_an_id_one_attempt(store: Store) -> None:
    second = add_run(store, "exp/run0", curve(7))
    store.archive(second.id)
    (row,) = store.find("exp/run0")
    assert row.attempt == 1
    store.archive("exp/*")
    assert names(store) == ["exp"]
    assert len(store.archived("exp/run0")) == 2


def test_a_rebuild_keeps_names_and_archives(store: Store) -> None:
    store.rename("exp", "old")
    store.archive("old/run2")
    before, hidden = store.list(), store.archived()
    store.close()
    rebuild(store.layout.root, PATIENCE_S)
    with Store.open(store.layout.root) as again:
        assert (again.list(), again.archived()) == (before, hidden)
        assert again.find("exp/run1")[0].name == "old/run1"
        assert sound(again)


@pytest.mark.parametrize("name", ["nobody", "nobody/*", "a b"])
def test_what_is_not_there_is_neither_archived_nor_renamed(store: Store, name: str) -> None:
    assert refused(store.archive, name).code in ("P2-D0810", "P2-D0815")
    assert refused(store.rename, name, "x").code in ("P2-D0810", "P2-D0815")


# ------------------------------------------------------------ conditions
@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        (["lr > 0.1"], ["run1", "run2"]),
        (["lr>=0.1", "lr < 0.25"], ["run0", "run1"]),
        (["seed = 2"], ["run2"]),
        (["seed != 2"], ["run0", "run1"]),
        (["opt = adam"], ["other"]),
        (["opt = 'adam'", "fast = true"], ["other"]),
        (["fast = false"], []),
        (["lr = adam"], []),
        (["o'\" = 1"], []),
    ],
)
def test_conditions_on_params_choose_bundles(
    store: Store, conditions: list[str], found: list[str]
) -> None:
    add_run(store, "exp/other", opt="adam", fast=True)
    only = narrowing(conditions, None)
    assert [line.bundle.run for line in store.list("exp", only)] == found
    if found:
        assert [row.run for row in store.find("exp/*", only)] == found
        assert [part.bundle.run for part in store.describe("exp/*", only).parts] == found
    else:
        assert "none of the 4" in refused(store.find, "exp/*", only).message


def test_dates_choose_bundles(store: Store) -> None:
    assert len(store.list("", narrowing([], "2020-01-01"))) == 4
    assert store.list("", narrowing([], "2999-01-01T12:00")) == ()


@pytest.mark.parametrize("condition", ["lr", "lr >", "> 3", "opt > adam", "fast < true", ""])
def test_a_bad_condition_is_refused_with_a_right_one(condition: str) -> None:
    assert refused(narrowing, [condition], None).code == "P2-D0826"


def test_a_bad_date_is_refused_with_a_right_one() -> None:
    assert "2026-11-01" in refused(narrowing, [], "yesterday").help
