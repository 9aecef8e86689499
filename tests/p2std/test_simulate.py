"""States that follow from each other: counted, with the columns as they were, each from the one before."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from p2std.errors import NotComputable
from tagged import call, col, new, op, ran

START = pl.DataFrame({"name": ["a", "b"], "x": [0.0, 10.0], "v": [1.0, -2.0]})


def test_every_state_follows_from_the_one_before() -> None:
    found = ran("simulate", START, steps=3, new=new(x=op("+", col("x"), col("v"))))
    assert found.columns == ["name", "x", "v", "state"]
    assert found["state"].to_list() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert found.filter(name="a")["x"].to_list() == [0.0, 1.0, 2.0, 3.0]
    assert found.filter(name="b")["x"].to_list() == [10.0, 8.0, 6.0, 4.0]


def test_all_expressions_see_the_state_before() -> None:
    found = ran("simulate", START, steps=1, new=new(x=col("v"), v=col("x")))
    assert found.filter(state=1).select("x", "v").rows() == [(1.0, 0.0), (-2.0, 10.0)]


def test_aggregates_look_at_one_state() -> None:
    middle = new(x=op("-", col("x"), call("mean", x=col("x"))))
    found = ran("simulate", START, steps=2, new=middle)
    assert found.filter(state=2)["x"].to_list() == [-5.0, 5.0]


def test_missing_stays_missing_and_not_a_number_becomes_it() -> None:
    frame = pl.DataFrame({"x": [1.0, None]})
    found = ran("simulate", frame, steps=1, new=new(x=op("/", op("-", col("x"), 1.0), 0.0)))
    assert found["x"].to_list() == [1.0, None, None, None]


@pytest.mark.parametrize("steps", [0, -1, 5_001])
def test_the_number_of_steps_has_bounds(steps: int) -> None:
    with pytest.raises(NotComputable):
        ran("simulate", START, steps=steps, new=new(x=col("x")))


@given(st.lists(st.integers(-1000, 1000), max_size=5), st.integers(1, 6))
def test_a_state_that_does_not_change_is_there_as_often_as_asked(
    values: list[int], steps: int
) -> None:
    frame = pl.DataFrame({"n": pl.Series(values, dtype=pl.Int64)})
    found = ran("simulate", frame, steps=steps, new=new(n=col("n")))
    assert found["n"].to_list() == values * (steps + 1)
