"""From a view to a scene: rows grouped, coloured and thinned, everything placed on the page. numpy only."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from plotter2.renderkit import palettes
from plotter2.renderkit.annotations import TextPiece, circle_piece, text_piece
from plotter2.renderkit.boxplots import box_piece
from plotter2.renderkit.cells import Cell, size_of, spread
from plotter2.renderkit.codes import undrawable
from plotter2.renderkit.colouring import ColourScale, Painted, fill_domain, painted
from plotter2.renderkit.contrast import legible
from plotter2.renderkit.facets import PanelGrid, panelled
from plotter2.renderkit.framing import framed, shared_axes
from plotter2.renderkit.grouping import Rows, keyed, partition
from plotter2.renderkit.layout import Arrangement, Margins, Plan, arranged, fonts_for
from plotter2.renderkit.lettering import using
from plotter2.renderkit.moving import MovingPiece, moving_piece
from plotter2.renderkit.pieces import (
    Drawn,
    Frame,
    Piece,
    StrandPiece,
    bar_piece,
    point_piece,
    strand_piece,
)
from plotter2.renderkit.polygons import polygon_piece
from plotter2.renderkit.scales import LEAST, Extent, extent_of
from plotter2.renderkit.scene import Counts, LayerCounts, Mark, Panel, Rect, Scene, lettered
from plotter2.renderkit.sidebar import Placed, Sidebar, sidebar_for
from plotter2.renderkit.sources import AxisKinds, Source, resolved
from plotter2.renderkit.surfaces import Shading, cell_piece, rule_piece
from plotter2.renderkit.view import MILLIMETRE, Axis, Grid, View

DEFAULT_SIZE: Final = (160 * MILLIMETRE, 100 * MILLIMETRE)
_PANEL_HEIGHT, _TALLEST = 42 * MILLIMETRE, 240 * MILLIMETRE
_SMALLEST, _LARGEST = 20 * MILLIMETRE, 2000 * MILLIMETRE
_ROUNDS: Final = 3


def compose(picture: View | Grid) -> Scene:
    """Compose one plot, or several in one picture.

    Raises RunError P2-R0660 to P2-R0670 (see `codes`) for what cannot be drawn. Scene.ledger accounts for every row.
    """
    return composition(picture).scene


def composition(picture: View | Grid) -> Composition:
    """Compose as `compose` does, and keep what the scene was made of."""
    if isinstance(picture, Grid):
        size = size_of(picture, DEFAULT_SIZE[0])
        _check_size(size)
        return _composed_grid(picture, Rect(0.0, 0.0, *size))
    plot = _plot(picture, picture.size)
    return _composed(plot, Rect(0.0, 0.0, *plot.size), number=0)


def composition_in(picture: View | Grid, rect: Rect) -> Composition:
    """Compose into a part of a page; the picture's own size is not used."""
    if isinstance(picture, Grid):
        return _composed_grid(picture, rect)
    return _composed(_plot(picture, (rect.width, rect.height)), rect, number=0)


def natural_size(picture: View | Grid, width: float) -> tuple[float, float]:
    """Give the size of a picture: its own, or a good one for so wide a page."""
    if isinstance(picture, Grid):
        return size_of(picture, width)
    return picture.size or (width, _plot(picture, None).size[1])


