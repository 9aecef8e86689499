"""From data coordinates to a share of the axis (0 to 1), automatic limits, and ticks that fit. One axis at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from plotter2.renderkit.codes import undrawable
from plotter2.renderkit.lettering import text_width
from plotter2.renderkit.numbers import Ticks, linear_ticks, log_ticks, symlog_ticks
from plotter2.renderkit.scene import AxisScale, Floats, ScaledAxis, Tick
from plotter2.renderkit.view import Axis

LEAST: Final = 1e-200
"""What is nearer to 0 is 0 on the page: a log axis has no place for it."""

SLANT: Final = 40.0
"""Degrees by which long category texts under an x axis are turned."""

_MOST_X, _MOST_Y = 9, 8


def forward(scale: AxisScale, constant: float, values: NDArray[Any]) -> Floats:
    """Give the values in the space in which the axis is even; NaN where a log axis has no place for them."""
    numbers = np.asarray(values, dtype=np.float64)
    if scale == "log":
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.log10(numbers)
        return np.where(np.isfinite(logs), logs, np.nan)
    if scale == "symlog":
        scaled: Floats = np.sign(numbers) * np.log10(1.0 + np.abs(numbers) / constant)
        return scaled
    return numbers


def backward(scale: AxisScale, constant: float, values: NDArray[Any]) -> Floats:
    """Undo `forward`."""
    numbers = np.asarray(values, dtype=np.float64)
    if scale == "log":
        return np.power(10.0, numbers)
    if scale == "symlog":
        scaled: Floats = np.sign(numbers) * constant * (np.power(10.0, np.abs(numbers)) - 1.0)
        return scaled
    return numbers


def share(axis: ScaledAxis, values: NDArray[Any]) -> Floats:
    """Give the place of each value along the axis: 0 at limits[0], 1 at limits[1]."""
    low, high = forward(axis.scale, axis.constant, np.array(axis.limits))
    placed: Floats = (forward(axis.scale, axis.constant, values) - low) / (high - low)
    return placed


@dataclass(frozen=True, slots=True)
class Extent:
    """What the data of one axis (or of several that share it) cover; `positive` is the least value above LEAST."""

    low: float = math.inf
    high: float = -math.inf
    positive: float = math.inf

    def __or__(self, other: Extent) -> Extent:
        return Extent(
            min(self.low, other.low),
            max(self.high, other.high),
            min(self.positive, other.positive),
        )

    @property
    def empty(self) -> bool:
        """Whether there is no value at all."""
        return self.low > self.high


def extent_of(values: NDArray[Any]) -> Extent:
    """Give the extent of the values; NaN is left out, and nothing else is infinite."""
    if not values.size:
        return Extent()
    low, high = float(values.min()), float(values.max())
    if math.isnan(low):
        known = values[~np.isnan(values)]
        return extent_of(known)
    if low > LEAST:
        return Extent(low, high, low)
    return Extent(low, high, float(values.min(where=values > LEAST, initial=math.inf)))


def has_nan(values: Floats) -> bool:
    """Tell whether any value is NaN, in one pass (the values are bounded, so that their sum is a number)."""
    return math.isnan(float(values.sum()))


def spread(low: float, high: float) -> tuple[float, float]:
    """Give the two ends, moved apart where they are too close to each other to be told apart."""
    if high - low > max(1e-12 * max(abs(low), abs(high)), LEAST):
        return low, high
    reach = 0.1 * abs(low) if abs(low) >= LEAST else 0.5
    return low - reach, high + reach


@dataclass(frozen=True, slots=True)
class Padding:
    """Free room beyond the data as a share of the axis; `held` is a value (a bar's foot) that gets none."""

    amount: float = 0.05
    held: float | None = None


def limits_for(
    axis: Axis, extent: Extent, padding: Padding, where: str
) -> tuple[tuple[float, float], float]:
    """Give the limits and the symlog constant of an axis.

    Raises RunError P2-R0664 (log without a positive value) and P2-R0669 (limits that cannot be used).
    """
    _check_limits(axis, where)
    low, high = axis.limits
    if axis.scale == "log":
        if math.isinf(extent.positive) and (low is None or high is None):
            message = f"the {where} axis is logarithmic, but no value on it is above 0"
            remedy = f'use {where}scale="symlog" or "linear"'
            raise undrawable("P2-R0664", message, f"axis {where}", remedy)
        extent = Extent(extent.positive, extent.high, extent.positive)
    constant = _symlog_constant(extent) if axis.scale == "symlog" else 1.0
    automatic = _padded(axis, extent, padding, constant)
    chosen = (automatic[0] if low is None else low, automatic[1] if high is None else high)
    if chosen[0] >= chosen[1]:
        chosen = (chosen[0], chosen[0] + 1.0) if high is None else (chosen[1] - 1.0, chosen[1])
        if axis.scale == "log":
            chosen = (low, low * 10) if low is not None else (chosen[1] / 10, chosen[1])
    return chosen, constant


def _check_limits(axis: Axis, where: str) -> None:
    given = [limit for limit in axis.limits if limit is not None]
    bad = any(not math.isfinite(limit) for limit in given)
    if not bad and len(given) == 2:
        bad = given[0] >= given[1]
    if bad:
        message = f"the limits {axis.limits[0]} to {axis.limits[1]} of the {where} axis do not rise"
        remedy = "give two finite numbers, the smaller one first"
        raise undrawable("P2-R0669", message, f"axis {where}", remedy)
    if axis.scale == "log" and any(limit <= 0 for limit in given):
        message = f"a limit of the {where} axis is not above 0, but the axis is logarithmic"
        raise undrawable("P2-R0669", message, f"axis {where}", "give limits above 0")


def _symlog_constant(extent: Extent) -> float:
    largest = max(abs(extent.low), abs(extent.high))
    if not math.isfinite(largest) or largest < LEAST:
        return 1.0
    least = extent.positive if math.isfinite(extent.positive) else largest * 1e-3
    return float(10.0 ** math.floor(math.log10(max(least, largest * 1e-4))))


def _padded(axis: Axis, extent: Extent, padding: Padding, constant: float) -> tuple[float, float]:
    if extent.empty or not math.isfinite(extent.low + extent.high):
        return (1.0, 10.0) if axis.scale == "log" else (0.0, 1.0)
    low, high = forward(axis.scale, constant, np.array([extent.low, extent.high])).tolist()
    low, high = spread(low, high)
    width = high - low
    below, above = width * padding.amount, width * padding.amount
    if padding.held is not None:
        below = 0.0 if extent.low == padding.held else below
        above = 0.0 if extent.high == padding.held else above
    ends = backward(axis.scale, constant, np.array([low - below, high + above])).tolist()
    return ends[0], ends[1]


@dataclass(frozen=True, slots=True)
class AxisRoom:
    """How much room ticks have: `length` points along the axis, texts of `size` points, `upright` for a y axis."""

    length: float
    size: float
    upright: bool
    whole: bool = False


def ticked(axis: ScaledAxis, room: AxisRoom, categories: Sequence[str] = ()) -> ScaledAxis:
    """Give the axis with its ticks."""
    if axis.scale == "category":
        return _categorical(axis, room, categories)
    ticks = _numeric(axis, room)
    return ScaledAxis(
        axis.scale, axis.limits, ticks.major, ticks.minor, axis.constant, factor=ticks.factor
    )


def _numeric(axis: ScaledAxis, room: AxisRoom) -> Ticks:
    def fits(texts: Sequence[str], places: Sequence[float]) -> bool:
        if len(texts) < 2:
            return True
        points = np.sort(share(axis, np.array(places)) * room.length)
        gaps = np.diff(points)
        if room.upright:
            return bool(gaps.min() >= 1.9 * room.size)
        widths = np.array([text_width(text, room.size) for text in texts])
        return bool((gaps >= (widths[1:] + widths[:-1]) / 2 + 1.2 * room.size).all())

    most = _MOST_Y if room.upright else _MOST_X
    if axis.scale == "log":
        return log_ticks(axis.limits, most, fits)
    if axis.scale == "symlog":
        return symlog_ticks(axis.limits, axis.constant, most, fits)
    return linear_ticks(axis.limits, most, fits, room.whole)


def _categorical(axis: ScaledAxis, room: AxisRoom, categories: Sequence[str]) -> ScaledAxis:
    slot = room.length / max(len(categories), 1)
    widest = max((text_width(text, room.size) for text in categories), default=0.0)
    angle, least = 0.0, 1.15 * room.size
    if not room.upright and widest + 0.5 * room.size > slot:
        angle, least = SLANT, 1.45 * room.size
    every = max(1, math.ceil(least / slot)) if slot > 0 else 1
    ticks = tuple(Tick(float(at), categories[at]) for at in range(0, len(categories), every))
    return ScaledAxis("category", axis.limits, ticks, angle=angle)
