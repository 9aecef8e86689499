"""Arriving: looks through the inbox again and again, and tells what lies there still and whole.

The look through the whole folder is the truth; no news from the kernel is needed, so none can be missed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from plotter2.manifest.container import ENDING
from plotter2.staging.grounds import Grounds, entries_in
from plotter2.staging.loose import UNFINISHED
from plotter2.staging.packages import MANIFEST_FILE, is_package, is_whole
from plotter2.staging.stillness import Look, is_written, leaves_of, look

SCAN_S = 2.0
"""Between two looks at most; an item must be the same for as long."""
EMPTY_S = 60.0
"""So long something without a byte in it, or without its end, is waited for: the rest may be on its way."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An item that is not taken yet, and why."""

    name: str
    why: str
    is_late: bool = False
    """It does not become whole by itself, or waits for longer than what is on its way should."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What one look through the inbox found: items to take, and items to wait for."""

    ready: tuple[Path, ...]
    waiting: tuple[Waiting, ...]


@dataclass(frozen=True, slots=True)
class _Seen:
    look: Look
    since: float


class Arrivals:
    """Remembers how each item looked, from scan to scan."""

    def __init__(
        self, grounds: Grounds, still_s: float = SCAN_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._grounds = grounds
        self._still_s = still_s
        self._clock = clock
        self._seen: dict[str, _Seen] = {}
        self._first: dict[str, float] = {}

    def scan(self) -> Scan:
        """Look through the whole inbox. Raises DataError when it cannot be read."""
        before, self._seen = self._seen, {}
        first, self._first = self._first, {}
        ready: list[Path] = []
        waiting: list[Waiting] = []
        for entry in entries_in(self._grounds.inbox):
            path = Path(entry.path)
            why = self._why_not(path, before.get(entry.name))
            if why:
                since = self._first[entry.name] = first.get(entry.name, self._clock())
                waiting.append(Waiting(entry.name, why, self._clock() - since > EMPTY_S))
            else:
                ready.append(path)
        return Scan(tuple(ready), tuple(waiting))

    def _why_not(self, path: Path, before: _Seen | None) -> str:
        """Say why an item must wait; empty when it may be taken."""
        if path.name.lower().endswith(UNFINISHED):
            return "its name says that it is not finished"
        now, found = self._clock(), look(path)
        if found is None:
            return _why_unseen(path)
        same = before is not None and before.look == found
        since = before.since if before is not None and same else now
        self._seen[path.name] = _Seen(found, since)
        if not same or now - since < self._still_s:
            return "it is empty so far" if found.is_empty else "it came or changed a moment ago"
        if now - since < max(EMPTY_S, self._still_s):
            if found.is_empty:
                return "it is empty so far"
            if _may_be_package(path) and is_package(path) and not is_whole(path):
                return "it is a package that is not whole so far"
        return "a program is writing it" if is_written(path) else ""


def _why_unseen(path: Path) -> str:
    try:
        for _ in leaves_of(path):
            pass
    except FileNotFoundError:
        pass
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    return "it changes"


def _may_be_package(path: Path) -> bool:
    return path.name.lower().endswith(ENDING) or (path / MANIFEST_FILE).exists()
