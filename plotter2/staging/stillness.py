"""Whether something that was dropped is whole: what can be told without opening its content.

Nobody may be writing it (the kernel is asked, where it can tell), and nothing of it may have changed for a while.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import signal
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from plotter2.staging.finding import MOST_FILES

OPEN_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at an item told: a fingerprint of all sizes and times, and whether it holds a byte."""

    fingerprint: bytes
    is_empty: bool


def look(path: Path) -> Look | None:
    """Look at a file or a folder with all that is in it; None when it went away meanwhile."""
    mixed, is_empty, seen = hashlib.blake2b(digest_size=16), True, 0
    try:
        for name, status in _tree(path):
            is_file = stat.S_ISREG(status.st_mode)
            is_empty &= stat.S_ISDIR(status.st_mode) or (is_file and not status.st_size)
            seen += 1
            facts = (status.st_ino, status.st_mode, status.st_size, status.st_mtime_ns)
            # The kernel sets this time at every write; renaming the item itself sets it too.
            changed = status.st_ctime_ns if name else 0
            mixed.update(f"{name!r} {facts if is_file else facts[:2]} {changed}\n".encode())
            if seen > MOST_FILES:
                break  # more is not taken anyway
    except OSError:
        return None
    return Look(mixed.digest(), is_empty)


def files_of(path: Path) -> Iterator[Path]:
    """Give the plain files of an item. Raises OSError."""
    for name, status in _tree(path):
        if stat.S_ISREG(status.st_mode):
            yield path / name if name else path


def leaves_of(path: Path) -> Iterator[Path]:
    """Give all of an item that is no folder: files, links, devices. Raises OSError."""
    for name, status in _tree(path):
        if not stat.S_ISDIR(status.st_mode):
            yield path / name if name else path


def folders_of(path: Path) -> Iterator[Path]:
    """Give the folders of an item, those inside before those around them. Raises OSError."""
    found = [name for name, status in _tree(path) if stat.S_ISDIR(status.st_mode)]
    yield from (path / name if name else path for name in reversed(found))


def is_written(path: Path) -> bool:
    """Tell whether a process has a file of this item open for writing, so far as the kernel tells us.

    A read lease is only granted on a file that nobody has open for writing (fcntl(2), F_SETLEASE). Only the owner
    of the file may ask, and not on every file system: no answer counts as no.
    """
    with contextlib.suppress(OSError):
        return any(_has_writer(file) for file in files_of(path))
    return False


def _has_writer(file: Path) -> bool:
    try:
        fd = os.open(file, OPEN_FLAGS)
    except OSError:
        return False
    try:
        # Who opens the file in this very moment has us told so; by default that signal would end us.
        fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(fd)
    return False


def _tree(path: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Give the path itself (as "") and all that is in it, folders first, in a fixed order. No link is followed."""
    status = path.lstat()
    yield "", status
    if stat.S_ISDIR(status.st_mode):
        yield from _inside(path, "")


def _inside(folder: Path, before: str) -> Iterator[tuple[str, os.stat_result]]:
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        status = entry.stat(follow_symlinks=False)
        yield before + entry.name, status
        if stat.S_ISDIR(status.st_mode):
            yield from _inside(Path(entry.path), f"{before}{entry.name}/")
