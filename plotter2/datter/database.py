"""The SQLite file of the registry: opened with the settings that keep what was committed.

Errors of SQLite become DataErrors here; no other module knows what they are called.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from weakref import WeakSet

import apsw

from plotter2.datter import codes
from plotter2.datter.durable import sync_file
from plotter2.datter.failures import busy, disk_full, io_failed, sync_failed
from plotter2.errors import DataError

MINIMUM_SQLITE = (3, 51, 3)
"""3.7.0 to 3.51.2 can lose committed rows in WAL mode (sqlite.org/wal.html, "the WAL-reset bug")."""
BUSY_TIMEOUT_MS = 5_000
_STEP_S = 0.01
_SMALLEST_ROOM = 128 * 1024
_NOT_SYNCED = frozenset({apsw.SQLITE_IOERR_FSYNC, apsw.SQLITE_IOERR_DIR_FSYNC})
_FAILED: WeakSet[apsw.Connection] = WeakSet()
"""Connections whose disk failed under a change: what they would write after that might never be on the disk."""

_Result = TypeVar("_Result")

_VERSION_1 = """
CREATE TABLE bundles(
  id TEXT PRIMARY KEY, name TEXT NOT NULL, attempt INTEGER NOT NULL, parent TEXT,
  state TEXT NOT NULL, created INTEGER NOT NULL, params TEXT NOT NULL,
  repeat TEXT NOT NULL, axes TEXT NOT NULL, content TEXT NOT NULL, digest TEXT NOT NULL) STRICT;
CREATE UNIQUE INDEX bundles_by_name ON bundles(name, attempt);
CREATE TABLE tables(
  bundle TEXT NOT NULL REFERENCES bundles(id), stream TEXT NOT NULL, rows INTEGER NOT NULL,
  body TEXT NOT NULL, PRIMARY KEY(bundle, stream)) STRICT, WITHOUT ROWID;
CREATE TABLE names(
  bundle TEXT NOT NULL, old TEXT NOT NULL, new TEXT NOT NULL, at INTEGER NOT NULL,
  event TEXT NOT NULL) STRICT;
