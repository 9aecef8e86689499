"""Arrow IPC files as one table: each file brings columns, or more rows of columns that came before, in order.

A file with one column that is as a store would keep it stays as it is, so that what a store gave away comes back as
the very same bytes, whichever release wrote them.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from plotter2.child import reader_codes as codes
from plotter2.child.arrow import Piece
from plotter2.child.arrow_stream import MAGIC, whole_bytes
from plotter2.child.arrow_values import lent_column
from plotter2.child.reader_columns import Kind, ReadColumn, ReadTable
from plotter2.child.reader_frames import check_texts, require_room, typed
from plotter2.child.reader_limits import Expansion, ReadingLimits, checked_names
from plotter2.errors import DataError
from plotter2.printable import first_line

_NUMBER_BYTES = 8
_MAGIC = b"ARROW1"


@dataclass(slots=True)
class _Growing:
    """A column while files are read."""

    kind: Kind
    values: list[pl.Series]
    pieces: list[Piece]


def read_arrow(
    files: Sequence[memoryview], where: str, limits: ReadingLimits, *, whole: bool = True
) -> ReadTable:
    """Read a table out of Arrow IPC files; of one that is not `whole` the columns may differ in their rows.

    Raises DataError: P2-D0857 (no Arrow file, columns that do not fit together), P2-D0858 (a type
    that no column has), P2-D0847, P2-D0848, P2-D0849, P2-D0854 (limits, names).
    """
    columns: dict[str, _Growing] = {}
    expansion = Expansion(sum(map(len, files)), where)
    notes: list[str] = []
    skipped = 0
    for number, file in enumerate(files):
        is_stream = bytes(file[: len(MAGIC)]) == MAGIC
        data = file[: whole_bytes(file)] if is_stream else file
        if len(data) < len(file):
            skipped += len(file) - len(data)
            notes.append(f"torn last batch: {len(file) - len(data)} bytes are left out")
        frame = _frame(data, where, limits if len(files) == 1 else None)
        for series in frame.get_columns():
            kind, values = typed(series, where)
            grown = columns.setdefault(series.name, _Growing(kind, [], []))
            if grown.kind != kind:
                raise _bad(
                    where,
                    f"column {series.name!r} is {grown.kind} in one file and {kind} in the next",
                )
            grown.values.append(values)
            stays = frame.width == 1 and values.dtype == series.dtype and not is_stream
            grown.pieces.append(Piece(len(values), data if stays else None, number))
    checked_names(tuple(columns), where, limits)
    made = tuple(_column(name, grown, where, limits, expansion) for name, grown in columns.items())
    rows = len(made[0].values) if made else 0
    limits.check_rows(rows, where)
    for column in made:
        if whole and len(column.values) != rows:
            raise _bad(
                where,
                f"column {column.name!r} has {len(column.values)} rows, column {made[0].name!r} has {rows}",
            )
    return ReadTable("", rows, made, skipped, tuple(notes))


def _column(
    name: str, grown: _Growing, where: str, limits: ReadingLimits, expansion: Expansion
) -> ReadColumn:
    values = pl.concat(grown.values, rechunk=False)
    check_texts(name, values, where, limits, expansion)
    return ReadColumn(name, grown.kind, values, pieces=tuple(grown.pieces))


def _frame(data: memoryview, where: str, limits: ReadingLimits | None) -> pl.DataFrame:
    """Read a file; of one that may come from anywhere it is asked before how much it becomes."""
    if bytes(data[: len(_MAGIC)]) != _MAGIC and bytes(data[: len(MAGIC)]) != MAGIC:
        raise _bad(where, "it does not begin like one")
    lent = lent_column(data)
    # Batches may lie one over the other: such a file is more than it is large.
    if lent is not None and len(lent) * _NUMBER_BYTES <= len(data):
        return lent.to_frame()
    content = bytes(data)
    try:
        if not content.startswith(_MAGIC):
            frame = pl.read_ipc_stream(content)
            Expansion(len(data), where).take(int(frame.estimated_size()), "its batches")
            return frame
        if limits is not None:
            lazy = pl.scan_ipc(io.BytesIO(content))
            rows = lazy.select(pl.len()).collect(engine="in-memory").item()
            require_room(lazy.collect_schema(), rows, len(data), where, limits)
        return pl.read_ipc(content)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
        raise _bad(where, "it is damaged", f"polars says: {first_line(str(error))}") from None


def _bad(where: str, why: str, note: str = "") -> DataError:
    return DataError(
        codes.BAD_ARROW,
        f"{where} cannot be read as Arrow IPC files: {why}",
        where=where,
        help="write the file again (polars: write_ipc), one table in a file, or give it as CSV",
        note=note,
    )
