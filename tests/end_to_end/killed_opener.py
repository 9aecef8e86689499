"""Opens a pack and is killed at the n-th change of the file system; with 0 it lives and tells how many there are."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

from plotter2.cli.main import main

_CHANGES = frozenset(("os.mkdir", "os.rename", "os.link", "os.remove", "os.rmdir"))
_at = int(sys.argv[3])
_count = 0
_host = os.getpid()


def heard(event: str, arguments: tuple[Any, ...]) -> None:
    """Count what changes files, and end at the one that was asked for."""
    global _count  # noqa: PLW0603 - a hook has no other place
    writes = event == "open" and isinstance(arguments[2], int) and bool(arguments[2] & os.O_CREAT)
    if (writes or event in _CHANGES) and os.getpid() == _host:
        _count += 1
        if _count == _at:
            os.kill(_host, signal.SIGKILL)


sys.addaudithook(heard)
with redirect_stdout(StringIO()):
    code = main(["pack", "open", sys.argv[2], "--yes", "--root", sys.argv[1]])
print(_count)
sys.exit(code)
