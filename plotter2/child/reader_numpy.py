"""NumPy files (.npy) and archives of them (.npz) as tables. Python objects are never loaded: such a file is refused."""

from __future__ import annotations

import io
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from math import prod
from typing import Any, Final

import numpy as np
from numpy.lib import format as npy

from plotter2.child import reader_codes as codes
from plotter2.child.reader_grids import Grid, ReadGroup, grouped
from plotter2.child.reader_limits import Expansion, ReadingLimits
from plotter2.child.reader_shapes import Axis, Coordinate, ShapedArray, unfit
from plotter2.errors import DataError
from plotter2.printable import first_line

MAGIC: Final = b"\x93NUMPY"
ARCHIVE_MAGIC: Final = b"PK\x03\x04"
_ENDING = ".npy"
_LONGEST_HEADER = 10_000
_ENCRYPTED = 1
_MOST_DIMENSIONS = 32
_READERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
_BAD_HEADER = (
    ValueError, TypeError, SyntaxError, tokenize.TokenError, RecursionError, MemoryError, OverflowError,
)  # fmt: skip
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, KeyError, RuntimeError)
"""What zipfile raises for a damaged archive; RuntimeError is also its word for what it cannot unpack."""


def read_npy(data: memoryview, where: str, limits: ReadingLimits) -> tuple[ReadGroup, ...]:
    """Read one array; its table has the columns `value`, or `value_0`, ..., or the array's fields.

    Raises DataError: P2-D0932 (Python objects), P2-D0934 (damaged), and for the table as `grouped`.
    """
    values = _array(data, where)
    grid = Grid("" if values.dtype.names else "value", values)
    return (grouped("", [grid], where, limits),)


def read_npz(data: memoryview, where: str, limits: ReadingLimits) -> tuple[ReadGroup, ...]:
    """Read an archive of arrays. Raises DataError as `read_npy`, P2-D0936 (packing), P2-D0930, P2-D0937 (limits)."""
    expansion = Expansion(len(data), where)
    grids: list[Grid] = []
    left_out: dict[str, str] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.infolist():
                name = member.filename.removesuffix(_ENDING)
                expansion.take(member.file_size, repr(name))
                if not member.filename.endswith(_ENDING):
                    left_out[name] = "it is no array"
                    continue
                content = _content(archive, member, where)
                grids.append(Grid(name, _array(memoryview(content), f"{where}: {name}")))
    except _DAMAGED as error:
        raise _bad(where, str(error)) from None
    return (grouped("", grids, where, limits, left_out=left_out),)


def read_array(files: Mapping[str, memoryview], where: str) -> ShapedArray:
    """Give the array of the first file as it is; if that is called by a number, it must have so many axes.

    The others are the coordinates, each called by the number of its axis. Raises DataError as `read_npy`, P2-D0945.
    """
    (called, first), *others = files.items()
    values = _array(first, where)
    if not called:
        return ShapedArray(where, values)
    if int(called) != values.ndim:
        why = f"it has {values.ndim} dimensions, and {called} axes are named"
        raise _bad_axes(where, why, "name one axis for each dimension, or none")
    axes = [Axis()] * values.ndim
    for number, data in others:
        along = _array(data, f"{where}: the coordinate of axis {number}")
        axis = int(number)
        if why := unfit(along, values.shape[axis]):
            raise _bad_axes(
                where,
                f"the coordinate of axis {axis} {why}",
                "give each place on the axis one value",
            )
        axes[axis] = Axis(coordinate=Coordinate(along))
    return ShapedArray(where, values, tuple(axes))


def _bad_axes(where: str, why: str, help: str) -> DataError:
    return DataError(
        codes.BAD_AXES, f"{where} cannot have these axes: {why}", where=where, help=help
    )


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo, where: str) -> bytes:
    plain = member.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    if not plain or member.flag_bits & _ENCRYPTED:
        how = (
            "encrypted"
            if member.flag_bits & _ENCRYPTED
            else f"packed by method {member.compress_type}"
        )
        raise DataError(
            codes.UNKNOWN_PACKING,
            f"{where}: {member.filename!r} is {how}, which cannot be unpacked here",
            where=where,
            help="write the file with numpy.savez or numpy.savez_compressed",
        )
    return archive.read(member)


def _array(data: memoryview, where: str) -> Any:
    stream = io.BytesIO(data)
    try:
        version = npy.read_magic(stream)
        reader = _READERS.get(version)
        if reader is None:
            raise _bad(where, f"it has version {version[0]}.{version[1]} of the format")
        shape, by_columns, dtype = reader(stream, max_header_size=_LONGEST_HEADER)
    except _BAD_HEADER as error:
        raise _bad(where, str(error)) from None
    if dtype.hasobject:
        raise DataError(
            codes.HOLDS_OBJECTS,
            f"{where} holds Python objects, which may run any code when they are loaded",
            where=where,
            help="where it is written, make arrays of numbers or text of it (numpy.asarray(values, dtype=float)); "
            "a dict becomes one array per key: numpy.savez(FILE, **values)",
        )
    return _filled(data[stream.tell() :], shape, by_columns, dtype, where)


def _filled(
    data: memoryview, shape: tuple[int, ...], by_columns: bool, dtype: Any, where: str
) -> Any:
    count = prod(shape)
    fits = all(length >= 0 for length in shape) and len(shape) <= _MOST_DIMENSIONS
    if not dtype.itemsize or not fits or count * dtype.itemsize > len(data):
        raise _bad(
            where,
            f"it promises {count} values of {dtype.itemsize} bytes, but has {len(data)} bytes of them",
        )
    flat = np.frombuffer(data, dtype=dtype, count=count)
    return flat.reshape(shape, order="F" if by_columns else "C")


def _bad(where: str, why: str) -> DataError:
    return DataError(
        codes.BAD_NUMPY,
        f"{where} cannot be read as a NumPy file: {first_line(why) or 'it is damaged'}",
        where=where,
        help="write it again with numpy.save or numpy.savez, and wait until that is done",
    )
