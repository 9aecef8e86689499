"""What a child hands out of a task beside pictures: exposed tables and requests, held against what the task declares.

The answer is not trusted: names, types and counts must be those of the program. The bytes are hashed and stored, never
looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Protocol, TypeAlias, cast

from logger2.identity import Scalar
from p2lang import ir
from p2lang.semantics.constants import NotConstant, evaluate
from p2lang.semantics.guards import conjuncts
from p2lang.semantics.promises import Columns, columns_of
from p2lang.semantics.structure import EXPOSE, GUARD, TASK, is_effect_of
from p2lang.types import ColumnType
from plotter2.datter.bodies import Redo
from plotter2.datter.bundle import Chunk, Column, Kind, Table
from plotter2.errors import HostError, RunError
from plotter2.orchestrator import Outcome
from plotter2.runs import codes as run_codes
from plotter2.wire import codes
from plotter2.wire.inputs import Place
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


class HandedOut(Protocol):
    """What a child said, and what it wrote: all of it, or so far."""

    @property
    def messages(self) -> tuple[FromChild, ...]:
        """Give its messages, in order."""

    @property
    def read(self) -> Callable[[int, int], bytes]:
        """Give what copies a piece of its output."""


_REDO: Mapping[str, ir.Value] = {"gpu_hours": ["int", 3600], "keep": ["str", "all"]}
"""What `redo` means where it does not say it."""

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
    outcome: HandedOut, nodes: Sequence[ir.Node], task: str, keep: Keep
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


def redo_asked(
    outcome: Outcome, nodes: Sequence[ir.Node], place: Place, run: str, known: Mapping[str, Any]
) -> tuple[Redo, ...]:
    """Give what the task asks to have run again; `known` are the values of params. Raises HostError P2-H0908."""
    allowed = {
        node.id: node
        for node in nodes
        if node.op.startswith("redo@")
        and is_effect_of(node, place.task)
        and _approvals(node, known) <= set(place.approved)
    }
    asked: dict[str, list[RedoAsked]] = {}
    for message in outcome.messages:
        if isinstance(message, RedoAsked):
            node = allowed.get(message.node)
            if node is None or not _is_as_written(message, node, known):
                raise _broken("a request that the task does not make")
            asked.setdefault(message.node, []).append(message)
    return tuple(_redo(parts, place.task, run) for parts in asked.values())


def _approvals(node: ir.Node, known: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Give the actions with their targets that a person must have approved for a node to happen."""
    return {
        action_of(value, known) or ("", "")
        for value in conjuncts(node.attributes.get(GUARD))
        if value[0] == "call" and value[1].startswith("approved@")
    }


def action_of(asked: ir.Value, known: Mapping[str, Any]) -> tuple[str, str] | None:
    """Give the action and the target that `approved(...)` asks about; None when a run is needed to know them."""
    try:
        action, target = (evaluate(asked[2][each], known) for each in ("action", "target"))
    except NotConstant:
        return None
    return str(action), str(target)


def _is_as_written(message: RedoAsked, node: ir.Node, known: Mapping[str, Any]) -> bool:
    """Tell whether a request has the bundle, the price and the choice that stand in the script."""
    written = {name: node.attributes.get(name, default) for name, default in _REDO.items()}
    try:
        hours = evaluate(written["gpu_hours"], known) / 3600
    except NotConstant:
        hours = message.hours
    given = (message.bundle, message.keep, message.hours)
    return given == (node.attributes["bundle"][1], written["keep"][1], hours)


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

    def take(self, message: ColumnFound, outcome: HandedOut, keep: Keep) -> None:
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
