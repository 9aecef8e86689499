"""From a document to scenes, one for each sheet of paper: lines of text, tables and figures placed. numpy only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from plotter2.renderkit import palettes
from plotter2.renderkit.codes import undrawable
from plotter2.renderkit.compose import composition_in, natural_size
from plotter2.renderkit.document import (
    PAPERS,
    Block,
    Chapter,
    Document,
    Figure,
    Formula,
    Paragraph,
    Sheet,
)
from plotter2.renderkit.lettering import HALF_CAPITAL, LINE_HEIGHT, text_height, text_width, wrapped
from plotter2.renderkit.scene import (
    Formula as PlacedFormula,
)
from plotter2.renderkit.scene import Label, LayerCounts, Rect, Role, Scene, Stroke
from plotter2.renderkit.sheets import ROW_PAD, Row, Table, fitted
from plotter2.renderkit.view import MILLIMETRE

Measure = Callable[[Formula, float], tuple[float, float, float]]
"""Gives width, height and depth (below the base line) in points of a formula set in so many points."""

MOST_SHEETS: Final = 500
"""Sheets of paper that a document may have."""

_SIDE, _TOP, _FOOT = 15 * MILLIMETRE, 18 * MILLIMETRE, 20 * MILLIMETRE
_TITLE, _CHAPTER, _BODY, _SMALL, _FORMULA = 20.0, 14.0, 10.0, 8.0, 13.0
_SMALLEST_FORMULA: Final = 6.0
_AFTER: Final = 12.0
_HAIR, _RULE = 0.5, 0.9
_LONG: Final = 2
_LISTED: Final = 1.55
_SHORT: Final = 15
_FAINT: Final = palettes.GRID_LINE


@dataclass
class _Sheet:
    """One sheet of paper as it fills up from the top; `y` is where the next thing begins."""

    number: int
    y: float
    labels: list[Label] = field(default_factory=list)
    strokes: list[Stroke] = field(default_factory=list)
    formulas: list[PlacedFormula] = field(default_factory=list)
    scenes: list[Scene] = field(default_factory=list)
    fresh: bool = True


@dataclass
class _Contents:
    """A list of chapters with room for the numbers of their sheets, on which each begins."""

    sheet: _Sheet
    lines: list[tuple[float, str]]


def typeset(document: Document, measure: Measure) -> tuple[Scene, ...]:
    """Give the sheets of a document. Scene.ledger counts views over the whole document.

    Raises RunError P2-R0667, P2-R0680 and P2-R0681 for what does not fit, and what `compose` raises.
    """
    plain = _Setter(document, measure)
    sheets = plain.set(with_contents=False)
    if len(sheets) > _LONG:
        sheets = _Setter(document, measure).set(with_contents=True)
    return tuple(_scene(document, sheet, len(sheets)) for sheet in sheets)


class _Setter:
    """Sets one document; the state is the sheet that is being filled."""

    def __init__(self, document: Document, measure: Measure) -> None:
        self._document, self._measure = document, measure
        self._width, self._height = PAPERS[document.paper]
        self._sheets: list[_Sheet] = []
        self._contents: _Contents | None = None
        self._begins: list[int] = []
        self._chapter = ""
        self._views = 0

    @property
    def _room(self) -> float:
        return self._width - 2 * _SIDE

    @property
    def _sheet(self) -> _Sheet:
        return self._sheets[-1]

    def set(self, with_contents: bool) -> list[_Sheet]:
        """Set everything and give the sheets."""
        self._turn()
        self._heading()
        if with_contents:
            self._list_chapters()
        for number, chapter in enumerate(self._document.chapters):
            self._set_chapter(number, chapter)
        if self._contents is not None:
            self._fill_in(self._contents)
        return self._sheets

    # ---- sheets --------------------------------------------------------------------------------

    def _turn(self) -> None:
        if len(self._sheets) >= MOST_SHEETS:
            raise undrawable(
                "P2-R0681",
                f"the report has more than {MOST_SHEETS} sheets",
                "report",
                "split it, or print fewer rows",
            )
        self._sheets.append(_Sheet(len(self._sheets) + 1, self._height - _TOP))

    def _continue(self) -> None:
        """Take a new sheet in the middle of a chapter."""
        self._turn()
        if self._chapter:
            text = wrapped(f"{self._chapter} (continued)", self._room, _BODY)
            self._write("text", text, _BODY, palettes.SOFT_INK)
            self._sheet.y -= _AFTER / 2
        self._sheet.fresh = True

    def _make_room(self, height: float) -> None:
        if self._sheet.y - height < _FOOT and not self._sheet.fresh:
            self._continue()

    @property
    def _left(self) -> float:
        """The height that is left on the sheet."""
        return self._sheet.y - _FOOT

    def _write(
        self, role: Role, text: str, size: float, colour: str = palettes.INK, bold: bool = False
    ) -> None:
        label = Label(role, text, _SIDE, self._sheet.y, size, colour, valign="top", bold=bold)
        self._sheet.labels.append(label)
        self._sheet.y -= text_height(text, size)

    # ---- title and contents --------------------------------------------------------------------

    def _heading(self) -> None:
        document = self._document
        if document.title:
            text = wrapped(document.title, self._room, _TITLE, bold=True)
            self._write("title", text, _TITLE, bold=True)
            self._sheet.y -= 7.0
        said = " · ".join(filter(None, (document.author, document.date)))
        if said:
            self._write("text", wrapped(said, self._room, _BODY), _BODY, palettes.SOFT_INK)
            self._sheet.y -= 7.0
        if document.title or said:
            self._stroke(_SIDE, self._width - _SIDE, self._sheet.y, _RULE)
            self._sheet.y -= _AFTER + 4.0

    def _list_chapters(self) -> None:
        self._write("title", "Contents", _BODY + 1, bold=True)
        self._sheet.y -= 6.0
        lines = []
        for chapter in self._document.chapters:
            text = wrapped(chapter.title or "(no title)", self._room - 60, _BODY)
            if self._left < text_height(text, _BODY) + _BODY:
                break  # a list as long as this says more by its first part than by a sheet of its own
            base, line = self._sheet.y, ""
            for line in text.split("\n"):
                base = self._sheet.y - 0.8 * _BODY
                self._sheet.labels.append(Label("text", line, _SIDE, base, _BODY, palettes.INK))
                self._sheet.y -= _LISTED * _BODY
            lines.append((base, line))
        self._contents = _Contents(self._sheet, lines)
        self._sheet.y -= _AFTER
        self._stroke(_SIDE, self._width - _SIDE, self._sheet.y, _HAIR)
        self._sheet.y -= _AFTER + 2.0

    def _fill_in(self, contents: _Contents) -> None:
        right = self._width - _SIDE
        for (base, text), number in zip(contents.lines, self._begins, strict=False):
            shown = str(number)
            contents.sheet.labels.append(
                Label("text", shown, right, base, _BODY, palettes.INK, align="right")
            )
            begins = _SIDE + text_width(text, _BODY) + 8
            ends = right - text_width(shown, _BODY) - 8
            if ends > begins:
                contents.sheet.strokes.append(
                    Stroke(begins, base, ends, base, _HAIR, palettes.FAINT_INK, dotted=True)
                )

    # ---- chapters ------------------------------------------------------------------------------

    def _set_chapter(self, number: int, chapter: Chapter) -> None:
        if number:
            self._turn()
        self._chapter = chapter.title
        if chapter.title:
            text = wrapped(chapter.title, self._room, _CHAPTER, bold=True)
            wanted = text_height(text, _CHAPTER) + 12.0
            first = self._first_height(chapter)
            if not number and self._left < wanted + first and first < self._height - _TOP - _FOOT:
                self._turn()
            self._write("title", text, _CHAPTER, bold=True)
            self._sheet.y -= 10.0
        self._begins.append(self._sheet.number)
        for block in chapter.blocks:
            self._set_block(block)

    def _first_height(self, chapter: Chapter) -> float:
        """Give roughly what the first block of a chapter needs, so that no title stands alone."""
        first = next(iter(chapter.blocks), None)
        if isinstance(first, Figure):
            return self._figure_size(first)[1]
        return 0.0 if first is None else 5 * _BODY

    def _set_block(self, block: Block) -> None:
        match block:
            case Paragraph():
                self._paragraph(block)
            case Formula():
                self._formula(block)
            case Sheet():
                self._table(fitted(block, self._room))
            case Figure():
                self._figure(block)
        self._sheet.y -= _AFTER
        self._sheet.fresh = False

    def _paragraph(self, block: Paragraph) -> None:
        # Letters in pixels may be a little wider than those that were measured.
        lines = wrapped(block.text, 0.97 * self._room, _BODY).split("\n")
        step = _BODY * LINE_HEIGHT * 1.08
        while lines:
            fitting = max(int((self._left + 0.3 * _BODY) // step), 0)
            if fitting < min(len(lines), 2) and not self._sheet.fresh:
                self._continue()
                continue
            taken = lines[: max(fitting, 1)]
            for line in taken:
                if line:
                    label = Label(
                        "text", line, _SIDE, self._sheet.y - 0.78 * _BODY, _BODY, palettes.INK
                    )
                    self._sheet.labels.append(label)
                self._sheet.y -= step
            self._sheet.fresh = False
            lines = lines[len(taken) :]
        self._sheet.y += step - _BODY * 1.1

    def _formula(self, block: Formula) -> None:
        size = _FORMULA
        width, height, depth = self._measure(block, size)
        if width > self._room:
            size *= self._room / width
            width, height, depth = self._measure(block, size)
        if size < _SMALLEST_FORMULA or height + depth > self._height - _TOP - _FOOT:
            raise undrawable(
                "P2-R0681",
                "the formula is too long for a line",
                block.source or "expr",
                "break it into several `expr(...)`",
            )
        self._sheet.y -= 4.0
        self._make_room(height + 8.0)
        x = (self._width - width) / 2
        base = self._sheet.y - (height - depth)
        self._sheet.formulas.append(PlacedFormula(block.tex, x, base, size, palettes.INK))
        self._sheet.y -= height + 4.0

    # ---- tables --------------------------------------------------------------------------------

    def _table(self, table: Table) -> None:
        whole = table.head.height + sum(row.height for row in table.rows) + 4.0
        self._make_room(whole if len(table.rows) <= _SHORT else table.head.height + 5 * table.size)
        self._table_head(table)
        for row in table.rows:
            if self._left < row.height + 4.0 and not self._sheet.fresh:
                self._table_end(table)
                self._continue()
                self._table_head(table)
            self._row(table, row, bold=False)
            self._sheet.fresh = False
        self._table_end(table)

    def _table_head(self, table: Table) -> None:
        right = _SIDE + table.width
        self._stroke(_SIDE, right, self._sheet.y, _RULE)
        self._sheet.y -= 2.0
        self._row(table, table.head, bold=True)
        self._stroke(_SIDE, right, self._sheet.y, _HAIR)

    def _table_end(self, table: Table) -> None:
        self._stroke(_SIDE, _SIDE + table.width, self._sheet.y, _RULE)

    def _row(self, table: Table, row: Row, bold: bool) -> None:
        middle = self._sheet.y - ROW_PAD / 2 - table.size * LINE_HEIGHT / 2
        for text, (left, right), at_right in zip(row.texts, table.edges, table.right, strict=True):
            x = _SIDE + (right if at_right else left)
            for number, line in enumerate(text.split("\n")):
                base = middle - (HALF_CAPITAL + number * LINE_HEIGHT) * table.size
                self._sheet.labels.append(
                    Label(
                        "text", line, x, base, table.size, palettes.INK,
                        align="right" if at_right else "left", bold=bold,
                    )
                )  # fmt: skip
        self._sheet.y -= row.height

    def _stroke(self, left: float, right: float, y: float, width: float) -> None:
        self._sheet.strokes.append(Stroke(left, y, right, y, width, palettes.AXIS_LINE))

    # ---- figures -------------------------------------------------------------------------------

    def _figure_size(self, block: Figure) -> tuple[float, float]:
        width, height = natural_size(block.picture, self._room)
        tallest = self._height - _TOP - _FOOT - 2 * _CHAPTER
        if width > self._room:
            width, height = self._room, height * self._room / width
        return width, min(height, tallest)

    def _figure(self, block: Figure) -> None:
        width, height = self._figure_size(block)
        self._make_room(height)
        left = (self._width - width) / 2
        rect = Rect(left, self._sheet.y - height, width, height)
        made = composition_in(block.picture, rect).scene
        ledger = tuple(replace(one, view=one.view + self._views) for one in made.ledger)
        self._views += 1 + max((one.view for one in made.ledger), default=-1)
        self._sheet.scenes.append(replace(made, ledger=ledger))
        self._sheet.y -= height


def _scene(document: Document, sheet: _Sheet, sheets: int) -> Scene:
    """Put together what stands on a sheet, with its foot: title of the report and number of the sheet."""
    width, height = PAPERS[document.paper]
    low, right = _FOOT - 22.0, width - _SIDE
    strokes = [*sheet.strokes, Stroke(_SIDE, low + 14.0, right, low + 14.0, _HAIR, _FAINT)]
    number = f"{sheet.number} / {sheets}"
    room = width - 2 * _SIDE - text_width(number, _SMALL) - 20
    title = wrapped(document.title, room, _SMALL).split("\n")[0]
    labels = [
        *sheet.labels,
        Label("caption", title, _SIDE, low, _SMALL, palettes.FAINT_INK),
        Label("caption", number, right, low, _SMALL, palettes.FAINT_INK, align="right"),
    ]
    return Scene(
        width,
        height,
        tuple(panel for scene in sheet.scenes for panel in scene.panels),
        (*(label for label in labels if label.text), *_all_labels(sheet.scenes)),
        tuple(box for scene in sheet.scenes for box in scene.legends),
        tuple(bar for scene in sheet.scenes for bar in scene.colour_bars),
        _ledger(sheet.scenes),
        tuple(strokes),
        tuple(sheet.formulas),
    )


def _all_labels(scenes: Sequence[Scene]) -> list[Label]:
    return [label for scene in scenes for label in scene.labels]


def _ledger(scenes: Sequence[Scene]) -> tuple[LayerCounts, ...]:
    return tuple(entry for scene in scenes for entry in scene.ledger)
