"""Python's search for cycles, put off while much is made that has none.

A tree of a large script is a hundred thousand objects without a cycle; to look at all of them again and again while it
grows takes as long as to read the script.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collected_later() -> Iterator[None]:
    """Put the search for cycles off until the end of the block; whoever has put it off already is left alone."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
