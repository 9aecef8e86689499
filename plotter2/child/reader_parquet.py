"""Parquet files as tables: how much they become is asked of their footer before any page is unpacked."""

from __future__ import annotations

import io

import polars as pl

from plotter2.child import reader_codes as codes
from plotter2.child.reader_columns import ReadTable
from plotter2.child.reader_frames import require_room, table_of
from plotter2.child.reader_limits import ReadingLimits
from plotter2.errors import DataError
from plotter2.printable import first_line


def read_parquet(data: memoryview, where: str, limits: ReadingLimits) -> ReadTable:
    """Read a table.

    Raises DataError: P2-D0935 (no Parquet file, damaged), P2-D0858 (a type that no column has), P2-D0930, P2-D0847,
    P2-D0848, P2-D0849, P2-D0854 (limits, names).
    """
    content = io.BytesIO(data)
    try:
        schema = pl.read_parquet_schema(content)
        rows = pl.scan_parquet(content).select(pl.len()).collect(engine="in-memory").item()
        require_room(schema, rows, len(data), where, limits)
        content.seek(0)
        frame = pl.read_parquet(content, use_statistics=False)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
        raise DataError(
            codes.BAD_PARQUET,
            f"{where} cannot be read as a Parquet file: it is damaged, or its writer did not finish it",
            where=where,
            help="write it again; a file without its end cannot be read at all",
            note=f"polars says: {first_line(str(error))}",
        ) from None
    return table_of(frame, len(data), where, limits)
