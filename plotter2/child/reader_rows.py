"""Rows that come one by one, each with the columns that it has, as one table."""

from __future__ import annotations

from typing import Any

from plotter2.child.reader_columns import NoRow, ReadTable, from_values
from plotter2.child.reader_limits import ReadingLimits, checked_names


class Rows:
    """Columns that grow row by row; a row that lacks a column gets None there."""

    def __init__(self, where: str, limits: ReadingLimits) -> None:
        self._where = where
        self._limits = limits
        self._columns: dict[str, list[Any]] = {}
        self._rows = 0

    def add(self, row: dict[str, Any]) -> None:
        """Take one row. Raises DataError for too many columns or rows."""
        columns = self._columns
        for name, value in row.items():
            column = columns.get(name)
            if column is None:
                column = columns[name] = [None] * self._rows
                self._limits.check_columns(len(columns), self._where)
            column.append(value)
        self._rows += 1
        if len(row) < len(columns):
            for column in columns.values():
                if len(column) < self._rows:
                    column.append(None)
        if self._rows > self._limits.rows:
            self._limits.check_rows(self._rows, self._where)

    @property
    def rows(self) -> int:
        """Give how many rows there are so far."""
        return self._rows

    def finished(self, torn: int, bad: list[NoRow]) -> ReadTable:
        """Give the table; `torn` bytes of a last line and the `bad` lines were left out."""
        names = checked_names(tuple(self._columns), self._where, self._limits)
        columns = tuple(from_values(name, self._columns.pop(name)) for name in names)
        notes = [note for column in columns for note in column.notes]
        if torn:
            notes.insert(0, f"torn last line: {torn} bytes are left out")
        return ReadTable(self._where, self._rows, columns, torn, tuple(notes), no_rows=tuple(bad))
