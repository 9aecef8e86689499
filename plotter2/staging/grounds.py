"""Where output arrives, waits and is put aside: three folders beside the store, and the lock of whoever empties them.

All of them lie on the file system of the root, so that moving from one to the next is one rename.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plotter2.datter import durable
from plotter2.datter.layout import INBOX, Layout
from plotter2.datter.locks import try_lock
from plotter2.errors import DataError
from plotter2.staging import codes

_LONGEST_HOLDER = 1_000
_TRIES = 10
_BETWEEN_S = 0.02


@dataclass(frozen=True, slots=True)
class Grounds:
    """The folders of staging under a root."""

    root: Path

    @property
    def inbox(self) -> Path:
        """What others drop; each entry is one item: a file or a folder."""
        return self.root / INBOX

    @property
    def staged(self) -> Path:
        """What is acknowledged and not stored yet: one folder for each batch of items."""
        return Layout(self.root).staged

    @property
    def quarantine(self) -> Path:
        """What cannot be stored, each with its reason."""
        return Layout(self.root).refused

    @property
    def _lock(self) -> Path:
        return self.staged / ".lock"

    def make(self) -> None:
        """Make the folders that are not there, durably. Raises DataError (P2-D0801, P2-D0802, P2-D0804)."""
        # The lock is made when the folders are surely there; folders alone may be what a dead process never synced.
        wanted = [self.inbox, self.staged, self.quarantine]
        if not all(path.exists() for path in (*wanted, self._lock)):
            durable.make_dirs(wanted)

    def batches(self) -> list[Path]:
        """Give the folders of batches that are staged, the oldest first."""
        return sorted(_folders_in(self.staged))

    @contextmanager
    def held(self) -> Iterator[None]:
        """Be the only process that empties the inbox, during the block (flock: it dies with the process).

        Raises DataError (P2-D0860), which says who holds it.
        """
        fd = _lock_of(self._lock)
        if fd is None:
            raise DataError(
                codes.INBOX_HELD,
                f"the inbox of {self.root} is watched already: {self.holder() or 'by another process'}",
                where=str(self.inbox),
                help="leave it to that process, or end it first (Ctrl-C where it runs)",
            )
        try:
            _sign(fd)
            yield
        finally:
            os.close(fd)

    def holder(self) -> str:
        """Say who watches the inbox; empty when nobody does, so far as can be told."""
        try:
            if not self._lock.exists() or _is_free(self._lock):
                return ""
            said: Any = json.loads(self._lock.read_bytes()[:_LONGEST_HOLDER])
            return f"process {int(said['pid'])} on {str(said['machine'])[:80]}"
        except (OSError, ValueError, KeyError, TypeError, DataError):
            return "another process"


def entries_in(folder: Path) -> list[os.DirEntry[str]]:
    """Give a folder's entries by name, hidden ones left out; none when it is not there. Raises DataError."""
    with durable.reported(folder):
        try:
            with os.scandir(folder) as found:
                return sorted((e for e in found if e.name[0] != "."), key=lambda e: e.name)
        except FileNotFoundError:
            return []


def shown(name: str) -> str:
    """Give a file's name as it is told and kept: escaped when a terminal or UTF-8 could not take it."""
    return name if name.isprintable() else name.encode("unicode_escape").decode("ascii")


def _folders_in(folder: Path) -> Iterator[Path]:
    for entry in entries_in(folder):
        if entry.is_dir(follow_symlinks=False):
            yield Path(entry.path)


def _lock_of(path: Path) -> int | None:
    """Take a lock; who only asks whether it is free holds it for an instant."""
    for _ in range(_TRIES):
        fd = try_lock(path)
        if fd is not None:
            return fd
        time.sleep(_BETWEEN_S)
    return None


def _is_free(path: Path) -> bool:
    fd = try_lock(path)
    if fd is not None:
        os.close(fd)
    return fd is not None


def _sign(fd: int) -> None:
    holder = {"pid": os.getpid(), "machine": os.uname().nodename}
    with contextlib.suppress(OSError):  # a full disk is no reason not to hold a lock
        os.ftruncate(fd, 0)
        os.pwrite(fd, json.dumps(holder).encode(), 0)
