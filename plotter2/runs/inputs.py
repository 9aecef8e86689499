"""The columns that a program reads, as sealed memory for its child. The host copies bytes; it never looks into them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from p2lang import ir
from p2lang.semantics.structure import operation, reads_bundle
from p2lang.types import TableSchema
from p2std.registry import core
from plotter2.datter.binding import BoundPart
from plotter2.datter.store import Store
from plotter2.errors import RunError
from plotter2.runs import codes
from plotter2.wire.inputs import (
    ColumnPart,
    InputTable,
    RunInputs,
    RunProgram,
    TablePart,
    encode_inputs,
    encode_program,
)
from plotter2.wire.memory import sealed, sealed_from_files
from plotter2.wire.messages import JOB_FDS_LIMIT

FIRST_DATA_FD = 3
"""A job's descriptors 0, 1 and 2 are the output, the program and the list of inputs."""
_MOST_TABLES = JOB_FDS_LIMIT - FIRST_DATA_FD


@dataclass(frozen=True, slots=True)
class BoundTable:
    """One path that a script reads, with the parts of the store that answer it."""

    path: str
    parts: tuple[BoundPart, ...]


def bind(
    nodes: Sequence[ir.Node], schemas: Mapping[str, TableSchema], store: Store
) -> tuple[BoundTable, ...]:
    """Find in the store what the program's sources read, as it was when it was checked and costed.

    `schemas` are those that it was compiled against. Raises DataError, RunError P2-R0620.
    """
    wanted: dict[str, dict[str, None]] = {}
    for node in nodes:
        signature = operation(node.op, core())
        if signature is not None and reads_bundle(signature):
            columns = wanted.setdefault(node.attributes["path"][1], {})
            columns.update(dict.fromkeys(node.attributes["cols"][1]))
    if len(wanted) > _MOST_TABLES:
        raise RunError(
            codes.TOO_MANY_TABLES,
            f"the script reads {len(wanted)} different tables; {_MOST_TABLES} is the most",
            help='read several bundles at once: access("name/*")',
        )
    return tuple(
        BoundTable(path, store.bind(path, list(cols), schemas[path]))
        for path, cols in wanted.items()
    )


@contextmanager
def sealed_inputs(tables: Sequence[BoundTable]) -> Iterator[tuple[int, ...]]:
    """Give the descriptors of the inputs' list and of each table's columns; they are closed after the block.

    Raises DataError, HostError.
    """
    descriptors: list[int] = []
    try:
        described = []
        for number, table in enumerate(tables, FIRST_DATA_FD):
            descriptor, places = _columns(table)
            descriptors.append(descriptor)
            described.append(_described(table, number, places))
        listing = sealed(encode_inputs(RunInputs(tables=described)))
        descriptors.insert(0, listing)
        yield tuple(descriptors)
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


@contextmanager
def sealed_program(program: RunProgram) -> Iterator[int]:
    """Give the descriptor of the program's memory; it is closed after the block. Raises HostError."""
    descriptor = sealed(encode_program(program))
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _columns(table: BoundTable) -> tuple[int, dict[Path, tuple[int, int]]]:
    paths = list(
        dict.fromkeys(
            chunk.path
            for part in table.parts
            for chunks in part.columns.values()
            for chunk in chunks
        )
    )
    descriptor, places = sealed_from_files(paths)
    return descriptor, dict(zip(paths, places, strict=True))


def _described(
    table: BoundTable, number: int, places: Mapping[Path, tuple[int, int]]
) -> InputTable:
    parts = [
        TablePart(
            bundle=part.bundle,
            bundle_id=part.bundle_id,
            run=part.run,
            rows=part.rows,
            columns={
                name: [
                    ColumnPart(fd=number, offset=places[c.path][0], length=places[c.path][1])
                    for c in chunks
                ]
                for name, chunks in part.columns.items()
            },
            constants=part.constants,
        )
        for part in table.parts
    ]
    return InputTable(path=table.path, parts=parts)
