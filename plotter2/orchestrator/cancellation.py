"""A word that stops work: said by any thread, heard by the one that waits for the work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from plotter2.errors import HostError
from plotter2.wire import codes


class Cancellation:
    """Goes with one task or with several; `cancel` ends those that wait for their turn, and those at work."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []
        self._said = False

    @property
    def is_said(self) -> bool:
        """Tell whether the work is no longer wanted."""
        return self._said

    def cancel(self) -> None:
        """Say that the work is no longer wanted; it ends with P2-H0942. To say it again changes nothing."""
        with self._lock:
            self._said = True
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener()

    def require_wanted(self) -> None:
        """Raise HostError (P2-H0942) when it was said."""
        if self._said:
            raise cancelled()

    @contextmanager
    def heard_by(self, listener: Callable[[], None]) -> Iterator[None]:
        """Call `listener` when it is said during the block; it may have been said before."""
        with self._lock:
            self._listeners.append(listener)
        try:
            yield
        finally:
            with self._lock:
                self._listeners.remove(listener)


@contextmanager
def following(one: Cancellation, other: Cancellation | None) -> Iterator[None]:
    """Let `one` be cancelled in the block as soon as `other` is."""
    if other is None:
        yield
        return
    with other.heard_by(one.cancel):
        if other.is_said:
            one.cancel()
        yield


def cancelled() -> HostError:
    """Give the error that ends what was cancelled."""
    return HostError(
        codes.CANCELLED,
        "the run was cancelled; nothing of it is kept",
        help="run it again when it is wanted",
    )
