"""What a file is by its content: the first bytes count more than the ending of its name."""

from __future__ import annotations

from plotter2.child import reader_codes as codes
from plotter2.child.reader_hdf5 import MAGIC as HDF5
from plotter2.child.reader_images import MAGIC as PICTURES
from plotter2.child.reader_numpy import ARCHIVE_MAGIC, MAGIC
from plotter2.child.reader_sqlite import MAGIC as SQLITE
from plotter2.errors import DataError
from plotter2.wire.messages import FileFormat

_MAGIC: dict[bytes, FileFormat] = {
    HDF5: "hdf5",
    MAGIC: "npy",
    ARCHIVE_MAGIC: "npz",
    b"PAR1": "parquet",
    b"ARROW1": "arrow",
    b":W&B": "wandb",
    SQLITE: "sqlite",
}
_TEXT: tuple[FileFormat, ...] = ("csv", "tsv", "jsonl")
_SETTLED: tuple[FileFormat, ...] = ("l2", "l2run", "params", "array", "events", "mlflow", "wandb")
_LOOKED_AT = 4_096


def format_of(data: memoryview, told: FileFormat, where: str) -> FileFormat:
    """Give the format of a file that is said to be `told`.

    Raises DataError P2-D0939 when the name told nothing and the content neither.
    """
    if told in _SETTLED:
        return told
    first = bytes(data[:_LOOKED_AT])
    known = next((found for magic, found in _MAGIC.items() if first.startswith(magic)), None)
    if known is not None:
        return known
    if told != "any":
        return told
    if first.startswith(tuple(PICTURES)):
        return "image"
    if b"\0" in first:
        raise DataError(
            codes.UNKNOWN_CONTENT,
            f"{where} is of no kind that can be read: it begins with the bytes {first[:8].hex(' ')}",
            where=where,
            help="export it to CSV, JSON lines, Parquet, Arrow, NumPy or HDF5",
        )
    return "jsonl" if first.lstrip()[:1] == b"{" else "csv"
