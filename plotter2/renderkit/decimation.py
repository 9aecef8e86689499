"""Leaves out rows of a line that no reader could see: in every narrow column of the page the first, last, least and
greatest value stay (M4, Jugel et al. 2014), so spikes stay too. Used only at draw time, and counted."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from plotter2.renderkit.scales import backward, forward
from plotter2.renderkit.scene import Codes, Floats, ScaledAxis

PIXELS_PER_POINT: Final = 150 / 72
"""The resolution for which lines are thinned: 150 dots per inch."""

BINS_PER_PIXEL: Final = 4
"""Columns of decimation in one pixel; at 4 fewer than 0.5 % of the pixels differ visibly from the full drawing.

Where more than ten long lines lie over each other, fewer columns for each (down to 1) differ less than that: with 40
lines and 1 column, 0.05 % of the pixels were off by more than 64/255.
"""

_CROWD: Final = 10
_SEARCHED_SINGLY: Final = 400

LONG: Final = 4
"""A line is thinned when it has more rows than this many times its width in pixels."""


def is_long(rows: int, width: float) -> bool:
    """Tell whether a line of so many rows over `width` points is thinned."""
    return rows > LONG * width * PIXELS_PER_POINT


def bin_count(width: float, lines: int = 1) -> int:
    """Give the number of decimation columns in `width` points for each of so many long lines."""
    per_pixel = max(1, BINS_PER_PIXEL // -(-lines // _CROWD))
    return max(1, math.ceil(width * PIXELS_PER_POINT)) * per_pixel


def column_edges(axis: ScaledAxis, bins: int) -> Floats:
    """Give the data coordinates of the edges of so many even columns of the page, from low to high."""
    ends = forward(axis.scale, axis.constant, np.array(axis.limits))
    return backward(axis.scale, axis.constant, np.linspace(ends.min(), ends.max(), bins + 1))


def kept_rows(
    x: Floats, edges: Floats, gap: NDArray[np.bool_] | None, *values: NDArray[Any]
) -> NDArray[np.intp]:
    """Give the positions of the rows to draw, rising.

    `x` rises; `edges` are those of the columns (what lies beyond them falls into two outer columns). For each array of
    `values` the least and the greatest row of every column stay, besides the first and the last. Where `gap` is true
    the line is broken: such rows stay once for each gap, and columns do not reach across it.
    """
    bounds = [np.zeros(1, np.intp), np.searchsorted(x, edges)]
    if gap is not None:
        bounds.append(np.flatnonzero(gap[1:] != gap[:-1]) + 1)
    starts = np.unique(np.concatenate(bounds))
    starts = starts[starts < len(x)]
    ends = np.append(starts[1:], len(x))
    last = ends - 1 if gap is None else ends[~gap[starts]] - 1
    kept = [starts, last]
    for part in values:
        kept += _extremes(part, starts, ends)
    return np.unique(np.concatenate(kept))


def _extremes(
    part: NDArray[Any], starts: NDArray[np.intp], ends: NDArray[np.intp]
) -> list[NDArray[np.intp]]:
    """Give the positions of the least and of the greatest value between each start and end."""
    if len(part) > _SEARCHED_SINGLY * len(starts):
        pairs = list(zip(starts.tolist(), ends.tolist(), strict=True))
        least = [begin + int(part[begin:end].argmin()) for begin, end in pairs]
        greatest = [begin + int(part[begin:end].argmax()) for begin, end in pairs]
        return [np.array(least, dtype=np.intp), np.array(greatest, dtype=np.intp)]
    lengths = ends - starts
    return [
        _first_equal(part, extreme.reduceat(part, starts), starts, lengths)
        for extreme in (np.minimum, np.maximum)
    ]


def _first_equal(
    part: NDArray[Any],
    wanted: NDArray[Any],
    starts: NDArray[np.intp],
    lengths: NDArray[np.intp],
) -> NDArray[np.intp]:
    equal = np.flatnonzero(part == np.repeat(wanted, lengths))
    owner = np.searchsorted(starts, equal, side="right")
    first: NDArray[np.intp] = equal[np.diff(owner, prepend=0) != 0]
    return first


def thinned(
    x: Floats,
    starts: Codes,
    place: tuple[ScaledAxis, float],
    gap: NDArray[np.bool_] | None,
    *values: NDArray[Any],
) -> tuple[NDArray[np.intp] | None, Codes]:
    """Thin several lines at once: line i is [starts[i]:starts[i+1]], drawn along an axis so many points long.

    Gives the rows to draw (None for all of them) and the new starts.
    """
    axis, width = place
    long = sum(is_long(length, width) for length in np.diff(starts).tolist())
    if not long:
        return None, starts
    columns = column_edges(axis, bin_count(width, long))
    pieces, edges = [], [0]
    for begin, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        if is_long(end - begin, width):
            parts = [part[begin:end] for part in values]
            own_gap = None if gap is None else gap[begin:end]
            pieces.append(begin + kept_rows(x[begin:end], columns, own_gap, *parts))
        else:
            pieces.append(np.arange(begin, end))
        edges.append(edges[-1] + len(pieces[-1]))
    return np.concatenate(pieces), np.array(edges, dtype=np.int32)
