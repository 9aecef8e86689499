"""From views, layers and frames of frames to what renderkit draws: columns, captions, one view for each panel."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, fields, replace
from typing import Any, cast

from p2lang.types import TableSchema
from p2lang.verifier import Program
from p2std.picture import AxisWish, Picture
from plotter2.child import captions
from plotter2.child.drawn import Drawable, Layers, Panels, View, views_of
from plotter2.child.moments import Timing, follows, titles_of
from plotter2.child.views import Composed, completed, composed
from plotter2.errors import RunError
from plotter2.renderkit import view as renderkit
from plotter2.renderkit.scene import Family


@dataclass
class Pictures:
    """Makes the pictures of one output, of a film with `timing`.

    `made` and `sources` grow with every panel, in the order in which they come.
    """

    program: Program
    params: Mapping[str, Any]
    placed: Callable[[str], AbstractContextManager[None]]
    timing: Timing | None = None
    made: list[Composed] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)

    def whole(self, drawn: Drawable) -> renderkit.View | renderkit.Grid:
        """Give the whole picture; of a film, its caption tells which values are left out."""
        made = self.of(drawn)
        told = [made.caption, "" if self.timing is None else self.timing.caption]
        return replace(made, caption="; ".join(filter(None, told)))

    def of(self, drawn: Drawable) -> renderkit.View | renderkit.Grid:
        """Give what is to be drawn. Raises RunError as `views.composed` does."""
        if isinstance(drawn, Panels):
            return self._grid(drawn)
        layers = drawn if isinstance(drawn, Layers) else Layers(Picture(), (drawn,))
        made = self._layers(layers)
        self.made.append(made)
        self.sources += [view.source for view in layers.views]
        return made.view

    def _grid(self, panels: Panels) -> renderkit.Grid:
        if not panels.parts:
            raise RunError(
                "P2-R0661",
                "nothing to draw: no frame is left in this frame",
                "frame",
                "look at the conditions of its `when`",
            )
        views = tuple(self.of(part) for part in panels.parts)
        told = {view.caption for view in views}
        caption = told.pop() if len(told) == 1 else ""
        if caption:
            views = tuple(replace(view, caption="") for view in views)
        picture, outside = panels.picture, next(views_of(panels)).table.outside
        title, titles = titles_of(picture.title, outside, self.timing)
        return renderkit.Grid(
            views, panels.cols, title, picture.size, caption, panels.rows,
            cast(Family, picture.font), titles,
        )  # fmt: skip

    def _layers(self, layers: Layers) -> Composed:
        if not layers.views:
            raise RunError(
                "P2-R0661",
                "nothing to draw: no flow is left in this frame",
                "frame",
                "look at the conditions of its `when`",
            )
        together = spoken(layers.picture, [view.picture for view in layers.views])
        followed = any(follows(view.picture) for view in layers.views)
        made = [self._one(view, together, followed) for view in layers.views]
        return made[0] if len(made) == 1 else _over_each_other(made)

    def _one(self, view: View, together: Picture, followed: bool) -> Composed:
        with self.placed(view.source):
            wished = _within(replace(together, marks=view.picture.marks), view.table.schema)
            picture = completed(wished, view.table.schema)
            said = captions.statement(self.program, view.source, picture.marks, self.params)
            made = composed(picture, view.table, timing=self.timing, followed=followed)
        spans = {name: (low, high) for name, (low, high, _) in made.counts.items()}
        return replace(made, view=replace(made.view, caption=captions.with_n(said, spans)))


_PLAIN = Picture()


def spoken(outer: Picture, inner: Sequence[Picture]) -> Picture:
    """Give what flows over the same axes say together: the frame's word counts, else the last that a flow says."""
    said = {f.name: _last(f.name, [*inner, outer], _PLAIN) for f in fields(Picture)}
    for axis in ("x", "y"):
        wishes = [getattr(picture, axis) for picture in (*inner, outer)]
        said[axis] = AxisWish(*(_last(f.name, wishes, AxisWish()) for f in fields(AxisWish)))
    return Picture(**{**said, "marks": ()})


def _last(name: str, said: Sequence[Any], plain: Any) -> Any:
    nothing = getattr(plain, name)
    return next((v for one in reversed(said) if (v := getattr(one, name)) != nothing), nothing)


def _within(picture: Picture, schema: TableSchema) -> Picture:
    """Leave out columns that one flow lacks and others have: it is drawn into every panel, in its own colours."""
    facet = picture.facet
    if facet is not None:
        cols, rows = (n if n is None or n in schema else None for n in (facet.cols, facet.rows))
        facet = None if cols is None and rows is None else replace(facet, cols=cols, rows=rows)
    colour = picture.colour_by
    return replace(
        picture, facet=facet, colour_by=None if colour and colour not in schema else colour
    )


def _over_each_other(made: Sequence[Composed]) -> Composed:
    layers: list[renderkit.Layer] = []
    behind: dict[int, tuple[int, int]] = {}
    counts: dict[str, tuple[int, int, int]] = {}
    for one in made:
        behind |= {len(layers) + place: rows for place, rows in one.behind.items()}
        layers += one.view.layers
        for name, (low, high, few) in one.counts.items():
            known = counts.get(name, (low, high, 0))
            counts[name] = (min(low, known[0]), max(high, known[1]), few + known[2])
    told = dict.fromkeys(one.view.caption for one in made if one.view.caption)
    facet = next((one.view.facet for one in made if one.view.facet is not None), None)
    view = replace(made[0].view, layers=tuple(layers), caption="; ".join(told), facet=facet)
    rows = sum(one.rows for one in made)
    notes = tuple(dict.fromkeys(note for one in made for note in one.notes))
    left_out = sum(one.left_out for one in made)
    return Composed(view, rows, notes, behind, counts, left_out)
