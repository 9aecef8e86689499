"""The limits of reading, and their errors. A limit stops with a message; nothing is cut off at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from plotter2.child import reader_codes as codes
from plotter2.errors import DataError

DEPTH = 32
"""How deeply objects may be nested."""
NAME_CHARACTERS = 512
PARTS = 5_000
"""How many arrays, groups or members one file may have."""
_FREE_EXPANSION = 256 << 20
_EXPANSION = 200
"""A file may become so many times its size, and in any case a quarter of a gibibyte."""


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """How much may be read: rows and columns of a table, bytes of a single value or JSON line."""

    rows: int
    columns: int
    text_bytes: int

    def check_rows(self, rows: int, where: str) -> None:
        """Raise DataError (P2-D0847) for too many rows."""
        if rows > self.rows:
            raise DataError(
                codes.TOO_MANY_ROWS,
                f"{where} has more than {self.rows} rows, which is the limit",
                where=where,
                help="split the file, or raise the limit",
            )

    def check_columns(self, columns: int, where: str) -> None:
        """Raise DataError (P2-D0848) for too many columns."""
        if columns > self.columns:
            raise DataError(
                codes.TOO_MANY_COLUMNS,
                f"{where} has {columns} columns; the limit is {self.columns}",
                where=where,
                help="write such a table in long form: one row per name and value",
            )

    def text_too_long(self, where: str, what: str, size: int) -> DataError:
        """Give the error (P2-D0849) for a value or line of `size` bytes."""
        return DataError(
            codes.TEXT_TOO_LONG,
            f"{where}: {what} has {size} bytes; the limit is {self.text_bytes}",
            where=where,
            help="keep such texts in files of their own",
        )


class Expansion:
    """How much more a file may become while it is unpacked; each of its parts takes its share before it is read."""

    def __init__(self, file_bytes: int, where: str) -> None:
        self._most = max(_FREE_EXPANSION, file_bytes * _EXPANSION)
        self._taken = 0
        self._parts = 0
        self._where = where

    def take(self, size: int, what: str) -> None:
        """Raise DataError: P2-D0930 when `size` bytes more are too much, P2-D0937 for too many parts."""
        self._taken += size
        self._parts += 1
        if self._taken > self._most:
            raise DataError(
                codes.EXPANDS,
                f"{self._where}: with {what} its content is {self._taken} bytes; for a file of this size "
                f"{self._most} are the limit",
                where=self._where,
                help="write the values without packing, or only those that there are",
            )
        if self._parts > PARTS:
            raise DataError(
                codes.TOO_MANY_PARTS,
                f"{self._where} has more than {PARTS} parts, which is the limit",
                where=self._where,
                help="keep what belongs together in one array, or split the file",
            )


def checked_names(names: Sequence[str], where: str, limits: ReadingLimits) -> tuple[str, ...]:
    """Give the column names back if they can be used.

    Raises DataError: P2-D0848 too many, P2-D0854 a bad one, P2-D0845 the same twice.
    """
    limits.check_columns(len(names), where)
    for name in names:
        if not 0 < len(name) <= NAME_CHARACTERS or not name.isprintable() or "`" in name:
            raise DataError(
                codes.BAD_COLUMN_NAME,
                f"{where}: {name[:60]!r} cannot be a column's name",
                where=where,
                help=f"use 1 to {NAME_CHARACTERS} printable characters without backticks",
            )
    if len(set(names)) < len(names):
        twice = next(name for place, name in enumerate(names) if name in names[:place])
        places = [str(place + 1) for place, name in enumerate(names) if name == twice]
        raise DataError(
            codes.DUPLICATE_COLUMN,
            f"{where}: the columns {' and '.join(places)} are both called {twice!r}",
            where=where,
            help="give every column a name of its own in the header",
        )
    return tuple(names)
