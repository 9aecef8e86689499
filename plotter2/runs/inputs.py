"""The columns that a program reads, as sealed memory for its child. The host copies bytes; it never looks into them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from p2lang import ir
from p2lang.semantics.selection import Selection, selection
from p2lang.semantics.structure import operation, reads_bundle
from p2lang.types import TableSchema
from p2std.registry import core
from plotter2.datter.binding import BoundPart
from plotter2.datter.narrowing import EVERYTHING
from plotter2.datter.store import Store
from plotter2.errors import RunError
from plotter2.runs import codes
from plotter2.runs.selecting import Circumstances, narrowed, settled
from plotter2.wire.inputs import (
    ColumnPart,
    HeldResult,
    InputTable,
    RunInputs,
    RunProgram,
    TablePart,
    encode_inputs,
    encode_program,
)
from plotter2.wire.memory import opened_to_read, sealed, sealed_from_files
from plotter2.wire.messages import JOB_FDS_LIMIT

FIRST_DATA_FD = 3
"""A job's descriptors 0, 1 and 2 are the output, the program and the list of inputs."""
_MOST_TABLES = JOB_FDS_LIMIT - FIRST_DATA_FD
_LARGE_BYTES = 1 << 20
"""An object of this size goes to the child as the file it is, opened for reading: copying it takes longer than reading
it. Objects never change; who writes into the store's files all the same can only make the child fail."""


@dataclass(frozen=True, slots=True)
class BoundTable:
    """What a source of a script reads, with the parts of the store that answer it; `path` is the module's key."""

    path: str
    parts: tuple[BoundPart, ...]


def bind(
    nodes: Sequence[ir.Node],
    schemas: Mapping[str, TableSchema],
    store: Store,
    run: Circumstances,
) -> tuple[BoundTable, ...]:
    """Find in the store what the program's sources read, as it was when it was checked and costed.

    `schemas` are those that it was compiled against. Raises DataError, RunError P2-R0620.
    """
    wanted = selections(nodes)
    require_room(len(wanted))
    return tuple(
        BoundTable(selected.key, bind_one(selected, cols, schemas[selected.shape.key], store, run))
        for selected, cols in wanted.items()
    )


def bind_one(
    selected: Selection,
    columns: Sequence[str],
    schema: TableSchema,
    store: Store,
    run: Circumstances,
    path: str | None = None,
) -> tuple[BoundPart, ...]:
    """Find what one source reads; `path` is what its path means to the store, if that is something else.

    Raises DataError.
    """
    further = EVERYTHING if selected == selected.shape else narrowed(selected, run)
    return store.bind(
        path or selected.path, columns, schema, settled(selected.shape), selected.table, further
    )


def selections(nodes: Sequence[ir.Node]) -> dict[Selection, tuple[str, ...]]:
    """Give what sources of a program read, each with its columns."""
    wanted: dict[Selection, dict[str, None]] = {}
    for node in nodes:
        signature = operation(node.op, core())
        if signature is not None and reads_bundle(signature):
            columns = wanted.setdefault(selection(node.attributes), {})
            columns.update(dict.fromkeys(node.attributes["cols"][1]))
    return {selected: tuple(columns) for selected, columns in wanted.items()}


def require_room(tables: int) -> None:
    """Raise RunError P2-R0620 when a child cannot be given so many tables."""
    if tables > _MOST_TABLES:
        raise RunError(
            codes.TOO_MANY_TABLES,
            f"the script reads {tables} different tables; {_MOST_TABLES} is the most",
            help='read several bundles at once: access("name/*")',
        )


@dataclass(frozen=True, slots=True)
class KnownResult:
    """The result of a node that need not be computed: its columns in an open file, and what is told of them."""

    node: str
    fd: int
    offset: int
    length: int
    about: str


