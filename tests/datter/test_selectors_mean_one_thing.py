"""Selectors: names, stars, tables, ids; what is unknown or means two things is said clearly."""

from __future__ import annotations

from pathlib import Path

import pytest

from datter_samples import PATIENCE_S, add_run, add_sweep, curve, table
from plotter2.datter.adding import Draft
from plotter2.datter.selector import natural
from plotter2.datter.store import Store
from plotter2.errors import DataError


@pytest.fixture
def store(tmp_path: Path):
    with Store.open(tmp_path) as opened:
        yield opened


def refusal(store: Store, path: str) -> DataError:
    with pytest.raises(DataError) as caught:
        store.describe(path)
    return caught.value


def test_star_means_children_and_two_stars_all_below(store: Store) -> None:
    add_sweep(store, "exp", 3)
    add_run(store, "exp/run0/rev1")
    assert len(store.describe("exp/*").parts) == 3
    assert len(store.describe("exp/**").parts) == 4
    assert len(store.describe("**").parts) == 4


def test_children_come_in_natural_order_and_siblings_by_prefix_are_not_meant(store: Store) -> None:
    add_sweep(store, "exp", 12)
    add_sweep(store, "exp2", 2)
    runs = [part.bundle.run for part in store.describe("exp/*").parts]
    assert runs == [f"run{number}" for number in range(12)]
    assert sorted(["run10", "run2"], key=natural) == ["run2", "run10"]


def test_a_last_part_names_a_table(store: Store) -> None:
    with store.adding() as adding:
        tables = {"steps": table(adding, curve(9)), "epochs": table(adding, curve(2))}
        drafts = [Draft(name=f"exp/run{n}", params={"seed": n}, tables=tables) for n in (0, 1)]
        adding.commit(drafts, PATIENCE_S)
    assert store.schema_of("exp/run0/epochs").rows == 2
    assert store.schema_of("exp/*/epochs").rows == 4
    assert store.schema_of("exp/**/steps").rows == 18
    assert [row.name for row in store.find("exp/run0/epochs")] == ["exp/run0"]
    assert [row.name for row in store.find("exp/*/epochs")] == ["exp/run0", "exp/run1"]
    for path in ("exp/run0", "exp/*"):
        error = refusal(store, path)
        assert error.code == "P2-D0812"
        assert "epochs and steps" in error.message
        assert f"{path}/epochs" in error.help
    error = refusal(store, "exp/run0/epoch")
    assert error.code == "P2-D0813"
    assert error.help == "did you mean 'exp/run0/epochs'?"
    assert refusal(store, "exp/*/weights").code == "P2-D0813"


def test_main_is_meant_when_nothing_is_said(store: Store) -> None:
    with store.adding() as adding:
        tables = {"main": table(adding, curve(9)), "weights": table(adding, curve(2))}
        adding.commit([Draft(name="exp/run0", tables=tables)], PATIENCE_S)
    assert store.schema_of("exp/run0").rows == 9
    assert store.schema_of("exp/*").rows == 9


def test_runs_without_the_table_are_named_in_a_note(store: Store) -> None:
    add_run(store, "exp/good", stream="epochs")
    add_run(store, "exp/bad", stream="steps")
    described = store.describe("exp/*/epochs")
    assert described.schema.rows == 3
    assert described.notes == ("1 without the table 'epochs' left out: bad",)


def test_a_misspelt_name_gets_close_names(store: Store) -> None:
    add_sweep(store, "experiment2", 2)
    error = refusal(store, "experimnt2/*")
    assert (error.code, error.message) == ("P2-D0810", "there is no bundle 'experimnt2'")
    assert "'experiment2'" in error.help
    assert "'experiment2/run1'" in refusal(store, "experiment3/run1").help


def test_an_empty_store_says_how_to_fill_it(store: Store) -> None:
    error = refusal(store, "experiment2")
    assert error.code == "P2-D0810"
    assert "plotter2 add" in error.help


def test_a_name_that_is_a_bundle_and_a_table_is_an_error_that_names_both(store: Store) -> None:
    with store.adding() as adding:
        made = table(adding, curve())
        drafts = [
            Draft(name="exp", tables={"epochs": made}),
            Draft(name="exp/epochs", tables={"main": made}),
        ]
        adding.commit(drafts, PATIENCE_S)
    error = refusal(store, "exp/epochs")
    assert error.code == "P2-D0811"
    assert "bundle" in error.message
    assert "table 'epochs' of 'exp'" in error.message


def test_an_id_prefix_that_fits_two_bundles_lists_both(store: Store) -> None:
    one, two = add_run(store, "one"), add_run(store, "two")
    shared = next(one.id[:n] for n in range(26, 0, -1) if two.id.startswith(one.id[:n]))
    error = refusal(store, shared)
    assert error.code == "P2-D0811"
    assert one.id in error.message
    assert two.id in error.message


def test_an_enclosing_bundle_points_to_its_children(store: Store) -> None:
    add_sweep(store, "exp", 2)
    error = refusal(store, "exp")
    assert error.code == "P2-D0818"
    assert "'exp/*'" in error.help
    assert refusal(store, "exp/run0/*").help == "its own table is selected with 'exp/run0'"


@pytest.mark.parametrize(
    "path", ["", "exp/*/a/b", "exp/**/*", "*/exp/b", "../x", "a b", "EXP", "exp/", "/exp"]
)
def test_what_is_no_selector_is_refused(store: Store, path: str) -> None:
    assert refusal(store, path).code == "P2-D0815"


def test_only_the_newest_attempt_is_meant_by_a_star(store: Store) -> None:
    add_run(store, "exp/run0", curve(3))
    add_run(store, "exp/run0", curve(5))
    assert store.schema_of("exp/*").rows == 5
    (part,) = store.bind("exp/*", ["attempt"])
    assert part.constants == {"attempt": 2}
