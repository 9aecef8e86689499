"""Accepting: from the inbox to the staged items. What is told to be staged survives kill -9 and a power cut.

Order: the bytes are synced where they lie, then the items are renamed into the folder of a batch, then both folders
are synced. Only now are they acknowledged.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from plotter2.datter import durable
from plotter2.staging.arriving import Waiting
from plotter2.staging.grounds import Grounds
from plotter2.staging.stillness import OPEN_FLAGS, files_of, folders_of

BATCH_ITEMS = 256
_OPEN_FILES = 200


@dataclass(frozen=True, slots=True)
class Accepted:
    """One batch: its folder, the names that are acknowledged, and those that could not be moved."""

    folder: Path
    names: tuple[str, ...]
    refused: tuple[Waiting, ...]


def accept(grounds: Grounds, items: Sequence[Path], batch_id: str) -> Accepted:
    """Move items from the inbox into one batch, durably. Raises DataError of a full or failing disk."""
    folder = grounds.staged / batch_id
    refused: list[Waiting] = []
    synced = _synced(items, refused)
    durable.make_dir(folder)
    names = [item.name for item in synced if _is_moved(item, folder, refused)]
    durable.sync_dirs([folder, grounds.inbox])
    if not names:
        durable.discard_dir(folder)
    return Accepted(folder, tuple(names), tuple(refused))


def _synced(items: Sequence[Path], refused: list[Waiting]) -> list[Path]:
    """Have the disk take the bytes and names of all items, many files at once; gives those that could be opened."""
    whole: list[Path] = []
    opened: list[tuple[int, Path]] = []
    try:
        for item in items:
            try:
                for path in (*files_of(item), *folders_of(item)):
                    opened.append((os.open(path, OPEN_FLAGS), path))
                    if len(opened) >= _OPEN_FILES:
                        _sync_and_close(opened)
            except OSError as error:
                refused.append(
                    Waiting(item.name, f"it cannot be read: {error.strerror}", is_late=True)
                )
            else:
                whole.append(item)
    finally:
        _sync_and_close(opened)
    return whole


def _sync_and_close(opened: list[tuple[int, Path]]) -> None:
    try:
        durable.sync_all(opened)
    finally:
        while opened:
            os.close(opened.pop()[0])


def _is_moved(item: Path, folder: Path, refused: list[Waiting]) -> bool:
    try:
        item.rename(folder / item.name)
    except OSError as error:
        refused.append(Waiting(item.name, f"it cannot be moved: {error.strerror}", is_late=True))
        return False
    return True
