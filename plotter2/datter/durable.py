"""Durable writing: the one door through which the store writes, syncs, links, renames and removes.

What a function here acknowledges survives kill -9 and a power cut. A failed sync is never tried
again: after one, the kernel may hold bytes that the disk does not (Rebello et al., ATC'20).
Not for network file systems.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from plotter2.datter import codes
from plotter2.datter.failures import disk_full, io_failed, not_writable, sync_failed
from plotter2.errors import DataError

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_REFUSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_SYNCS_AT_ONCE = 8
_WRITERS = 2
"""One copies into the memory of the kernel while the other waits for the disk."""
_WAITING_WRITES = 3


@contextmanager
def reported(where: Path) -> Iterator[None]:
    """Turn an OSError inside the block into a DataError that names `where` and a remedy."""
    try:
        yield
    except OSError as error:
        raise _as_data_error(error, where) from error


def write_all(fd: int, data: bytes | memoryview) -> None:
    """Write every byte of `data`; a short count is continued. Raises OSError."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def sync(fd: int, where: Path) -> None:
    """Return once the disk has the file's bytes. Raises DataError (P2-D0803) and is not repeated."""
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno in _FULL:
            raise _as_data_error(error, where) from error
        raise sync_failed(where, error.strerror or str(error)) from error


def sync_file(path: Path) -> None:
    """Return once the disk has the bytes of a file that is there; a missing one is fine. Raises DataError as `sync`."""
    with reported(path):
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return
    try:
        sync(fd, path)
    finally:
        os.close(fd)


def sync_dir(path: Path) -> None:
    """Return once the disk has the names inside the folder `path`. Raises DataError as `sync`."""
    sync_dirs([path])


def sync_all(files: Sequence[tuple[int, Path]]) -> None:
    """Sync many open files at once: their flushes share what the disk does (5 to 8 times faster).

    Each is synced exactly once. Raises the first DataError as `sync`.
    """
    if len(files) < 2:
        for fd, path in files:
            sync(fd, path)
        return
    from concurrent.futures import ThreadPoolExecutor  # costs 10 ms, and only an add needs it

    with ThreadPoolExecutor(_SYNCS_AT_ONCE) as pool:
        waiting = [pool.submit(sync, fd, path) for fd, path in files]
    for one in waiting:
        one.result()


def sync_dirs(paths: Sequence[Path]) -> None:
    """Return once the disk has the names inside all these folders. Raises DataError as `sync`."""
    opened: list[tuple[int, Path]] = []
    try:
        for path in paths:
            with reported(path):
                fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            opened.append((fd, path))
        sync_all(opened)
    finally:
        for fd, _ in opened:
            os.close(fd)


def make_dirs(paths: Sequence[Path], modes: Mapping[str, int] = MappingProxyType({})) -> None:
    """Make folders with one parent durably, those that are not there; `modes` is by name.

    The parent must exist and is synced once. Raises DataError (P2-D0801, P2-D0802, P2-D0804).
    """
    for path in paths:
        with reported(path):
            path.mkdir(mode=modes.get(path.name, 0o755), exist_ok=True)
    sync_dir(paths[0].parent)


def make_dir(path: Path, mode: int = 0o755) -> None:
    """Make one folder durably if it is not there. Raises DataError as `make_dirs`."""
    make_dirs([path], {path.name: mode})


def begin(path: Path, pieces: Iterable[bytes | memoryview], mode: int = 0o444) -> int:
    """Make the file `path` with `pieces` as content, not synced; gives its open descriptor.

    It must stay open until it is synced (a failed write-back is told only to who had it open).
    On any failure the file is removed again. Raises DataError.
    """
    with reported(path):
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with reported(path):
            for piece in pieces:
                write_all(fd, piece)
    except BaseException:
        os.close(fd)
        discard(path)
        raise
    return fd


def go_on(path: Path, offset: int, pieces: Iterable[bytes | memoryview]) -> int:
    """Write `pieces` behind the first `offset` bytes of a file, made if it is not there; gives its open descriptor.

    Nothing is synced. On a failure what was written so far stays, to be gone on with. Raises DataError.
    """
    with reported(path):
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        with reported(path):
            os.ftruncate(fd, offset)
            os.lseek(fd, offset, os.SEEK_SET)
            for piece in pieces:
                write_all(fd, piece)
    except BaseException:
        os.close(fd)
        raise
    return fd


def end_with(path: Path, offset: int, data: bytes) -> None:
    """Have a file end with `data` from `offset` on, made if it is not there, and sync it; not yet its folder.

    Bytes that are there already never go away in between, also when they are written again. Raises DataError.
    """
    with reported(path):
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        with reported(path):
            os.lseek(fd, offset, os.SEEK_SET)
            write_all(fd, data)
            os.ftruncate(fd, offset + len(data))
        sync(fd, path)
    finally:
        os.close(fd)


