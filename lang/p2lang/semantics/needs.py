"""What a program may need at most: work, memory, rows, panels, pixels, frames. Node by node, inputs first.

Work is in units of about 10 ns. Memory is what all tables of a run would hold if nothing were given back: a value has
8 bytes, text has 64; a step that only adds or renames columns holds no second copy of the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import ceil
from typing import NamedTuple

from p2lang.ir import Node, Value, parts_of
from p2lang.semantics.bounds import Bounds, interval, upper
from p2lang.semantics.cost import DEFAULT_LIMIT, work
from p2lang.semantics.structure import GRID, LAYERS, PAGE, REPORT
from p2lang.signatures import Registry, Signature
from p2lang.types import TableSchema

MEBIBYTE = 2**20
DOTS_PER_INCH = 150
"""The resolution that pictures are drawn with."""

DEFAULT_SIZE = (160 * 360 / 127, 100 * 360 / 127)
"""Width and height in points of a picture that does not say."""

TALLEST = 240 * 360 / 127
"""Points to which the height of a picture grows when it has panels and does not say its size."""

PAPER = (210 * 360 / 127, 297 * 360 / 127)
"""Points of the largest paper that a report is printed on."""

LARGEST_SIDE = 2000 * 360 / 127
"""Points that a side of a picture may have."""

STATED = ("memory", "rows", "panels", "pixels", "frames")
"""What a module states beside its work."""

_BYTES = {"string": 64, "any": 64}
_VALUE = 8
_UNBOUNDED = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Need:
    """Upper bounds of a node or a whole program; `rows` are those of the largest table, `memory` is in bytes."""

    work: int = 0
    memory: int = 0
    rows: int = 0
    panels: int = 0
    pixels: int = 0
    frames: int = 0

    def beside_work(self) -> dict[str, int]:
        """Give all but the work, as a module states them."""
        return {name: getattr(self, name) for name in STATED}


_NOTHING = Need()

DEFAULT_LIMITS = Need(
    work=DEFAULT_LIMIT,
    memory=16_384 * MEBIBYTE,
    rows=500_000_000,
    panels=2_500,
    pixels=5_000_000_000,
    frames=5_000,
)
"""What a run may need unless the configuration says otherwise."""


class NodeNeed(NamedTuple):
    """What one node may need: rows that can arrive, and the bounds."""

    node: Node
    rows: int
    need: Need

    @property
    def units(self) -> int:
        """Give the units for each row."""
        return self.need.work // self.rows if self.rows else 0


@dataclass(frozen=True, slots=True)
class _Picture:
    """What is known of a view: how many panels, width and height in points, whether that was said, how many pages."""

    panels: int = 1
    size: tuple[float, float] = DEFAULT_SIZE
    said: bool = False
    pages: int = 1


def total(needs: Iterable[Need]) -> Need:
    """Give what nodes need together."""
    work = memory = rows = panels = pixels = frames = 0
    for need in needs:
        work += need.work
        memory += need.memory
        rows = max(rows, need.rows)
        panels += need.panels
        pixels += need.pixels
        frames += need.frames
    return Need(work, memory, rows, panels, pixels, frames)


@dataclass
class Reckoning:
    """Tells what nodes need, one after the other; every node comes after its inputs."""

    registry: Registry
    bounds: Bounds
    _schemas: dict[str, TableSchema] = field(default_factory=dict)
    _pictures: dict[str, _Picture] = field(default_factory=dict)

    def add(self, node: Node, signature: Signature, given: TableSchema | None) -> NodeNeed:
        """Give what a node needs that gives a table or view of that shape."""
        flow = self._schemas.get(node.inputs[0]) if node.inputs else None
        if signature.takes == "none":
            flow = None
        rows = self._arriving(node, signature, flow, given)
        picture = self._picture(node, signature)
        if given is not None:
            self._schemas[node.id] = given
        made = _frames(node, signature, picture, self.bounds) if node.kind == "plot" else _NOTHING
        need = Need(
            work=work(signature, node, rows, self.registry, self.bounds, self._rows_of_table),
            memory=self._memory(node, signature, rows, given),
            rows=given.rows if given is not None and node.kind == "table" else 0,
            panels=made.panels,
            pixels=made.pixels,
            frames=made.frames,
        )
        return NodeNeed(node, rows, need)

    def _rows_of_table(self, name: str) -> int:
        schema = self._schemas.get(name)
        return 1 if schema is None else schema.rows

    def _arriving(
        self,
        node: Node,
        signature: Signature,
        flow: TableSchema | None,
        given: TableSchema | None,
    ) -> int:
        """Give the rows that an operation works on: those that arrive, or those it gives if these are more."""
        schema = flow or given
        rows = 1 if schema is None else schema.rows
        if flow is not None and node.kind == "table":
            tables = (node.attributes.get(p.attribute) for p in signature.parameters)
            rows += sum(self._rows_of_table(t[1]) for t in tables if t and t[0] == "table")
            rows = max(rows, 0 if given is None else given.rows)
        return rows

    # ---- memory ----------------------------------------------------------------------------------

    def _memory(
        self, node: Node, signature: Signature, rows: int, given: TableSchema | None
    ) -> int:
        if given is None or node.kind not in ("table", "view") or signature.name in _NO_COPY:
            return 0
        flow = self._schemas.get(node.inputs[0]) if node.inputs else None
        if node.kind == "view":
            named = _named(node.inside)
            return rows * sum(_width(flow, name) for name in named) if flow is not None else 0
        held = given.rows * _held(node, signature, flow, given)
        functions = (self.registry.by_full_name.get(call[1]) for call in node.calls)
        columns = sum(1 for f in functions if f is not None and f.kind in ("agg", "win"))
        if signature.name in _MATRICES:
            columns += len(_named([node.attributes[_MATRICES[signature.name]]]))
        return held + rows * _VALUE * columns

    # ---- pictures --------------------------------------------------------------------------------

    def _picture(self, node: Node, signature: Signature) -> _Picture:
        if node.kind not in _DRAWN:
            return _PLAIN
        parts = parts_of(node.attributes)  # a part may stand in a box more than once
        names = [name for _, name in parts] if parts else node.inputs
        below = [self._pictures[name] for name in names if name in self._pictures]
        picture = _joined(node, below)
        if node.kind in ("view", "page"):
            sized = signature.parameter("size")
            whole = sized is not None and sized.type == "list"
            size = _size(node.attributes.get("size"), self.bounds) if whole else None
            if size is not None:
                picture = _Picture(picture.panels, size, True)
            most = signature.parameter("max_panels")
            if most is not None:
                each = _most(node, signature, "max_panels", self.bounds)
                tall = picture.size if picture.said else (picture.size[0], TALLEST)
                picture = _Picture(picture.panels * each, tall, picture.said)
            self._pictures[node.id] = picture
        return picture


_DRAWN = frozenset(("view", "page", "plot"))
_PLAIN = _Picture()
_NO_COPY = frozenset(("select", "rename", "head", "frame"))
_ADDING = frozenset(("derive", "label", "pca", "kmeans", "scale", "cast"))
_COMPONENT = re.compile(r"pc[0-9]+\Z")
_ADDED = {"label": ("label",), "kmeans": ("cluster",)}
_MATRICES = {"pca": "cols", "kmeans": "on", "scale": "cols"}


def _held(node: Node, signature: Signature, flow: TableSchema | None, given: TableSchema) -> int:
    """Give the bytes of a row that a table holds beside what the table before it holds."""
    columns = given.columns
    if flow is not None and signature.name in _ADDING:
        made = {*_ADDED.get(signature.name, ())}
        made |= {pair[0] for pair in node.attributes.get("new", ["new", []])[1]}
        if signature.name == "scale":
            made |= set(_named([node.attributes["cols"]]))
        if signature.name == "pca":
            made |= {name for name in given.names if _COMPONENT.match(name)}
        columns = tuple((n, t) for n, t in columns if n in made or n not in flow)
    return sum(_BYTES.get(column.kind, _VALUE) for _, column in columns)


def _width(schema: TableSchema, name: str) -> int:
    column = schema.get(name)
    return _VALUE if column is None else _BYTES.get(column.kind, _VALUE)


def _named(values: Iterable[Value]) -> list[str]:
    found: list[str] = []
    for value in values:
        if value[0] == "col":
            found.append(value[1])
        elif value[0] == "cols":
            found += value[1]
    return found


def _joined(node: Node, below: list[_Picture]) -> _Picture:
    """Give what a box makes of its parts, and any other node of the view it takes."""
    panels = sum(picture.panels for picture in below)
    if node.op == LAYERS.full_name:
        return _Picture(max((picture.panels for picture in below), default=1))
    if node.op == GRID.full_name:
        return _Picture(panels, (DEFAULT_SIZE[0], TALLEST))
    if node.op == PAGE.full_name:
        return _Picture(panels, PAPER, True)
    if node.op == REPORT.full_name:
        return _Picture(panels, PAPER, True, len(below))
    return below[0] if below else _PLAIN


def _size(value: Value | None, bounds: Bounds) -> tuple[float, float] | None:
    if value is None or value[0] != "list" or len(value[1]) != 2:
        return None
    width, height = (min(max(interval(side, bounds)[1], 0.0), LARGEST_SIDE) for side in value[1])
    return width, height


def _frames(node: Node, signature: Signature, picture: _Picture, bounds: Bounds) -> Need:
    """Give panels, pixels and frames of a picture."""
    frames = picture.pages
    if signature.parameter("max_frames") is not None:
        frames = _most(node, signature, "max_frames", bounds)
    width, height = (ceil(side * DOTS_PER_INCH / 72) for side in picture.size)
    return Need(panels=picture.panels, pixels=width * height * frames, frames=frames)


def _most(node: Node, signature: Signature, name: str, bounds: Bounds) -> int:
    parameter = signature.parameter(name)
    assert parameter is not None
    value: Value | None = node.attributes.get(name, parameter.default_value)
    most = None if value is None else upper(value, bounds)
    return _UNBOUNDED if most is None else max(most, 1)
