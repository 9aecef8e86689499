"""Curves and counts that marks draw instead of rows: fits, smoothers, histograms. Plain numpy, exact, deterministic."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

MOST_POINTS: Final = 200
"""A curve is evaluated at this many places, evenly spread; a line needs two."""

_FLAT: Final = 1e-12
"""Below this spread (as a share of the window, squared) a line through the window is no better than its mean."""

FEWEST: Final = {"linear": 2, "poly2": 3, "exp": 2, "loess": 3}
"""The fewest different x that each model needs."""


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A fitted curve, how many rows it was fitted to, and how many of those given it could not use."""

    x: Floats
    y: Floats
    used: int
    unused: int


def fitted(model: str, x: Floats, y: Floats, span: float) -> Curve | None:
    """Fit a model to rows (NaN is missing); None when there are too few different x.

    linear, poly2: least squares of a polynomial of degree 1 or 2. exp: y = a e^(b x) by least squares of log y, rows
    with y <= 0 unused. loess: see `loess`.
    """
    given = len(x)
    usable = np.isfinite(x) & np.isfinite(y) & ((y > 0) if model == "exp" else True)
    x, y = x[usable], y[usable]
    if len(np.unique(x)) < FEWEST[model]:
        return None
    at = np.linspace(x.min(), x.max(), MOST_POINTS)
    if model == "loess":
        line = loess(x, y, at, span)
    elif model == "exp":
        line = np.exp(_polynomial(x, np.log(y), at, 1))
    else:
        line = _polynomial(x, y, at, 1 if model == "linear" else 2)
    return Curve(at, line, len(x), given - len(x))


def _polynomial(x: Floats, y: Floats, at: Floats, degree: int) -> Floats:
    # On -1..1 the normal equations stay well conditioned whatever the unit of x.
    middle, half = (x.min() + x.max()) / 2, (x.max() - x.min()) / 2
    powers = np.vander((x - middle) / half, degree + 1)
    coefficients = np.linalg.lstsq(powers, y, rcond=None)[0]
    return np.asarray(np.vander((at - middle) / half, degree + 1) @ coefficients)


def loess(x: Floats, y: Floats, at: Floats, span: float) -> Floats:
    """Give a local line at each place: tricube weights over the nearest floor(span n) rows, no robustness steps.

    Cleveland (1979), "Robust Locally Weighted Regression and Smoothing Scatterplots", JASA 74: w = (1 - d^3)^3,
    d = |x - x0| / h, h the distance to the farthest of those rows. Rows of equal x are merged with their number as
    weight, which changes nothing but the time. A window without spread gives its weighted mean.
    """
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    nearest = min(len(x), max(3, math.floor(span * len(x) + 1e-9)))
    widths = _widths(x, at, nearest)
    starts = np.flatnonzero(np.concatenate(([True], x[1:] != x[:-1])))
    counts = np.diff(np.append(starts, len(x))).astype(np.float64)
    # Without the common height of y, sums of products keep their digits.
    height = float(y.mean())
    merged_x, merged_y = x[starts], np.add.reduceat(y - height, starts) / counts
    lows = np.searchsorted(merged_x, at - widths, side="left")
    highs = np.searchsorted(merged_x, at + widths, side="right")
    line = np.empty(len(at))
    for i in range(len(at)):
        inside = slice(lows[i], highs[i])
        away = merged_x[inside] - at[i]
        line[i] = _local(away, merged_y[inside], counts[inside], float(widths[i]))
    return line + height


def _widths(x: Floats, at: Floats, nearest: int) -> Floats:
    # The nearest rows of a place lie together in sorted x: the best window starts where its middle passes the place.
    ends = x[nearest - 1 :]
    begins = x[: len(ends)]
    first = np.searchsorted(begins + ends, 2 * at)
    candidates = [
        np.maximum(at - begins[i], ends[i] - at)
        for i in (np.clip(first, 0, len(ends) - 1), np.clip(first - 1, 0, len(ends) - 1))
    ]
    return np.asarray(np.minimum(*candidates))


def _local(away: Floats, y: Floats, counts: Floats, width: float) -> float:
    if width <= 0:
        return float(np.average(y, weights=counts))
    away /= width
    weights = np.abs(away)
    weights *= weights * weights
    np.subtract(1, weights, out=weights)
    np.maximum(weights, 0, out=weights)
    weights *= weights * weights
    weights *= counts
    total = float(weights.sum())
    if total <= 0:
        return float(np.average(y, weights=counts))
    height = float(weights @ y)
    weights *= away
    middle, spread, slope = float(weights.sum()), float(weights @ away), float(weights @ y)
    determinant = total * spread - middle * middle
    if determinant <= _FLAT * total * total:
        return height / total
    return (spread * height - middle * slope) / determinant


@dataclass(frozen=True, slots=True, eq=False)
class Bins:
    """A histogram: the middle and width of each bin, and the counts of each group (groups x bins)."""

    middle: Floats
    width: float
    counts: NDArray[np.int64]
    unused: int

    @property
    def widths(self) -> Floats:
        """Give the width of each bin."""
        return np.full(len(self.middle), self.width)


def histogram(x: Floats, bins: int, groups: NDArray[np.int32], number: int) -> Bins:
    """Count x in equal bins from smallest to largest, for groups 0..number-1 (-1: in none); no bins without a value."""
    usable = np.isfinite(x) & (groups >= 0)
    values, groups = x[usable], groups[usable]
    if not len(values):
        return Bins(np.empty(0), 1.0, np.empty((number, 0), np.int64), len(x))
    edges = np.histogram_bin_edges(values, bins)
    counts = [np.histogram(values[groups == g], edges)[0] for g in range(number)]
    middle = (edges[:-1] + edges[1:]) / 2
    unused = len(x) - len(values)
    return Bins(middle, float(edges[1] - edges[0]), np.array(counts, dtype=np.int64), unused)
