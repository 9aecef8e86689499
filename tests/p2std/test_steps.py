"""Steps on tables: what stays, in which order, and what missing values do."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from p2std.errors import NotComputable
from p2std.kernels.sources import access, union
from p2std.table import collected
from tagged import call, col, lit, op, ran, table_of

NAN = float("nan")
FRAME = pl.DataFrame({"k": ["b", "a", None, "a"], "n": [2, None, 1, 3], "x": [1.0, NAN, None, 4.0]})


def test_select_keeps_order_of_naming() -> None:
    assert ran("select", FRAME, cols=["x", "k"]).columns == ["x", "k"]


def test_filter_takes_missing_as_false() -> None:
    assert ran("filter", FRAME, where=op(">", col("x"), 0))["k"].to_list() == ["b", "a"]
    assert ran("filter", FRAME, where=["not", op(">", col("x"), 0)]).height == 0


def test_filter_may_look_at_many_rows() -> None:
    found = ran("filter", FRAME, where=op("<=", call("rank", x=col("n")), 2))
    assert found["n"].to_list() == [2, 1]
    assert found.columns == FRAME.columns


def test_order_is_stable_and_puts_missing_last() -> None:
    by_key = ran("order", FRAME, cols=["by", [col("k")]])
    assert by_key["n"].to_list() == [None, 3, 2, 1]
    backwards = ran("order", FRAME, cols=["by", [["desc", col("n")]]])
    assert backwards["n"].to_list() == [3, 2, 1, None]
    assert ran("order", FRAME, cols=["cols", ["k", "n"]])["n"].to_list() == [3, None, 2, 1]


def test_head_and_its_bounds() -> None:
    assert ran("head", FRAME, n=2).height == 2
    assert ran("head", FRAME, n=99).height == 4
    assert ran("head", FRAME, n=0).height == 0
    with pytest.raises(NotComputable):
        ran("head", FRAME, n=-1)


def test_sample_is_the_same_every_time_and_keeps_row_order() -> None:
    frame = pl.DataFrame({"i": range(1000)})
    found = ran("sample", frame, rows=50, seed=7)["i"].to_list()
    assert found == ran("sample", frame, rows=50, seed=7)["i"].to_list()
    assert found == sorted(found)
    assert len(set(found)) == 50
    assert found != ran("sample", frame, rows=50, seed=8)["i"].to_list()
    assert ran("sample", frame, rows=5000, seed=7).height == 1000


def test_sample_draws_every_row_equally_often() -> None:
    frame = pl.DataFrame({"i": range(10)})
    hits = np.bincount(
        [i for seed in range(300) for i in ran("sample", frame, rows=3, seed=seed)["i"]],
        minlength=10,
    )
    assert hits.sum() == 900
    assert hits.min() > 60


def test_rename_can_swap() -> None:
    swapped = ran("rename", FRAME, new=["rename", [["k", "n"], ["n", "k"]]])
    assert swapped.columns == ["n", "k", "x"]


def test_cast() -> None:
    frame = pl.DataFrame(
        {"a": ["1", "2.0"], "b": [1.7, -1.7], "c": ["TRUE", "false"], "d": [3.0, 0.5]}
    )
    types = [["a", "int"], ["b", "int"], ["c", "bool"], ["d", "string"]]
    assert ran("cast", frame, new=["types", types]).rows() == [
        (1, 1, True, "3"),
        (2, -1, False, "0.5"),
    ]


@pytest.mark.parametrize("bad", [["x"], ["1", "two"], ["1e400"]])
def test_a_value_that_cannot_be_cast_stops(bad: list[str]) -> None:
    with pytest.raises(pl.exceptions.InvalidOperationError):
        ran("cast", pl.DataFrame({"a": bad}), new=["types", [["a", "int"]]])


def test_drop_nulls_drops_nan_too() -> None:
    assert ran("drop_nulls", FRAME, cols=["x"])["n"].to_list() == [2, 3]
    assert ran("drop_nulls", FRAME, cols=[])["n"].to_list() == [2, 3]


def test_label_is_text() -> None:
    assert ran("label", FRAME, by="n")["label"].to_list() == ["2", None, "1", "3"]


def test_join_keeps_left_order_and_matches_no_missing_key() -> None:
    other = table_of(pl.DataFrame({"k": ["a", None, "c"], "v": [10, 20, 30]}))
    found = ran("join", FRAME, other=other, on=["k"], rows=None)
    assert found.select("n", "v").rows() == [(None, 10), (3, 10)]


def test_join_of_whole_numbers_with_numbers_never_rounds() -> None:
    other = table_of(pl.DataFrame({"n": [2.0, 2.5, 1.0], "v": [1, 2, 3]}))
    assert ran("join", FRAME, other=other, on=["n"], rows=None).select("n", "v").rows() == [
        (2, 1),
        (1, 3),
    ]


def test_union_fills_what_one_table_lacks() -> None:
    top = table_of(pl.DataFrame({"a": [1], "b": ["x"]}))
    low = table_of(pl.DataFrame({"c": [True], "a": [2.5]}))
    assert collected(union(top, low)).rows() == [(1.0, "x", None), (2.5, None, True)]


def test_access_gives_one_step() -> None:
    table = table_of(pl.DataFrame({"step": [1, 2, 2], "x": [1.0, 2.0, 3.0]}))
    assert collected(access(table, 2))["x"].to_list() == [2.0, 3.0]
    with pytest.raises(NotComputable, match="column step"):
        access(table_of(FRAME), 2)


@pytest.mark.parametrize("step", ["filter", "order", "head", "sample", "label", "drop_nulls"])
def test_an_empty_table_passes_through(step: str) -> None:
    arguments = {
        "filter": {"where": op(">", col("x"), 0)},
        "order": {"cols": ["by", [col("x")]]},
        "head": {"n": 5},
        "sample": {"rows": 5, "seed": 0},
        "label": {"by": "k"},
        "drop_nulls": {"cols": []},
    }[step]
    found = ran(step, FRAME.clear(), **arguments)
    assert found.height == 0
    assert found.columns[:3] == FRAME.columns


def test_a_summary_may_be_of_an_expression_of_keys() -> None:
    label = ["cat", [col("k"), lit("!")]]
    found = ran("summary", FRAME, by=["k"], new=["new", [["t", label], ["n", call("count")]]])
    assert found.rows() == [("a", "a!", 2), ("b", "b!", 1), (None, None, 1)]


def test_the_first_of_more_rows_than_a_table_can_have_are_all() -> None:
    assert ran("head", FRAME, n=2**62).height == FRAME.height
