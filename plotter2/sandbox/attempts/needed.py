"""What a confined process must still be able to do: else a sandbox that stops everything would look best."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Final

from plotter2.sandbox.attempts.attempt import Attempt, Place

_MUCH: Final = 64 << 20


def _read_what_it_was_given(place: Place) -> None:
    next(Path(place.given).iterdir()).read_bytes()


def _compute_in_a_thread(_: Place) -> None:
    done: list[int] = []
    thread = threading.Thread(target=lambda: done.append(1))
    thread.start()
    thread.join()
    if not done:
        raise OSError("the thread did not run")


def _use_memory(_: Place) -> None:
    if bytearray(_MUCH)[-1]:
        raise OSError("new memory is not empty")


READING: Final = Attempt("needed", "read a folder it was given", _read_what_it_was_given)
"""Possible only where Landlock says which folders."""
NEEDED: Final = (
    Attempt("needed", "use 64 MiB of memory", _use_memory),
    Attempt("needed", "compute in a thread", _compute_in_a_thread),
    Attempt("needed", "read the clock", lambda _: time.monotonic_ns()),
    Attempt("needed", "get random numbers", lambda _: os.urandom(16)),
    Attempt("needed", "talk to the host", lambda _: os.write(3, b"x")),
)
