"""Scrubbing: every object is read from the disk, not from memory, and compared with its name."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from plotter2.datter import durable, objects, quarantine
from plotter2.datter.collecting import object_files
from plotter2.datter.layout import Layout

_READERS = 2


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """How many objects and bytes were read, which are damaged, and which of these were set aside."""

    objects: int
    bytes: int
    damaged: tuple[Path, ...]
    aside: tuple[quarantine.Item, ...]


def scrub(layout: Layout, part: tuple[int, int] = (1, 1), *, set_aside: bool = False) -> Scrubbed:
    """Read the objects, or the n-th of m parts of them. Raises DataError when a file cannot be read.

    A damaged one is set aside if that is wanted, so that adding the same output again heals it.
    """
    number, parts = part
    files = [
        path for path in object_files(layout) if crc32(path.name.encode()) % parts == number - 1
    ]
    with ThreadPoolExecutor(_READERS) as pool:  # hashing lets other threads go on
        digests = list(pool.map(_digest, files))
    damaged = tuple(
        p for p, digest in zip(files, digests, strict=True) if digest not in ("", p.name)
    )
    kept = aside(layout, damaged) if set_aside else ()
    total = sum(path.stat().st_size for path in files if path.exists())
    return Scrubbed(len(files), total, damaged, kept)


def _digest(path: Path) -> str:
    with durable.reported(path):
        try:
            return objects.digest_of_file(path, from_disk=True)
        except FileNotFoundError:  # collected meanwhile
            return ""


def aside(layout: Layout, damaged: Sequence[Path]) -> tuple[quarantine.Item, ...]:
    """Set damaged objects aside, so that the same bytes can get their name again. Raises DataError."""
    why = "its bytes are not those that its name promises"
    kept = []
    for path in damaged:
        kept.append(quarantine.keep(layout, path, "object", why))
        durable.discard(path)
    if damaged:
        durable.sync_dirs(sorted({path.parent for path in damaged}))
    return tuple(kept)
