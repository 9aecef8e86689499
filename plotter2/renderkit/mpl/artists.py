"""Marks as matplotlib artists in points of the page. Data coordinates end here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.artist import Artist
from matplotlib.collections import (
    EllipseCollection,
    LineCollection,
    PathCollection,
    PolyCollection,
)
from matplotlib.colors import to_rgba, to_rgba_array
from matplotlib.image import BboxImage
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.transforms import Bbox, IdentityTransform, Transform, TransformedBbox

from plotter2.renderkit import palettes
from plotter2.renderkit.decimation import PIXELS_PER_POINT
from plotter2.renderkit.grouping import partition
from plotter2.renderkit.lettering import HALF_CAPITAL
from plotter2.renderkit.pieces import Frame
from plotter2.renderkit.scene import (
    BandMark,
    BarMark,
    CellMark,
    CircleMark,
    Codes,
    Family,
    Floats,
    LineMark,
    Mark,
    PointMark,
    PolygonMark,
    RuleMark,
    Shape,
    TextMark,
)

MARKERS: Final[dict[Shape, str]] = {
    "circle": "o",
    "square": "s",
    "triangle": "^",
    "diamond": "D",
    "cross": "x",
    "plus": "+",
}
FAMILIES: Final[dict[Family, list[str]]] = {
    "sans": ["DejaVu Sans"],
    "serif": ["DejaVu Serif", "DejaVu Sans"],
    "mono": ["DejaVu Sans Mono", "DejaVu Sans"],
    "stix": ["STIXGeneral", "DejaVu Sans"],
}
"""The families of letters that come with matplotlib, by our words for them, and who has what they lack."""

_OPEN: Final = ("cross", "plus")
_EDGE: Final = 0.5


def artists_of(mark: Mark, frame: Frame, points: Transform) -> Iterator[Artist]:
    """Give the artists of one mark; `points` turns points of the page into pixels."""
    match mark:
        case LineMark():
            yield from _line(mark, frame, points)
        case PolygonMark():
            yield _polygons(mark, frame, points)
        case BandMark():
            yield from _band(mark, frame, points)
        case PointMark():
            yield from _points(mark, frame, points)
        case BarMark():
            yield _bars(mark, frame, points)
        case CellMark():
            yield _cells(mark, frame, points)
        case RuleMark():
            yield _rules(mark, frame, points)
        case TextMark():
            yield from _texts(mark, frame, points)
        case CircleMark():
            yield from _circles(mark, points)


def _line(mark: LineMark, frame: Frame, points: Transform) -> Iterator[Artist]:
    x, y = frame.page_x(mark.x), frame.page_y(mark.y)
    style: dict[str, Any] = {"alpha": mark.alpha, "transform": points, "rasterized": mark.raster}
    lonely = _lonely(x, y, mark.starts)
    if lonely.any():
        # A line of one point has no length; as a dot it is seen.
        yield Line2D(
            x[lonely],
            y[lonely],
            linestyle="none",
            marker="o",
            markersize=2.5 * mark.width,
            markerfacecolor=mark.colour,
            markeredgecolor="none",
            **style,
        )
    if mark.alpha < 1 and len(mark.starts) > 2:
        # Drawn one by one, so that lines that cross show through each other.
        pairs = np.column_stack([x, y])
        parts = np.split(pairs, mark.starts[1:-1])
        yield LineCollection(
            parts, colors=[mark.colour], linewidths=mark.width, joinstyle="round", **style
        )
        return
    yield Line2D(
        _separated(x, mark.starts),
        _separated(y, mark.starts),
        color=mark.colour,
        linewidth=mark.width,
        solid_joinstyle="round",
        solid_capstyle="round",
        **style,
    )


def _lonely(x: Floats, y: Floats, starts: Codes) -> npt.NDArray[np.bool_]:
    """Tell which points have no neighbour on their line: no point before or behind them, or only gaps."""
    known = np.isfinite(x) & np.isfinite(y)
    joined = known[:-1] & known[1:]
    inner = starts[(starts > 0) & (starts < len(x))]
    joined[inner - 1] = False
    return known & ~np.concatenate(([False], joined)) & ~np.concatenate((joined, [False]))


def _separated(values: Floats, starts: Codes) -> Floats:
    """Put a NaN between the lines, so that one path draws them all."""
    return np.insert(values, starts[1:-1], np.nan) if len(starts) > 2 else values


def _band(mark: BandMark, frame: Frame, points: Transform) -> Iterator[Artist]:
    x, lo, hi = frame.page_x(mark.x), frame.page_y(mark.lo), frame.page_y(mark.hi)
    corners = []
    for begin, end in zip(mark.starts[:-1].tolist(), mark.starts[1:].tolist(), strict=True):
        for rows in _solid(lo[begin:end], hi[begin:end]):
            part = slice(begin + rows.start, begin + rows.stop)
            along = np.concatenate([x[part], x[part][::-1]])
            corners.append(np.column_stack([along, np.concatenate([lo[part], hi[part][::-1]])]))
    if corners:
        yield PolyCollection(
            corners,
            facecolors=[mark.colour],
            edgecolors="none",
            linewidths=0,
            alpha=mark.alpha,
            transform=points,
            rasterized=mark.raster,
        )


def _solid(lo: Floats, hi: Floats) -> list[slice]:
    """Give the stretches without NaN that have at least two rows."""
    known = np.concatenate(([False], ~(np.isnan(lo) | np.isnan(hi)), [False]))
    edges = np.flatnonzero(known[1:] != known[:-1])
    pairs = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return [slice(begin, end) for begin, end in pairs if end - begin > 1]


def _points(mark: PointMark, frame: Frame, points: Transform) -> Iterator[Artist]:
    x, y = frame.page_x(mark.x), frame.page_y(mark.y)
    if mark.sizes is not None:
        yield _sized_points(mark, x, y, points)
        return
    for code, rows in partition(mark.codes, len(mark.palette)):
        colour = mark.palette[code]
        yield Line2D(
            x[rows],
            y[rows],
            linestyle="none",
            marker=MARKERS[mark.shape],
            markersize=mark.size,
            markerfacecolor=colour,
            markeredgecolor=colour if mark.shape in _OPEN else _edge(mark),
            markeredgewidth=1.0 if mark.shape in _OPEN else _edge_width(mark),
            alpha=mark.alpha,
            transform=points,
            rasterized=mark.raster,
        )


def _edge(mark: PointMark) -> str:
    return palettes.PAPER if _edge_width(mark) else "none"


def _edge_width(mark: PointMark) -> float:
    """Large, opaque points get a thin white edge, which keeps neighbours apart."""
    return _EDGE if mark.size >= 3.0 and mark.alpha == 1 and not mark.raster else 0.0


def _sized_points(mark: PointMark, x: Floats, y: Floats, points: Transform) -> Artist:
    assert mark.sizes is not None
    marker = MarkerStyle(MARKERS[mark.shape])
    colours = to_rgba_array(mark.palette)[mark.codes]
    is_open = mark.shape in _OPEN
    return PathCollection(
        (marker.get_path().transformed(marker.get_transform()),),
        sizes=mark.sizes**2,
        offsets=np.column_stack([x, y]),
        offset_transform=points,
        transform=IdentityTransform(),
        facecolors="none" if is_open else colours,
        edgecolors=colours if is_open else palettes.PAPER,
        linewidths=1.0 if is_open else _EDGE,
        alpha=mark.alpha,
        rasterized=mark.raster,
    )


def _bars(mark: BarMark, frame: Frame, points: Transform) -> Artist:
    left, right = frame.page_x(mark.left), frame.page_x(mark.right)
    bottom, top = frame.page_y(mark.bottom), frame.page_y(mark.top)
    widest = float(np.abs(right - left).max(initial=0.0))
    return PolyCollection(
        _boxes(left, right, bottom, top),
        facecolors=[mark.colour],
        edgecolors=palettes.PAPER,
        linewidths=_EDGE if widest >= 3 else 0.0,
        alpha=mark.alpha,
        transform=points,
        rasterized=mark.raster,
    )


def _polygons(mark: PolygonMark, frame: Frame, points: Transform) -> Artist:
    corners = np.column_stack([frame.page_x(mark.x), frame.page_y(mark.y)])
    return PolyCollection(
        np.split(corners, mark.starts[1:-1]),
        facecolors=[to_rgba(mark.colour, mark.alpha)],
        edgecolors=[mark.colour],
        linewidths=mark.width,
        joinstyle="round",
        transform=points,
        rasterized=mark.raster,
    )


def _boxes(left: Floats, right: Floats, bottom: Floats, top: Floats) -> Any:
    x = np.stack([left, right, right, left], axis=1)
    y = np.stack([bottom, bottom, top, top], axis=1)
    return np.stack([x, y], axis=2)


def _cells(mark: CellMark, frame: Frame, points: Transform) -> Artist:
    x, y = frame.page_x(mark.x_edges), frame.page_y(mark.y_edges)
    table = np.concatenate([to_rgba_array(mark.palette), [[1.0, 1.0, 1.0, 0.0]]])
    colours = table[mark.codes]
    if mark.raster:
        return _image(colours, x, y, points)
    columns, rows = np.meshgrid(np.arange(len(x) - 1), np.arange(len(y) - 1))
    across, up = columns.ravel(), rows.ravel()
    return PolyCollection(
        _boxes(x[across], x[across + 1], y[up], y[up + 1]),
        facecolors=colours.reshape(-1, 4),
        edgecolors=palettes.PAPER if mark.separated else "none",
        linewidths=0.6 if mark.separated else 0.0,
        antialiaseds=mark.separated,
        transform=points,
        rasterized=mark.raster,
    )


def _image(colours: Any, x: Floats, y: Floats, points: Transform) -> Artist:
    """Give the cells as one image; uneven ones are spread over pixels first."""
    rows, columns = _pixels(y)[::-1], _pixels(x)
    box = Bbox.from_extents(min(x[0], x[-1]), min(y[0], y[-1]), max(x[0], x[-1]), max(y[0], y[-1]))
    image = BboxImage(TransformedBbox(box, points), interpolation="nearest", origin="upper")
    image.set_data((colours[rows][:, columns] * 255).astype(np.uint8))
    return image


def _pixels(edges: Floats) -> Any:
    """Give the cell of each pixel along an axis, from the low to the high side of the page."""
    rising = edges if edges[-1] > edges[0] else edges[::-1]
    steps, cells = np.diff(rising), np.arange(len(rising) - 1)
    if np.ptp(steps) > 0.02 * steps.max():
        count = int(np.ceil((rising[-1] - rising[0]) * PIXELS_PER_POINT))
        middles = rising[0] + (np.arange(count) + 0.5) * (rising[-1] - rising[0]) / count
        cells = np.clip(np.searchsorted(rising, middles) - 1, 0, len(cells) - 1)
    return cells if edges[-1] > edges[0] else len(edges) - 2 - cells


def _rules(mark: RuleMark, frame: Frame, points: Transform) -> Artist:
    rect = frame.rect
    segments = [[(x, rect.y), (x, rect.top)] for x in frame.page_x(mark.x).tolist()]
    segments += [[(rect.x, y), (rect.right, y)] for y in frame.page_y(mark.y).tolist()]
    return LineCollection(
        segments,
        colors=[mark.colour],
        linewidths=mark.width,
        linestyles="dashed",
        alpha=mark.alpha,
        transform=points,
    )


def _texts(mark: TextMark, frame: Frame, points: Transform) -> Iterator[Artist]:
    x, y = frame.page_x(mark.x).tolist(), frame.page_y(mark.y).tolist()
    halo = [withStroke(linewidth=2.2, foreground=palettes.PAPER)] if mark.halo else []
    for place, text in enumerate(mark.texts):
        one_line = "\n" not in text
        yield Text(
            x[place],
            y[place] - HALF_CAPITAL * mark.size if one_line else y[place],
            text,
            color=mark.colours[place],
            fontsize=mark.size,
            fontweight="bold" if mark.bold else "normal",
            ha=mark.align,
            va="baseline" if one_line else "center",
            path_effects=halo,
            parse_math=False,
            transform=points,
            fontfamily=FAMILIES[mark.family],
        )


def _circles(mark: CircleMark, points: Transform) -> Iterator[Artist]:
    for colours, alpha, width in (("face", mark.alpha, 0.0), ("edge", 1.0, mark.width)):
        fill = list(mark.colours) if colours == "face" else "none"
        edge = list(mark.colours) if colours == "edge" else "none"
        yield EllipseCollection(
            2 * mark.x_radius,
            2 * mark.y_radius,
            np.zeros(len(mark.x)),
            units="points",
            offsets=np.column_stack([mark.x, mark.y]),
            offset_transform=points,
            facecolors=fill,
            edgecolors=edge,
            linewidths=width,
            alpha=alpha,
        )
