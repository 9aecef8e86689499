"""One quiet daemon thread that brings open journals to the disk every half second; it ends when none is left.

It also tells journals of a forked child that they need segments of their own. Nothing here is on the way of a record.
"""

from __future__ import annotations

import os
import threading
from abc import ABC, abstractmethod
from contextlib import suppress

INTERVAL_S = 0.5
"""What can be lost when the power fails is about twice this; a killed process loses nothing."""


class Tended(ABC):
    """What this thread looks after: a journal."""

    @abstractmethod
    def tend(self) -> None:
        """Bring what is written to the disk; called every half second, raises nothing."""

    @abstractmethod
    def forked(self) -> None:
        """Start over in a forked child, where no other thread is left."""


_open: list[Tended] = []
_threads: list[threading.Thread] = []
_lock = threading.Lock()
_wake = threading.Event()


def watch(journal: Tended) -> None:
    """Tend this journal from now on."""
    with _lock:
        if journal not in _open:
            _open.append(journal)
        if not _threads:
            thread = threading.Thread(target=_tend_all, name="logger2-sync", daemon=True)
            with suppress(RuntimeError):  # at the end of the interpreter no thread can start
                thread.start()
                _threads.append(thread)


def forget(journal: Tended) -> None:
    """Stop tending this journal."""
    with _lock:
        if journal in _open:
            _open.remove(journal)
        if not _open:
            _wake.set()


def _tend_all() -> None:
    while True:
        _wake.wait(INTERVAL_S)
        with _lock:
            _wake.clear()
            journals = tuple(_open)
            if not journals:
                _threads.clear()
                return
        for journal in journals:
            journal.tend()


def _after_fork_in_child() -> None:
    global _lock, _wake  # noqa: PLW0603 (a thread that does not exist here may hold the old ones)
    _lock = threading.Lock()
    _wake = threading.Event()
    _threads.clear()
    for journal in _open:
        journal.forked()
    _open.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
