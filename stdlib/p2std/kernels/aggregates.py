"""Aggregates: many rows to one value. Missing values (null, NaN) never count; of none the value is null unless said.

A kernel gives the parts that polars reduces over a group and the arithmetic that finishes them, so that mean, ci_low
and ci_high of one column share mean, deviation and count.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import stdtrit

from p2std.binding import kernel
from p2std.errors import NotComputable
from p2std.operands import Reduction


def _one(name: str, part: pl.Expr, of: pl.Expr | None = None) -> Reduction:
    return Reduction({name: part}, lambda **parts: parts[name], of)


@kernel("agg", "mean@1")
def mean(x: pl.Expr) -> Reduction:
    """Give sum(x) / n."""
    return _one("mean", x.mean(), x)


@kernel("agg", "median@1")
def median(x: pl.Expr) -> Reduction:
    """Give the middle value of the sorted ones, or the mean of the two middle ones."""
    return _one("median", x.median())


@kernel("agg", "mode@1")
def mode(x: pl.Expr) -> Reduction:
    """Give the most frequent value, the smallest of several equally frequent ones."""
    return _one("mode", x.drop_nulls().mode().min())


@kernel("agg", "stddev@1")
def stddev(x: pl.Expr) -> Reduction:
    """Give sqrt(sum((x - mean)^2) / (n - 1)); null below two values."""
    return _one("std", x.std(ddof=1), x)


@kernel("agg", "variance@1")
def variance(x: pl.Expr) -> Reduction:
    """Give sum((x - mean)^2) / (n - 1); null below two values."""
    return _one("variance", x.var(ddof=1))


@kernel("agg", "sum@1")
def total(x: pl.Expr) -> Reduction:
    """Give the sum; 0 of none."""
    return _one("sum", x.sum(), x)


@kernel("agg", "product@1")
def product(x: pl.Expr) -> Reduction:
    """Give the product; 1 of none."""
    return _one("product", x.product())


@kernel("agg", "min@1")
def minimum(x: pl.Expr) -> Reduction:
    """Give the smallest value: by size, by alphabet, false before true."""
    return _one("min", x.min())


@kernel("agg", "max@1")
def maximum(x: pl.Expr) -> Reduction:
    """Give the largest value: by size, by alphabet, true after false."""
    return _one("max", x.max())


@kernel("agg", "count@1")
def count() -> Reduction:
    """Give the number of rows, missing values or not."""
    return _one("rows", pl.len().cast(pl.Int64))


@kernel("agg", "first@1")
def first(x: pl.Expr, order: pl.Expr | None) -> Reduction:
    """Give the first value that is not missing, in row order or in the order of `order` (stable)."""
    return _one("first", _in_order(x, order).first())


@kernel("agg", "last@1")
def last(x: pl.Expr, order: pl.Expr | None) -> Reduction:
    """Give the last value that is not missing, in row order or in the order of `order` (stable)."""
    return _one("last", _in_order(x, order).last())


@kernel("agg", "quantile@1")
def quantile(x: pl.Expr, q: float) -> Reduction:
    """Give the q-quantile, linear between neighbours: Hyndman and Fan (1996), type 7."""
    if not 0 <= q <= 1:
        raise NotComputable(
            "P2-R0614", f"quantile() wants a q from 0 to 1, not {q:g}", "write 0.25 or 25%"
        )
    return _one(f"quantile {q!r}", x.quantile(q, interpolation="linear"))


@kernel("agg", "iqr@1")
def iqr(x: pl.Expr) -> Reduction:
    """Give the 75 % quantile less the 25 % quantile, both as `quantile` gives them."""
    return Reduction(
        {f"quantile {q!r}": x.quantile(q, interpolation="linear") for q in (0.25, 0.75)},
        lambda **ends: ends["quantile 0.75"] - ends["quantile 0.25"],
    )


@kernel("agg", "ci_low@1")
def ci_low(x: pl.Expr, level: float) -> Reduction:
    """Give mean - t * stddev / sqrt(n), t the (1 + level) / 2 quantile of Student's t with n - 1 degrees of freedom."""
    return Reduction(_moments(x), lambda mean, std, n: mean - _half_width(std, n, level), x)


