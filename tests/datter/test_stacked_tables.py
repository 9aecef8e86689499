"""Stacking: which columns several runs have together, with which types, and what binding gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from datter_samples import add_run, add_sweep, curve
from plotter2.datter.store import Store
from plotter2.errors import DataError


@pytest.fixture
def store(tmp_path: Path):
    with Store.open(tmp_path) as opened:
        yield opened


def types(store: Store, path: str) -> dict[str, str]:
    return {name: str(column_type) for name, column_type in store.schema_of(path).columns}


def conflict(store: Store, path: str) -> str:
    with pytest.raises(DataError) as caught:
        store.describe(path)
    assert caught.value.code == "P2-D0814"
    return caught.value.message


def test_runs_get_their_names_and_params_as_columns(store: Store) -> None:
    add_sweep(store, "exp", 3)
    columns = types(store, "exp/*")
    assert list(columns) == ["bundle", "run", "attempt", "lr", "seed", "step", "loss"]
    assert columns == {
        "bundle": "string", "run": "string", "attempt": "int", "lr": "number", "seed": "int",
        "step": "int", "loss": "number",
    }  # fmt: skip
    assert types(store, "exp/run0") == columns
    parts = store.bind("exp/*", ["run", "lr", "loss"])
    assert [part.constants for part in parts] == [
        {"run": "run0", "lr": 0.1}, {"run": "run1", "lr": 0.2}, {"run": "run2", "lr": 0.3}
    ]  # fmt: skip
    assert [list(part.columns) for part in parts] == [["loss"]] * 3
    (chunk,) = parts[0].columns["loss"]
    assert (chunk.rows, chunk.bytes) == (3, chunk.path.stat().st_size)


def test_a_column_that_some_runs_lack_is_nullable_and_a_note_names_them(store: Store) -> None:
    add_run(store, "exp/a", {**curve(), "acc": ("number", [1.0, 2.0, 3.0])})
    add_run(store, "exp/b", curve())
    described = store.describe("exp/*")
    assert str(described.schema["acc"]) == "number?"
    assert "column 'acc' is missing in 1 of 2 runs: b" in described.notes
    assert described.schema.members is not None
    assert described.schema.members.runs == ("a", "b")
    assert described.schema.members.lacking["acc"] == ("b",)
    _, part = store.bind("exp/*", ["acc"])
    assert (part.columns, part.constants) == ({}, {})


def test_int_and_number_give_number_also_for_params(store: Store) -> None:
    add_run(store, "exp/a", {"x": ("int", [1, 2])}, lr=1)
    add_run(store, "exp/b", {"x": ("number", [1.5, 2.5])}, lr=0.5)
    assert types(store, "exp/*")["x"] == "number"
    assert types(store, "exp/*")["lr"] == "number"
    constants = [part.constants["lr"] for part in store.bind("exp/*", ["lr"])]
    assert [type(value) for value in constants] == [float, float]


def test_other_types_do_not_go_together_and_the_runs_are_named(store: Store) -> None:
    add_run(store, "exp/a", {"x": ("int", [1, 2])})
    add_run(store, "exp/b", {"x": ("string", ["p", "q"])})
    assert conflict(store, "exp/*") == (
        "the types of column 'x' do not go together: int in a; string in b"
    )


def test_two_units_do_not_go_together_but_one_run_may_state_none(store: Store) -> None:
    add_run(store, "exp/a", units={"loss": "s"})
    add_run(store, "exp/b", units={})
    described = store.describe("exp/*")
    assert str(described.schema["loss"]) == "number[s]"
    assert "taken for all, also for b" in described.notes[0]
    add_run(store, "exp/c", units={"loss": "B"})
    assert conflict(store, "exp/*") == (
        "the units of column 'loss' do not go together: B in c; s in a"
    )


def test_a_column_without_any_value_goes_with_every_type(store: Store) -> None:
    add_run(store, "exp/a", {"x": ("null", [None, None]), "y": ("null", [None, None])})
    add_run(store, "exp/b", {"x": ("string", ["p", "q"]), "y": ("null", [None, None])})
    assert types(store, "exp/*")["x"] == "string?"
    assert types(store, "exp/*")["y"] == "number?"
    part, _ = store.bind("exp/*", ["x"])
    assert part.columns == {}


def test_an_empty_run_changes_no_type(store: Store) -> None:
    add_run(store, "exp/a", {"x": ("null", [])})
    add_run(store, "exp/b", {"x": ("int", [1, 2])})
    assert types(store, "exp/*")["x"] == "int"


def test_params_that_differ_in_kind_become_text(store: Store) -> None:
    add_run(store, "exp/a", lr="auto", flag=True)
    add_run(store, "exp/b", lr=0.5, flag="maybe")
    assert types(store, "exp/*")["lr"] == "string"
    parts = store.bind("exp/*", ["lr", "flag"])
    assert [part.constants["lr"] for part in parts] == ["auto", "0.5"]
    assert [part.constants["flag"] for part in parts] == ["true", "maybe"]


def test_a_param_that_some_runs_lack_is_nullable(store: Store) -> None:
    add_run(store, "exp/a", lr=0.1)
    add_run(store, "exp/b")
    assert types(store, "exp/*")["lr"] == "number?"


def test_a_recorded_column_hides_the_param_and_the_param_fills_where_it_is_not_recorded(
    store: Store,
) -> None:
    add_run(store, "exp/a", {**curve(), "lr": ("number", [0.3, 0.2, 0.1])}, lr=0.3)
    add_run(store, "exp/b", curve(), lr=0.5)
    described = store.describe("exp/*")
    assert str(described.schema["lr"]) == "number"
    assert "column 'lr': the recorded values are used, not the param of that name" in (
        described.notes
    )
    a, b = store.bind("exp/*", ["lr"])
    assert list(a.columns) == ["lr"]
    assert b.constants == {"lr": 0.5}


def test_a_recorded_column_called_run_is_the_one_that_is_meant(store: Store) -> None:
    add_run(store, "exp", {"run": ("int", [1, 2])})
    described = store.describe("exp")
    assert str(described.schema["run"]) == "int"
    assert described.notes == (
        "column 'run': the recorded values are used, not the name of the run",
    )


def test_an_unknown_column_is_named_with_those_there_are(store: Store) -> None:
    add_run(store, "exp")
    with pytest.raises(DataError) as caught:
        store.bind("exp", ["los"])
    assert caught.value.code == "P2-D0819"
    assert "loss" in caught.value.help


def test_roles_and_sources_are_told_to_whoever_writes_a_starter_script(store: Store) -> None:
    add_sweep(store, "exp", 2)
    sources = {column.name: column.source for column in store.describe("exp/*").columns}
    assert sources["lr"] == "param"
    assert sources["run"] == "automatic"
    assert sources["loss"] == "recorded"
