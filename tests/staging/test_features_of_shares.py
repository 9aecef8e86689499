"""The features of two shares of a column, put together, are those of the whole column."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plotter2.child.reader_columns import Kind, ReadColumn
from plotter2.child.reader_features import features_of
from plotter2.staging.features import Share, together

NUMBERS = st.lists(st.none() | st.integers(-5, 5), max_size=12)
FLOATS = st.lists(
    st.none() | st.sampled_from([0.0, 0.5, -1.0, 3.0, float("nan"), float("inf")]), max_size=12
)
TEXTS = st.lists(
    st.none() | st.sampled_from(["a", "b c", "2026-11-24", "", "1:02:03"]), max_size=12
)


def share(kind: Kind, dtype: Any, values: list[Any]) -> Share:
    series = pl.Series("x", values, dtype=dtype)
    return Share(len(values), features_of(ReadColumn("x", kind, series)))


@pytest.mark.parametrize(
    ("kind", "dtype", "values"),
    [("int", pl.Int64, NUMBERS), ("number", pl.Float64, FLOATS), ("string", pl.String, TEXTS)],
)
def test_two_shares_have_the_features_of_the_whole(kind: Kind, dtype: Any, values: Any) -> None:
    @given(values, values)
    def check(one: list[Any], more: list[Any]) -> None:
        both = together(share(kind, dtype, one), share(kind, dtype, more))
        whole = share(kind, dtype, one + more).features
        if (
            one and more and "first" not in whole
        ):  # of text, and of infinite values, it is not known
            both.pop("constant")
        for name in both.keys() & whole.keys() - {"unique"}:
            assert both[name] == pytest.approx(whole[name]), name
        assert both.keys() <= whole.keys()

    check()


def test_rising_values_are_all_different() -> None:
    both = together(share("int", pl.Int64, [1, 2, 3]), share("int", pl.Int64, [4, 5]))
    assert both == share("int", pl.Int64, [1, 2, 3, 4, 5]).features
