"""SQLite databases as tables: what MLflow keeps in one becomes runs, of any other each table becomes a table.

The file is opened in memory by the SQLite of Python itself. Only tables are read: a view or a virtual table may compute
without end, and a schema is not trusted with functions. Nothing can be attached, and nothing is written.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any, Final

from logger2.identity import Scalar, run_name
from plotter2.child import reader_codes as codes
from plotter2.child.reader_columns import ReadTable, from_values
from plotter2.child.reader_grids import ReadGroup
from plotter2.child.reader_limits import Expansion, ReadingLimits, checked_names
from plotter2.child.reader_series import Series, joined
from plotter2.child.reader_text import scalar_in
from plotter2.errors import DataError
from plotter2.printable import first_line

MAGIC: Final = b"SQLite format 3\0"
_WRITTEN_AHEAD, _PLAIN = b"\x02\x02", b"\x01\x01"
_MODE = slice(18, 20)
_LIMITS = {
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 100_000, sqlite3.SQLITE_LIMIT_ATTACHED: 0, sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 50, sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 2,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}  # fmt: skip
_ALLOWED = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ)
_OF_MLFLOW = {"experiments", "runs", "metrics", "params"}
_LARGEST = 1.7976931348623157e308
"""What MLflow writes for infinity, which its columns cannot hold."""
_MILLISECONDS = 1000
_LONGEST_NAME = 80


def read_sqlite(data: memoryview, where: str, limits: ReadingLimits) -> tuple[ReadGroup, ...]:
    """Read a database.

    Raises DataError: P2-D0944 (no database, damaged), P2-D0937, P2-D0847, P2-D0848, P2-D0849, P2-D0854 (limits, names).
    """
    content = bytearray(data)
    left_out: dict[str, str] = {}
    if bytes(content[_MODE]) == _WRITTEN_AHEAD:
        content[_MODE] = _PLAIN
        left_out["-wal"] = (
            "what is still in the file of that ending beside the database is not in it yet"
        )
    try:
        with closing(sqlite3.connect(":memory:")) as connection:
            database = _Database(connection, bytes(content), where, limits)
            if set(database.tables) >= _OF_MLFLOW:
                return (ReadGroup("", left_out=left_out), *_runs(database))
            return (_plain(database, left_out),)
    except (sqlite3.Error, OverflowError, ValueError, MemoryError) as error:
        # A length that lies is too much memory to SQLite, long before it is to anybody.
        raise _bad(where, str(error)) from None


class _Database:
    """A database in memory: its tables, and their rows within the limits."""

    def __init__(
        self, connection: sqlite3.Connection, content: bytes, where: str, limits: ReadingLimits
    ) -> None:
        self.where, self.limits = where, limits
        self.parts = Expansion(len(content), where)
        self._connection = connection
        connection.text_factory = lambda text: text.decode("utf-8", "replace")
        connection.deserialize(content)
        for kind, most in _LIMITS.items():
            connection.setlimit(kind, most)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, max(limits.text_bytes, 1 << 16))
        for pragma in ("trusted_schema = off", "cell_size_check = on", "query_only = on"):
            connection.execute(f"PRAGMA {pragma}")
        connection.set_authorizer(_authorized)
        self.tables = self._names()

    def _names(self) -> list[str]:
        rows = self._connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
        named = [(str(name), str(sql)) for name, sql in rows.fetchall()]
        for name, _ in named:
            self.parts.take(0, repr(name))
        return [
            n
            for n, sql in named
            if not n.startswith("sqlite_") and "VIRTUAL" not in sql[:20].upper()
        ]

    def rows(
        self, table: str, columns: Sequence[str] = ()
    ) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Give the names of the columns and all rows. Raises DataError P2-D0847 for too many."""
        chosen = ", ".join(map(_quoted, columns)) or "*"
        most = self.limits.rows + 1
        found = self._connection.execute(f"SELECT {chosen} FROM {_quoted(table)} LIMIT {most}")  # noqa: S608 - quoted
        rows = found.fetchall()
        self.limits.check_rows(len(rows), f"{self.where}: {table}")
        return [str(column[0]) for column in found.description], rows


def _authorized(action: int, *_: object) -> int:
    return sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


# ------------------------------------------------------------ any database
def _plain(database: _Database, left_out: dict[str, str]) -> ReadGroup:
    tables = []
    for name in database.tables:
        columns, rows = database.rows(name)
        if rows:
            tables.append(_table(name if len(database.tables) > 1 else "", columns, rows, database))
        else:
            left_out[name] = "it has no rows"
    return ReadGroup("", tuple(tables), {}, left_out)


def _table(
    name: str, names: list[str], rows: list[tuple[Any, ...]], database: _Database
) -> ReadTable:
    checked_names(names, database.where, database.limits)
    columns, notes = [], []
    for place, column in enumerate(names):
        cells = [row[place] for row in rows]
        if any(isinstance(cell, bytes) for cell in cells):
            notes.append(f"column {column!r}: bytes are left out")
            cells = [None if isinstance(cell, bytes) else cell for cell in cells]
        columns.append(from_values(column, cells))
        notes += columns[-1].notes
    return ReadTable(name, len(rows), tuple(columns), 0, tuple(notes))


# ------------------------------------------------------------ MLflow
def _runs(database: _Database) -> Iterator[ReadGroup]:
    experiments = dict(database.rows("experiments", ("experiment_id", "name"))[1])
    params: dict[str, dict[str, Scalar]] = {}
    for run, key, value in database.rows("params", ("run_uuid", "key", "value"))[1]:
        params.setdefault(str(run), {})[str(key)] = scalar_in(str(value))
    logged = _logged(database)
    taken: set[str] = set()
    for run, experiment, stage in database.rows(
        "runs", ("run_uuid", "experiment_id", "lifecycle_stage")
    )[1]:
        own = params.get(str(run), {})
        name = run_name(own) if 0 < len(run_name(own)) <= _LONGEST_NAME else str(run)
        full = f"{experiments.get(experiment, experiment)}/{name}".strip("/")
        if full in taken:
            full = f"{full}-{run}"
        taken.add(full)
        database.parts.take(0, repr(full))
        notes = ["MLflow counts this run as deleted"] if stage == "deleted" else []
        series = logged.get(str(run), {})
        where = f"{database.where}: {full}"
        tables = (joined("", series, where, database.limits, notes),) if series else ()
        yield ReadGroup(full, tables, own)


def _logged(database: _Database) -> dict[str, dict[str, Series]]:
    found: dict[str, dict[str, Series]] = {}
    columns = ("run_uuid", "key", "step", "timestamp", "value", "is_nan")
    for run, key, step, time, value, is_nan in database.rows("metrics", columns)[1]:
        series = found.setdefault(str(run), {}).setdefault(str(key), Series())
        series.add(
            int(step), int(time) / _MILLISECONDS, math.nan if is_nan else _infinite(float(value))
        )
    return found


def _infinite(value: float) -> float:
    return math.copysign(math.inf, value) if abs(value) == _LARGEST else value


def _bad(where: str, why: str) -> DataError:
    return DataError(
        codes.BAD_DATABASE,
        f"{where} cannot be read as an SQLite database: it is damaged, or was copied while it was written",
        where=where,
        help="close what writes it, or copy it with: sqlite3 FILE '.backup NEW'",
        note=f"SQLite says: {first_line(why)}",
    )
