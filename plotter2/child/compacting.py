"""Gathers the zygote's memory in large pages, so that a fork has few to copy the table of.

A fork copies the page table of all anonymous memory, and the end of the child takes it apart again: with
some hundred megabytes in pages of 4 KiB these two are most of what a child costs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from plotter2.sandbox import native

_LARGE: Final = 2 << 20
_MAPPING: Final = re.compile(r"([0-9a-f]+)-([0-9a-f]+) rw-p [0-9a-f]+ 00:00 0 +(?:\[heap\])?$")


def gather_pages() -> None:
    """Ask for large pages; where the kernel has none (before Linux 6.1, or switched off) all stays as it is."""
    for start, length in _large_pieces():
        try:
            native.collapse(start, length)
        except OSError:
            continue


def _large_pieces() -> Iterator[tuple[int, int]]:
    """Give address and length of what could lie in large pages: the heap and memory without a file."""
    for line in Path("/proc/self/maps").read_text(encoding="ascii").splitlines():
        found = _MAPPING.match(line)
        if found:
            start, end = (int(edge, 16) for edge in found.groups())
            first, last = -(-start // _LARGE) * _LARGE, end // _LARGE * _LARGE
            if first < last:
                yield first, last - first
