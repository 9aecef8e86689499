"""Grouping by packed keys gives what polars gives, in the order of the keys, whatever the keys look like."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from p2std.grouping import packed
from tagged import call, col, new, ran

RNG = np.random.default_rng(8)
DENSE = new(
    m=call("mean", x=col("x")),
    s=call("stddev", x=col("x")),
    t=call("sum", x=col("x")),
    n=call("count"),
)
WITH_ORDER = new(m=call("mean", x=col("x")), q=call("median", x=col("x")))


def by_polars(frame: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    x = pl.col("x").fill_nan(None)
    return (
        frame.lazy()
        .group_by(by)
        .agg(m=x.mean(), s=x.std(), t=x.sum(), n=pl.len().cast(pl.Int64), q=x.median())
        .sort(by, nulls_last=True)
        .collect(engine="in-memory")
    )


def keys(kind: str, rows: int) -> list[Any]:
    numbers = RNG.integers(-4, 5, rows)
    made: dict[str, list[Any]] = {
        "int": numbers.tolist(),
        "wide int": (numbers * 10**12).tolist(),
        "number": (numbers / 8).tolist(),
        "string": [f"run{n}" for n in numbers],
        "bool": (numbers > 0).tolist(),
        "runs": np.repeat(RNG.permutation(rows // 20 + 1), 20)[:rows].astype(float).tolist(),
        "text runs": [f"r{n}" for n in np.repeat(RNG.permutation(rows // 20 + 1), 20)[:rows]],
    }
    with_missing = made[kind]
    for place in (3, 4, rows - 1):
        with_missing[place] = None
    return with_missing


KINDS = ["int", "wide int", "number", "string", "bool", "runs", "text runs"]


@pytest.mark.parametrize("first", KINDS)
@pytest.mark.parametrize("second", [None, "int", "string"])
@pytest.mark.parametrize("wanted", [DENSE, WITH_ORDER], ids=["added up", "with a median"])
def test_groups_are_those_of_polars(first: str, second: str | None, wanted: list[Any]) -> None:
    x = RNG.normal(size=300)
    x[::17] = np.nan
    frame = pl.DataFrame({"a": keys(first, 300), "x": x})
    by = ["a"]
    if second is not None:
        frame, by = frame.with_columns(b=pl.Series(keys(second, 300))), ["a", "b"]
    found = ran("summary", frame, by=by, new=wanted)
    assert_frame_equal(found, by_polars(frame, by).select(found.columns), rel_tol=1e-12)


def test_keys_with_too_many_values_are_left_to_polars() -> None:
    assert packed([pl.Series(RNG.normal(size=100_000))]) is None
    frame = pl.DataFrame({"a": RNG.normal(size=100_000), "x": np.ones(100_000)})
    found = ran("summary", frame, by=["a"], new=new(m=call("mean", x=col("x"))))
    assert found["a"].to_list() == sorted(frame["a"].to_list())


def test_an_empty_table_has_no_groups() -> None:
    frame = pl.DataFrame(
        {"a": [], "b": [], "x": []}, schema={"a": pl.Int64, "b": pl.String, "x": pl.Float64}
    )
    found = ran("summary", frame, by=["a", "b"], new=DENSE)
    assert found.shape == (0, 6)
    assert found.schema["a"] == pl.Int64
    assert found.schema["b"] == pl.String


def test_a_table_without_groups_still_has_its_keys() -> None:
    found = ran("summary", pl.DataFrame({"a": [2, 1, 2]}), by=["a"], new=None)
    assert found.to_dict(as_series=False) == {"a": [1, 2]}


def test_one_row() -> None:
    found = ran("summary", pl.DataFrame({"a": ["k"], "x": [2.5]}), by=["a"], new=DENSE)
    assert found.row(0) == ("k", 2.5, None, 2.5, 1)


def test_all_keys_missing() -> None:
    frame = pl.DataFrame({"a": pl.Series([None, None], dtype=pl.Int64), "x": [1.0, 3.0]})
    assert ran("summary", frame, by=["a"], new=DENSE).row(0)[:2] == (None, 2.0)


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.integers(-3, 3) | st.none(), st.sampled_from(["a", "b"]) | st.none()),
        min_size=1,
    )
)
def test_packed_keys_unpack_to_what_went_in(rows: list[tuple[int | None, str | None]]) -> None:
    columns = [
        pl.Series("a", [r[0] for r in rows], dtype=pl.Int64),
        pl.Series("b", [r[1] for r in rows], dtype=pl.String),
    ]
    found = packed(columns)
    assert found is not None
    back = found.unpack(found.codes)
    assert [c.to_list() for c in back] == [c.to_list() for c in columns]
    ordered = pl.DataFrame(columns).sort("a", "b", nulls_last=True).rows()
    assert [rows[i] for i in np.argsort(found.codes, kind="stable")] == ordered
