"""A film of 200 pictures (400 points that move, a line that grows) beside matplotlib's FuncAnimation.

Both draw the same points, axes and title at 945 x 591 pixels and hand the pixels to the same H.264 encoder with the
same settings, in this process: matplotlib's usual writers start a program (ffmpeg) or are slower (Pillow, GIF only).
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from matplotlib.animation import AbstractMovieWriter, FuncAnimation
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from plotter2.renderkit.film import Timeline, film_of
from plotter2.renderkit.filming import filmed
from plotter2.renderkit.video import recorder
from plotter2.renderkit.view import Factor, Layer, Moments, View

PICTURES, POINTS, DPI = 200, 400, 150
SIZE = (160 / 25.4, 100 / 25.4)
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")


def places() -> tuple[Any, Any]:
    """Give x and y of every point at every moment."""
    noise = np.random.default_rng(0)
    start, way = noise.normal(size=(2, POINTS)), noise.normal(size=(2, POINTS)) * 3
    share = np.linspace(0, 1, PICTURES)[:, None]
    return start[0] + share * way[0], start[1] + share * way[1]


def ours(x: Any, y: Any) -> float:
    """Give the seconds that plotter2 needs."""
    codes = np.repeat(np.arange(PICTURES, dtype=np.int32), POINTS)
    label = Factor(np.tile(np.arange(POINTS, dtype=np.int32) % 4, PICTURES), ("a", "b", "c", "d"))
    points = Layer(
        "point",
        {"x": x.ravel(), "y": y.ravel(), "label": label},
        {"x": "x", "y": "y", "colour": "label"},
        moments=Moments(codes),
    )
    line = Layer(
        "line",
        {"x": x.mean(axis=1).cumsum() / 9, "y": y.mean(axis=1)},
        {"x": "x", "y": "y"},
        moments=Moments(np.arange(PICTURES, dtype=np.int32), grows=True),
    )
    started = time.perf_counter()
    titles = tuple(f"step {number}" for number in range(PICTURES))
    film = film_of(View((points, line), titles=titles), Timeline(PICTURES))
    filmed(film, ["mp4"], {"bench": True})
    return time.perf_counter() - started


class _Writer(AbstractMovieWriter):
    """Hands each drawn figure to the encoder."""

    def setup(self, fig: Any, outfile: Any, dpi: Any = None) -> None:
        super().setup(fig, outfile, dpi)
        size = tuple(round(side * DPI) for side in SIZE)
        self.record = recorder("mp4", size, self.fps, np.zeros((1, 1, 4), np.uint8))  # type: ignore[arg-type]

    def grab_frame(self, **_options: Any) -> None:
        self.fig.canvas.draw()
        self.record.take(np.asarray(self.fig.canvas.buffer_rgba()))

    def finish(self) -> None:
        self.record.finished()


def theirs(x: Any, y: Any) -> float:
    """Give the seconds that FuncAnimation needs, with artists that are changed, not made anew."""
    started = time.perf_counter()
    figure = Figure(SIZE, dpi=DPI)
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.grid(True)
    axes.set(xlim=(x.min(), x.max()), ylim=(y.min(), y.max()), xlabel="x", ylabel="y")
    dots = [
        axes.plot([], [], "o", ms=4.5, color=c, label=n)[0]
        for c, n in zip(COLOURS, "abcd", strict=True)
    ]
    (line,) = axes.plot([], [], color="#555555")
    axes.legend(title="label")
    along = x.mean(axis=1).cumsum() / 9

    def update(number: int) -> list[Any]:
        for group, dot in enumerate(dots):
            dot.set_data(x[number, group::4], y[number, group::4])
        line.set_data(along[: number + 1], y.mean(axis=1)[: number + 1])
        axes.set_title(f"step {number}")
        return [*dots, line]

    film = FuncAnimation(figure, update, frames=PICTURES, blit=False, cache_frame_data=False)
    film.save("unused.mp4", writer=_Writer(fps=24), dpi=DPI)
    return time.perf_counter() - started


def main() -> None:
    """Print the figures."""
    x, y = places()
    own = min(ours(x, y) for _ in range(3))
    peer = min(theirs(x, y) for _ in range(2))
    print(
        f"animation: {PICTURES} pictures in {own:.2f} s, FuncAnimation {peer:.2f} s: {peer / own:.1f} times as fast"
    )


if __name__ == "__main__":
    main()