@dataclass(frozen=True, slots=True)
class Composition:
    """A scene, and its plots with their stages and places, so that marks can be made again within the same axes."""

    scene: Scene
    parts: tuple[tuple[Plot, Stage, Rect], ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """A view with everything that does not depend on the page."""

    view: View
    sources: tuple[Source, ...]
    kinds: AxisKinds
    paints: tuple[Painted, ...]
    scales: tuple[ColourScale, ...]
    shading: Shading | None
    grid: PanelGrid
    size: tuple[float, float]


def _plot(view: View, size: tuple[float, float] | None) -> Plot:
    if size is not None:
        _check_size(size)
    if not view.layers:
        raise undrawable(
            "P2-R0661", "nothing to draw: the frame has no marks", "frame", "add a mark"
        )
    sources, kinds = resolved(view)
    paints, scales = painted(sources, view.gradient, view.palette)
    domain = fill_domain(sources, view.gradient)
    shading = None if domain is None else Shading(palettes.gradient(view.gradient.name), domain)
    grid = panelled(view.facet, sources, size or DEFAULT_SIZE)
    if size is None:
        height = max(DEFAULT_SIZE[1], grid.rows * _PANEL_HEIGHT + 20 * MILLIMETRE)
        size = (DEFAULT_SIZE[0], min(height, _TALLEST) if grid.rows > 1 else DEFAULT_SIZE[1])
    return Plot(view, tuple(sources), kinds, tuple(paints), tuple(scales), shading, grid, size)


def _check_size(size: tuple[float, float]) -> None:
    if all(math.isfinite(side) and _SMALLEST <= side <= _LARGEST for side in size):
        return
    shown = " x ".join(f"{side / MILLIMETRE:.4g} mm" for side in size)
    message = f"a picture of {shown} cannot be drawn"
    raise undrawable("P2-R0667", message, "frame", "give each side 20 to 2000 mm")


@dataclass(frozen=True, slots=True)
class _Pieces:
    """All pieces by (layer, code of its split), which of them each panel has, and rows without a panel by layer."""

    made: Mapping[tuple[int, int], Piece]
    panels: tuple[tuple[tuple[int, int], ...], ...]
    nowhere: tuple[int, ...]


def _pieces(plot: Plot) -> _Pieces:
    made: dict[tuple[int, int], Piece] = {}
    panels: list[list[tuple[int, int]]] = [[] for _ in plot.grid.cells]
    nowhere = []
    for source in plot.sources:
        split = plot.grid.splits[source.index]
        if split is None:
            made[source.index, 0] = _made(plot, source, slice(0, source.rows))
            nowhere.append(0)
            wanted: Sequence[int] = (0,) * len(panels)
        else:
            for code, rows in partition(split.codes, split.count):
                made[source.index, code] = _made(plot, source, rows)
            nowhere.append(int((split.codes < 0).sum()))
            wanted = split.wanted
        for panel, code in enumerate(wanted):
            if (source.index, code) in made:
                panels[panel].append((source.index, code))
    return _Pieces(made, tuple(map(tuple, panels)), tuple(nowhere))


def _made(plot: Plot, source: Source, rows: Rows) -> Piece:
    """Give the piece of a layer; of one that moves all its pieces, of one that grows the whole."""
    moments = source.layer.moments
    if moments is None or moments.grows:
        return _piece(plot, source, rows)
    return moving_piece(source, rows, lambda own: _piece(plot, source, own))


def _piece(plot: Plot, source: Source, rows: Rows) -> Piece:
    paint = plot.paints[source.index]
    plain = _PLAIN_PIECES.get(source.layer.kind)
    if plain is not None:
        return plain(source, rows, paint)
    if source.layer.kind == "heatmap":
        assert plot.shading is not None
        return cell_piece(source, rows, (len(plot.kinds.x), len(plot.kinds.y)), plot.shading)
    if source.layer.kind == "text":
        return text_piece(source, rows, paint, _cells(plot))
    return circle_piece(source, rows, paint, _unit(plot))


_PLAIN_PIECES: Final[Mapping[str, Callable[[Source, Rows, Painted], Piece]]] = {
    "line": strand_piece,
    "band": strand_piece,
    "point": point_piece,
    "bar": bar_piece,
    "box": box_piece,
    "polygon": polygon_piece,
    "rule": rule_piece,
}
"""Marks that need nothing but their rows and colours."""


def _cells(plot: Plot) -> tuple[int, int]:
    """How many cells a heatmap of this view has along x and y; (0, 0) when there is none."""
    for source in plot.sources:
        if source.layer.kind == "heatmap":
            x, y = (len(keyed(source.numbers[name]).levels) for name in ("x", "y"))
            return len(plot.kinds.x) or x, len(plot.kinds.y) or y
    return 0, 0


def _unit(plot: Plot) -> tuple[float, float]:
    if plot.view.equal:
        return 1.0, 1.0
    spans = []
    for name, side in zip(("x", "y"), plot.size, strict=True):
        extent = _joined([extent_of(s.numbers[name]) for s in plot.sources if name in s.numbers])
        span = extent.high - extent.low
        spans.append(span / side if span > LEAST else 1.0)
    return spans[0], spans[1]


def _joined(extents: Sequence[Extent]) -> Extent:
    joined = Extent()
    for extent in extents:
        joined = joined | extent
    return joined


def _composed(plot: Plot, rect: Rect, number: int) -> Composition:
    return _finished(_draft(plot, rect), number)


def _draft(plot: Plot, rect: Rect) -> _Draft:
    with using(plot.view.font):
        return _drafted(plot, rect)


def _drafted(plot: Plot, rect: Rect) -> _Draft:
    view, fonts, pieces = plot.view, fonts_for(rect.width), _pieces(plot)
    spans = {key: piece.extents() for key, piece in pieces.made.items()}
    extents = [
        (_joined([spans[key][0] for key in keys]), _joined([spans[key][1] for key in keys]))
        for keys in pieces.panels
    ]
    framing = framed(view, plot.kinds, extents, fonts)
    sidebar = sidebar_for(view, plot.sources, (plot.paints, plot.scales, plot.shading), rect)
    plan = Plan(
        rect, fonts, plot.grid, framing.ticked, view.title, view.caption,
        _axis_label(view.x, plot.sources, ("x",)),
        _axis_label(view.y, plot.sources, ("y", "hi")),
        shared_axes(view), sidebar.width,
        max((p.overhang() for p in pieces.made.values() if isinstance(p, TextPiece | MovingPiece)), default=0.0),
        (len(plot.kinds.x), len(plot.kinds.y)) if view.equal and plot.kinds.x and plot.kinds.y else None,
    )  # fmt: skip
    return _placed(_Draft(plot, pieces, plan, sidebar, _staged(arranged(plan), pieces, None)))


@dataclass(frozen=True, slots=True)
class _Draft:
    """A plot with its stage and what stands beside its panels; `placed` once that has a place."""

    plot: Plot
    pieces: _Pieces
    plan: Plan
    sidebar: Sidebar
    stage: Stage
    placed: Placed | None = None


def _placed(draft: _Draft) -> _Draft:
    """Place the legend; outside when no corner of the panel is free."""
    stage, sidebar = draft.stage, draft.sidebar
    placed = sidebar.placed(stage.arrangement, stage.frames, stage.marks)
    if placed is not None:
        return replace(draft, placed=placed)
    sidebar = sidebar.all_outside()
    plan = replace(draft.plan, side=sidebar.width)
    stage = _staged(arranged(plan), draft.pieces, stage)
    placed = sidebar.placed(stage.arrangement, stage.frames, stage.marks)
    assert placed is not None
    return replace(draft, plan=plan, sidebar=sidebar, stage=stage, placed=placed)


def _aligned(draft: _Draft, least: Margins) -> _Draft:
    """Arrange a plot anew with margins at least so wide."""
    plan = replace(draft.plan, least=least)
    with using(draft.plot.view.font):
        stage = _staged(arranged(plan), draft.pieces, draft.stage)
        return _placed(replace(draft, plan=plan, stage=stage))


def _finished(draft: _Draft, number: int) -> Composition:
    plot, stage, rect, placed = draft.plot, draft.stage, draft.plan.rect, draft.placed
    assert placed is not None
    ledger = _ledger(plot, draft.pieces, stage, number)
    scene = Scene(
        rect.right, rect.top, _panels(plot, stage), stage.arrangement.labels,
        placed.legends, placed.bars, ledger,
    )  # fmt: skip
    return Composition(lettered(scene, plot.view.font), ((plot, stage, rect),))


def _axis_label(axis: Axis, sources: Sequence[Source], channels: Sequence[str]) -> str:
    names = [
        source.layer.channels[channel]
        for channel in channels
        for source in sources
        if channel in source.layer.channels
    ]
    label = axis.label if axis.label is not None else next(iter(names), "")
    return f"{label} [{axis.unit}]".lstrip() if axis.unit else label


@dataclass(frozen=True, slots=True)
class Stage:
    """An arrangement with what is drawn in it, by panel and piece."""

    arrangement: Arrangement
    pieces: Mapping[tuple[int, int], Piece]
    frames: tuple[Frame, ...]
    drawn: tuple[Mapping[tuple[int, int], Drawn], ...]

    @property
    def marks(self) -> list[list[Mark]]:
        """The marks of each panel."""
        return [[mark for one in panel.values() for mark in one.marks] for panel in self.drawn]


def _staged(arrangement: Arrangement, pieces: _Pieces, before: Stage | None) -> Stage:
    frames = tuple(
        Frame(rect, *axes) for rect, axes in zip(arrangement.rects, arrangement.axes, strict=True)
    )
    drawn = tuple(
        {key: _drawn(pieces.made[key], frame, before, (panel, key)) for key in keys}
        for panel, (frame, keys) in enumerate(zip(frames, pieces.panels, strict=True))
    )
    return Stage(arrangement, pieces.made, frames, drawn)


def _drawn(
    piece: Piece, frame: Frame, before: Stage | None, place: tuple[int, tuple[int, int]]
) -> Drawn:
    """Draw a piece. Lines thinned for a slightly wider panel with the same limits are fine as they are."""
    if before is not None and isinstance(piece, StrandPiece):
        panel, key = place
        earlier = before.frames[panel]
        if (earlier.x.limits, earlier.y.limits) == (frame.x.limits, frame.y.limits):
            return before.drawn[panel][key]
    return piece.drawn(frame)


def _panels(plot: Plot, stage: Stage) -> tuple[Panel, ...]:
    filled = any(source.layer.kind == "heatmap" for source in plot.sources)
    return tuple(
        Panel(frame.rect, frame.x, frame.y, legible(marks), not filled, cell.above, cell.beside)
        for frame, marks, cell in zip(stage.frames, stage.marks, plot.grid.cells, strict=True)
    )


def _ledger(plot: Plot, pieces: _Pieces, stage: Stage, number: int) -> tuple[LayerCounts, ...]:
    """Account for every row once, also where a layer stands in several panels."""
    counts = {
        source.index: Counts(nowhere, nowhere, 0, 0, 0)
        for source, nowhere in zip(plot.sources, pieces.nowhere, strict=True)
    }
    seen: set[tuple[int, int]] = set()
    for panel in stage.drawn:
        for key, one in panel.items():
            if key not in seen:
                seen.add(key)
                counts[key[0]] = counts[key[0]] + one.counts
    total = sum(counts.values(), Counts(0, 0, 0, 0, 0))
    if total.drawn == 0:
        message = f"nothing to draw: of {total.given} rows {total.null} are null, {total.outside} outside the axes"
        remedy = "check the filters, the nulls and the axis limits"
        raise undrawable("P2-R0661", message, "frame", remedy)
    return tuple(
        LayerCounts(number, source.index, source.layer.kind, counts[source.index])
        for source in plot.sources
    )


def _composed_grid(grid: Grid, rect: Rect) -> Composition:
    """Compose the views of a grid and of the grids in it into their cells, with the edges of their panels in line."""
    cells, labels = spread(grid, rect)
    drafts = [_draft(_plot(c.view, (c.rect.width, c.rect.height)), c.rect) for c in cells]
    for _ in range(_ROUNDS):
        wanted = [_least(cell, cells, drafts) for cell in cells]
        if all(d.stage.arrangement.margins.holds(w) for d, w in zip(drafts, wanted, strict=True)):
            break
        drafts = [_aligned(draft, least) for draft, least in zip(drafts, wanted, strict=True)]
    made = [_finished(draft, number) for number, draft in enumerate(drafts)]
    scenes = [part.scene for part in made]
    whole = Scene(
        rect.right,
        rect.top,
        tuple(panel for scene in scenes for panel in scene.panels),
        (*labels, *(label for scene in scenes for label in scene.labels)),
        tuple(box for scene in scenes for box in scene.legends),
        tuple(bar for scene in scenes for bar in scene.colour_bars),
        tuple(entry for scene in scenes for entry in scene.ledger),
    )
    return Composition(whole, tuple(part for one in made for part in one.parts))


def _least(cell: Cell, cells: Sequence[Cell], drafts: Sequence[_Draft]) -> Margins:
    """Give the margins that put the panels of a cell in line with those above, below and beside it."""
    pairs = list(zip(cells, (draft.stage.arrangement.margins for draft in drafts), strict=True))
    column = [margins for other, margins in pairs if other.column == cell.column]
    row = [margins for other, margins in pairs if other.row == cell.row]
    return Margins(
        max(m.left for m in column),
        max(m.right for m in column),
        max(m.bottom for m in row),
        max(m.top for m in row),
        0.0,
        0.0,
    )
