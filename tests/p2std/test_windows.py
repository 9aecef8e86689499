"""Windows against plain loops and numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from p2std.errors import NotComputable
from tagged import call, col, cols, derived

RNG = np.random.default_rng(5)
NAN = float("nan")
MAYBE = st.lists(st.floats(-1e3, 1e3) | st.none(), max_size=25)


def rolled(values: list[float | None], window: int) -> list[float | None]:
    out: list[float | None] = []
    for i in range(len(values)):
        near = [v for v in values[max(0, i - window + 1) : i + 1] if v is not None]
        out.append(sum(near) / len(near) if near else None)
    return out


def faded(values: list[float | None], half_life: float) -> list[float | None]:
    out: list[float | None] = []
    for i, value in enumerate(values):
        seen = [
            (v, 0.5 ** ((i - j) / half_life))
            for j, v in enumerate(values[: i + 1])
            if v is not None
        ]
        out.append(None if value is None else sum(v * w for v, w in seen) / sum(w for _, w in seen))
    return out


def near(values: list[float | None]) -> list[Any]:
    return [v if v is None else pytest.approx(v, rel=1e-9, abs=1e-9) for v in values]


def table(values: list[float | None]) -> pl.DataFrame:
    return pl.DataFrame({"x": pl.Series(values, dtype=pl.Float64)})


@given(MAYBE, st.integers(1, 8))
def test_rolling_mean_is_the_mean_of_the_last_rows(values: list[float | None], window: int) -> None:
    found = derived(table(values), call("rolling_mean", x=col("x"), window=window))
    assert found == near(rolled(values, window))


@given(MAYBE, st.floats(0.1, 10))
def test_ema_weighs_by_rows_back(values: list[float | None], half_life: float) -> None:
    found = derived(table(values), call("ema", x=col("x"), half_life=half_life))
    assert found == near(faded(values, half_life))


@pytest.mark.parametrize("name", ["rolling_mean", "ema", "total", "rank"])
def test_groups_do_not_touch_each_other(name: str) -> None:
    frame = pl.DataFrame({"g": ["a", "b", "a", "b", "a"], "x": [1.0, 10.0, NAN, 30.0, 5.0]})
    extra = {"rolling_mean": {"window": 2}, "ema": {"half_life": 1.0}}.get(name, {})
    whole = derived(frame, call(name, x=col("x"), by=cols("g"), **extra))
    for group in ("a", "b"):
        rows = [i for i, g in enumerate(frame["g"]) if g == group]
        alone = derived(frame[rows], call(name, x=col("x"), **extra))
        assert [whole[i] for i in rows] == alone


def test_rolling_mean_forgets_a_huge_value_that_left_the_window() -> None:
    found = derived(table([1e16, 1.0, 2.0, 3.0]), call("rolling_mean", x=col("x"), window=2))
    assert found == [1e16, 5e15, 1.5, 2.5]


def test_rolling_mean_forgets_an_infinite_value() -> None:
    found = derived(
        table([1.0, float("inf"), 1.0, 1.0]), call("rolling_mean", x=col("x"), window=2)
    )
    assert found == [1.0, float("inf"), float("inf"), 1.0]


@pytest.mark.parametrize(
    ("name", "bad"), [("rolling_mean", {"window": 0}), ("ema", {"half_life": 0.0})]
)
def test_a_window_without_extent_is_refused(name: str, bad: dict[str, float]) -> None:
    with pytest.raises(NotComputable, match="wants"):
        derived(table([1.0]), call(name, x=col("x"), **bad))


def test_derivative_is_numpy_gradient_on_an_uneven_grid() -> None:
    w = np.cumsum(RNG.uniform(0.1, 3, 40))
    frame = pl.DataFrame({"w": w, "y": np.sin(w)})
    found = derived(frame, call("derivative", y=col("y"), wrt=col("w")))
    assert found == pytest.approx(np.gradient(np.sin(w), w).tolist(), rel=1e-10)


def test_derivative_skips_missing_rows() -> None:
    frame = pl.DataFrame({"w": [0, 1, 2, 3, None], "y": [0.0, NAN, 4.0, 9.0, 1.0]})
    found = derived(frame, call("derivative", y=col("y"), wrt=col("w")))
    expected = np.gradient([0.0, 4.0, 9.0], [0.0, 2.0, 3.0])
    assert found == [pytest.approx(expected[0]), None, *map(pytest.approx, expected[1:]), None]


def test_derivative_of_too_little_is_missing() -> None:
    assert derived(
        pl.DataFrame({"w": [1], "y": [2.0]}), call("derivative", y=col("y"), wrt=col("w"))
    ) == [None]
    standing = pl.DataFrame({"w": [1.0, 1.0], "y": [2.0, 3.0]})
    assert derived(standing, call("derivative", y=col("y"), wrt=col("w"))) == [None, None]


def test_rank_breaks_ties_by_row() -> None:
    assert derived(pl.DataFrame({"x": ["b", "a", None, "a"]}), call("rank", x=col("x"))) == [
        3,
        1,
        None,
        2,
    ]


def test_total_stands_on_every_row() -> None:
    assert derived(table([1.0, None, 3.0]), call("total", x=col("x"))) == [4.0, 4.0, 4.0]


@pytest.mark.parametrize("name", ["rolling_mean", "ema", "derivative", "total", "rank"])
def test_an_empty_table_stays_empty(name: str) -> None:
    extra = {"rolling_mean": {"window": 3}, "ema": {"half_life": 1.0}}.get(name, {})
    given_ = {"y": col("x"), "wrt": col("x")} if name == "derivative" else {"x": col("x")}
    assert derived(table([]), call(name, **given_, **extra)) == []


@given(MAYBE, st.integers(0, 5))
def test_lag_and_lead_look_rows_back_and_ahead(values: list[float | None], n: int) -> None:
    back = derived(table(values), call("lag", x=col("x"), n=n))
    ahead = derived(table(values), call("lead", x=col("x"), n=n))
    shifted = [None] * min(n, len(values))
    assert back == [*shifted, *values[: len(values) - len(shifted)]]
    assert ahead == [*values[len(shifted) :], *shifted]


def test_lag_stays_within_its_group() -> None:
    frame = pl.DataFrame({"x": ["a", "b", "c"], "g": [1, 2, 1]})
    assert derived(frame, call("lag", x=col("x"), by=cols("g"))) == [None, None, "a"]


@given(MAYBE)
def test_cumulative_sum_adds_up_in_row_order(values: list[float | None]) -> None:
    found = derived(table(values), call("cumulative_sum", x=col("x")))
    known = np.cumsum([v for v in values if v is not None]).tolist()
    assert found == near([None if v is None else known.pop(0) for v in values])


def test_slopes_of_huge_numbers_are_missing_and_warn_nobody() -> None:
    frame = pl.DataFrame({"y": [1e308, -1e308, 1e308, 0.0], "t": [0.0, 1e-5, 1e300, 1e308]})
    slopes = derived(frame, call("derivative", y=col("y"), wrt=col("t")))
    assert all(slope is None or abs(slope) < float("inf") for slope in slopes)
