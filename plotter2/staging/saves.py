"""When a file was saved: editors rename over it, truncate and write it, keep backups beside it, save several times.

The kernel's word is a hint, as it is for the inbox: what counts is that the file is another one than it was.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias

from plotter2.staging.hints import moments

_GROUPED_MS = 20
_LOOK_S = 0.5
_STILL_S = 0.015
_EMPTY_S = 0.3
"""How long an empty file is taken for one that is being written."""

_Identity: TypeAlias = tuple[int, int, int]


class Saves:
    """Watches one file in a thread of its own, as a context manager; the state at the beginning is a save too."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._taken: _Identity | None = None
        self._news = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="saves", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def waiting(self) -> bool:
        """Tell whether there is a save that was not taken yet."""
        return self._news.is_set()

    def take(self, patience_s: float) -> bool:
        """Wait for a save and take it; of several only the newest is one. False when there was none for so long."""
        if not self._news.wait(patience_s):
            return False
        self._news.clear()
        found = self._still()
        if found is None or found == self._taken:
            return False
        self._taken = found
        return True

    def _watch(self) -> None:
        for _ in moments(self._path.parent, self._stop, grouped_ms=_GROUPED_MS, look_s=_LOOK_S):
            found = self._look()
            if found is not None and found != self._taken:
                self._news.set()

    def _still(self) -> _Identity | None:
        """Give what the file is once it stands still for a moment; None when it is gone."""
        before = self._look()
        while not self._stop.wait(_STILL_S):
            found = self._look()
            if found == before:
                return found
            before = found
        return None

    def _look(self) -> _Identity | None:
        try:
            found = self._path.stat(follow_symlinks=False)
        except OSError:
            return None
        if found.st_size == 0 and 0 <= time.time() - found.st_mtime < _EMPTY_S:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns
