"""Sealed Arrow columns to one polars table in the schema's order and types. Computes nothing but that.

Parts lie one below the other; what is constant in a part (bundle, run, parameters) becomes a column of it.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import polars as pl

from p2lang.semantics.selection import path_of, selection
from p2lang.types import ColumnType, TableSchema
from p2lang.verifier import ProgramNode
from p2std.table import DTYPES
from plotter2.child.arrow_values import lent_column
from plotter2.child.counting import require_rows
from plotter2.child.run_codes import COLUMN_DIFFERS, COLUMN_LACKING, TABLE_LACKING
from plotter2.errors import RunError
from plotter2.wire.inputs import ColumnPart, InputTable, RunInputs, TablePart
from plotter2.wire.memory import mapped


@dataclass(frozen=True, slots=True)
class OwnFile:
    """An Arrow IPC file that has a descriptor of its own, and a view of all its bytes."""

    fd: int
    view: memoryview


Content: TypeAlias = Callable[[ColumnPart], bytes | OwnFile]
"""Gives one Arrow IPC file: its bytes, or the file when it is one by itself."""


@dataclass(frozen=True)
class Missing:
    """How many of a table's rows lack a value, by column: null, and not a number (which is turned into null)."""

    rows: int
    nulls: Mapping[str, int]
    not_a_number: Mapping[str, int]


@dataclass(frozen=True)
class ReadTable:
    """The rows of a stored table, and what they lack."""

    frame: pl.DataFrame
    missing: Missing


class StoredTables:
    """The stored tables of a job, read out of its memory when a source asks for them."""

    def __init__(self, inputs: RunInputs, fds: Sequence[int]) -> None:
        self._tables = {table.path: table for table in inputs.tables}
        self._read: dict[str, tuple[str, Missing]] = {}
        self._fds = fds
        self._mapped: dict[int, memoryview] = {}

    @property
    def done(self) -> int:
        """How many rows of stored tables have been read."""
        return sum(
            _rows_in(self._tables[path])
            for path in {p for p, _ in self._read.values()} & self._tables.keys()
        )

    @property
    def total(self) -> int:
        """How many rows of stored tables there are."""
        return sum(map(_rows_in, self._tables.values()))

    def has(self, node: ProgramNode) -> bool:
        """Tell whether what a source reads was handed over."""
        return selection(node.node.attributes).key in self._tables

    def rows_of(self, node: ProgramNode) -> pl.DataFrame:
        """Give the columns that a source delivers. Raises RunError P2-R0602 to P2-R0605."""
        path = selection(node.node.attributes).key
        if path not in self._tables:
            raise RunError(
                TABLE_LACKING,
                f'the bundle "{path_of(path)}" was not handed over',
                help="this is a bug in plotter2: please report it with the script",
            )
        assert node.schema is not None
        require_rows(node, _rows_in(self._tables[path]))
        found = read_table(self._tables[path], node.schema, node.schema.names, self.content_of)
        self.note(node.id, path, found.missing)
        return found.frame

    def note(self, node: str, path: str, missing: Missing) -> None:
        """Note what a source read, for the ledger."""
        self._read[node] = (path, missing)

    def noted(self, nodes: Iterable[str]) -> dict[str, tuple[str, Missing]]:
        """Give what these nodes read and what it lacks, by node."""
        return {node: self._read[node] for node in nodes if node in self._read}

    def read_by(self, nodes: Iterable[str]) -> dict[str, Missing]:
        """Give what the tables lack that these nodes read, by path."""
        return dict(self._read[node] for node in nodes if node in self._read)

    def content_of(self, place: ColumnPart) -> bytes | OwnFile:
        """Give one Arrow IPC file of the job."""
        fd = self._fds[place.fd]
        by_itself = place.length == os.fstat(fd).st_size
        if place.fd not in self._mapped:
            self._mapped[place.fd] = mapped(fd, at_once=by_itself)
        view = self._mapped[place.fd]
        if by_itself:
            return OwnFile(fd, view)
        return bytes(view[place.offset : place.offset + place.length])


def _rows_in(table: InputTable) -> int:
    return sum(part.rows for part in table.parts)


def read_table(
    table: InputTable, schema: TableSchema, names: Sequence[str], content_of: Content
) -> ReadTable:
    """Read these columns of all parts.

    Raises RunError P2-R0603 when a column's length or type is not what the schema says, P2-R0604 when a column that may
    not be missing is not there.
    """
    read = _columns(table, schema, names, content_of)
    nulls = {c.name: c.null_count() for c in read if c.null_count()}
    floats = [c for c in read if c.dtype == pl.Float64]
    not_a_number = {c.name: n for c in floats if (n := _not_numbers(c))}
    cleaned = [c.fill_nan(None) if c.name in not_a_number else c for c in read]
    rows = sum(part.rows for part in table.parts)
    return ReadTable(pl.DataFrame(cleaned), Missing(rows, nulls, not_a_number))


def _not_numbers(column: pl.Series) -> int:
    # One value that is no number makes the sum none, and a sum takes a fifth of the time.
    return int(column.is_nan().sum()) if math.isnan(column.sum()) else 0


