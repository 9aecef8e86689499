"""Steps in Python as nodes of a program: tables and values go in, what they promise, expose and draw comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import polars as pl

from p2lang.ir import Node
from p2lang.semantics.promises import columns_of
from p2lang.semantics.structure import MADE, NO_TABLE
from p2lang.types import ColumnType
from p2lang.verifier import ProgramNode
from p2std.around import Around
from plotter2.child.happenings import Drawing
from plotter2.child.python.borders import empty, handed_in, handed_out, plain
from plotter2.child.python.drawing import drawing_of
from plotter2.child.python.nested import Compute
from plotter2.child.python.running import Returned, StepError, placed, ran
from plotter2.child.python.tables import Table
from plotter2.child.python.touching import Touching
from plotter2.child.run_codes import SCRIPT_COLUMNS
from plotter2.errors import RunError


@dataclass(frozen=True)
class Stepped:
    """What a step in Python gave: its rows, what it printed, and what its calls exposed and drew."""

    rows: pl.DataFrame
    printed: tuple[str, ...]
    touching: Touching
    text: str

    def came_to(self, node: ProgramNode) -> bool:
        """Tell whether the text came to the call that exposes a table or draws a figure."""
        if node.node.op == MADE.full_name:
            return str(node.node.attributes["name"][1]) in self.touching.exposed
        return self._drawn_as(node) in self.touching.figures

    def exposed(self, node: ProgramNode) -> pl.DataFrame:
        """Give the table that a call exposes. Raises StepError P2-R0694, R0695."""
        table, site = self.touching.exposed[str(node.node.attributes["name"][1])]
        gives = columns_of(node.node.attributes["type"])
        kept = table.select(*(name for name, _ in gives if name in table.parts))
        name = str(node.node.attributes["name"][1])
        return _told(self.text, _place(site), lambda: handed_out(name, kept, gives))

    def drawing(self, node: ProgramNode, unnamed: str) -> Drawing:
        """Give the drawing of the figure of a call. Raises StepError as the marks of a pipeline do."""
        figure, site = self.touching.figures[self._drawn_as(node)]
        return _told(
            self.text,
            _place(site),
            lambda: drawing_of(figure, node, unnamed, self.touching.compute),
        )

    def _drawn_as(self, node: ProgramNode) -> str:
        name = node.node.attributes.get("name")
        return "plot" if name is None else f"plot {name[1]}"


@dataclass(frozen=True)
class Given:
    """What a step may have: the table from the left, the tables that it reads by attribute, the value of a constant."""

    left: pl.DataFrame
    tables: Mapping[str, Callable[[], pl.DataFrame]]
    value: Callable[[Any], Any]


def stepped(
    node: Node,
    known: Given,
    around: Around,
    compute: Compute,
    on_release: Callable[[Stepped], None] = lambda _: None,
) -> Stepped:
    """Run the step of a node; `on_release` hears what it did before a release. Raises StepError, P2-R069x."""
    attributes = node.attributes
    name, text = str(attributes["name"][1]), str(attributes["text"][1])
    (first, _), *_ = attributes["params"][1]
    given: dict[str, Any] = {}
    if first != NO_TABLE:
        given[first] = handed_in(known.left, columns_of(attributes["takes"]))
    given |= {each: plain(known.value(tagged)) for each, tagged in attributes["new"][1]}
    sites = dict(attributes.get("sites", ["types", []])[1])
    touching = Touching(sites, lambda each: _whole(known.tables[each]()), around, compute)
    touching.on_release = lambda: on_release(Stepped(pl.DataFrame(), (), touching, text))
    try:
        made = _result(node, text, ran(name, text, given, touching.words()))
    except StepError as error:
        error.where = name
        raise
    return Stepped(made, tuple(touching.printed.lines), touching, text)


def _whole(rows: pl.DataFrame) -> Table:
    return handed_in(rows, [(name, ColumnType("any")) for name in rows.columns])


def _result(node: Node, text: str, returned: Returned) -> pl.DataFrame:
    name, gives = str(node.attributes["name"][1]), columns_of(node.attributes["gives"])
    result, place = returned.value, returned.place
    if node.attributes.get("mute") != ["bool", True]:
        return _told(text, place, lambda: handed_out(name, result, gives))
    if result is None:
        return empty(gives)
    raise placed(
        RunError(
            SCRIPT_COLUMNS,
            f"`{name}` gives something, and its head promises nothing",
            help="say in its head what it gives: `: table{step: int}`",
        ),
        place,
        text,
    )


_Made = TypeVar("_Made")


def _place(site: str) -> tuple[int, int]:
    line, column = site.split(":")
    return int(line), int(column)


def _told(text: str, place: tuple[int, int], make: Callable[[], _Made]) -> _Made:
    try:
        return make()
    except RunError as error:
        raise placed(error, place, text) from None
