"""Aggregates against numpy, scipy and the statistics module."""

from __future__ import annotations

import math
import statistics
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from p2std.errors import NotComputable
from tagged import call, col, new, op, ran, reduced

RNG = np.random.default_rng(3)
MIXED = [3.0, None, -1.5, float("nan"), 7.25, 3.0, 0.0]
CLEAN = [3.0, -1.5, 7.25, 3.0, 0.0]

EXPECTED: dict[str, tuple[Any, Any]] = {
    "mean": (statistics.fmean(CLEAN), None),
    "median": (statistics.median(CLEAN), None),
    "mode": (3.0, None),
    "stddev": (statistics.stdev(CLEAN), None),
    "variance": (statistics.variance(CLEAN), None),
    "iqr": (float(stats.iqr(CLEAN)), None),
    "sum": (math.fsum(CLEAN), 0.0),
    "product": (math.prod(CLEAN), 1.0),
    "min": (min(CLEAN), None),
    "max": (max(CLEAN), None),
    "first": (3.0, None),
    "last": (0.0, None),
    "l1norm": (14.75, 0.0),
    "l2norm": (float(np.linalg.norm(CLEAN)), 0.0),
    "ci_low": (stats.t.interval(0.95, 4, statistics.fmean(CLEAN), stats.sem(CLEAN))[0], None),
    "ci_high": (stats.t.interval(0.95, 4, statistics.fmean(CLEAN), stats.sem(CLEAN))[1], None),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_missing_values_never_count(name: str) -> None:
    assert reduced(MIXED, name) == pytest.approx(EXPECTED[name][0], rel=1e-14, abs=1e-14)


@pytest.mark.parametrize("name", EXPECTED)
@pytest.mark.parametrize(
    "nothing", [[], [None, None], [float("nan")]], ids=["empty", "null", "NaN"]
)
def test_of_nothing_an_aggregate_gives_null_or_its_neutral_value(
    name: str, nothing: list[Any]
) -> None:
    frame = pl.DataFrame({"x": pl.Series(nothing, dtype=pl.Float64)})
    assert reduced(frame, name) == EXPECTED[name][1]


@pytest.mark.parametrize(
    ("name", "value"),
    [("mean", 4.0), ("stddev", None), ("ci_low", None), ("ci_high", None), ("median", 4.0),
     ("sum", 4.0), ("product", 4.0), ("l2norm", 4.0), ("mode", 4.0)],
)  # fmt: skip
def test_one_row(name: str, value: float | None) -> None:
    assert reduced([4.0], name) == value


@pytest.mark.parametrize("name", ["mean", "stddev", "sum", "ci_low", "ci_high", "l1norm", "l2norm"])
def test_whole_numbers_are_numbers_too(name: str) -> None:
    assert reduced([1, 2, 5, None], name) == pytest.approx(reduced([1.0, 2.0, 5.0], name))


def test_a_sum_of_large_whole_numbers_does_not_wrap_round() -> None:
    assert reduced([2**62, 2**62, 2**62], "sum") == pytest.approx(3 * 2.0**62)


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_norms_and_cosine_neither_overflow_nor_vanish(size: float) -> None:
    x = [3 * size, 4 * size]
    assert reduced(x, "l2norm") == pytest.approx(5 * size)
    frame = pl.DataFrame({"x": x, "y": [4 * size, 3 * size]})
    assert reduced(frame, "cosine_similarity", x=col("x"), y=col("y")) == pytest.approx(24 / 25)


def test_stddev_survives_a_large_offset() -> None:
    values = (1e9 + RNG.normal(size=500)).tolist()
    assert reduced(values, "stddev") == pytest.approx(np.std(values, ddof=1), rel=1e-6)


@pytest.mark.parametrize("q", [0.0, 0.1, 0.25, 0.5, 0.9, 1.0])
def test_quantiles_are_linear_between_neighbours(q: float) -> None:
    values = RNG.normal(size=37)
    expected = np.quantile(values, q, method="linear")
    assert reduced(values.tolist(), "quantile", q=q) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize(
    ("name", "argument"), [("quantile", {"q": 1.5}), ("ci_low", {"level": 95.0})]
)
def test_a_share_outside_its_range_is_refused(name: str, argument: dict[str, float]) -> None:
    with pytest.raises(NotComputable) as refused:
        reduced([1.0, 2.0], name, **argument)
    assert refused.value.code == "P2-R0614"


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
@pytest.mark.parametrize("n", [2, 3, 5, 40, 10_000])
def test_intervals_are_exact_t_intervals(level: float, n: int) -> None:
    values = RNG.normal(size=n)
    low, high = stats.t.interval(level, n - 1, values.mean(), stats.sem(values))
    assert reduced(values.tolist(), "ci_low", level=level) == pytest.approx(low, rel=1e-11)
    assert reduced(values.tolist(), "ci_high", level=level) == pytest.approx(high, rel=1e-11)


def test_the_mode_of_several_is_the_smallest() -> None:
    assert reduced(["b", "a", "b", "a", "c", None], "mode") == "a"


def test_cosine_uses_rows_that_have_both() -> None:
    frame = pl.DataFrame({"x": [1.0, 2.0, None, 3.0], "y": [2.0, 1.0, 5.0, float("nan")]})
    given = {"x": col("x"), "y": col("y")}
    assert reduced(frame, "cosine_similarity", **given) == pytest.approx(4 / 5)
    zero = pl.DataFrame({"x": [0.0, 0.0], "y": [1.0, 2.0]})
    assert reduced(zero, "cosine_similarity", **given) is None


def test_integral_is_trapezoidal_in_the_order_of_wrt() -> None:
    w = RNG.permutation(np.cumsum(RNG.uniform(0.1, 2, 50)))
    y = RNG.normal(size=50)
    order = np.argsort(w)
    frame = pl.DataFrame({"w": [*w, None, 3.0], "y": [*y, 1.0, float("nan")]})
    expected = np.trapezoid(y[order], w[order])
    assert reduced(frame, "integral", y=col("y"), wrt=col("w")) == pytest.approx(expected)
    assert reduced(frame.head(1), "integral", y=col("y"), wrt=col("w")) == 0.0
    assert reduced(frame.clear(), "integral", y=col("y"), wrt=col("w")) is None


def test_first_and_last_follow_another_column() -> None:
    frame = pl.DataFrame({"x": [1.0, None, 3.0, 4.0], "t": [30, 40, 10, None]})
    assert reduced(frame, "last", x=col("x"), order=col("t")) == 1.0
    assert reduced(frame, "first", x=col("x"), order=col("t")) == 3.0


def test_count_counts_rows() -> None:
    assert reduced([1.0, None], "count") == 2
    assert reduced(pl.DataFrame({"x": []}, schema={"x": pl.Float64}), "count") == 0


def test_groups_come_in_the_order_of_their_keys_with_missing_last() -> None:
    frame = pl.DataFrame({"k": ["b", None, "a", "b"], "j": [2, 1, 1, 1], "x": [1.0, 2.0, 3.0, 4.0]})
    found = ran("summary", frame, by=["k", "j"], new=new(m=call("mean", x=col("x"))))
    assert found.rows() == [("a", 1, 3.0), ("b", 1, 4.0), ("b", 2, 1.0), (None, 1, 2.0)]


def test_every_aggregate_agrees_between_groups_and_single_tables() -> None:
    frame = pl.DataFrame(
        {"g": RNG.integers(0, 4, 200), "x": RNG.normal(size=200), "y": RNG.normal(size=200)}
    ).with_columns(x=pl.when(pl.col("y") > -1).then("x"))
    named = {name: call(name, x=col("x")) for name in EXPECTED}
    named["cosine"] = call("cosine_similarity", x=col("x"), y=col("y"))
    named["area"] = call("integral", y=col("x"), wrt=col("y"))
    whole = ran("summary", frame, by=["g"], new=new(**named))
    for row in whole.iter_rows(named=True):
        alone = ran("summary", frame.filter(pl.col("g") == row["g"]), by=[], new=new(**named))
        assert alone.rows(named=True)[0] == pytest.approx({n: row[n] for n in named}, rel=1e-12)


def test_arithmetic_on_aggregates() -> None:
    frame = pl.DataFrame({"g": [1, 1, 2], "x": [1.0, 3.0, 5.0]})
    low = op("-", call("mean", x=col("x")), op("*", 2, call("stddev", x=col("x"))))
    half = op("/", call("count"), 2)
    found = ran("summary", frame, by=["g"], new=new(low=low, half=half))
    assert found.rows() == [(1, 2 - 2 * math.sqrt(2), 1.0), (2, None, 0.5)]


def test_an_aggregate_of_an_expression() -> None:
    frame = pl.DataFrame({"a": [1.0, 0.0, 4.0], "b": [2.0, 0.0, 2.0]})
    assert reduced(frame, "mean", x=op("/", col("a"), col("b"))) == 1.25


def test_equal_input_gives_equal_bytes() -> None:
    size = RNG.normal(size=400_000) * 10.0 ** RNG.integers(-8, 8, 400_000)
    frame = pl.DataFrame({"g": RNG.integers(0, 50_000, 400_000), "x": size})
    wanted = new(
        m=call("mean", x=col("x")), s=call("stddev", x=col("x")), c=call("ci_low", x=col("x"))
    )
    first = ran("summary", frame, by=["g"], new=wanted)
    for _ in range(3):
        assert ran("summary", frame, by=["g"], new=wanted).equals(first)


@given(st.lists(st.floats(-1e6, 1e6) | st.none(), max_size=30), st.floats(0, 1))
def test_quantiles_of_any_list(values: list[float | None], q: float) -> None:
    present = [v for v in values if v is not None]
    frame = pl.DataFrame({"x": pl.Series(values, dtype=pl.Float64)})
    found = reduced(frame, "quantile", q=q)
    if not present:
        assert found is None
    else:
        assert found == pytest.approx(float(np.quantile(present, q)), rel=1e-9, abs=1e-9)


def test_a_constant_counts_on_every_row() -> None:
    frame = pl.DataFrame({"k": ["a", "a", "b"], "x": [1.0, 2.0, 3.0]})
    made = new(s=call("sum", x=["int", 5]), m=call("mean", x=["num", (0.5).hex()]))
    assert ran("summary", frame, by=["k"], new=made).rows() == [("a", 10.0, 0.5), ("b", 5.0, 0.5)]
    assert ran("summary", frame, by=[], new=made).rows() == [(15.0, 0.5)]
