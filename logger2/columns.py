"""Rows of many schemas to columns of one table: rows with the same step and labels share a row where they can.

Pure, and linear in the number of cells. A cell that nothing was logged to is None.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from logger2.encoding import INTEGER_CODES
from logger2.identity import Scalar
from logger2.records import Header, Rows, RowSchema

SECONDS = "wall_time"
RANK = "rank"
WRITER = "writer"
_SEGMENT = 1 << 40  # more than a segment has rows
_NOT_SEEN = 1 << 80


@dataclass(frozen=True, slots=True)
class RunColumn:
    """A column of a run: kind is "int", "number", "string" or "bool"; None where nothing was logged."""

    name: str
    kind: str
    unit: str
    values: list[Scalar]


@dataclass(slots=True)
class _Draft:
    """A column while it grows: pieces of values with the rows that they belong to."""

    unit: str = ""
    kinds: set[str] = field(default_factory=set)
    pieces: list[tuple[list[int], list[Scalar]]] = field(default_factory=list)

    def add(self, rows: list[int], values: list[Scalar], kind: str) -> None:
        self.pieces.append((rows, values))
        if kind:
            self.kinds.add(kind)

    def kind(self) -> str:
        if not self.kinds:
            return "number"
        if len(self.kinds) == 1:
            return next(iter(self.kinds))
        if "string" in self.kinds:
            return "string"
        return "number" if "number" in self.kinds else "int"

    def values(self, rows: int) -> list[Scalar]:
        out: list[Scalar] = [None] * rows
        for places, values in self.pieces:
            for row, value in zip(places, values, strict=True):
                out[row] = value
        if len(self.kinds) > 1:
            out = [None if value is None else _converted(value, self.kind()) for value in out]
        return out


class _Place:
    """The rows of one writer and one set of labels by step; `latest` is where a step repeats."""

    __slots__ = ("first", "latest")

    def __init__(self) -> None:
        self.first: dict[float, int] = {}
        self.latest: dict[tuple[int, float], int] = {}


class TableBuilder:
    """Takes batches of rows in order and gives columns. `repeated` counts rows whose step had their columns already."""

    def __init__(self, t0: float) -> None:
        self.repeated = 0
        self.notes: list[str] = []
        self._t0 = t0
        self._x = ""
        self._steps: list[float] = []
        self._seconds: list[float] = []
        self._seen: list[int] = []  # for each row, the place of its first record
        self._base = 0  # the place of this segment's first record
        self._filled: list[int] = []  # for each row, a bit for each column that has a value
        self._after: dict[int, int] = {}  # from a row to the next one with the same step
        self._places: dict[tuple[object, ...], _Place] = {}
        self._bits: dict[str, int] = {}
        self._values: dict[str, _Draft] = {}
        self._labels: dict[str, _Draft] = {}

    @property
    def rows(self) -> int:
        """Give the number of rows so far."""
        return len(self._steps)

    def add(self, rows: Rows, header: Header) -> None:
        """Take the rows of one schema out of the segment with this header."""
        schema = rows.schema
        self._x = self._x or schema.x
        fork = header.number if header.fork else None
        key = (schema.stream, *schema.labels.items(), header.rank, fork)
        place = self._places.setdefault(key, _Place())
        before = self.rows
        numbers = self._rows_for(place, self._mask(schema), rows, header.t0 - self._t0)
        created = list(range(before, self.rows))
        self._label(created, schema, header.rank, fork)
        for name, code, unit, values in zip(
            schema.names, schema.codes, schema.units, rows.columns, strict=True
        ):
            draft = self._values.setdefault(name, _Draft())
            draft.unit = draft.unit or unit or ""
            draft.add(numbers, values, _kind(code, values))

    def next_segment(self) -> None:
        """Say that what comes now is from the next segment: its rows stand after all others."""
        self._base += _SEGMENT

    def columns(self) -> tuple[RunColumn, ...]:
        """Give all columns, rows as recorded: the step, the seconds since the run began, labels, then values."""
        if not self._steps:
            return ()
        order = sorted(range(self.rows), key=self._seen.__getitem__)
        kind = "number" if any(type(step) is float for step in self._steps) else "int"
        steps = [_converted(self._steps[row], kind) for row in order]
        seconds: list[Scalar] = [float(self._seconds[row]) for row in order]
        found = [RunColumn(self._x, kind, "", steps), RunColumn(SECONDS, "number", "s", seconds)]
        for drafts in (self._labels, self._values):
            for name, draft in drafts.items():
                if len(draft.kinds) > 1 and "string" in draft.kinds:
                    self.notes.append(
                        f"column {name!r} holds text beside numbers; all of it is given as text"
                    )
                values = draft.values(self.rows)
                free = self._free(name, found)
                found.append(
                    RunColumn(free, draft.kind(), draft.unit, [values[row] for row in order])
                )
        return tuple(found)

    def _free(self, name: str, found: list[RunColumn]) -> str:
        taken = {column.name for column in found}
        free = name
        while free in taken:
            free = f"logged/{free}"
        if free != name:
            self.notes.append(
                f"the logged column {name!r} is called {free!r}, because {name!r} has a meaning already"
            )
        return free

    def _mask(self, schema: RowSchema) -> int:
        mask = 0
        for name in schema.names:
            mask |= 1 << self._bits.setdefault(name, len(self._bits))
        return mask

    def _rows_for(self, place: _Place, mask: int, rows: Rows, offset: float) -> list[int]:
        """Give the row of each record, new ones where none is free."""
        first, filled, seen, base = place.first, self._filled, self._seen, self._base
        numbers: list[int] = []
        for number, step, second in zip(rows.places, rows.steps, rows.seconds, strict=True):
            row = first.get(step)
            if row is None:
                row = first[step] = self._new_row(step)
            elif filled[row] & mask:
                row = self._next_row(place, mask, step)
            if base + number < seen[row]:
                seen[row] = base + number
                self._seconds[row] = second + offset
            filled[row] |= mask
            numbers.append(row)
        return numbers

    def _new_row(self, step: float) -> int:
        self._steps.append(step)
        self._seconds.append(0.0)
        self._seen.append(_NOT_SEEN)
        self._filled.append(0)
        return len(self._filled) - 1

    def _next_row(self, place: _Place, mask: int, step: float) -> int:
        """Walk on from where rows of these columns last went for this step to the next row that can take them."""
        row = place.latest.get((mask, step), place.first[step])
        while self._filled[row] & mask:
            following = self._after.get(row)
            if following is None:
                following = self._after[row] = self._new_row(step)
                self.repeated += 1
            row = following
        place.latest[mask, step] = row
        return row

    def _label(
        self, created: list[int], schema: RowSchema, rank: int | None, fork: int | None
    ) -> None:
        labels = dict(schema.labels)
        if rank is not None:
            labels.setdefault(RANK, rank)
        if fork is not None:
            labels.setdefault(WRITER, fork)
        for name, value in labels.items():
            draft = self._labels.setdefault(name, _Draft())
            draft.add(created, [value] * len(created), _kind_of_label(value))


def _kind(code: str, values: list[Scalar]) -> str:
    """Give the kind that these values make; empty when all are missing."""
    kinds = set(map(type, values))
    kinds.discard(type(None))
    if not kinds:
        return ""
    if code == "str":
        return "string"
    if code == "b1":
        return "bool"
    return "int" if kinds == {int} and code in INTEGER_CODES else "number"


def _kind_of_label(value: Scalar) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "string"
    return "int" if isinstance(value, int) else "number"


def _converted(value: Scalar, kind: str) -> Scalar:
    if kind == "string" or isinstance(value, str) or value is None:
        return value if isinstance(value, str) else repr(value)
    return float(value) if kind == "number" else int(value)
