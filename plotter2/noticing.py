"""Something is asked about now and then, from another thread, while a block is at work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def noticed(
    is_so: Callable[[], bool], tell: Callable[[], None], *, every_s: float, young_s: float = 0.0
) -> Iterator[None]:
    """Call `tell` once when `is_so` during the block, which is asked first when the block is older than `young_s`."""
    over = threading.Event()

    def look() -> None:
        over.wait(young_s)
        while not over.wait(every_s):
            if is_so():
                tell()
                return

    thread = threading.Thread(target=look, name="noticing", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
