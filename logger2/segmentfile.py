"""A segment being written: whole lines or nothing, checkpoints, raw array bytes beside it, `fsync`.

One process writes a segment and the caller serialises its calls. All state that a late signal could spoil is read back
from the file itself, so an exception at any point leaves a segment that can go on.
"""

from __future__ import annotations

import errno
import os
import threading
from contextlib import suppress
from zlib import crc32

from logger2.encoding import record_line

try:
    import fcntl

    HAS_LOCKS = True
except ImportError:  # on Windows a live run cannot be told from a dead one
    HAS_LOCKS = False

ROWS_PER_CHECKPOINT = 4096
_FLAGS = os.O_CREAT | os.O_APPEND | os.O_RDWR | getattr(os, "O_BINARY", 0)


class SegmentFile:
    """`seg-NNNN.l2.jsonl` with `seg-NNNN.l2.bin`; the newline is the commit of a record."""

    __slots__ = (
        "_blobs",
        "_guard",
        "_summed",
        "_synced",
        "fd",
        "folder",
        "number",
        "since_checkpoint",
        "torn",
    )

    def __init__(self, folder: str, number: int, fd: int) -> None:
        self.folder = folder
        self.number = number
        self.fd = fd
        self.since_checkpoint = 0
        self.torn = False
        self._blobs = -1
        self._summed = (0, 0, 0)  # bytes, rows, CRC-32
        self._synced = (-1, -1)
        self._guard = threading.Lock()

    def append(self, line: bytes) -> None:
        """Commit one line with one write; raises OSError, and then the file ends as it did before.

        `torn` stays true when even that was impossible; nothing may be appended after that.
        """
        written = os.write(self.fd, line)
        if written != len(line):
            self.torn = True
            os.ftruncate(self.fd, os.fstat(self.fd).st_size - written)
            self.torn = False
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def checkpoint(self) -> None:
        """Commit the number of rows and the CRC-32 of every byte so far; raises OSError."""
        size = os.fstat(self.fd).st_size
        while self._summed[0] < size:
            at, rows, crc = self._summed
            piece = os.pread(self.fd, min(size - at, 1 << 20), at)
            if not piece:
                raise OSError(errno.EIO, "the segment became shorter")
            starts_line = at == 0 or os.pread(self.fd, 1, at - 1) == b"\n"
            rows += piece.count(b"\n[") + (starts_line and piece[:1] == b"[")
            # One assignment: a signal's exception finds the sum before or after this piece, never in between.
            self._summed = (at + len(piece), rows, crc32(piece, crc))
        self.append(record_line({"ck": list(self._summed[1:])}))

    def append_blob(self, data: bytes | memoryview) -> int:
        """Append raw bytes to the blob file and give their offset; raises OSError, and then nothing was added."""
        if self._blobs < 0:
            self._blobs = os.open(segment_path(self.folder, self.number, "bin"), _FLAGS, 0o666)
        offset = os.fstat(self._blobs).st_size
        view = memoryview(data)
        written = 0
        try:
            while written < len(view):
                written += os.write(self._blobs, view[written:])
        except BaseException:  # the half-written array must go, whatever stopped it
            os.ftruncate(self._blobs, offset)
            raise
        return offset

    def sync(self) -> None:
        """Bring everything to the disk that is not there yet; raises OSError."""
        with self._guard:
            if self.fd < 0:
                return
            sizes = (
                os.fstat(self.fd).st_size,
                os.fstat(self._blobs).st_size if self._blobs >= 0 else -1,
            )
            if sizes == self._synced:
                return
            if self._blobs >= 0:
                os.fsync(self._blobs)
            os.fsync(self.fd)
            if (self._synced[0] < 0) or (self._synced[1] < 0 <= sizes[1]):
                sync_folder(self.folder)
            self._synced = sizes

    def close(self) -> None:
        """Close the files; a lock on the segment ends with it."""
        with self._guard:
            for fd in (self.fd, self._blobs):
                if fd >= 0:
                    os.close(fd)
            self.fd = self._blobs = -1

    def abandon(self) -> None:
        """Close the files in a forked child, where the guard may be held by a thread that does not exist."""
        self._guard = threading.Lock()
        self.close()


def new_segment(folder: str) -> SegmentFile:
    """Create the next free segment of a run and lock it for as long as it is written; raises OSError."""
    number = last_segment(folder) + 1
    while True:
        path = segment_path(folder, number, "jsonl")
        try:
            fd = os.open(path, _FLAGS | os.O_EXCL, 0o666)
        except FileExistsError:
            number += 1
            continue
        if HAS_LOCKS:
            with suppress(OSError):  # some network file systems have no locks; recording goes on
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return SegmentFile(folder, number, fd)


def is_being_written(folder: str) -> bool:
    """Tell whether a living process holds a segment of this run."""
    if not HAS_LOCKS:
        return False
    for name in os.listdir(folder):
        if not name.endswith(".l2.jsonl"):
            continue
        fd = os.open(os.path.join(folder, name), os.O_RDONLY)
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            continue
        finally:
            os.close(fd)
    return False


def last_segment(folder: str) -> int:
    """Give the highest segment number of a run, -1 when it has none; raises OSError."""
    numbers = [
        int(name[4:-9])
        for name in os.listdir(folder)
        if name.startswith("seg-") and name.endswith(".l2.jsonl") and name[4:-9].isdigit()
    ]
    return max(numbers, default=-1)


def segment_path(folder: str, number: int, kind: str) -> str:
    """Give the path of a segment's `jsonl` or `bin` file."""
    return os.path.join(folder, f"seg-{number:04d}.l2.{kind}")


def sync_folder(folder: str) -> None:
    """Bring a folder's entries to the disk; raises OSError."""
    try:
        fd = os.open(folder, os.O_RDONLY)
    except (
        PermissionError
    ):  # a folder cannot be opened on Windows, nor one that may only be written to
        return
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