class LaterWrites:
    """Writes and syncs large files, two at a time, while their caller goes on.

    `wait` returns once the disk has all of them. Each is synced exactly once.
    """

    def __init__(self) -> None:
        self._started: list[Future[None]] = []
        self._pool: ThreadPoolExecutor | None = None

    def start(self, path: Path, data: bytes | memoryview) -> None:
        """Begin to make the file `path`; waits while three others are not done. Raises as `wait`.

        `data` must not change any more.
        """
        from concurrent.futures import (
            ThreadPoolExecutor,  # costs 10 ms, and only large files need it
        )

        self._pool = self._pool or ThreadPoolExecutor(_WRITERS)
        if len(self._started) >= _WAITING_WRITES:
            self._started[-_WAITING_WRITES].result()
        self._started.append(self._pool.submit(write_new, path, (data,)))

    def wait(self) -> None:
        """Return once the disk has all files. Raises the first DataError as `write_new`."""
        for writing in self._started:
            writing.result()

    def close(self) -> None:
        """End what is begun, and leave out what is not."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


def write_new(path: Path, pieces: Iterable[bytes | memoryview], mode: int = 0o444) -> None:
    """Make the file `path` with `pieces` as content and sync it; not yet its folder.

    On any failure the file is removed again. Raises DataError.
    """
    fd = begin(path, pieces, mode)
    try:
        sync(fd, path)
    except BaseException:
        discard(path)
        raise
    finally:
        os.close(fd)


def link_new(tmp: Path, final: Path) -> bool:
    """Give the synced file `tmp` the name `final` too; False when that name exists already.

    Never overwrites. The caller syncs the folder. Raises DataError.
    """
    with reported(final):
        try:
            os.link(tmp, final)
        except FileExistsError:
            return False
    return True


def publish(tmp: Path, final: Path) -> bool:
    """Link `tmp` to `final`, sync the folder, remove `tmp`; False when `final` was there before.

    The folder is synced in both cases: whoever linked first may have died before its own sync.
    """
    new = link_new(tmp, final)
    sync_dir(final.parent)
    discard(tmp)
    return new


def put(tmp: Path, final: Path, pieces: Iterable[bytes | memoryview]) -> bool:
    """Write `pieces` to `tmp` and publish them as `final`; on failure nothing is left behind."""
    write_new(tmp, pieces)
    try:
        return publish(tmp, final)
    except BaseException:
        discard(tmp)
        raise


def replace(final: Path, data: bytes, mode: int = 0o644) -> None:
    """Put `data` at `final`, whatever was there before; a reader sees the old or the new whole.

    A link is replaced, never followed. The temporary file beside it has a name that no other process uses, so that
    what a dead process left is not in the way. Who may read and write `final` stays as it was; a new one gets `mode`.
    Raises DataError, and then `final` is as it was.
    """
    swap(final, data, mode)
    sync_dir(final.parent)


def swap(final: Path, data: bytes, mode: int = 0o644) -> None:
    """Put `data` at `final` as `replace` does, its bytes on the disk; a power cut may still bring the old ones back."""
    tmp = final.with_name(f".{final.name}.new.{os.getpid()}-{time.monotonic_ns()}")
    with reported(final):
        before = stat.S_IMODE(final.stat().st_mode) if final.exists() else None
    write_new(tmp, (data,), mode=mode if before is None else 0o600)
    try:
        with reported(final):
            if before is not None:
                tmp.chmod(before)
            tmp.replace(final)
    except BaseException:
        discard(tmp)
        raise


def rename_dir(ready: Path, final: Path) -> None:
    """Give a synced folder its final name, durably; a non-empty `final` is never replaced."""
    with reported(final):
        ready.rename(final)
    sync_dir(final.parent)


def discard(path: Path) -> None:
    """Remove a file nobody was promised; a missing one is fine. Raises DataError."""
    with reported(path):
        path.unlink(missing_ok=True)


def discard_dir(path: Path) -> None:
    """Remove a folder nobody was promised, with what is in it; a missing one is fine."""
    with reported(path):
        if not path.is_dir():
            return
        for child in path.iterdir():
            if child.is_dir() and not child.is_symlink():
                discard_dir(child)
            else:
                child.unlink(missing_ok=True)
        path.rmdir()


def _as_data_error(error: OSError, where: Path) -> DataError:
    if error.errno in _FULL:
        return disk_full(where)
    if error.errno in _REFUSED:
        return not_writable(where, f": {error.strerror}")
    if error.errno == errno.EXDEV:
        return DataError(
            codes.OTHER_FILE_SYSTEM,
            f"{where} lies on another file system than the store's temp folder",
            where=str(where),
            help="keep the whole root folder on one file system",
        )
    return io_failed(where, error.strerror or str(error))
