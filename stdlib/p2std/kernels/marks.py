"""Marks and decorations: each gives the view with one thing more. Rows are looked at only when the view is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from p2std.binding import kernel
from p2std.errors import NotComputable
from p2std.moving import Moving
from p2std.operands import Range
from p2std.picture import AxisLimits, AxisWish, FacetWish, LegendWish, Mark, Picture
from p2std.table import Tagged


@kernel("mark", "line@1")
def line(  # noqa: PLR0913 - the signature's parameters
    view: Picture, *, x: str, y: str, colour: str | None, by: list[str], alpha: float, width: float
) -> Picture:
    """Draw a line for each value of `colour` and `by`, through the rows in the order of x."""
    options = {"alpha": alpha, "width": width}
    return view.with_mark(Mark("line", _named(x=x, y=y, colour=colour), tuple(by), options))


@kernel("mark", "point@1")
def point(  # noqa: PLR0913 - the signature's parameters
    view: Picture,
    *,
    x: str,
    y: str,
    colour: str | None,
    size: Tagged | None,
    shape: str | None,
    key: str | None,
    alpha: float,
) -> Picture:
    """Draw a point for each row; `size` is a length for all points or a column.

    In a film a point glides from picture to picture where `key` has the same value.
    """
    channels = _named(x=x, y=y, colour=colour, shape=shape)
    options: dict[str, Any] = {"alpha": alpha}
    if size is not None:
        (channels if size[0] == "col" else options)["size"] = size
    return view.with_mark(Mark("point", channels, (), options, key or ""))


@kernel("mark", "bar@1")
def bar(view: Picture, x: str, y: str, colour: str | None) -> Picture:
    """Draw a bar from 0 to y at each x; bars of different colour stand side by side."""
    return view.with_mark(Mark("bar", _named(x=x, y=y, colour=colour)))


@kernel("mark", "band@1")
def band(view: Picture, x: str, lo: str, hi: str, colour: str | None, alpha: float) -> Picture:
    """Fill the area between lo and hi, one for each value of `colour`."""
    return view.with_mark(
        Mark("band", _named(x=x, lo=lo, hi=hi, colour=colour), (), {"alpha": alpha})
    )


@kernel("mark", "heatmap@1")
def heatmap(view: Picture, x: str, y: str, fill: str) -> Picture:
    """Draw a cell for each row, coloured by `fill`."""
    return view.with_mark(Mark("heatmap", _named(x=x, y=y, fill=fill)))


@kernel("mark", "histogram@1")
def histogram(view: Picture, x: str, bins: int, colour: str | None) -> Picture:
    """Draw counts in `bins` equal bins from the smallest to the largest x; the last bin holds its right edge."""
    if not 1 <= bins <= 10_000:
        raise NotComputable("P2-R0614", f"histogram() wants 1 to 10,000 bins, not {bins}")
    return view.with_mark(Mark("histogram", _named(x=x, colour=colour), (), {"bins": bins}))


@kernel("mark", "circle@1")
def circle(view: Picture, around: str, pad: float) -> Picture:
    """Draw a circle around the points of each group of the first mark that has x and y."""
    channels = {**_position(view, "circle"), "around": ["col", around]}
    return view.with_mark(Mark("circle", channels, (), {"pad": pad}))


@kernel("mark", "fit@1")
def fit(view: Picture, x: str, y: str, model: str, span: float) -> Picture:
    """Draw a curve fitted to the rows of each panel (of each value of `colour(by=…)` there); see `p2std.curves`."""
    if not 0 < span <= 1:
        raise NotComputable(
            "P2-R0614", f"fit() wants a span above 0 and up to 1, not {span:g}", "Write 30%."
        )
    return view.with_mark(Mark("fit", _named(x=x, y=y), (), {"model": model, "span": span}))


@kernel("mark", "boxer@1")
def boxer(view: Picture, *, y: str, x: str | None, colour: str | None, whiskers: float) -> Picture:
    """Draw boxes from the first to the third quartile (linear between neighbours) with a line at the median.

    Whiskers reach the furthest values within `whiskers` times the height of the box; points are beyond (Tukey 1977).
    """
    return view.with_mark(Mark("box", _named(x=x, y=y, colour=colour), (), {"whiskers": whiskers}))


@kernel("mark", "shape@1")
def shape(  # noqa: PLR0913 - the signature's parameters
    view: Picture,
    *,
    x: str,
    y: str,
    kind: str,
    colour: str | None,
    by: list[str],
    size: float | None,
    alpha: float | None,
) -> Picture:
    """Draw polygons, filled lightly unless `alpha` says otherwise, or markers of one kind."""
    channels = _named(x=x, y=y, colour=colour)
    given = {"alpha": alpha, "size": size}
    options: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if kind == "polygon":
        options.pop("size", None)
        return view.with_mark(Mark("polygon", channels, tuple(by), options))
    return view.with_mark(Mark("point", channels, (), {**options, "marker": kind}))


@kernel("mark", "rule@1")
def rule(view: Picture, x: Tagged | None, y: Tagged | None) -> Picture:
    """Draw straight lines across the frame at x and at y: numbers, or a column with one for each row."""
    if x is None and y is None:
        raise NotComputable("P2-R0614", "rule() wants x or y", "write rule(y=0)")
    given = {"x": x, "y": y}
    channels = {n: v for n, v in given.items() if v is not None and v[0] == "col"}
    options = {n: v for n, v in given.items() if v is not None and v[0] != "col"}
    return view.with_mark(Mark("rule", channels, (), options))


@kernel("mark", "text@1")
def text(
    view: Picture, label: Tagged, x: str | None, y: str | None, at: str, colour: Tagged | None
) -> Picture:
    """Write `label` at each row, at the centroid of its group, or at the group's end; x and y as the first mark's."""
    place = _position(view, "text") if x is None or y is None else {}
    channels = {**place, **_named(x=x, y=y), "label": label}
    if colour is not None:
        channels["colour"] = colour
    return view.with_mark(Mark("text", channels, (), {"at": at}))


@kernel("deco", "axis@1")
def axis(  # noqa: PLR0913 - the signature's parameters
    view: Picture,
    *,
    x: str | None,
    y: str | None,
    xscale: str,
    yscale: str,
    xlim: object,
    ylim: object,
    equal: bool,
) -> Picture:
    """Give the axes titles, scales and limits."""
    return replace(
        view,
        x=AxisWish(x, xscale, _limits("xlim", xlim)),
        y=AxisWish(y, yscale, _limits("ylim", ylim)),
        equal=equal,
    )


@kernel("deco", "legend@1")
def legend(view: Picture, show: bool, title: str | None, at: str) -> Picture:
    """Say whether, where and under which title the legend stands."""
    return replace(view, legend=LegendWish(show, title, at))


@kernel("deco", "gradient@1")
def gradient(view: Picture, name: str, domain: object) -> Picture:
    """Choose the colours of fills and of continuous colour, and the values at their ends."""
    low, high = _limits("domain", domain)
    whole = None if low is None or high is None else (low, high)
    return replace(view, gradient=(name, whole))


@kernel("deco", "colour@1")
def colour(view: Picture, by: str | None) -> Picture:
    """Colour the marks that name no colour by this column; without one by `label` or the first text column."""
    return replace(view, colour_by=by or "")


@kernel("deco", "palette@1")
def palette(view: Picture, colours: Sequence[str]) -> Picture:
    """Choose the colours of categories, and of numbers that have no more different values than there are colours."""
    return replace(view, palette=tuple(colours))


@kernel("deco", "facet@1")
def facet(
    view: Picture, cols: str | None, rows: str | None, share: str, max_panels: int
) -> Picture:
    """Draw one panel for each value of `cols` and `rows`."""
    return replace(view, facet=FacetWish(cols, rows, share, max_panels))


@kernel("deco", "font@1")
def font(view: Picture, family: str) -> Picture:
    """Set all letters of the picture in a family: DejaVu Sans, Serif or Sans Mono, or STIX, which is like Times."""
    return replace(view, font=family)


@kernel("deco", "title@1")
def title(view: Picture, text: Moving) -> Picture:
    """Give the view a title."""
    return replace(view, title=text)


def _named(**channels: str | None) -> dict[str, Tagged]:
    return {name: ["col", column] for name, column in channels.items() if column is not None}


def _position(view: Picture, mark: str) -> dict[str, Tagged]:
    for other in view.marks:
        if "x" in other.channels and "y" in other.channels:
            return {"x": other.channels["x"], "y": other.channels["y"]}
    raise NotComputable(
        "P2-R0614",
        f"{mark}() stands before any mark that has x and y",
        "put it after point(…), or give text(x=…, y=…)",
    )


def _limits(name: str, value: object) -> AxisLimits:
    if value is None:
        return (None, None)
    pair = [value.low, value.high] if isinstance(value, Range) else value
    if isinstance(pair, list) and len(pair) == 2 and all(_is_number(v) for v in pair):
        low, high = (None if v is None else float(v) for v in pair)
        return low, high
    raise NotComputable(
        "P2-R0614", f"{name} is a range or two numbers", f"write {name}=0..1 or {name}=[0, 1]"
    )


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
