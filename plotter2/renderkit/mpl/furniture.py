"""Everything around the marks: grid and axis lines, texts, legends, colour bars, as matplotlib artists in points."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from matplotlib.artist import Artist
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch, Rectangle
from matplotlib.text import Text
from matplotlib.transforms import Transform

from plotter2.renderkit import palettes
from plotter2.renderkit.layout import TICK_LENGTH
from plotter2.renderkit.mpl.artists import FAMILIES, MARKERS
from plotter2.renderkit.pieces import Frame
from plotter2.renderkit.scene import ColourBar, Key, Label, LegendBox, Panel, Stroke

_GRID, _AXIS = 0.6, 0.7
_AXES, _OVER_DATA, _TEXT = 3.0, 5.0, 6.0


def text_of(label: Label, points: Transform) -> Artist:
    """Give a label. Nothing in it is ever read as mathematics."""
    return Text(
        label.x,
        label.y,
        label.text,
        color=label.colour,
        fontsize=label.size,
        fontweight="bold" if label.bold else "normal",
        ha=label.align,
        va=label.valign,
        rotation=label.angle,
        rotation_mode="anchor" if label.role == "x tick" and label.angle else "default",
        linespacing=1.2,
        multialignment=label.align,
        parse_math=False,
        transform=points,
        zorder=_TEXT,
        fontfamily=FAMILIES[label.family],
    )


def stroke_of(stroke: Stroke, points: Transform) -> Artist:
    """Give a straight line on the page."""
    return Line2D(
        [stroke.x, stroke.to_x],
        [stroke.y, stroke.to_y],
        color=stroke.colour,
        linewidth=stroke.width,
        linestyle=(0, (1, 4)) if stroke.dotted else "solid",
        solid_capstyle="butt",
        transform=points,
        zorder=_AXES,
    )


def below_marks(panel: Panel, points: Transform) -> Iterator[Artist]:
    """Give the grid lines of a panel."""
    if not panel.grid:
        return
    frame = Frame(panel.rect, panel.x, panel.y)
    segments = []
    if panel.x.scale != "category":
        at = frame.page_x(np.array([tick.at for tick in panel.x.ticks])).tolist()
        segments += [[(x, panel.rect.y), (x, panel.rect.top)] for x in at]
    if panel.y.scale != "category":
        at = frame.page_y(np.array([tick.at for tick in panel.y.ticks])).tolist()
        segments += [[(panel.rect.x, y), (panel.rect.right, y)] for y in at]
    yield LineCollection(
        segments, colors=[palettes.GRID_LINE], linewidths=_GRID, transform=points, capstyle="butt"
    )


def above_marks(panel: Panel, points: Transform) -> Iterator[Artist]:
    """Give the two axis lines of a panel with their small outward ticks; a heatmap stands without."""
    if not panel.grid:
        return
    rect, frame = panel.rect, Frame(panel.rect, panel.x, panel.y)
    segments = [[(rect.x, rect.top), (rect.x, rect.y)], [(rect.x, rect.y), (rect.right, rect.y)]]
    for axis, place in ((panel.x, frame.page_x), (panel.y, frame.page_y)):
        major = place(np.array([tick.at for tick in axis.ticks])).tolist()
        minor = place(np.array(axis.minor, dtype=np.float64)).tolist()
        for at, length in [(m, TICK_LENGTH) for m in major] + [(m, TICK_LENGTH / 2) for m in minor]:
            if axis is panel.x:
                segments.append([(at, rect.y), (at, rect.y - length)])
            else:
                segments.append([(rect.x, at), (rect.x - length, at)])
    yield LineCollection(
        segments,
        colors=[palettes.AXIS_LINE],
        linewidths=_AXIS,
        capstyle="projecting",
        transform=points,
    )


def legend_of(box: LegendBox, points: Transform) -> Iterator[Artist]:
    """Give a legend: ground, keys, texts."""
    if box.framed:
        yield FancyBboxPatch(
            (box.rect.x + 2, box.rect.y + 2),
            box.rect.width - 4,
            box.rect.height - 4,
            boxstyle="round,pad=2,rounding_size=2",
            facecolor=palettes.PAPER,
            edgecolor=palettes.GRID_LINE,
            linewidth=_GRID,
            alpha=0.9,
            transform=points,
            zorder=_OVER_DATA,
        )
    for key in box.keys:
        yield from _key(key, points)
    for label in box.labels:
        yield text_of(label, points)


def _key(key: Key, points: Transform) -> Iterator[Artist]:
    rect, middle = key.rect, key.rect.y + key.rect.height / 2
    if key.area is not None:
        yield Rectangle(
            (rect.x, rect.y),
            rect.width,
            rect.height,
            facecolor=key.colour,
            edgecolor="none",
            alpha=key.area,
            transform=points,
            zorder=_TEXT,
        )
    marker = MARKERS[key.shape] if key.shape is not None else "none"
    if key.line is None and key.shape is None:
        return
    at = [rect.x + rect.width / 2] if key.line is None else [rect.x, rect.right]
    yield Line2D(
        at,
        [middle] * len(at),
        color=key.colour,
        linewidth=key.line or 0.0,
        solid_capstyle="butt",
        marker="none" if key.line is not None else marker,
        markersize=key.size,
        markeredgewidth=1.0 if key.shape in ("cross", "plus") else 0.0,
        alpha=key.alpha,
        transform=points,
        zorder=_TEXT,
    )
    if key.line is not None and key.shape is not None:
        yield Line2D(
            [rect.x + rect.width / 2],
            [middle],
            color=key.colour,
            linestyle="none",
            marker=marker,
            markersize=key.size,
            transform=points,
            zorder=_TEXT,
        )


def colour_bar_of(bar: ColourBar, points: Transform) -> Iterator[Artist]:
    """Give a colour bar: one box for each colour, ticks, texts."""
    rect = bar.rect
    edges = rect.y + np.linspace(0.0, rect.height, len(bar.palette) + 1)
    # Each box reaches under the next one, so that no light seam shows between them.
    boxes = [
        [(rect.x, low), (rect.right, low), (rect.right, rect.top), (rect.x, rect.top)]
        for low in edges[:-1].tolist()
    ]
    yield PolyCollection(
        boxes, facecolors=list(bar.palette), edgecolors="none", linewidths=0, transform=points
    )
    ticks = [[(rect.right, y), (rect.right + TICK_LENGTH, y)] for y in bar.ticks]
    yield LineCollection(ticks, colors=[palettes.AXIS_LINE], linewidths=_AXIS, transform=points)
    for label in bar.labels:
        yield text_of(label, points)
