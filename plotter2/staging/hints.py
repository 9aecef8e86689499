"""When to look into the inbox again: every two seconds, and at once when the kernel says that something happened.

The kernel's word is a hint only. It forgets what it has no room for, and no error says so; the look goes through the
whole folder each time.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

from plotter2.staging.arriving import SCAN_S

_GROUPED_MS = 200


def moments(folder: Path, stop: threading.Event) -> Iterator[None]:
    """Give a moment to look, again and again, until `stop` is set; the first one comes at once."""
    yield
    try:
        import watchfiles  # 20 ms, and only who watches needs it
    except ImportError:  # there is no build of it for this machine
        while not stop.wait(SCAN_S):
            yield
        return
    news = watchfiles.watch(
        folder,
        watch_filter=None,
        debounce=_GROUPED_MS,
        stop_event=stop,
        rust_timeout=int(SCAN_S * 1000),
        yield_on_timeout=True,
        raise_interrupt=True,
        recursive=False,  # what happens deeper is seen by the next look
    )
    for _ in news:
        yield
