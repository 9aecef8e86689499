"""The self-test of a confined process: it tries what it must not be able to do, for real."""

from __future__ import annotations

import errno
import mmap
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final

from plotter2.sandbox import native

REFUSALS: Final = frozenset(
    (errno.EPERM, errno.EACCES, errno.ENOENT, errno.ESRCH, errno.EROFS, errno.ENOSYS)
)
"""What the kernel says when a deed is not allowed, or when what it is for cannot be seen."""

_NEW_FILE: Final = "/tmp/plotter2-probe"  # noqa: S108 - it must be impossible to make


def try_all(canary: str, parent: int) -> dict[str, bool]:
    """Try each forbidden deed once; give for each whether it was refused.

    `canary` is the path of a file that could be read before, `parent` the number of a process that
    lives.
    """
    deeds: dict[str, Callable[[], None]] = {
        "read_a_file": lambda: _read(canary),
        "write_a_file": _write,
        "open_a_socket": _connect,
        "start_a_process": _fork,
        "make_code": _make_code,
        "signal_the_parent": lambda: os.kill(parent, 0),
    }
    return {name: _refused(deed) for name, deed in deeds.items()}


def _refused(deed: Callable[[], None]) -> bool:
    try:
        deed()
    except OSError as error:
        return error.errno in REFUSALS
    return False


def _read(path: str) -> None:
    os.close(os.open(path, os.O_RDONLY | os.O_CLOEXEC))


def _write() -> None:
    os.close(os.open(_NEW_FILE, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
    Path(_NEW_FILE).unlink()


def _connect() -> None:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()


def _fork() -> None:
    if native.syscall("clone", signal.SIGCHLD, 0, 0, 0, 0) == 0:
        os._exit(0)


def _make_code() -> None:
    mmap.mmap(-1, mmap.PAGESIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.PROT_EXEC).close()
