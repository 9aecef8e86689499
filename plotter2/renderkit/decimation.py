"""Leaves out rows of a line that no reader could see: in every narrow column of the page the first, last, least and
greatest value stay (M4, Jugel et al. 2014), so spikes stay too. Used only at draw time, and counted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from plotter2.renderkit.scene import Codes, Floats

PIXELS_PER_POINT: Final = 150 / 72
"""The resolution for which lines are thinned: 150 dots per inch."""

BINS_PER_PIXEL: Final = 4
"""Columns of decimation in one pixel; at 4 fewer than 0.5 % of the pixels differ visibly from the full drawing.

Where more than ten long lines lie over each other, fewer columns for each (down to 1) differ less than that: with 40
lines and 1 column, 0.05 % of the pixels were off by more than 64/255.
"""

_CROWD: Final = 10

LONG: Final = 4
"""A line is thinned when it has more rows than this many times its width in pixels."""


def is_long(rows: int, width: float) -> bool:
    """Tell whether a line of so many rows over `width` points is thinned."""
    return rows > LONG * width * PIXELS_PER_POINT


def bin_count(width: float, lines: int = 1) -> int:
    """Give the number of decimation columns in `width` points for each of so many long lines."""
    per_pixel = max(1, BINS_PER_PIXEL // -(-lines // _CROWD))
    return max(1, math.ceil(width * PIXELS_PER_POINT)) * per_pixel


def kept_rows(shares: Floats, bins: int, *values: NDArray[Any]) -> NDArray[np.intp]:
    """Give the positions of the rows to draw, rising.

    `shares` is the rows' place along the axis (rising; 0 to 1 is visible, what is beyond falls into two outer columns).
    For each array of `values` the least and the greatest of every column stay, besides the first and the last row.
    A NaN in any of the values is a gap: its row stays once, and columns do not reach across it.
    """
    places = np.floor(np.clip(shares * bins, -1, bins)).astype(np.int64)
    gap = np.isnan(values[0])
    for more in values[1:]:
        gap |= np.isnan(more)
    if gap.any():
        return _with_gaps(places, bins, gap, values)
    return _of_columns(places, values)


def _with_gaps(
    places: NDArray[np.int64], bins: int, gap: NDArray[np.bool_], values: Sequence[NDArray[Any]]
) -> NDArray[np.intp]:
    stretch = np.cumsum(gap)
    solid = np.flatnonzero(~gap)
    inside = stretch[solid] * (bins + 3) + places[solid]
    kept = solid[_of_columns(inside, [part[solid] for part in values])] if len(solid) else solid
    first_of_gap = np.flatnonzero(gap & ~np.concatenate(([False], gap[:-1])))
    return np.sort(np.concatenate([kept, first_of_gap]))


def _of_columns(columns: NDArray[np.int64], values: Sequence[NDArray[Any]]) -> NDArray[np.intp]:
    starts = np.flatnonzero(np.concatenate(([True], columns[1:] != columns[:-1])))
    lengths = np.diff(np.append(starts, len(columns)))
    kept = np.zeros(len(columns), dtype=np.bool_)
    kept[starts] = True
    kept[starts + lengths - 1] = True
    for part in values:
        for extreme in (np.minimum, np.maximum):
            kept[_first_equal(part, extreme.reduceat(part, starts), starts, lengths)] = True
    return np.flatnonzero(kept)


def _first_equal(
    part: NDArray[Any],
    wanted: NDArray[Any],
    starts: NDArray[np.intp],
    lengths: NDArray[np.intp],
) -> NDArray[np.intp]:
    equal = np.flatnonzero(part == np.repeat(wanted, lengths))
    owner = np.searchsorted(starts, equal, side="right")
    return equal[np.concatenate(([True], owner[1:] != owner[:-1]))]


def thinned(
    shares: Floats, starts: Codes, width: float, *values: NDArray[Any]
) -> tuple[NDArray[np.intp] | None, Codes]:
    """Thin several lines at once: line i is [starts[i]:starts[i+1]], drawn over `width` points.

    Gives the rows to draw (None for all of them) and the new starts.
    """
    long = sum(is_long(length, width) for length in np.diff(starts).tolist())
    if not long:
        return None, starts
    bins = bin_count(width, long)
    pieces, edges = [], [0]
    for begin, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        rows = np.arange(begin, end)
        if is_long(end - begin, width):
            parts = [part[begin:end] for part in values]
            rows = begin + kept_rows(shares[begin:end], bins, *parts)
        pieces.append(rows)
        edges.append(edges[-1] + len(rows))
    return np.concatenate(pieces), np.array(edges, dtype=np.int32)
