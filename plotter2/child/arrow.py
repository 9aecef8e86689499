"""Columns as bytes: Arrow IPC files of one column each, none larger than a chunk of the store may be."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

CHUNK_BYTES = 1 << 26
"""What one chunk of a column may take."""
_ARROW_FRAME = 1_024
"""Bytes of an Arrow file that are not values; an estimate, larger files are cut again."""
_COMPRESSED_BYTES = 1 << 20
_BATCH_ROWS = 1 << 20
"""Rows of a large file that lie in one piece: few pieces are used where they lie, and one of 64 MB is slow to write."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a column as the bytes of an Arrow IPC file."""

    data: memoryview
    rows: int
    nulls: int
    file: int | None = None
    """Which of the files that were read these bytes are, if they are one as it was."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows of a column that were one file: which one, and `data` if it can stay as it is."""

    rows: int
    data: memoryview | None = None
    file: int | None = None


def chunks_of(
    values: pl.Series, chunk_bytes: int = CHUNK_BYTES, pieces: Sequence[Piece] = ()
) -> Iterator[Chunk]:
    """Cut a column so that no Arrow file is larger than a chunk may be; one without rows is one file.

    `pieces` stay together if they are not too large; none = as the size wants.
    """
    start = 0
    for piece in pieces:
        some = values.slice(start, piece.rows)
        start += piece.rows
        if piece.data is not None and len(piece.data) <= chunk_bytes:
            yield Chunk(piece.data, piece.rows, some.null_count(), piece.file)
        else:
            yield from _fitting(some, chunk_bytes)
    if pieces:
        return
    size = int(values.estimated_size()) + _ARROW_FRAME
    rows = max(1, len(values) * chunk_bytes // size)
    for start in range(0, max(1, len(values)), rows):
        yield from _fitting(values.slice(start, rows), chunk_bytes)


def _fitting(values: pl.Series, chunk_bytes: int) -> Iterator[Chunk]:
    data = arrow_file(values)
    if len(data) > chunk_bytes and len(values) > 1:
        half = len(values) // 2
        yield from _fitting(values.slice(0, half), chunk_bytes)
        yield from _fitting(values.slice(half), chunk_bytes)
    else:
        yield Chunk(data, len(values), values.null_count())


def arrow_file(values: pl.Series) -> memoryview:
    """Give an Arrow IPC file with one column: equal values give equal bytes.

    Small ones are compressed, because most runs are small and there are many; large ones are read where they lie.
    """
    buffer = io.BytesIO()
    small = values.estimated_size() < _COMPRESSED_BYTES
    # The oldest layout holds exactly the rows of a slice; the newest would carry all its texts along.
    values.rechunk().to_frame().write_ipc(
        buffer,
        compression="zstd" if small else "uncompressed",
        compat_level=pl.CompatLevel.oldest(),
        record_batch_size=None if small else _BATCH_ROWS,
    )
    return buffer.getbuffer()
