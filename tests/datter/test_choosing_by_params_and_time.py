"""What chooses among bundles: params and time looked up by SQLite as Python would, tables named beside a path."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commandline import p2, p2_json
from datter_samples import add_run
from logger2.identity import Scalar
from plotter2.datter.narrowing import (
    Combined,
    Condition,
    Narrowing,
    OneOf,
    Present,
    Test,
    moment,
    narrowing,
)
from plotter2.datter.store import Store
from plotter2.errors import DataError

PARAMS: tuple[dict[str, Scalar], ...] = (
    {},
    {"lr": 0.1, "opt": "adam", "fast": True},
    {"lr": 1, "opt": "sgd", "fast": False},
    {"lr": 2.5, "opt": 1, "fast": None},
    {"lr": -3, "opt": None, "fast": True},
    {"lr": "0.1", "opt": "adam"},
)
VALUES = st.one_of(
    st.sampled_from([0.1, 1, 2, -3, 2.5, "adam", "sgd", "0.1", "", True, False]),
    st.floats(-4, 4),
)
NAMES = st.sampled_from(["lr", "opt", "fast", "nothing"])
LEAVES: st.SearchStrategy[Test] = st.one_of(
    st.builds(Condition, NAMES, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), VALUES),
    st.builds(OneOf, NAMES, st.lists(VALUES, max_size=4).map(tuple), st.booleans()),
    st.builds(Present, NAMES, st.booleans()),
)
TESTS = st.recursive(
    LEAVES,
    lambda inner: st.builds(
        Combined, st.lists(inner, min_size=1, max_size=3).map(tuple), st.booleans()
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = Store.open(tmp_path_factory.mktemp("choosing"))
    for number, params in enumerate(PARAMS):
        add_run(store, f"exp/run{number}", **params)
    return store


def refused(work: object, *words: object) -> DataError:
    assert callable(work)
    with pytest.raises(DataError) as caught:
        work(*words)
    assert caught.value.help
    return caught.value


@given(test=TESTS)
def test_sqlite_chooses_the_bundles_that_fulfil_the_test(runs: Store, test: Test) -> None:
    for asked in (test, test.opposite()):
        only = Narrowing((asked,))
        found = {line.bundle.run for line in runs.list("exp", only)}
        assert found == {f"run{n}" for n, params in enumerate(PARAMS) if only.fits(params, 1)}


@given(test=TESTS)
def test_no_bundle_fulfils_a_test_and_its_opposite(runs: Store, test: Test) -> None:
    both = Narrowing((Combined((test, test.opposite()), every=True),))
    assert runs.list("exp", both) == ()


def test_a_span_of_time_has_its_first_moment_and_not_its_last(runs: Store) -> None:
    created = [line.bundle.created for line in runs.list("exp")]
    first, last = min(created), max(created)
    assert len(runs.list("exp", Narrowing(since=first))) == len(PARAMS)
    assert runs.list("exp", Narrowing(before=first)) == ()
    assert len(runs.list("exp", Narrowing(before=last + 1))) == len(PARAMS)


def test_a_date_without_a_zone_is_that_of_the_zone_that_is_asked_for() -> None:
    assert moment("2026-11-01") == moment("2026-11-01T00:00Z") == moment("2026-11-01T01:00+01:00")
    assert moment("yesterday") is None
    assert narrowing([], "2026-11-01", "2026-11-02").before == moment("2026-11-02", None)


def test_params_are_told_with_what_they_hold(runs: Store) -> None:
    told = {name: str(kind) for name, kind in runs.params_of("exp/*").items()}
    assert told == {"fast": "bool?", "lr": "any", "opt": "any?"}
    assert {n: str(k) for n, k in runs.params_of("exp/run1").items()} == {
        "fast": "bool",
        "lr": "number",
        "opt": "string",
    }


def test_nothing_left_says_how_many_were_looked_at(runs: Store) -> None:
    only = narrowing(["lr = 99"], None)
    error = refused(runs.describe, "exp/*", only)
    assert (error.code, "none of the 6 bundles" in error.message) == ("P2-D0866", True)
    assert refused(runs.describe, "exp/run1", only).code == "P2-D0866"


def test_what_is_narrowed_has_the_shape_of_the_bundles_that_remain(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        add_run(store, "exp/a", lr=0.1)
        add_run(store, "exp/b", lr=1, only_here=True)
        assert "only_here" in store.schema_of("exp/*")
        narrow = store.describe("exp/*", narrowing(["lr < 0.5"], None))
        assert "only_here" not in narrow.schema
        assert [part.bundle.run for part in narrow.parts] == ["a"]
        assert narrow.schema.rows == store.schema_of("exp/a").rows


def test_the_command_line_asks_for_a_span_of_time_too(runs: Store) -> None:
    root = runs.layout.root
    assert len(p2_json(root, "ls", "exp/*", "--since", "2020-01-01")["bundles"]) == len(PARAMS)
    answer = p2(root, "ls", "exp/*", "--before", "2020-01-01")
    assert "none of the 6 bundles" in answer.out + answer.err


def test_tables_are_told_for_a_path(runs: Store) -> None:
    assert runs.tables_at("exp/*") == ("main",)


def test_a_table_named_beside_the_path_tells_a_bundle_from_a_table(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        add_run(store, "exp", {"a": ("int", [1])}, stream="steps")
        add_run(store, "exp/steps", {"b": ("int", [1, 2])})
        assert refused(store.describe, "exp/steps").code == "P2-D0811"
        assert "a" in store.describe("exp", table="steps").schema
        assert "b" in store.describe("exp/steps", table="main").schema
        assert "b" in store.describe("exp/*/main", table="main").schema
        twice = refused(store.describe, "exp/*/main", Narrowing(), "other")
        assert (twice.code, "named beside it" in twice.message) == ("P2-D0811", True)
        for name in ("stepz", "no such/name", ""):
            lacking = refused(store.describe, "exp", Narrowing(), name)
            assert lacking.code == "P2-D0813"
        assert refused(store.describe, "exp/*", Narrowing(), "stepz").code == "P2-D0813"
