"""Windows: a column to a column of the same length, within groups and in row order.

A missing value (null, NaN) is skipped and its own row stays missing, unless the kernel says otherwise.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from p2std.binding import kernel
from p2std.errors import NotComputable


@kernel("win", "rolling_mean@1")
def rolling_mean(x: pl.Expr, window: int, by: list[str]) -> pl.Expr:
    """Give the mean of the values in the last `window` rows, this one included; null only where all are missing."""
    if window < 1:
        raise NotComputable(
            "P2-R0614", f"rolling_mean() wants a window of at least 1, not {window}"
        )
    return _within(x.rolling_mean(window, min_samples=1), by)


@kernel("win", "ema@1")
def ema(x: pl.Expr, half_life: float, by: list[str]) -> pl.Expr:
    """Give sum(w x) / sum(w) over this row and those before, w = 0.5^(rows back / half_life)."""
    if not half_life > 0:
        raise NotComputable("P2-R0614", f"ema() wants a half_life above 0, not {half_life:g}")
    return _within(x.ewm_mean(half_life=half_life, adjust=True, ignore_nulls=False), by)


@kernel("win", "derivative@1")
def derivative(y: pl.Expr, wrt: pl.Expr) -> pl.Expr:
    """Give dy/dw over the rows that have both, in row order: second-order differences on an uneven grid.

    Inside (hs^2 y+ + (hd^2 - hs^2) y - hd^2 y-) / (hs hd (hd + hs)), hs and hd the distances to the rows before and
    after; one-sided at the ends (Quarteroni, Sacco, Saleri, Numerical Mathematics, 10.10; as numpy.gradient). Null
    where a neighbour stands at the same w, and of a single row.
    """

    def slopes(pair: pl.Series) -> pl.Series:
        fields = pair.struct.unnest()
        values, at = (fields[name].cast(pl.Float64).to_numpy() for name in ("y", "w"))
        return pl.Series(_slopes(values, at)).fill_nan(None)

    pair = pl.struct(y.alias("y"), wrt.alias("w"))
    return pair.map_batches(slopes, return_dtype=pl.Float64)


@kernel("win", "total@1")
def total(x: pl.Expr, by: list[str]) -> pl.Expr:
    """Give the sum over the group, on every row of it, also where x is missing."""
    return _within(x.sum(), by)


@kernel("win", "rank@1")
def rank(x: pl.Expr, by: list[str]) -> pl.Expr:
    """Give the place of the value in ascending order from 1; of equal values the earlier row comes first."""
    return _within(x.rank("ordinal"), by).cast(pl.Int64)


@kernel("win", "lag@1")
def lag(x: pl.Expr, n: int, by: list[str]) -> pl.Expr:
    """Give the value `n` rows before this one; null where there is none."""
    return _within(x.shift(_rows("lag", n)), by)


@kernel("win", "lead@1")
def lead(x: pl.Expr, n: int, by: list[str]) -> pl.Expr:
    """Give the value `n` rows after this one; null where there is none."""
    return _within(x.shift(-_rows("lead", n)), by)


@kernel("win", "cumulative_sum@1")
def cumulative_sum(x: pl.Expr, by: list[str]) -> pl.Expr:
    """Give the sum of the values up to this row, added in row order."""
    return _within(x.cum_sum(), by)


def _rows(name: str, n: int) -> int:
    if n < 0:
        raise NotComputable("P2-R0614", f"{name}() wants 0 rows or more, not {n}")
    return n


def _within(expr: pl.Expr, by: list[str]) -> pl.Expr:
    return expr.over(by) if by else expr


def _slopes(values: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    slopes = np.full(len(values), np.nan)
    complete = np.flatnonzero(np.isfinite(values) & np.isfinite(at))
    if len(complete) < 2:
        return slopes
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        steps = np.diff(at[complete])
        rise = np.diff(values[complete]) / steps
        before, after = steps[:-1], steps[1:]
        inner = (before * rise[1:] + after * rise[:-1]) / (before + after)
    found = np.concatenate((rise[:1], inner, rise[-1:]))
    slopes[complete] = np.where(np.isfinite(found), found, np.nan)
    return slopes
