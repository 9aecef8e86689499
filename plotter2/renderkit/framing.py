"""The axes of every panel: what its data cover, shared limits, equal units, ticks for a given size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from plotter2.renderkit.codes import undrawable
from plotter2.renderkit.layout import Axes, Fonts
from plotter2.renderkit.scales import AxisRoom, Extent, Padding, limits_for, ticked
from plotter2.renderkit.scene import ScaledAxis
from plotter2.renderkit.sources import AxisKinds
from plotter2.renderkit.view import Axis, View

_TIGHT, _LOOSE = 0.03, 0.06


@dataclass(frozen=True, slots=True)
class Framing:
    """The axes of a view before their panels have a size."""

    kinds: AxisKinds
    axes: tuple[Axes, ...]
    equal: bool
    tick_size: float

    def ticked(self, panel: int, width: float, height: float) -> Axes:
        """Give the axes of a panel with ticks, for a panel of this size."""
        x, y = self.axes[panel]
        if self.equal and x.scale == y.scale == "linear":
            x, y = _equalised(x, y, width, height)
        across = AxisRoom(width, self.tick_size, upright=False, whole=self.kinds.whole_x)
        up = AxisRoom(height, self.tick_size, upright=True, whole=self.kinds.whole_y)
        return ticked(x, across, self.kinds.x), ticked(y, up, self.kinds.y)


def framed(
    view: View,
    kinds: AxisKinds,
    extents: Sequence[tuple[Extent, Extent]],
    fonts: Fonts,
) -> Framing:
    """Choose limits for every panel; `extents` is what the data of each panel cover.

    Raises RunError P2-R0664 and P2-R0669 (see `limits_for`).
    """
    _check_equal(view, kinds)
    shared = shared_axes(view)
    names = ("x", "y")
    settings, categories = (view.x, view.y), (kinds.x, kinds.y)
    axes: list[list[ScaledAxis]] = []
    for way in (0, 1):
        own = [extent[way] for extent in extents]
        if shared[way]:
            own = [_joined(own)] * len(own)
        padding = _padding(view, way)
        axes.append(
            [_axis(names[way], settings[way], categories[way], one, padding) for one in own]
        )
    pairs = tuple(zip(axes[0], axes[1], strict=True))
    return Framing(kinds, pairs, view.equal, fonts.tick)


def shared_axes(view: View) -> tuple[bool, bool]:
    """Tell whether all panels have the same x and the same y axis."""
    share = view.facet.share if view.facet is not None else "both"
    return share in ("both", "x"), share in ("both", "y")


def _joined(extents: Sequence[Extent]) -> Extent:
    joined = Extent()
    for extent in extents:
        joined = joined | extent
    return joined


def _padding(view: View, way: int) -> Padding:
    kinds = {layer.kind for layer in view.layers}
    if "heatmap" in kinds:
        return Padding(0.0)
    if "bar" in kinds:
        return Padding(_TIGHT) if way == 0 else Padding(_LOOSE, held=0.0)
    lines_only = kinds <= {"line", "band", "rule"}
    return Padding(_TIGHT if way == 0 and lines_only else _LOOSE)


def _axis(
    name: str, axis: Axis, categories: tuple[str, ...], extent: Extent, padding: Padding
) -> ScaledAxis:
    if not categories:
        limits, constant = limits_for(axis, extent, padding, name)
        return ScaledAxis(axis.scale, limits, constant=constant)
    if axis.scale != "linear" or axis.limits != (None, None):
        message = f"the {name} axis shows categories: it has no scale and no limits"
        raise undrawable(
            "P2-R0669", message, f"axis {name}", f"leave out {name}scale and {name}lim"
        )
    ends = (-0.5, len(categories) - 0.5)
    return ScaledAxis("category", ends if name == "x" else (ends[1], ends[0]))


def _check_equal(view: View, kinds: AxisKinds) -> None:
    numbers = not kinds.x and not kinds.y
    if view.equal and numbers and (view.x.scale, view.y.scale) != ("linear", "linear"):
        message = "equal units need linear axes"
        raise undrawable("P2-R0669", message, "axis", "leave out equal=true or the scales")


def _equalised(x: ScaledAxis, y: ScaledAxis, width: float, height: float) -> Axes:
    """Widen the axis that has more points for a unit, evenly at both ends."""
    unit_x, unit_y = (x.limits[1] - x.limits[0]) / width, (y.limits[1] - y.limits[0]) / height
    unit = max(unit_x, unit_y)
    return _widened(x, unit * width), _widened(y, unit * height)


def _widened(axis: ScaledAxis, span: float) -> ScaledAxis:
    middle = float(np.mean(axis.limits))
    return replace(axis, limits=(middle - span / 2, middle + span / 2))
