"""Garbage: what no event and no run of the store leads to, as killed adds, runs, rebuilds and pushes leave it.

What a task exposed for a bundle is garbage too once it ran there again, unless it was handed on.

What is needed is read from the files, not from the index. What is younger than a grace period is
left alone, for an add may be about to name it. The caller holds the store's lock.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from plotter2.datter import durable, events, quarantine
from plotter2.datter.bundle import Bundle
from plotter2.datter.holdings import objects_of
from plotter2.datter.ids import is_id
from plotter2.datter.layout import Layout
from plotter2.datter.sizes import tree_bytes
from plotter2.datter.superseded import superseded
from plotter2.datter.task_runs import TaskRun, exposed_objects
from plotter2.errors import DataError

GRACE_S = 24 * 3600.0
_ENOUGH = 2
"""So many other roots must have acknowledged an object that was in a bundle before it goes."""


_REST_OF_REBUILD = re.compile(r"([0-9A-Z]{26})\.db(?:-wal|-shm|-journal)?\Z")


@dataclass(frozen=True, slots=True)
class Known:
    """What only the registry says: which runs there are, and how many other roots have acknowledged an object."""

    runs: frozenset[str]
    copies: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Garbage:
    """What nothing leads to: files old enough to go, their bytes, how many are too young.

    `unreadable` counts bundles and changes of the store that cannot be read: nobody knows what they need, so that
    `kept` counts then what may be theirs.

    `outputs` are folders of pictures without a run, `rests` what a killed rebuild or a broken push left. `kept` counts
    objects that no bundle needs any more and that stay, as they were in a bundle once and fewer than two other roots
    have them; or, with `runs_unknown`, outputs whose runs may stand in a registry that was set aside or lost.
    """

    objects: tuple[Path, ...]
    folders: tuple[Path, ...]
    outputs: tuple[Path, ...]
    rests: tuple[Path, ...]
    bytes: int
    young: int
    kept: int = 0
    runs_unknown: bool = False
    unreadable: int = 0

    @property
    def count(self) -> int:
        """Give how many files and folders would go."""
        return len((*self.objects, *self.folders, *self.outputs, *self.rests))


def chunks_of(bundle: Bundle) -> dict[str, int]:
    """Give the objects of a bundle: digest -> bytes."""
    chunks = {
        chunk.digest: chunk.bytes
        for table in bundle.tables.values()
        for column in table.columns
        for chunk in column.chunks
    }
    return {**chunks, **objects_of(bundle.files, bundle.arrays)}


def find(layout: Layout, grace_s: float, known: Known) -> Garbage:
    """Look for garbage. Raises DataError."""
    latest = time.time() - grace_s
    needed = _needed(layout, latest)
    loose = [path for path in object_files(layout) if path.name not in needed.objects]
    # What was acknowledged was in a bundle once: its event is gone, and may be all that is lost.
    freed = [
        path
        for path in loose
        if path.name in needed.superseded or known.copies.get(path.name, _ENOUGH) >= _ENOUGH
    ]
    with durable.reported(layout.source):
        folders = [
            p for p in layout.source.iterdir() if is_id(p.name) and p.name not in needed.bundles
        ]
    runs = known.runs | needed.runs
    outputs = [p for p in _entries(layout.output) if is_id(p.name) and p.name not in runs]
    aside = any(item.kind == "registry" for item in quarantine.listed(layout))
    if needed.unreadable:
        freed = []
    if needed.lost_events:
        folders, aside = [], True
    # A registry that was lost knew runs before the first one that this one knows.
    first = min(known.runs, default="~")
    without_run = [] if aside else [path for path in outputs if path.name > first]
    found = [freed, folders, without_run, _rests(layout)]
    old = [tuple(path for path in paths if _before(path, latest)) for paths in found]
    return Garbage(
        objects=old[0],
        folders=old[1],
        outputs=old[2],
        rests=old[3],
        bytes=sum(_bytes(path) for paths in old for path in paths),
        young=sum(map(len, found)) - sum(map(len, old)),
        kept=len(loose) - len(freed) + len(outputs) - len(without_run),
        runs_unknown=len(outputs) > len(without_run),
        unreadable=needed.unreadable,
    )


def remove(layout: Layout, garbage: Garbage) -> None:
    """Remove it for good. Raises DataError."""
    # An event that was taken back must be gone for good before what it named goes.
    durable.sync_dir(layout.commits)
    for folder in (*garbage.folders, *garbage.outputs):
        durable.discard_dir(folder)
    for path in (*garbage.objects, *garbage.rests):
        durable.discard(path)


@dataclass(slots=True)
class _Needed:
    """The bundles, the objects and the runs of tasks that events lead to, and how much of that cannot be read.

    `superseded` are objects that older runs of tasks exposed.
    """

    bundles: set[str] = field(default_factory=set)
    objects: set[str] = field(default_factory=set)
    runs: set[str] = field(default_factory=set)
    superseded: set[str] = field(default_factory=set)
    lost_bundles: int = 0
    lost_events: int = 0

    @property
    def unreadable(self) -> int:
        return self.lost_bundles + self.lost_events


def _needed(layout: Layout, latest: float) -> _Needed:
    needed = _Needed()
    done: list[TaskRun] = []
    for event_id in events.listed(layout):
        try:
            event = events.read(layout, event_id)
        except DataError as error:
            if error.code not in events.UNREADABLE:
                raise
            needed.lost_events += 1
            continue
        if isinstance(event, events.TaskDone):
            needed.runs.add(event.done.run)
            done.append(TaskRun(event.done, event.at, event.id))
            continue
        needed.objects.update(events.named_objects(event))
        if isinstance(event, events.Added):
            found, lacking = events.described(layout, event)
            needed.bundles.update(event.bundles)
            needed.lost_bundles += len(lacking)
            for bundle, _ in found:
                needed.objects.update(chunks_of(bundle))
    gone = superseded(done, int(latest * 1000))
    for ran in done:
        names = needed.superseded if ran.event in gone else needed.objects
        names.update(exposed_objects((ran.done,)))
    return needed


def _rests(layout: Layout) -> list[Path]:
    """Give the registries of killed rebuilds, and objects that came in part."""
    left = [p for p in _entries(layout.registry) if _REST_OF_REBUILD.match(p.name)]
    return [*left, *_entries(layout.partial)]


def _entries(folder: Path) -> list[Path]:
    with durable.reported(folder):
        return sorted(folder.iterdir()) if folder.is_dir() else []


def _bytes(path: Path) -> int:
    return tree_bytes(path) if path.is_dir() else path.stat().st_size


def object_files(layout: Layout) -> list[Path]:
    """Give the files of all objects in order of their names."""
    with durable.reported(layout.objects):
        shards = sorted(path for path in layout.objects.iterdir() if path.is_dir())
        return [path for shard in shards for path in sorted(shard.iterdir())]


def _before(path: Path, latest: float) -> bool:
    return path.stat().st_mtime <= latest
