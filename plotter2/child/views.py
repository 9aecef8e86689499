"""A picture in the making and its rows to a renderkit view: channels to columns, statistics computed, defaults chosen.

Columns are collected once for all marks of a view and converted once.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from p2lang.types import TableSchema
from p2std import curves
from p2std.automatic import chosen
from p2std.lowering import Lowering, constant
from p2std.moving import at, literal, moves
from p2std.picture import AxisWish, Mark, Picture
from p2std.table import HIDDEN, Table, Tagged, collected
from plotter2.child.drawables import as_categories, drawables, together
from plotter2.child.moments import (
    MOMENT,
    PASSED,
    Timing,
    moments_of,
    runs_along,
    shown_rows,
    timed,
    titles_of,
)
from plotter2.child.run_codes import NOTHING_DRAWABLE
from plotter2.errors import RunError
from plotter2.renderkit.scene import Family
from plotter2.renderkit.view import (
    Axis,
    Column,
    Facet,
    Factor,
    Gradient,
    Kind,
    Layer,
    Legend,
    Moments,
    Option,
    Place,
    ScaleName,
    Share,
    View,
)

_COUNTS = f"{HIDDEN}n."
_FIT_WIDTH = 2.0
_COLOURED = ("line", "point", "bar", "band", "histogram", "box", "polygon")


@dataclass(frozen=True)
class Composed:
    """A view to draw, what a person should know about it, and for layers of statistics the rows behind them.

    `left_out` counts rows that are in no picture of a film, because not every value is shown.
    """

    view: View
    rows: int
    notes: tuple[str, ...]
    behind: Mapping[int, tuple[int, int]]
    counts: Mapping[str, tuple[int, int, int]]
    left_out: int = 0


def completed(picture: Picture, schema: TableSchema) -> Picture:
    """Give the picture with a mark if it has none, and its colour column on the marks that name none.

    Without a mark: what `p2std.automatic` chooses. Raises RunError P2-R0606 when there is no number at all.
    """
    colour = picture.colour_by
    if colour == "":
        texts = [n for n, t in schema.columns if t.kind == "string"]
        colour = "label" if "label" in schema else next(iter(texts), None)
    marks = picture.marks or (_default_mark(schema),)
    if colour is not None:
        marks = tuple(_coloured(mark, colour) for mark in marks)
    return replace(picture, marks=marks, colour_by=colour)


def _coloured(mark: Mark, colour: str) -> Mark:
    if mark.kind not in _COLOURED or "colour" in mark.channels:
        return mark
    return replace(mark, channels={**mark.channels, "colour": ["col", colour]})


def _default_mark(schema: TableSchema) -> Mark:
    mark = chosen(schema)
    if mark is None:
        raise RunError(
            NOTHING_DRAWABLE,
            "the frame has no mark, and its table has no numeric column to draw by default",
            where="frame",
            help="add a mark, for example | bar(x=…, y=…)",
        )
    return mark


class _Rows:
    """The columns that the marks of one picture need, collected in one go; in a film, each row with its moment."""

    def __init__(self, picture: Picture, table: Table, timing: Timing | None) -> None:
        self._lowering = Lowering(table)
        self.timing = timing
        self._wanted: dict[str, pl.Expr] = {}
        self._names: dict[tuple[int, str], str] = {}
        for index, mark in enumerate(picture.marks):
            for channel, value in mark.channels.items():
                self._names[index, channel] = self._want(channel, value)
            for name in (*mark.by, *([mark.key] if mark.key else [])):
                self._want("by", ["col", name])
        for name in _grouping(picture):
            self._want("facet", ["col", name])
        for name in table.hidden():
            self._wanted[name] = pl.col(name)
        whole = self._lowering.applied(table.frame)
        if timing is not None:
            whole = timed(whole, timing)
            self._wanted |= {name: pl.col(name) for name in (MOMENT, PASSED)}
        frame = whole.select(**self._wanted)
        self.frame = collected(frame if self._wanted else table.frame.select(pl.lit(0)))
        shown = [n for n in self.frame.columns if not n.startswith(HIDDEN)]
        self.columns = drawables(self.frame.select(shown))

    def _want(self, channel: str, value: Tagged) -> str:
        expr = self._lowering.cleaned(value).expr
        name = value[1] if value[0] == "col" else _free(channel, self._wanted)
        self._wanted[name] = expr
        return str(name)

    def channels(self, index: int, mark: Mark) -> dict[str, str]:
        """Give the column of each channel of a mark."""
        return {channel: self._names[index, channel] for channel in mark.channels}

    def counts(self) -> dict[str, tuple[int, int, int]]:
        """Give for each hidden count the least and largest n of the rows that have one, and how many are below 2."""
        found = {}
        for name in (n for n in self.frame.columns if n.startswith(_COUNTS)):
            n = self.frame[name].to_numpy()
            some = n[n > 0]
            if len(some):
                found[name] = (int(some.min()), int(some.max()), int((n < 2).sum()))
        return found


def composed(
    picture: Picture,
    table: Table,
    caption: str = "",
    timing: Timing | None = None,
    followed: bool = False,
) -> Composed:
    """Give the view of a complete picture over its rows; with `timing`, of a film.

    `followed` tells that a rule of the frame follows the current value.
    """
    if timing is not None and timing.over not in table.schema:
        timing = None
    if timing is not None:
        picture = replace(picture, marks=tuple(_over_rows(m, timing.over) for m in picture.marks))
    rows = _Rows(picture, table, timing)
    layers: list[Layer] = []
    notes: list[str] = []
    behind: dict[int, tuple[int, int]] = {}
    for index, mark in enumerate(picture.marks):
        made = _layer(picture, mark, rows, (index, followed), table)
        if made.behind is not None:
            behind[len(layers)] = made.behind
        layers += made.layers
        notes += made.notes
    title, titles = titles_of(picture.title, table.outside, timing)
    view = View(
        layers=tuple(layers),
        title=title,
        size=picture.size,
        x=_axis(picture.x, picture.marks, ("x",), table.schema),
        y=_axis(picture.y, picture.marks, ("y", "lo"), table.schema),
        equal=picture.equal,
        legend=Legend(picture.legend.show, picture.legend.title, cast(Place, picture.legend.at)),
        facet=_facet(picture),
        gradient=Gradient(*picture.gradient),
        palette=picture.palette,
        caption=caption,
        font=cast(Family, picture.font),
        titles=titles,
    )
    left_out = 0 if timing is None else rows.frame[MOMENT].null_count()
    return Composed(view, rows.frame.height, tuple(notes), behind, rows.counts(), left_out)


def _over_rows(mark: Mark, over: str) -> Mark:
    """Give a mark with the animated column itself in its channels: the rows that are shown have the current value."""
    return replace(mark, channels={name: at(v, ["col", over]) for name, v in mark.channels.items()})


# ------------------------------------------------------------ layers
@dataclass(frozen=True)
class _Made:
    layers: tuple[Layer, ...]
    notes: tuple[str, ...] = ()
    behind: tuple[int, int] | None = None


def _layer(
    picture: Picture, mark: Mark, rows: _Rows, place: tuple[int, bool], table: Table
) -> _Made:
    index, followed = place
    channels = rows.channels(index, mark)
    if mark.kind == "fit":
        return _fit(picture, mark, rows, channels)
    if mark.kind == "histogram":
        return _histogram(picture, mark, rows, channels)
    moving = [name for name, value in mark.options.items() if moves(value)]
    options = {n: _option(v, table) for n, v in mark.options.items() if n not in moving}
    needed = dict.fromkeys([*channels.values(), *mark.by, *_facets(picture)])
    shown = shown_rows(mark, rows.frame, rows.timing)
    columns = {name: _some(rows.columns[name], shown) for name in needed}
    if mark.kind == "box":
        channels, columns = _placed_boxes(channels, columns)
    moments = None
    if rows.timing is not None and channels:
        moments = moments_of(mark, rows.frame, rows.timing, followed)
    layers = [Layer(cast(Kind, mark.kind), columns, channels, mark.by, options, moments)]
    if moving and not channels and not {"x", "y"} & set(options):
        layers = []
    if rows.timing is not None:
        layers += [_travelling(name, mark.options[name], rows.timing, table) for name in moving]
    return _Made(tuple(layers))


def _some(column: Column, rows: NDArray[np.bool_] | None) -> Column:
    if rows is None:
        return column
    if isinstance(column, Factor):
        return Factor(column.codes[rows], column.levels)
    return column[rows]


def _travelling(name: str, value: Tagged, timing: Timing, table: Table) -> Layer:
    """Give the layer of a rule that follows the current value: where it stands at each moment."""
    places: list[float] = []
    codes: list[int] = []
    for moment, now in enumerate(timing.values):
        found = constant(at(value, literal(now)), table.outside)
        for one in found if isinstance(found, list) else [found]:
            places.append(float("nan") if one is None else float(one))
            codes.append(moment)
    return Layer(
        "rule",
        {name: np.array(places, np.float64)},
        {name: name},
        moments=Moments(np.array(codes, np.int32)),
    )


def _placed_boxes(
    channels: Mapping[str, str], columns: Mapping[str, Column]
) -> tuple[dict[str, str], dict[str, Column]]:
    """Give boxes a category to stand at: each value of x, or a single one without a name."""
    name = channels.get("x") or _free(" ", columns)
    if "x" in channels:
        places = as_categories(columns[name])
    else:
        rows = len(as_categories(columns[channels["y"]]).codes)
        places = Factor(np.zeros(rows, np.int32), (" ",))
    return {**channels, "x": name}, {**columns, name: places}


def _option(value: Any, table: Table) -> Option:
    found = constant(value, table.outside) if isinstance(value, list) else value
    if isinstance(found, list | tuple):
        return tuple(float(v) for v in found)
    return cast(Option, found)


def _fit(picture: Picture, mark: Mark, rows: _Rows, channels: Mapping[str, str]) -> _Made:
    x, y, model = channels["x"], channels["y"], mark.options["model"]
    colour = picture.colour_by
    timing = rows.timing if rows.timing and not runs_along(mark, rows.timing.over) else None
    by = list(dict.fromkeys([*_facets(picture), *([colour] if colour else []), *_when(timing)]))
    fitted, skipped, used, lost = [], 0, 0, 0
    parts = _groups(rows.frame, by)
    for part in parts:
        at, values = (_floats(part[name]) for name in (x, y))
        curve = curves.fitted(model, at, values, mark.options["span"])
        if curve is None:
            skipped += 1
            continue
        used, lost = used + curve.used, lost + curve.unused
        drawn = pl.DataFrame([pl.Series(x, curve.x), pl.Series(y, curve.y)])
        fitted.append(part.select(by).head(1).join(drawn, how="cross") if by else drawn)
    empty = rows.frame.select(*by, pl.col(x, y).cast(pl.Float64)).clear()
    columns, moments = _timed_columns([empty, *fitted], rows)
    notes = []
    if skipped:
        notes.append(f"fit: too few different {x} for {model} in {skipped} of {len(parts)} groups")
    if model == "exp" and lost:
        notes.append(f"fit: {lost} rows without a positive {y} take no part in the exp curve")
    shown = {"x": x, "y": y, **({"colour": colour} if colour else {})}
    options: dict[str, Option] = {"width": _FIT_WIDTH, "label": f"{model} fit"}
    return _Made(
        (Layer("line", columns, shown, (), options, moments),),
        tuple(notes),
        (used, rows.frame.height - used),
    )


def _when(timing: Timing | None) -> tuple[str, ...]:
    return () if timing is None else (MOMENT,)


def _timed_columns(
    frames: Sequence[pl.DataFrame], rows: _Rows
) -> tuple[dict[str, Column], Moments | None]:
    """Give what was made of groups of rows, and when each of them is shown."""
    columns = together(frames, rows.columns)
    when = columns.pop(MOMENT, None)
    return columns, None if when is None else Moments(np.asarray(when, np.int32))


def _histogram(picture: Picture, mark: Mark, rows: _Rows, channels: Mapping[str, str]) -> _Made:
    x, colour = channels["x"], channels.get("colour")
    by = list(
        dict.fromkeys([*_facets(picture), *([colour] if colour else []), *_when(rows.timing)])
    )
    y, width = (_free(name, dict.fromkeys([x, *by])) for name in ("count", "width"))
    parts = _groups(rows.frame, by)
    values = np.concatenate([np.empty(0), *(_floats(part[x]) for part in parts)])
    groups = np.repeat(np.arange(len(parts), dtype=np.int32), [part.height for part in parts])
    bins = curves.histogram(values, mark.options["bins"], groups, len(parts))
    here = pl.DataFrame(
        {x: bins.middle, y: np.zeros(len(bins.middle), np.int64), width: bins.widths}
    )
    held = [rows.frame.select(by).clear().join(here, how="cross") if by else here.clear()]
    for part, counts in zip(parts, bins.counts, strict=True):
        bars = here.with_columns(pl.Series(y, counts))
        held.append(part.select(by).head(1).join(bars, how="cross") if by else bars)
    shown = {"x": x, "y": y, "width": width, **({"colour": colour} if colour else {})}
    columns, moments = _timed_columns(held, rows)
    layer = Layer("bar", columns, shown, moments=moments)
    return _Made((layer,), (), (len(values) - bins.unused, bins.unused))


def _groups(frame: pl.DataFrame, by: Sequence[str]) -> list[pl.DataFrame]:
    if not by:
        return [frame]
    parts = frame.drop_nulls(list(by)).sort(by, maintain_order=True)
    return parts.partition_by(by, maintain_order=True)


def _floats(column: pl.Series) -> curves.Floats:
    return column.cast(pl.Float64).fill_null(float("nan")).to_numpy()


# ------------------------------------------------------------ axes and the rest
def _axis(
    wish: AxisWish, marks: Sequence[Mark], channels: Sequence[str], schema: TableSchema
) -> Axis:
    scale = cast(ScaleName, wish.scale)
    if wish.label is not None:
        return Axis(wish.label, scale, wish.limits)
    for mark in marks:
        for channel in channels:
            value = mark.channels.get(channel)
            if value is not None and value[0] == "col" and value[1] in schema:
                column = schema[value[1]]
                return Axis(None, scale, wish.limits, "s" if column.kind == "time" else column.unit)
    return Axis(None, scale, wish.limits)


def _facet(picture: Picture) -> Facet | None:
    wish = picture.facet
    if wish is None:
        return None
    return Facet(wish.cols, wish.rows, cast(Share, wish.share), wish.max_panels)


def _facets(picture: Picture) -> tuple[str, ...]:
    wish = picture.facet
    return () if wish is None else tuple(n for n in (wish.cols, wish.rows) if n is not None)


def _grouping(picture: Picture) -> tuple[str, ...]:
    colour = picture.colour_by
    fits = any(mark.kind == "fit" for mark in picture.marks)
    return (*_facets(picture), *((colour,) if colour and fits else ()))


def _free(channel: str, taken: Container[str]) -> str:
    name, number = channel, 1
    while name in taken:
        number += 1
        name = f"{channel} {number}"
    return name
