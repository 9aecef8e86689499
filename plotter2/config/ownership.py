"""Who can change a file of a root: settings and trust count only when nobody else can. Reads, never changes."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

_WRITE = stat.S_IWGRP | stat.S_IWOTH
_ANY = stat.S_IRWXG | stat.S_IRWXO


def open_to_others(root: Path, below: Sequence[str]) -> Path | None:
    """Give the first of the path's parts below `root` that others than its owner can change; None if there is none.

    A folder that is closed to others closes what is in it. Its owner may be the superuser, oneself, or whoever owns
    the root. What is not there is nobody's. Raises OSError as stat does.
    """
    path = root
    try:
        owners = (0, os.geteuid(), root.stat().st_uid)
        for name in below:
            path /= name
            status = path.stat()
            if status.st_uid not in owners or status.st_mode & _WRITE:
                return path
            if stat.S_ISDIR(status.st_mode) and not status.st_mode & _ANY:
                return None
    except (FileNotFoundError, NotADirectoryError):
        return None
    return None


def closing(path: Path) -> str:
    """Give the remedy: how to keep others from changing a file or folder."""
    return f"make it yours alone: chown {os.geteuid()} {path} && chmod go-w {path}"
