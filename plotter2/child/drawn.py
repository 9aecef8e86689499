"""What a program's views, frames, pages and reports are while it runs: plain values. Nothing is drawn here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from p2lang.semantics.structure import GRID, LAYERS, PAGE
from p2lang.verifier import ProgramNode
from p2std.kernels.items import Item
from p2std.kernels.steps import frame
from p2std.lowering import argument
from p2std.picture import Picture
from p2std.table import Outside, Table


@dataclass(frozen=True)
class View:
    """A picture in the making, the rows it is drawn from, and the node that gives these."""

    picture: Picture
    table: Table
    source: str


@dataclass(frozen=True)
class Layers:
    """Several views over the same axes, the first at the back; `picture` is what the frame around them says."""

    picture: Picture
    views: tuple[View, ...]


@dataclass(frozen=True)
class Panels:
    """Frames side by side, row by row; `picture` is what the frame around them says."""

    picture: Picture
    cols: int
    rows: int | None
    parts: tuple[Drawable, ...]


Drawable: TypeAlias = View | Layers | Panels


def views_of(drawn: Drawable) -> Iterator[View]:
    """Give all views of a picture, in order."""
    match drawn:
        case View():
            yield drawn
        case Layers():
            yield from drawn.views
        case Panels():
            for part in drawn.parts:
                yield from views_of(part)


@dataclass(frozen=True)
class Placed:
    """A part of a page and the node that gives it."""

    node: str
    what: Item | Drawable


@dataclass(frozen=True)
class Page:
    """A page of a report."""

    title: str
    parts: tuple[Placed, ...]


@dataclass(frozen=True)
class Report:
    """Pages in one document."""

    title: str
    author: str
    date: str
    paper: str
    pages: tuple[Page, ...]


def boxed(
    node: ProgramNode, parts: list[tuple[str, Any]], outside: Outside
) -> Layers | Panels | Page | Report:
    """Give what a box makes of the parts that are there, each with the node that gives it."""

    def said(name: str, wanted: str = "str") -> Any:
        return argument(node.argument(name), wanted, outside)

    title = said("title", "Moving") or ""
    if node.node.op == PAGE.full_name:
        return Page(title, tuple(Placed(name, what) for name, what in parts))
    held = tuple(what for _, what in parts)
    if node.node.op in (GRID.full_name, LAYERS.full_name):
        picture = frame(title, said("size", "list[float] | None"), 1, None)
        if node.node.op == LAYERS.full_name:
            return Layers(picture, tuple(_flat(held)))
        return Panels(picture, said("cols", "int"), said("rows", "int"), held)
    return Report(title, said("author") or "", said("date") or "", said("paper"), held)


def _flat(held: tuple[Any, ...]) -> list[View]:
    return [view for one in held for view in (one.views if isinstance(one, Layers) else (one,))]
