"""The doors of the backend: `draw` gives the bytes of a picture, `warm` loads all that drawing needs."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from io import BytesIO
from typing import Any, Final

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.transforms import Affine2D, Bbox, Transform, TransformedBbox

from plotter2.renderkit import palettes
from plotter2.renderkit.codes import undrawable
from plotter2.renderkit.compose import compose
from plotter2.renderkit.mpl import png, sixel
from plotter2.renderkit.mpl.artists import artists_of
from plotter2.renderkit.mpl.formulas import formula_of
from plotter2.renderkit.mpl.furniture import (
    above_marks,
    below_marks,
    colour_bar_of,
    legend_of,
    stroke_of,
    text_of,
)
from plotter2.renderkit.mpl.settings import settings
from plotter2.renderkit.pieces import Frame
from plotter2.renderkit.provenance import embed
from plotter2.renderkit.scene import Formula, Mark, Panel, PointMark, Scene, TextMark
from plotter2.renderkit.view import Column, Factor, Layer, View

FORMATS: Final = ("png", "svg", "pdf")
"""Of files; provenance goes into each."""

SIXEL: Final = "sixel"
"""What a terminal shows; it carries no provenance."""

_OF_PIXELS: Final = ("png", SIXEL)
DOTS_PER_INCH: Final = 150
_DPI_LEAST, _DPI_MOST = 30, 1200
VECTOR_DPI: Final = 300
"""The resolution of dense marks inside SVG and PDF."""

CREATOR: Final = "plotter2"
"""What files say that made them."""

_BELOW, _MARKS, _AXES = 1.0, 2.0, 3.0


def draw(
    scene: Scene,
    format: str = "png",
    provenance: Mapping[str, Any] | None = None,
    dpi: float = DOTS_PER_INCH,
) -> bytes:
    """Draw a scene as "png", "svg" or "pdf" with the provenance inside, or as "sixel" for a terminal.

    `dpi` is the resolution of pixels; dense marks inside SVG and PDF have 300. Raises RunError P2-R0671 for an unknown
    format or resolution and DataError P2-D0883/4 for a provenance that cannot be embedded.
    """
    if format not in (*FORMATS, SIXEL):
        message = f"{format!r} is not a format of pictures"
        raise undrawable("P2-R0671", message, "format", "use one of: " + ", ".join(FORMATS))
    if not _DPI_LEAST <= dpi <= _DPI_MOST:
        message = f"{dpi} dots per inch cannot be drawn"
        raise undrawable("P2-R0671", message, "dpi", f"give {_DPI_LEAST} to {_DPI_MOST}")
    with settings(), warnings.catch_warnings():
        # A letter that DejaVu lacks is drawn as an empty box, which is all that the warning says.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        data = _bytes(scene, format, dpi)
    return data if provenance is None or format == SIXEL else embed(data, provenance)


def _bytes(scene: Scene, format: str, dpi: float) -> bytes:
    figure = figure_of(scene, dpi if format in _OF_PIXELS else VECTOR_DPI)
    if format in _OF_PIXELS:
        canvas = in_whole_pixels(figure, scene, dpi)
        canvas.draw()
        pixels = np.asarray(canvas.buffer_rgba())
        return png.encoded(pixels, dpi) if format == "png" else sixel.encoded(pixels)
    out = BytesIO()
    if format == "svg":
        metadata = {"Date": None, "Creator": CREATOR, "Format": None, "Type": None}
        FigureCanvasSVG(figure).print_svg(out, metadata=metadata)
    else:
        dates = {"CreationDate": None, "ModDate": None}
        FigureCanvasPdf(figure).print_pdf(
            out, metadata={"Creator": CREATOR, "Producer": CREATOR, **dates}
        )
    return out.getvalue()


def in_whole_pixels(figure: Figure, scene: Scene, dpi: float) -> FigureCanvasAgg:
    """Give the canvas of a figure; whole pixels, rounded: matplotlib alone would cut the last one off."""
    width, height = (round(side * dpi / 72) / dpi + 1e-9 for side in (scene.width, scene.height))
    figure.set_size_inches(width, height)
    return FigureCanvasAgg(figure)


def paper(scene: Scene, dpi: float, colour: str = palettes.PAPER) -> tuple[Figure, Transform]:
    """Give an empty figure of a scene's size, and what turns points of the page into its pixels."""
    figure = Figure((scene.width / 72, scene.height / 72), dpi=dpi, facecolor=colour)
    return figure, Affine2D().scale(1 / 72) + figure.dpi_scale_trans


