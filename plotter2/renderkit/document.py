"""A document of many pages as plain values: what stands on each page, in order. Nothing is placed here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from plotter2.renderkit.view import MILLIMETRE, Grid, View

Paper: TypeAlias = Literal["A4", "letter"]
PAPERS: Final[dict[Paper, tuple[float, float]]] = {
    "A4": (210 * MILLIMETRE, 297 * MILLIMETRE),
    "letter": (612.0, 792.0),
}
"""Width and height in points."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text; a line end starts a new line."""

    text: str


@dataclass(frozen=True, slots=True)
class Formula:
    """Mathematics as TeX writes it, without the dollars around it. `source` is what errors call it."""

    tex: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a printed table: its head, its cells as text, and whether they stand at the right edge."""

    head: str
    cells: tuple[str, ...]
    right: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """A printed table; all columns have the same number of cells."""

    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """A picture on a page: its own size, or as wide as the text."""

    picture: View | Grid
    source: str = ""


Block: TypeAlias = Paragraph | Formula | Sheet | Figure


@dataclass(frozen=True, slots=True, eq=False)
class Chapter:
    """What stands under one title; it starts on a new sheet of paper, and may fill several."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A report."""

    chapters: tuple[Chapter, ...]
    title: str = ""
    author: str = ""
    date: str = ""
    paper: Paper = "A4"
