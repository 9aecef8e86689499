"""Work folders under `temp/`: each belongs to one living process, or to nobody and is swept.

Ownership is a lock that dies with its process; no clock and no process number is asked.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from plotter2.datter import durable
from plotter2.datter.layout import Layout
from plotter2.datter.locks import try_lock

_STEP_S = 0.001


@contextmanager
def workspace(layout: Layout, name: str) -> Iterator[Path]:
    """Give a new folder `temp/<name>` that is removed after the block. Raises DataError."""
    folder, lock = layout.temp / name, layout.temp / f"{name}.lock"
    fd = own_lock(lock)
    try:
        with durable.reported(folder):
            folder.mkdir()
        yield folder
    finally:
        durable.discard_dir(folder)
        durable.discard(lock)
        os.close(fd)


def own_lock(path: Path) -> int:
    """Take the lock of a name that is used once; gives the descriptor that holds it."""
    # The name is used once, but a process that sweeps may hold the lock for an instant.
    while (fd := try_lock(path)) is None:
        time.sleep(_STEP_S)
    return fd


def sweep(layout: Layout) -> int:
    """Remove the work folders of dead processes; gives how many. Raises DataError."""
    with durable.reported(layout.temp):
        names = {entry.name.removesuffix(".lock") for entry in os.scandir(layout.temp)}
    return sum(_sweep_one(layout, name) for name in sorted(names))


def _sweep_one(layout: Layout, name: str) -> bool:
    folder, lock = layout.temp / name, layout.temp / f"{name}.lock"
    fd = try_lock(lock)
    if fd is None:
        return False
    try:
        durable.discard_dir(folder)
        durable.discard(lock)
    finally:
        os.close(fd)
    return True