@dataclass(frozen=True, slots=True)
class ResultInputs:
    """Results of a program's nodes that are known, those that are wanted, and the memory (its descriptor) for these.

    Those that are wanted `always` are wanted whatever they are worth.
    """

    known: tuple[KnownResult, ...] = ()
    wanted: tuple[str, ...] = ()
    memory: int | None = None
    always: tuple[str, ...] = ()


NO_RESULTS = ResultInputs()


@contextmanager
def sealed_inputs(
    tables: Sequence[BoundTable],
    answers: Sequence[BoundTable] = (),
    results: ResultInputs = NO_RESULTS,
) -> Iterator[tuple[int, ...]]:
    """Give the descriptors of the inputs' list and of each table's columns; they are closed after the block.

    `answers` are what a task asks for by name. Raises DataError, HostError.
    """
    memories = len(results.known) + (results.memory is not None)
    descriptors = Descriptors(len(tables) + len(answers) + memories)
    try:
        named, asked = (
            [_described(table, descriptors.places(table)) for table in group]
            for group in (tables, answers)
        )
        held = [
            HeldResult(
                node=each.node,
                fd=descriptors.add(each.fd),
                offset=each.offset,
                length=each.length,
                about=each.about,
            )
            for each in results.known
        ]
        memory = None if results.memory is None else descriptors.add(results.memory)
        inputs = RunInputs(
            tables=named,
            answers=asked,
            held=held,
            hold=list(results.wanted),
            hold_always=list(results.always),
            memory=memory,
        )
        listing = descriptors.keep(sealed(encode_inputs(inputs)))
        yield (listing, *descriptors.data)
    finally:
        descriptors.close()


@contextmanager
def sealed_program(program: RunProgram) -> Iterator[int]:
    """Give the descriptor of the program's memory; it is closed after the block. Raises HostError."""
    descriptor = sealed(encode_program(program))
    try:
        yield descriptor
    finally:
        os.close(descriptor)


class Descriptors:
    """The descriptors of a job's data, in order: large objects as their files, the small ones of a table together."""

    def __init__(self, tables: int) -> None:
        self.data: list[int] = []
        self._others: list[int] = []
        self._spare = _MOST_TABLES - tables

    def places(self, table: BoundTable) -> dict[Path, ColumnPart]:
        """Give for each object of a table where the child finds it. Raises DataError, HostError."""
        chunks = {
            chunk.path: chunk.bytes
            for part in table.parts
            for chunks in part.columns.values()
            for chunk in chunks
        }
        large = [path for path, size in chunks.items() if size >= _LARGE_BYTES][: self._spare]
        self._spare -= len(large)
        found = {path: self._whole(path, chunks.pop(path)) for path in large}
        descriptor, places = sealed_from_files(list(chunks))
        number = self._add(descriptor)
        for path, (offset, length) in zip(chunks, places, strict=True):
            found[path] = ColumnPart(fd=number, offset=offset, length=length)
        return found

    def add(self, descriptor: int) -> int:
        """Give the number of a descriptor that stays its owner's."""
        return self._add(os.dup(descriptor))

    def keep(self, descriptor: int) -> int:
        """Give back a descriptor that is closed together with the others."""
        self._others.append(descriptor)
        return descriptor

    def close(self) -> None:
        """Close all of them."""
        for descriptor in (*self.data, *self._others):
            os.close(descriptor)

    def _whole(self, path: Path, size: int) -> ColumnPart:
        return ColumnPart(fd=self._add(opened_to_read(path)), offset=0, length=size)

    def _add(self, descriptor: int) -> int:
        self.data.append(descriptor)
        return FIRST_DATA_FD + len(self.data) - 1


def _described(table: BoundTable, places: Mapping[Path, ColumnPart]) -> InputTable:
    parts = [
        TablePart(
            bundle=part.bundle,
            bundle_id=part.bundle_id,
            run=part.run,
            rows=part.rows,
            columns={
                name: [places[chunk.path] for chunk in chunks]
                for name, chunks in part.columns.items()
            },
            constants=part.constants,
        )
        for part in table.parts
    ]
    return InputTable(path=table.path, parts=parts)
