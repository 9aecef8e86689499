"""What a child hands out of a task beside pictures: exposed tables and requests, held against what the task declares.

The answer is not trusted: names, types and counts must be those of the program. The bytes are hashed and stored, never
looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import TypeAlias, cast

from logger2.identity import Scalar
from p2lang import ir
from p2lang.semantics.promises import Columns, columns_of
from p2lang.semantics.structure import EXPOSE, TASK, is_effect_of
from p2lang.types import ColumnType
from plotter2.datter.bodies import Redo
from plotter2.datter.bundle import Chunk, Column, Kind, Table
from plotter2.errors import HostError, RunError
from plotter2.orchestrator import Outcome
from plotter2.runs import codes as run_codes
from plotter2.wire import codes
from plotter2.wire.messages import (
    ColumnFound,
    FromChild,
    GaveUp,
    Owned,
    RedoAsked,
    Released,
    TableFound,
)

Keep: TypeAlias = Callable[[bytes], tuple[str, int]]
"""Takes the bytes of a column chunk; gives (SHA-256, size)."""

_OF_TASKS = (ColumnFound, TableFound, RedoAsked, Released, Owned, GaveUp)


def require_nothing_of_tasks(messages: Sequence[FromChild]) -> None:
    """Refuse what only a task may hand out. Raises HostError P2-H0908."""
    for message in messages:
        if isinstance(message, _OF_TASKS):
            raise _broken(f"{type(message).__name__}, and no task was run")


def require_kept_going(messages: Sequence[FromChild]) -> None:
    """Raise RunError P2-R0646 when the task gave up."""
    for message in messages:
        if isinstance(message, GaveUp):
            raise RunError(
                run_codes.GAVE_UP,
                f"the task gave up: {message.reason}",
                help="nothing of it was published; the script itself decides this: look at its `giveup`",
            )


def exposed_tables(
    outcome: Outcome, nodes: Sequence[ir.Node], task: str, keep: Keep
) -> dict[str, Table]:
    """Give what the task exposed, its columns kept. Raises HostError P2-H0908, DataError."""
    declared = {
        str(node.attributes["name"][1]): columns_of(node.attributes["type"])
        for node in nodes
        if node.op == EXPOSE.full_name and node.attributes.get(TASK) == ["str", task]
    }
    found: dict[str, _Found] = {}
    for message in outcome.messages:
        if isinstance(message, ColumnFound | TableFound):
            if message.table not in declared:
                raise _broken(f"a table {message.table[:60]!a} that the task does not expose")
            table = found.setdefault(message.table, _Found(declared[message.table]))
            if isinstance(message, TableFound):
                table.end(message)
            else:
                table.take(message, outcome, keep)
    return {name: table.whole(name) for name, table in found.items()}


def redo_asked(outcome: Outcome, nodes: Sequence[ir.Node], task: str, run: str) -> tuple[Redo, ...]:
    """Give what the task asks to have run again. Raises HostError P2-H0908."""
    allowed = {
        node.id: str(node.attributes["bundle"][1])
        for node in nodes
        if node.op.startswith("redo@") and is_effect_of(node, task)
    }
    asked: dict[str, list[RedoAsked]] = {}
    for message in outcome.messages:
        if isinstance(message, RedoAsked):
            if allowed.get(message.node) != message.bundle:
                raise _broken("a request that the task does not make")
            asked.setdefault(message.node, []).append(message)
    return tuple(_redo(parts, task, run) for parts in asked.values())


def _redo(parts: list[RedoAsked], task: str, run: str) -> Redo:
    first = parts[0]
    rows: list[dict[str, Scalar]] = []
    for part in parts:
        same = (part.columns, part.total, part.hours, part.keep)
        whole = same == (first.columns, first.total, first.hours, first.keep)
        if not whole or part.first != len(rows):
            raise _broken("parts of a request that do not fit together")
        for values in part.rows:
            if any(isinstance(value, float) and not isfinite(value) for value in values):
                raise _broken("a parameter that is no number")
            if len(values) != len(part.columns):
                raise _broken("a row of parameters that lacks some")
            rows.append(dict(zip(part.columns, values, strict=True)))
    if len(rows) != first.total:
        raise _broken("a request without some of its rows")
    return Redo(
        bundle=first.bundle,
        over=tuple(rows),
        gpu_hours=first.hours,
        keep=first.keep,
        run=run,
        task=task,
    )


@dataclass(slots=True)
class _Found:
    """A table as the child hands it out, held against its declared columns."""

    declared: Columns
    chunks: dict[str, list[Chunk]] = field(default_factory=dict)
    rows: int = -1

    def take(self, message: ColumnFound, outcome: Outcome, keep: Keep) -> None:
        """Take a chunk of a column."""
        column = dict(self.declared).get(message.name)
        if column is None or message.dtype != column.kind or self.rows >= 0:
            raise _broken(f"a column {message.name[:60]!a} that was not declared so")
        if message.nulls > message.rows or (message.nulls and not column.nullable):
            raise _broken(f"missing values in {message.name[:60]!a}, which has none")
        digest, size = keep(outcome.read(message.offset, message.length))
        chunk = Chunk(digest=digest, bytes=size, rows=message.rows)
        self.chunks.setdefault(message.name, []).append(chunk)

    def end(self, message: TableFound) -> None:
        """Take that the table is whole."""
        if self.rows >= 0:
            raise _broken(f"a table {message.table[:60]!a} twice")
        self.rows = message.rows

    def whole(self, name: str) -> Table:
        """Give the table as the store keeps it."""
        complete = self.rows >= 0 and self.chunks.keys() == dict(self.declared).keys()
        counts = {sum(chunk.rows for chunk in chunks) for chunks in self.chunks.values()}
        if not complete or counts != {self.rows}:
            raise _broken(f"a table {name[:60]!a} that is not whole")
        columns = tuple(_column(n, c, self.chunks[n]) for n, c in self.declared)
        return Table(rows=self.rows, columns=columns)


def _column(name: str, column: ColumnType, chunks: Sequence[Chunk]) -> Column:
    return Column(
        name=name,
        kind=cast(Kind, column.kind),
        unit=column.unit,
        nullable=column.nullable,
        chunks=tuple(chunks),
    )


def _broken(what: str) -> HostError:
    return HostError(
        codes.PROTOCOL_BROKEN,
        f"the child speaks of {what}",
        help="nothing of the run is kept; this is no fault of the data: report it",
    )
