"""Runs programs in this process for tests: sealed inputs as the host makes them, and a fake of the channel."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from p2lang.compiler import Compiled, Limits, compile_script
from p2lang.diagnostics import Diagnostic
from p2lang.parser import decode
from p2lang.types import schemas_from_json
from p2std.registry import core
from plotter2.child.program import run_program
from plotter2.renderkit import provenance
from plotter2.wire.codec import encode
from plotter2.wire.inputs import ColumnPart, InputTable, RunInputs, TablePart, encode_inputs
from plotter2.wire.memory import sealed
from plotter2.wire.messages import (
    ColumnFound,
    FromChild,
    Note,
    RunJob,
)

FIRST_RESULT = 4


@dataclass
class FakeChannel:
    """Stands for the child's channel: keeps what is sent (after the real codec) and what is put."""

    messages: list[FromChild] = field(default_factory=list)
    blobs: list[tuple[str, str, bytes]] = field(default_factory=list)
    timings_ms: dict[str, float] = field(default_factory=dict)
    output: list[bytes] = field(default_factory=list)

    def send(self, message: FromChild) -> None:
        encode(message)
        self.messages.append(message)

    def append(self, data: bytes | bytearray | memoryview) -> tuple[int, int]:
        self.output.append(bytes(data))
        return len(self.output) - 1, len(bytes(data))

    def exposed(self, table: str) -> pl.DataFrame:
        """Give a table that a task exposed, out of its chunks."""
        chunks = [m for m in self.messages if isinstance(m, ColumnFound) and m.table == table]
        columns = {m.name: pl.read_ipc(self.output[m.offset]).to_series() for m in chunks}
        return pl.DataFrame(columns)

    def put(self, name: str, kind: str, data: bytes) -> None:
        self.blobs.append((name, kind, bytes(data)))

    @property
    def notes(self) -> list[str]:
        return [m.text for m in self.messages if isinstance(m, Note)]

    def ledger(self, name: str = "plot") -> dict[str, Any]:
        """Give the row ledger that is embedded in a picture."""
        kind = next(k for n, k, _ in self.blobs if n == name)
        inside = provenance.read(self.picture(name, kind))
        assert inside is not None
        ledger: dict[str, Any] = inside["ledger"]
        return ledger

    def picture(self, name: str, kind: str = "png") -> bytes:
        (found,) = (data for n, k, data in self.blobs if (n, k) == (name, kind))
        return found


@dataclass
class Part:
    """The rows of one run, and what is constant in them; `chunks` splits each column into so many files."""

    frame: pl.DataFrame
    constants: Mapping[str, Any] = field(default_factory=dict)
    run: str = "run1"
    chunks: int = 1


@contextmanager
def sealed_job(
    module: str,
    schemas: Mapping[str, Any],
    tables: Mapping[str, Sequence[Part]],
    spans: Mapping[str, tuple[int, int]] | None = None,
    answers: Mapping[str, Sequence[Part]] | None = None,
    results: Mapping[str, Any] | None = None,
    descriptors: Sequence[int] = (),
    **more: Any,
) -> Iterator[tuple[int, ...]]:
    """Give the descriptors of a RunJob, the output left out (-1); `more` goes into the program.

    `results` goes into the inputs as it is; its descriptors are numbered from FIRST_RESULT.
    """
    program = {"module": module, "schemas": schemas, "provenance": {}, "spans": spans or {}, **more}
    data = bytearray()
    listed, asked = (
        [
            InputTable(path=path, parts=[_part(part, path, data) for part in parts])
            for path, parts in group.items()
        ]
        for group in (tables, answers or {})
    )
    fds = (
        sealed(json.dumps(program).encode()),
        sealed(encode_inputs(RunInputs(tables=listed, answers=asked, **(results or {})))),
        sealed(data),
    )
    try:
        yield (-1, *fds, *descriptors)
    finally:
        for fd in fds:
            os.close(fd)


def _part(part: Part, path: str, data: bytearray) -> TablePart:
    columns: dict[str, list[ColumnPart]] = {}
    height = part.frame.height
    size = max(1, -(-height // part.chunks))
    for column in part.frame.get_columns():
        for start in range(0, max(height, 1), size):
            file = io.BytesIO()
            column.slice(start, size).to_frame().write_ipc(file)
            place = ColumnPart(fd=3, offset=len(data), length=file.tell())
            data += file.getvalue()
            data += bytes(-len(data) % 64)
            columns.setdefault(column.name, []).append(place)
    return TablePart(
        bundle=path, bundle_id="b" * 26, run=part.run, rows=height, columns=columns,
        constants=dict(part.constants),
    )  # fmt: skip


def compiled(text: str, schemas: Mapping[str, Any]) -> Compiled:
    """Compile a script that has no mistake."""
    source = decode(text.encode(), "test.p2")
    assert not isinstance(source, Diagnostic)
    found = compile_script(source, core(), schemas_from_json(schemas), Limits(work=10**12))
    assert found.module is not None, [d.message for d in found.diagnostics]
    return found


def run_script(
    text: str,
    tables: Mapping[str, Sequence[Part]],
    formats: Sequence[str] = ("png",),
    schemas: Mapping[str, Any] | None = None,
    **params: Any,
) -> FakeChannel:
    """Compile a script and run it in this process; schemas are read off the first part of each table by default."""
    shapes = schemas or {path: schema_of_parts(parts) for path, parts in tables.items()}
    found = compiled(text, shapes)
    assert found.module is not None
    spans = {node: (span.start, span.end) for node, span in found.spans.items()}
    read = {path: schema.as_json() for path, schema in found.schemas.items()}
    channel = FakeChannel()
    with sealed_job(found.module.encode().decode(), read, tables, spans) as fds:
        run_program(job(formats, **params), fds, channel)
    return channel


def schema_of_parts(parts: Sequence[Part]) -> dict[str, Any]:
    """Give the schema that the store would have for these parts."""
    kinds = {pl.Int64: "int", pl.Float64: "number", pl.String: "string", pl.Boolean: "bool"}
    python = {int: "int", float: "number", str: "string", bool: "bool"}
    cols: dict[str, str] = {}
    for part in parts:
        cols |= {name: python[type(value)] for name, value in part.constants.items()}
        for name, dtype in part.frame.schema.items():
            missing = (
                "?" if part.frame[name].null_count() or cols.get(name, "").endswith("?") else ""
            )
            cols[name] = kinds[type(dtype)] + missing
    return {"rows": max(1, sum(part.frame.height for part in parts)), "cols": cols}


def job(formats: Sequence[str] = ("png",), **params: Any) -> RunJob:
    return RunJob(formats=list(formats), params=params)  # type: ignore[arg-type]