def figure_of(scene: Scene, dpi: float) -> Figure:
    """Give a whole scene as a figure of matplotlib."""
    figure, points = paper(scene, dpi)
    for panel in scene.panels:
        for artist in _panel(panel, points):
            figure.add_artist(artist)
    for artist in around_panels(scene, points):
        figure.add_artist(artist)
    return figure


def around_panels(scene: Scene, points: Transform) -> Iterator[Artist]:
    """Give lines, labels, formulas, legends and colour bars."""
    for stroke in scene.strokes:
        yield stroke_of(stroke, points)
    for formula in scene.formulas:
        yield formula_of(formula, points)
    for label in scene.labels:
        yield text_of(label, points)
    for box in scene.legends:
        yield from legend_of(box, points)
    for bar in scene.colour_bars:
        yield from colour_bar_of(bar, points)


def _panel(panel: Panel, points: Transform) -> Iterator[Artist]:
    yield from under_marks(panel, points)
    yield from marks_of(panel, panel.marks, points)
    yield from over_marks(panel, points)


def under_marks(panel: Panel, points: Transform) -> Iterator[Artist]:
    """Give what stands below the marks of a panel."""
    for artist in below_marks(panel, points):
        artist.set_zorder(_BELOW)
        yield artist


def marks_of(panel: Panel, marks: Iterable[Mark], points: Transform) -> Iterator[Artist]:
    """Give marks within a panel."""
    rect = panel.rect
    box = TransformedBbox(Bbox.from_bounds(rect.x, rect.y, rect.width, rect.height), points)
    frame = Frame(rect, panel.x, panel.y)
    for mark in marks:
        for artist in artists_of(mark, frame, points):
            # Texts may reach over the edge of the panel a little; nothing else may.
            if not isinstance(mark, TextMark):
                artist.set_clip_box(box)
            artist.set_zorder(_MARKS)
            yield artist


def over_marks(panel: Panel, points: Transform) -> Iterator[Artist]:
    """Give what stands above the marks of a panel."""
    for artist in above_marks(panel, points):
        artist.set_zorder(_AXES)
        yield artist


def warm() -> None:
    """Draw a tiny picture of each format in memory and forget it.

    Afterwards everything that is loaded lazily (fonts, font subsetting, encoders) is in place, so that a forked process
    starts hot and needs no file but the fonts. Starts no thread and leaves no file.
    """
    view = View(
        (
            Layer("line", _WARM_COLUMNS, {"x": "x", "y": "y", "colour": "name"}),
            Layer("text", _WARM_COLUMNS, {"x": "x", "y": "y", "label": "name"}),
            Layer(
                "point", _WARM_COLUMNS, {"x": "x", "y": "y", "colour": "y"}, options={"alpha": 0.5}
            ),
        ),
        title="warm",
        size=(200.0, 150.0),
        caption="µ × 10⁻³ −1",
    )
    scene = replace(
        compose(view),
        formulas=(Formula(r"\hat{x}_i = \sum \frac{1}{2}", 20.0, 40.0, 12.0, palettes.INK),),
    )
    dense = replace(scene, panels=tuple(_with_raster(panel) for panel in scene.panels))
    for format in (*FORMATS, SIXEL):
        draw(dense, format, {"warm": True})


def _with_raster(panel: Panel) -> Panel:
    marks = (
        replace(mark, raster=True) if isinstance(mark, PointMark) else mark for mark in panel.marks
    )
    return replace(panel, marks=tuple(marks))


_WARM_COLUMNS: Final[dict[str, Column]] = {
    "x": np.array([0.0, 1.0, 2.0]),
    "y": np.array([0.0, 1.0, 0.5]),
    "name": Factor(np.array([0, 0, 1], np.int32), ("a", "b")),
}
