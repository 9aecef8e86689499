"""How much this machine has for children: processors and memory, as far as this process may use them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from plotter2.sandbox.membership import MOUNT, memberships

_LIMITS: Final = {"": ("", "memory.max"), "memory": ("memory", "memory.limit_in_bytes")}
"""Controllers of a group ("" is version 2) -> the folder below /sys/fs/cgroup, the file with the limit."""


def cores() -> int:
    """Give the number of processors that this process may use."""
    return max(1, len(os.sched_getaffinity(0)))


def memory_mib() -> int:
    """Give the MiB of memory that this process may use: the machine's, or less where its control group says so."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return max(1, min([total, *_group_limits()]) // 2**20)


def _group_limits() -> list[int]:
    found = []
    for controllers, path in memberships():
        if controllers in _LIMITS:
            folder, name = _LIMITS[controllers]
            found += _limits_along(MOUNT / folder, path, name)
    return found


def _limits_along(root: Path, path: str, name: str) -> list[int]:
    """Give the limits of a group and of those that it lies in."""
    inner = root / path
    found = []
    for folder in (inner, *inner.parents):
        if not folder.is_relative_to(root):
            break
        try:
            text = (folder / name).read_text(encoding="ascii").strip()
        except OSError:  # the topmost group has no limit, and in a container paths may lead nowhere
            continue
        if text.isdigit():
            found.append(int(text))
    return found