def stored_rows(table: InputTable, schema: TableSchema, content_of: Content) -> pl.DataFrame:
    """Give all columns as they are stored, NaN included. Raises RunError as `read_table`."""
    return pl.DataFrame(_columns(table, schema, schema.names, content_of))


def _columns(
    table: InputTable, schema: TableSchema, names: Sequence[str], content_of: Content
) -> list[pl.Series]:
    rows = sum(part.rows for part in table.parts)
    read = [_column(table, name, schema[name], content_of) for name in names]
    for name, column in zip(names, read, strict=True):
        if len(column) != rows:
            raise RunError(
                COLUMN_DIFFERS,
                f"column {name} of {path_of(table.path)} has {len(column)} values for {rows} rows",
                where=path_of(table.path),
                help="the bundle is damaged: run plotter2 doctor",
            )
    return read


def missing_of(frame: pl.DataFrame) -> Missing:
    """Give what a table lacks that holds no NaN."""
    nulls = {c.name: c.null_count() for c in frame.get_columns() if c.null_count()}
    return Missing(frame.height, nulls, {})


def _column(table: InputTable, name: str, column: ColumnType, content_of: Content) -> pl.Series:
    pieces: list[pl.Series] = []
    files: list[ColumnPart] = []
    for part in table.parts:
        if name in part.columns:
            files += part.columns[name]
            continue
        pieces += _from_files(files, content_of)
        files = []
        pieces.append(_constant(table, part, name, column))
    pieces += _from_files(files, content_of)
    dtype = DTYPES.get(column.kind)
    if not pieces:
        return pl.Series(name, [], dtype=dtype or pl.Null)
    if dtype is None and len({piece.dtype for piece in pieces}) > 1:
        dtype = pl.String
        pieces = [piece.cast(dtype) for piece in pieces]
    typed = [_typed(table, name, column, piece, dtype) for piece in pieces]
    whole = pl.concat(typed, how="vertical").rename(name)
    # Thousands of tiny chunks make every later step slow; a few large ones do not.
    return whole.rechunk() if whole.n_chunks() * _SMALL_CHUNK > len(whole) else whole


_SMALL_CHUNK = 10_000


def _from_files(files: list[ColumnPart], content_of: Content) -> list[pl.Series]:
    small: list[bytes] = []
    read: list[pl.Series] = []
    for place in files:
        content = content_of(place)
        if isinstance(content, bytes):
            small.append(content)
            continue
        read += [*_from_bytes(small), _from_file(content)]
        small = []
    return read + _from_bytes(small)


def _from_file(file: OwnFile) -> pl.Series:
    lent = lent_column(file.view)
    if lent is not None:
        return lent
    with os.fdopen(os.dup(file.fd), "rb") as opened:
        opened.seek(0)  # the position is shared with whoever read it before
        return pl.read_ipc(opened).to_series()


def _from_bytes(files: list[bytes]) -> list[pl.Series]:
    if not files:
        return []
    if len(files) > 1:
        try:
            # One scan of many files costs a tenth of one read for each.
            together = pl.scan_ipc(files).collect(engine="in-memory")
        except (pl.exceptions.SchemaError, pl.exceptions.ColumnNotFoundError):
            # A column may be whole numbers in one run and numbers in the next.
            return [pl.read_ipc(file).to_series() for file in files]
        return [together.to_series()]
    return [pl.read_ipc(files[0]).to_series()]


def _constant(table: InputTable, part: TablePart, name: str, column: ColumnType) -> pl.Series:
    if name not in part.constants and not column.nullable:
        raise RunError(
            COLUMN_LACKING,
            f"column {name} of run {part.run} was not handed over",
            where=path_of(table.path),
            help="check the script again: the bundle may have changed",
        )
    value: Any = part.constants.get(name)
    try:
        one = pl.Series(name, [value], dtype=DTYPES.get(column.kind), strict=True)
    except TypeError:
        raise _differs(table, name, column, type(value).__name__) from None
    return one.new_from_index(0, part.rows)


def _typed(
    table: InputTable, name: str, column: ColumnType, piece: pl.Series, dtype: Any
) -> pl.Series:
    if dtype is None or piece.dtype == dtype:
        return piece
    fits = piece.dtype == pl.Null or (
        dtype == pl.Float64 and (piece.dtype.is_integer() or piece.dtype.is_float())
    )
    if not (fits or (dtype == pl.Int64 and piece.dtype.is_integer())):
        raise _differs(table, name, column, str(piece.dtype))
    try:
        return piece.cast(dtype)
    except pl.exceptions.InvalidOperationError:
        raise _differs(table, name, column, str(piece.dtype)) from None


def _differs(table: InputTable, name: str, column: ColumnType, found: str) -> RunError:
    return RunError(
        COLUMN_DIFFERS,
        f"column {name} of {path_of(table.path)} should be {column}, but holds {found}",
        where=path_of(table.path),
        help="check the script again: the bundle may have changed",
    )
