"""When to look into the inbox again: every two seconds, and at once when the kernel says that something happened.

The kernel's word is a hint only. It forgets what it has no room for, and no error says so; the look goes through the
whole folder each time.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

from plotter2.staging.arriving import SCAN_S

_GROUPED_MS = 200
_STEP_MS = 50


def moments(
    folder: Path, stop: threading.Event, grouped_ms: int = _GROUPED_MS, look_s: float = SCAN_S
) -> Iterator[None]:
    """Give a moment to look, again and again, until `stop` is set; the first one comes at once.

    What happens within `grouped_ms` is one moment; without any, one comes every `look_s`.
    """
    yield
    while not stop.is_set():
        yield from _news(folder, stop, grouped_ms, look_s)
        # Without the kernel's word, or when it could not be told, the next look comes in its time all the same.
        if not stop.wait(look_s):
            yield


def _news(folder: Path, stop: threading.Event, grouped_ms: int, look_s: float) -> Iterator[None]:
    """Give moments as long as the kernel can be heard.

    It cannot when no build of watchfiles is there, when it has no watch left to give, or at a name that is no UTF-8.
    """
    try:
        import watchfiles  # 20 ms, and only who watches needs it
        from watchfiles._rust_notify import WatchfilesRustInternalError
    except ImportError:
        return
    news = watchfiles.watch(
        folder,
        watch_filter=None,
        debounce=grouped_ms,
        step=min(grouped_ms, _STEP_MS),
        stop_event=stop,
        rust_timeout=int(look_s * 1000),
        yield_on_timeout=True,
        raise_interrupt=True,
        recursive=False,  # what happens deeper is seen by the next look
    )
    with contextlib.suppress(OSError, WatchfilesRustInternalError):
        for _ in news:
            yield
