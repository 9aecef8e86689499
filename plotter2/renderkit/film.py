"""A film: the scene that stands still, and for every picture the marks that stand in it. numpy only.

Axes, legends and colours are chosen once, for all moments together, so that nothing but the marks moves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np

from plotter2.renderkit.compose import Composition, Plot, Stage, composition
from plotter2.renderkit.contrast import legible
from plotter2.renderkit.layout import PAD
from plotter2.renderkit.lettering import text_width, wrapped
from plotter2.renderkit.moving import MovingPiece, grown, reach
from plotter2.renderkit.pieces import Drawn, Frame, default_diameter
from plotter2.renderkit.scene import Floats, Label, Mark, Scene
from plotter2.renderkit.view import Grid, Layer, View

Ease: TypeAlias = Literal["linear", "cubic"]


@dataclass(frozen=True, slots=True)
class Timeline:
    """How moments become pictures: `between` of them on the way from one moment to the next, `fps` in a second."""

    moments: int
    between: int = 0
    fps: int = 24
    ease: Ease = "linear"

    @property
    def pictures(self) -> int:
        """How many pictures the film has."""
        return (self.moments - 1) * (self.between + 1) + 1

    def place(self, picture: int) -> tuple[int, float]:
        """Give the moment that a picture starts from, and the share of the way to the next one."""
        moment, step = divmod(picture, self.between + 1)
        part = step / (self.between + 1)
        return moment, part * part * (3.0 - 2.0 * part) if self.ease == "cubic" else part


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """What one picture adds to the scene that stands still: marks for each panel, and labels."""

    marks: tuple[tuple[Mark, ...], ...]
    labels: tuple[Label, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Film:
    """A film ready to be drawn: `still` is the scene without what moves, `shot` gives the rest of each picture.

    The ledger of `still` accounts for every row once. `titles` has, for each view with a title that changes, the label
    of each moment.
    """

    still: Scene
    timeline: Timeline
    titles: tuple[tuple[Label, ...], ...]
    _panels: tuple[tuple[_Moving, ...], ...]

    def shot(self, picture: int) -> Shot:
        """Give what moves, as it is in one picture."""
        moment, share = self.timeline.place(picture)
        marks = tuple(
            legible(mark for part in parts for mark in part.at(moment, share))
            for parts in self._panels
        )
        return Shot(marks, tuple(labels[moment] for labels in self.titles))

    def scene(self, picture: int) -> Scene:
        """Give a whole picture as a scene of its own."""
        shot = self.shot(picture)
        panels = tuple(
            replace(panel, marks=(*panel.marks, *marks))
            for panel, marks in zip(self.still.panels, shot.marks, strict=True)
        )
        return replace(self.still, panels=panels, labels=(*self.still.labels, *shot.labels))


def film_of(picture: View | Grid, timeline: Timeline) -> Film:
    """Compose a film; raises what `compose` raises, and RunError P2-R0672 for keys that are not unique."""
    steady = _steady(picture)
    made = composition(steady)
    still, moving = [], []
    panels = iter(made.scene.panels)
    for plot, stage, _ in made.parts:
        for place in range(len(stage.frames)):
            standing, parts = _parted(plot, stage, place)
            still.append(replace(next(panels), marks=standing))
            moving.append(parts)
    labels, titles = _titles(steady, made)
    scene = replace(made.scene, panels=tuple(still), labels=labels)
    return Film(scene, timeline, titles, tuple(moving))


# ---- what moves ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Moving:
    """One layer in one panel: it moves, grows with `reach`, or stands still above something that does not."""

    drawn: Drawn
    frame: Frame
    piece: MovingPiece | None = None
    reach: Floats | None = None

    def at(self, moment: int, share: float) -> tuple[Mark, ...]:
        """Give its marks."""
        if self.piece is not None:
            return self.piece.at(moment, share, self.frame)
        if self.reach is None:
            return self.drawn.marks
        until = float(self.reach[moment])
        if share > 0:
            until += (float(self.reach[moment + 1]) - until) * share
        return grown(self.drawn.marks, until)


def _parted(plot: Plot, stage: Stage, panel: int) -> tuple[tuple[Mark, ...], tuple[_Moving, ...]]:
    """Give the marks of a panel that stand still below all that moves, and everything above them."""
    standing: list[Mark] = []
    moving: list[_Moving] = []
    frame = stage.frames[panel]
    for key, drawn in stage.drawn[panel].items():
        source, piece = plot.sources[key[0]], stage.pieces[key]
        moments = source.layer.moments
        if isinstance(piece, MovingPiece):
            moving.append(_Moving(drawn, frame, piece))
        elif moments is not None:
            moving.append(_Moving(drawn, frame, reach=reach(source)))
        elif moving:
            moving.append(_Moving(drawn, frame))
        else:
            standing += drawn.marks
    return tuple(standing), tuple(moving)


def _steady(view: View | Grid) -> View | Grid:
    """Give the view with points that keep their size however many a picture has, and room for its longest title."""
    title = max(view.titles, key=lambda text: text_width(text, 1.0), default=view.title)
    if isinstance(view, Grid):
        return replace(view, views=tuple(_steady(inner) for inner in view.views), title=title)
    layers = tuple(_sized(layer) for layer in view.layers)
    return replace(view, layers=layers, title=title)


def _sized(layer: Layer) -> Layer:
    moments = layer.moments
    if layer.kind != "point" or moments is None or "size" in (*layer.options, *layer.channels):
        return layer
    most = int(np.bincount(moments.codes + 1)[1:].max(initial=0))
    return replace(layer, options={**layer.options, "size": default_diameter(most)})


def _titles(
    picture: View | Grid, made: Composition
) -> tuple[tuple[Label, ...], tuple[tuple[Label, ...], ...]]:
    """Give the labels that stand still, and for each title that changes its label at every moment."""
    changing: dict[Label, tuple[Label, ...]] = {}
    for label, room, titles in (*_of_plots(made), *_of_grids(picture, made.scene)):
        changing[label] = tuple(
            replace(label, text=wrapped(text, room, label.size, bold=True)) for text in titles
        )
    still = tuple(label for label in made.scene.labels if label not in changing)
    return still, tuple(changing.values())


_Title: TypeAlias = tuple[Label, float, tuple[str, ...]]
"""A label, the width that it may take, its text at each moment."""


def _of_plots(made: Composition) -> Iterator[_Title]:
    for plot, stage, rect in made.parts:
        title = next((label for label in stage.arrangement.labels if label.role == "title"), None)
        if title is not None and plot.view.titles:
            yield title, rect.width - 2 * PAD, plot.view.titles


def _of_grids(picture: View | Grid, scene: Scene) -> Iterator[_Title]:
    if not isinstance(picture, Grid):
        return
    for label in scene.labels:
        said = label.text.split()
        if picture.titles and label.role == "title" and said == picture.title.split():
            yield label, scene.width - label.x - PAD, picture.titles
            break
    for inner in picture.views:
        yield from _of_grids(inner, scene)
