"""Garbage: objects and descriptions that no event of the store leads to, as a killed add leaves them.

What is needed is read from the files, not from the index. What is younger than a grace period is
left alone, for an add may be about to name it. The caller holds the store's lock.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from plotter2.datter import durable, events
from plotter2.datter.bundle import Bundle
from plotter2.datter.ids import is_id
from plotter2.datter.layout import Layout
from plotter2.datter.sizes import tree_bytes

GRACE_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Garbage:
    """What nothing leads to: files old enough to go, their bytes, and how many are too young."""

    objects: tuple[Path, ...]
    folders: tuple[Path, ...]
    bytes: int
    young: int


def chunks_of(bundle: Bundle) -> dict[str, int]:
    """Give the objects of a bundle: digest -> bytes."""
    return {
        chunk.digest: chunk.bytes
        for table in bundle.tables.values()
        for column in table.columns
        for chunk in column.chunks
    }


def find(layout: Layout, grace_s: float) -> Garbage:
    """Look for garbage. Raises DataError (P2-D0817) when a description that says what is needed is damaged."""
    bundles: set[str] = set()
    needed: set[str] = set()
    for event_id in events.listed(layout):
        event = events.read(layout, event_id)
        needed.update(events.named_objects(event))
        if isinstance(event, events.Added):
            for bundle_id, digest in event.bundles.items():
                bundles.add(bundle_id)
                needed.update(chunks_of(events.load_bundle(layout, bundle_id, digest)))
    loose = [path for path in object_files(layout) if path.name not in needed]
    with durable.reported(layout.source):
        folders = [p for p in layout.source.iterdir() if is_id(p.name) and p.name not in bundles]
    latest = time.time() - grace_s
    old_objects = tuple(path for path in loose if _before(path, latest))
    old_folders = tuple(path for path in folders if _before(path, latest))
    total = sum(path.stat().st_size for path in old_objects) + sum(map(tree_bytes, old_folders))
    young = len(loose) + len(folders) - len(old_objects) - len(old_folders)
    return Garbage(old_objects, old_folders, total, young)


def remove(layout: Layout, garbage: Garbage) -> None:
    """Remove it for good. Raises DataError."""
    # An event that was taken back must be gone for good before what it named goes.
    durable.sync_dir(layout.commits)
    for folder in garbage.folders:
        durable.discard_dir(folder)
    for path in garbage.objects:
        durable.discard(path)


def object_files(layout: Layout) -> list[Path]:
    """Give the files of all objects in order of their names."""
    with durable.reported(layout.objects):
        shards = sorted(path for path in layout.objects.iterdir() if path.is_dir())
        return [path for shard in shards for path in sorted(shard.iterdir())]


def _before(path: Path, latest: float) -> bool:
    return path.stat().st_mtime <= latest