CREATE TABLE events(id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE runs(
  id TEXT PRIMARY KEY, script TEXT NOT NULL, state TEXT NOT NULL, started INTEGER NOT NULL,
  finished INTEGER, record TEXT NOT NULL) STRICT;
CREATE INDEX runs_by_start ON runs(started);
CREATE TABLE seen(script TEXT PRIMARY KEY, serial INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE barrier(one INTEGER PRIMARY KEY CHECK(one = 1), count INTEGER NOT NULL) STRICT;
INSERT INTO barrier VALUES(1, 0);
"""
_VERSION_2 = """
CREATE TABLE attachments(
  event TEXT NOT NULL, bundle TEXT NOT NULL REFERENCES bundles(id), name TEXT NOT NULL,
  at INTEGER NOT NULL, body TEXT NOT NULL, ended TEXT NOT NULL,
  PRIMARY KEY(event, name)) STRICT, WITHOUT ROWID;
CREATE INDEX attachments_by_bundle ON attachments(bundle);
CREATE TABLE requests(
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, key TEXT UNIQUE, kind TEXT NOT NULL,
  subject TEXT NOT NULL, body TEXT NOT NULL, state TEXT NOT NULL, asked INTEGER NOT NULL,
  changed INTEGER NOT NULL, attempt INTEGER NOT NULL, crashes INTEGER NOT NULL, run TEXT,
  holder TEXT, until INTEGER, result TEXT, error TEXT) STRICT;
CREATE INDEX requests_by_state ON requests(state, number);
CREATE TABLE request_changes(
  request INTEGER NOT NULL REFERENCES requests(number), turn INTEGER NOT NULL,
  at INTEGER NOT NULL, state TEXT NOT NULL, attempt INTEGER NOT NULL, run TEXT, why TEXT NOT NULL,
  PRIMARY KEY(request, turn)) STRICT, WITHOUT ROWID;
CREATE TABLE relay(
  remote TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, acked_at INTEGER NOT NULL,
  PRIMARY KEY(remote, kind, name)) STRICT, WITHOUT ROWID;
CREATE TABLE task_runs(
  event TEXT PRIMARY KEY, bundle TEXT NOT NULL REFERENCES bundles(id), home TEXT NOT NULL,
  script TEXT NOT NULL, task TEXT NOT NULL, at INTEGER NOT NULL, body TEXT NOT NULL)
  STRICT, WITHOUT ROWID;
CREATE INDEX task_runs_by_bundle ON task_runs(bundle);
CREATE INDEX task_runs_with_transfers ON task_runs(event)
  WHERE json_array_length(body, '$.transfers') > 0;
CREATE TABLE origins(
  id TEXT PRIMARY KEY, bundle TEXT NOT NULL REFERENCES bundles(id)) STRICT, WITHOUT ROWID;
"""
_VERSION_3 = """
CREATE TABLE left_out(
  event TEXT NOT NULL, bundle TEXT NOT NULL, digest TEXT NOT NULL, why TEXT NOT NULL,
  name TEXT NOT NULL, PRIMARY KEY(event, bundle)) STRICT, WITHOUT ROWID;
CREATE TABLE renumbered(bundle TEXT PRIMARY KEY, stored INTEGER NOT NULL) STRICT, WITHOUT ROWID;
"""
_VERSION_4 = """
CREATE TABLE holdings(
  bundle TEXT NOT NULL REFERENCES bundles(id), kind TEXT NOT NULL, path TEXT NOT NULL,
  digest TEXT NOT NULL, bytes INTEGER NOT NULL, PRIMARY KEY(bundle, kind, path))
  STRICT, WITHOUT ROWID;
"""
_VERSIONS = (_VERSION_1, _VERSION_2, _VERSION_3, _VERSION_4)
"""What each version of the registry added to the one before it."""
SCHEMA_VERSION = len(_VERSIONS)


def open_database(path: Path) -> apsw.Connection:
    """Open or make the file: write-ahead log, every commit synced, the tables of this release.

    Raises DataError: P2-D0805 (SQLite too old), P2-D0806 (damaged), P2-D0807 (newer), P2-D0802.
    """
    check_sqlite(apsw.sqlitelibversion())
    log = path.with_name(path.name + "-wal")
    has_log = log.exists() and log.stat().st_size > 0
    with translated(path):
        connection = apsw.Connection(str(path))
        connection.setbusytimeout(BUSY_TIMEOUT_MS)
        _keep_a_log(connection)
        connection.pragma("synchronous", "full")
        connection.pragma("foreign_keys", True)
        if has_log:
            _fold_in(connection, log)
        _migrate(connection, path)
    return connection


def _keep_a_log(connection: apsw.Connection) -> None:
    """Have changes written to a log first. While several make a new file, SQLite refuses this and never waits."""
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.pragma("journal_mode", "wal")
        except apsw.BusyError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_STEP_S)
        else:
            return


def _fold_in(connection: apsw.Connection, log: Path) -> None:
    """Put what the log holds into the file itself, so that everything that can be read is on the disk.

    A dead process may have left rows that it never synced; and when its sync failed, the kernel calls bytes clean that
    the disk never got, so that no later sync of the log would write them. Where that has to wait for others, or finds
    no room, what is there is synced: the log is in use, or nothing can be built on it.
    """
    with contextlib.suppress(apsw.FullError):
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    sync_file(log)


def open_in_memory() -> apsw.Connection:
    """Make the tables of this release in memory."""
    check_sqlite(apsw.sqlitelibversion())
    connection = apsw.Connection(":memory:")
    _migrate(connection, Path(":memory:"))
    return connection


def open_to_read(path: Path) -> apsw.Connection | None:
    """Open the file without any right to write there; None when it cannot be read so.

    Raises DataError: P2-D0805 (SQLite too old), P2-D0807 (newer).
    """
    check_sqlite(apsw.sqlitelibversion())
    log = path.with_name(path.name + "-wal")
    folded_in = not log.exists() or log.stat().st_size == 0
    # A file that nobody writes to needs no index of its log; with a log, that index must be there.
    mode = "immutable=1" if folded_in else "mode=ro"
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    connection = None
    try:
        connection = apsw.Connection(f"{path.as_uri()}?{mode}", flags=flags)
        version = connection.pragma("user_version")
    except apsw.Error:
        if connection is not None:
            connection.close()
        return None
    if version == SCHEMA_VERSION:
        return connection
    connection.close()
    if version > SCHEMA_VERSION:
        raise _newer(path, version)
    return None


def open_beside_writers(path: Path) -> apsw.Connection | None:
    """Open the file to read what is committed, now and later, while others may write; None when that cannot be.

    Raises DataError: P2-D0805 (SQLite too old).
    """
    check_sqlite(apsw.sqlitelibversion())
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    connection = None
    try:
        connection = apsw.Connection(f"{path.as_uri()}?mode=ro", flags=flags)
        connection.setbusytimeout(BUSY_TIMEOUT_MS)
        if connection.pragma("user_version") == SCHEMA_VERSION:
            return connection
    except apsw.Error:
        pass
    if connection is not None:
        connection.close()
    return None


def open_without_room(path: Path) -> apsw.Connection:
    """Open the file to read its newest state, with no new file and no byte more on the disk.

    A log that is not folded in is read by this process alone: then the index of the log is in memory. Raises DataError:
    P2-D0805, P2-D0807, P2-D0808.
    """
    folded_in = open_to_read(path)
    if folded_in is not None:
        return folded_in
    with translated(path):
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        connection.setbusytimeout(BUSY_TIMEOUT_MS)
        connection.pragma("locking_mode", "exclusive")
        version = connection.pragma("user_version")
    if version <= SCHEMA_VERSION:
        return connection
    connection.close()
    raise _newer(path, version)


def write_copy(connection: apsw.Connection, path: Path) -> None:
    """Write what a connection sees at this moment to a new file that needs no log beside it; others go on writing."""
    with translated(path):
        target = apsw.Connection(str(path))
        _copy(connection, target)
        target.pragma("journal_mode", "delete")
        target.close()


def copy_database(source: Path, path: Path) -> None:
    """Give the registry at `path` the content of a file that nobody writes, in one transaction. Raises DataError."""
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    target = open_database(path)
    try:
        with translated(path):
            new = apsw.Connection(f"{source.as_uri()}?immutable=1", flags=flags)
            _copy(new, target)
            new.close()
    finally:
        target.close()


def _copy(source: apsw.Connection, target: apsw.Connection) -> None:
    with target.backup("main", source, "main") as work:
        while not work.done:
            work.step()


def check_sqlite(version: str) -> None:
    """Raise DataError (P2-D0805) when this version of SQLite can lose committed rows."""
    if tuple(int(part) for part in version.split(".")[:3]) < MINIMUM_SQLITE:
        needed = ".".join(map(str, MINIMUM_SQLITE))
        raise DataError(
            codes.SQLITE_TOO_OLD,
            f"SQLite {version} can lose committed rows; {needed} or newer is needed",
            help="install a newer apsw: pip install -U apsw",
        )


def _migrate(connection: apsw.Connection, path: Path) -> None:
    version = connection.pragma("user_version")
    if version == SCHEMA_VERSION:
        return
    if version > SCHEMA_VERSION:
        raise _newer(path, version)
    connection.execute("BEGIN IMMEDIATE")
    for step in _VERSIONS[connection.pragma("user_version") :]:  # none when somebody was faster
        connection.execute(step)
    connection.pragma("user_version", SCHEMA_VERSION)
    connection.execute("COMMIT")


def _newer(path: Path, version: int) -> DataError:
    return DataError(
        codes.REGISTRY_NEWER,
        f"the registry {path} has version {version}; this release reads up to {SCHEMA_VERSION}",
        where=str(path),
        help="use the newer plotter2 that wrote it",
    )


@contextmanager
def together(connection: apsw.Connection, path: Path) -> Iterator[None]:
    """Commit at once what the block changes, or nothing of it; a block in such a block is a part of it."""
    if _is_changing(connection):
        yield
        return
    if connection in _FAILED:
        raise sync_failed(path, "it failed under this process before, which writes no more there")
    with translated(path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException as error:
            if isinstance(error, apsw.IOError) and not _has_no_room(path):
                _FAILED.add(connection)
            if _is_changing(connection):  # SQLite rolls back by itself when the disk is full
                connection.execute("ROLLBACK")
            raise


def _is_changing(connection: apsw.Connection) -> bool:
    return connection.in_transaction


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn an error of SQLite inside the block into a DataError that names a remedy."""
    try:
        yield
    except apsw.FullError as error:
        raise disk_full(path) from error
    except (apsw.BusyError, apsw.LockedError, apsw.ProtocolError) as error:
        raise busy(path, BUSY_TIMEOUT_MS / 1000) from error
    except (apsw.CantOpenError, apsw.ReadOnlyError, apsw.PermissionsError) as error:
        if _has_no_room(path):
            raise disk_full(path) from error
        raise DataError(
            codes.NOT_WRITABLE,
            f"{path} may not be opened for writing",
            where=str(path),
            help="give yourself the right to write there, or choose another folder with --root",
        ) from error
    except apsw.IOError as error:
        # The shared index of the write-ahead log that finds no room is told as a plain I/O error.
        if getattr(error, "extendedresult", 0) in _NOT_SYNCED:
            raise sync_failed(path, str(error)) from error
        if _has_no_room(path):
            raise disk_full(path) from error
        raise io_failed(path, str(error)) from error
    except apsw.Error as error:
        raise damaged(path, str(error)) from error


def in_transaction(connection: apsw.Connection, path: Path, work: Callable[[], _Result]) -> _Result:
    """Do what `work` does, all or nothing, and give what it gives; raises DataError."""
    with together(connection, path):
        return work()


def _has_no_room(path: Path) -> bool:
    free = os.statvfs(path.parent)
    return free.f_bavail * free.f_frsize < _SMALLEST_ROOM


def damaged(path: Path, why: str) -> DataError:
    """Give the error for a registry that cannot be used (P2-D0806)."""
    return DataError(
        codes.REGISTRY_DAMAGED,
        f"the registry {path} cannot be used: {why}",
        where=str(path),
        help="rebuild it from the stored bundles: plotter2 doctor --rebuild",
    )