@kernel("agg", "ci_high@1")
def ci_high(x: pl.Expr, level: float) -> Reduction:
    """Give mean + t * stddev / sqrt(n), t the (1 + level) / 2 quantile of Student's t with n - 1 degrees of freedom."""
    return Reduction(_moments(x), lambda mean, std, n: mean + _half_width(std, n, level), x)


@kernel("agg", "l1norm@1")
def l1norm(x: pl.Expr) -> Reduction:
    """Give sum(|x|); 0 of none."""
    return _one("l1norm", x.abs().sum())


@kernel("agg", "l2norm@1")
def l2norm(x: pl.Expr) -> Reduction:
    """Give m * sqrt(sum((x / m)^2)) with m = max |x|, which neither overflows nor underflows; 0 of none."""
    largest = x.abs().max()
    return Reduction(
        {"largest": largest, "squares": (x / largest).fill_nan(0.0).pow(2).sum()},
        lambda largest, squares: largest.fill_null(0.0) * squares.sqrt(),
    )


@kernel("agg", "cosine_similarity@1")
def cosine_similarity(x: pl.Expr, y: pl.Expr) -> Reduction:
    """Give x.y / (|x| |y|) over the rows that have both; null when either is all zero."""
    both = x.is_not_null() & y.is_not_null()
    a, b = _unit(x.filter(both)), _unit(y.filter(both))
    return Reduction(
        {"dot": (a * b).sum(), "aa": a.pow(2).sum(), "bb": b.pow(2).sum()},
        lambda dot, aa, bb: pl.when((aa > 0) & (bb > 0)).then(
            (dot / (aa.sqrt() * bb.sqrt())).clip(-1, 1)
        ),
    )


@kernel("agg", "integral@1")
def integral(y: pl.Expr, wrt: pl.Expr) -> Reduction:
    """Give sum((w[i+1] - w[i]) (y[i] + y[i+1]) / 2), rows in the order of w; 0 of one row, null of none."""
    both = y.is_not_null() & wrt.is_not_null()
    w = wrt.filter(both).cast(pl.Float64)
    ordered = y.filter(both).sort_by(w, maintain_order=True)
    w = w.sort()
    steps = (w - w.shift(1)) * (ordered / 2 + ordered.shift(1) / 2)
    return Reduction(
        {"area": steps.sum(), "n": both.sum()}, lambda area, n: pl.when(n > 0).then(area)
    )


def t_quantile(p: float, degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the p-quantile of Student's t for each number of degrees of freedom; NaN below one."""
    with np.errstate(invalid="ignore", over="ignore"):
        return np.where(degrees >= 1, stdtrit(np.maximum(degrees, 1), p), np.nan)


def _moments(x: pl.Expr) -> dict[str, pl.Expr]:
    return {"mean": x.mean(), "std": x.std(ddof=1), "n": x.count()}


def _half_width(std: pl.Expr, n: pl.Expr, level: float) -> pl.Expr:
    if not 0 < level < 1:
        raise NotComputable(
            "P2-R0614", f"a confidence level lies between 0 and 1, not {level:g}", "Write 95%."
        )
    p = (1 + level) / 2

    def factor(counts: pl.Series) -> pl.Series:
        n = counts.to_numpy()
        # One t for each different count, not for each group: counts are few, groups are many.
        different = np.arange(n.max(initial=0) + 1) if n.max(initial=0) < len(n) else np.unique(n)
        table = t_quantile(p, different - 1.0) / np.sqrt(np.maximum(different, 1))
        return pl.Series(table[np.searchsorted(different, n)])

    return std * n.map_batches(factor, return_dtype=pl.Float64, is_elementwise=True)


def _in_order(x: pl.Expr, order: pl.Expr | None) -> pl.Expr:
    if order is None:
        return x.drop_nulls()
    both = x.is_not_null() & order.is_not_null()
    return x.filter(both).sort_by(order.filter(both), maintain_order=True)


def _unit(x: pl.Expr) -> pl.Expr:
    # Scaled by the largest, so that squares neither overflow nor vanish.
    return (x / x.abs().max()).fill_nan(0.0)
