"""Writing stored tables as files that other programs read, inside the confined child: columns in, one file each out."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

import numpy as np
import polars as pl
from numpy.lib import format as npy

from p2lang.types import schema_from_json
from plotter2.child.tables import StoredTables, stored_rows
from plotter2.wire.inputs import decode_inputs
from plotter2.wire.memory import mapped
from plotter2.wire.messages import FromChild, Progress, WriteJob, WrittenFormat

_MISSING: Final = ".missing"
"""What is put behind a column's name for the array that says where it has no value."""


class Channel(Protocol):
    """What writing needs of the child's way to the host (`child.channel.ChildChannel`)."""

    def send(self, message: FromChild) -> None:
        """Send one message."""

    def put(self, name: str, kind: str, data: bytes) -> None:
        """Hand out a file."""


def write_tables(job: WriteJob, fds: Sequence[int], channel: Channel) -> None:
    """Write each table of the job's inputs as a file of the job's format.

    Raises RunError P2-R0603, P2-R0604 when a table is not what its schema says; HostError (P2-H0907) when the files
    need more than the output memory.
    """
    schemas = json.loads(bytes(mapped(fds[1])))
    inputs = decode_inputs(bytes(mapped(fds[2])))
    stored = StoredTables(inputs, fds)
    for place, table in enumerate(inputs.tables):
        channel.send(Progress(stage="write", done=place, total=len(inputs.tables), unit="tables"))
        frame = stored_rows(table, schema_from_json(schemas[table.path]), stored.content_of)
        channel.put(str(place), job.format, _WRITERS[job.format](frame))


def _csv(frame: pl.DataFrame) -> bytes:
    """Give comma-separated text: a missing value is nothing, a text that is empty stands in quotes."""
    file = io.BytesIO()
    frame.write_csv(file)
    return file.getvalue()


def _parquet(frame: pl.DataFrame) -> bytes:
    file = io.BytesIO()
    frame.write_parquet(file, compression="zstd")
    return file.getvalue()


def _npz(frame: pl.DataFrame) -> bytes:
    """Give one array for each column, and one of bools `NAME.missing` where values are missing; nothing is pickled."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for column in frame.get_columns():
            if column.null_count():
                _put_array(archive, column.name + _MISSING, column.is_null().to_numpy())
            _put_array(archive, column.name, _array(column))
    return file.getvalue()


def _array(column: pl.Series) -> np.ndarray[tuple[int], np.dtype[np.generic]]:
    """Give the values; where one is missing a number is NaN, a whole number 0, a text empty, a bool False."""
    if column.dtype == pl.String:
        return np.array(column.fill_null("").to_list(), dtype=np.str_)
    if column.dtype == pl.Null:
        return np.full(len(column), np.nan)
    if column.dtype == pl.Float64:
        return column.fill_null(float("nan")).to_numpy()
    return (
        column.fill_null(value=False) if column.dtype == pl.Boolean else column.fill_null(0)
    ).to_numpy()


def _put_array(
    archive: zipfile.ZipFile, name: str, values: np.ndarray[tuple[int], np.dtype[np.generic]]
) -> None:
    # An entry without a time: the same table gives the same bytes.
    with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as entry:
        npy.write_array(entry, np.ascontiguousarray(values), allow_pickle=False)


_WRITERS: Final[Mapping[WrittenFormat, Callable[[pl.DataFrame], bytes]]] = {
    "csv": _csv,
    "npz": _npz,
    "parquet": _parquet,
}
