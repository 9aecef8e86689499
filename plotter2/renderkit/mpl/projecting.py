"""The pictures of a film as pixels: what stands still is drawn once, and for each picture only what moves."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Transform
from numpy.typing import NDArray

from plotter2.renderkit.film import Film
from plotter2.renderkit.mpl.drawing import (
    DOTS_PER_INCH,
    around_panels,
    in_whole_pixels,
    marks_of,
    over_marks,
    paper,
    under_marks,
)
from plotter2.renderkit.mpl.furniture import text_of
from plotter2.renderkit.mpl.settings import settings
from plotter2.renderkit.scene import Scene

Pixels = NDArray[np.uint8]
"""Opaque pixels: (height, width, 4), red green blue and 255."""


def project(
    film: Film,
    take: Callable[[Pixels], None],
    wanted: Iterable[int] | None = None,
    dpi: float = DOTS_PER_INCH,
) -> None:
    """Draw the wanted pictures (all, in order) and hand each to `take`; its pixels are good until `take` returns."""
    with settings(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        projector = _Projector(film, dpi)
        for number in range(film.timeline.pictures) if wanted is None else wanted:
            take(projector.picture(number))


def pixels_across(film: Film, dpi: float = DOTS_PER_INCH) -> tuple[int, int]:
    """Give width and height of the pictures in pixels."""
    return round(film.still.width * dpi / 72), round(film.still.height * dpi / 72)


class _Projector:
    """Draws what moves between a ground and a cover that are drawn once."""

    def __init__(self, film: Film, dpi: float) -> None:
        still = film.still
        self._film, self._panels = film, still.panels
        figure, points = paper(still, dpi)
        self._sheet = _Sheet(figure, points, in_whole_pixels(figure, still, dpi))
        self._renderer: Any = self._sheet.canvas.get_renderer()
        self._pixels: Pixels = np.asarray(self._sheet.canvas.buffer_rgba())
        self._pixels[:] = 255
        for panel in still.panels:
            self._draw(under_marks(panel, points))
            self._draw(marks_of(panel, panel.marks, points))
        self._ground = self._pixels.copy()
        self._cover = _Cover(still, dpi)

    def picture(self, number: int) -> Pixels:
        """Draw one picture."""
        points, shot = self._sheet.points, self._film.shot(number)
        self._pixels[:] = self._ground
        for panel, marks in zip(self._panels, shot.marks, strict=True):
            self._draw(marks_of(panel, marks, points))
        self._draw(text_of(label, points) for label in shot.labels)
        self._cover.lay_over(self._pixels)
        return self._pixels

    def _draw(self, artists: Iterable[Artist]) -> None:
        for artist in artists:
            artist.set_figure(self._sheet.figure)
            artist.draw(self._renderer)


@dataclass(frozen=True, slots=True)
class _Sheet:
    figure: Figure
    points: Transform
    canvas: FigureCanvasAgg


class _Cover:
    """What stands above all marks: axis lines, texts, legends; as the few pixels that it touches."""

    def __init__(self, still: Scene, dpi: float) -> None:
        figure, points = paper(still, dpi, "none")
        canvas = in_whole_pixels(figure, still, dpi)
        for panel in still.panels:
            for artist in over_marks(panel, points):
                figure.add_artist(artist)
        for artist in around_panels(still, points):
            figure.add_artist(artist)
        canvas.draw()
        drawn = np.asarray(canvas.buffer_rgba())
        self._at = np.flatnonzero(drawn[:, :, 3])
        touched = drawn.reshape(-1, 4)[self._at].astype(np.uint16)
        alpha = touched[:, 3:]
        self._ink = touched * alpha + 127
        self._clear = 255 - alpha

    def lay_over(self, pixels: Pixels) -> None:
        """Put the cover on top of opaque pixels."""
        flat = pixels.reshape(-1, 4)
        flat[self._at, :3] = ((flat[self._at] * self._clear + self._ink) // 255)[:, :3]
