"""Locks on files, which die with the process that holds them (flock). Not for network file systems."""

from __future__ import annotations

import contextlib
import fcntl
import os
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from plotter2.datter.durable import reported
from plotter2.datter.failures import busy
from plotter2.printable import printable

PATIENCE_S = 30.0
"""How long a change of a store waits for another process that holds it."""

_LOCK_STEP_S = 0.02
_LONGEST = 200


@contextmanager
def locked(
    path: Path, patience_s: float | None = None, step_s: float = _LOCK_STEP_S
) -> Iterator[None]:
    """Hold the exclusive lock of the file `path` during the block (flock: it dies with the process).

    Who waits looks again after `step_s`. Raises DataError (P2-D0808) after `patience_s` seconds (None = PATIENCE_S).
    """
    patience_s = PATIENCE_S if patience_s is None else patience_s
    with reported(path):
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _wait_for_lock(fd, path, patience_s, step_s)
        _sign(fd, _holder())
        yield
        _sign(fd, b"")
    finally:
        os.close(fd)


def try_lock(path: Path) -> int | None:
    """Take the lock of the file `path` without waiting: a descriptor to close, or None."""
    with reported(path):
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    if _lock_now(fd) and _is_still(fd, path):
        return fd
    os.close(fd)
    return None


def _lock_now(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_still(fd: int, path: Path) -> bool:
    """Tell whether `path` still names the open file: its owner may have removed it meanwhile."""
    try:
        return path.stat().st_ino == os.fstat(fd).st_ino
    except FileNotFoundError:
        return False


def _wait_for_lock(fd: int, path: Path, patience_s: float, step_s: float) -> None:
    deadline = time.monotonic() + patience_s
    while not _lock_now(fd):
        if time.monotonic() > deadline:
            raise busy(path, patience_s, _signed(fd))
        time.sleep(step_s)


def _holder() -> bytes:
    """Say who holds a lock, for those who wait; nothing depends on it."""
    words = " ".join([Path(sys.argv[0]).name, *sys.argv[1:2]]) if sys.argv else ""
    since = time.strftime("%H:%M:%S")
    name = f"{words}, " if words else ""
    return f"{name}process {os.getpid()} on {platform.node()} since {since}".encode()[:_LONGEST]


def _sign(fd: int, text: bytes) -> None:
    with contextlib.suppress(OSError):  # a full disk is no reason not to hold a lock
        os.ftruncate(fd, 0)
        os.pwrite(fd, text, 0)


def _signed(fd: int) -> str:
    return printable(os.pread(fd, _LONGEST, 0).decode("utf-8", "replace"))
