"""Going through what a manifest contains: its bundles from the outermost inwards, their tables and files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from plotter2.manifest.mistakes import at_key, at_place
from plotter2.manifest.model import (
    ArrayFile,
    Content,
    Enclosed,
    Manifest,
    OtherFiles,
    ParamsFile,
    PlainFile,
    RecordedRun,
    TableFile,
    TableFormat,
)

_BY_ENDING: dict[str, TableFormat] = {
    ".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".arrow": "arrow",
    ".ipc": "arrow", ".feather": "arrow",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """A bundle of a manifest: where it stands, its name below the package's own bundle ("" = that one itself)."""

    path: str
    name: str
    bundle: Manifest | Enclosed
    level: int
    around: Place | None = None


def walk(manifest: Manifest) -> Iterator[Place]:
    """Give the package's own bundle and all inside it, each before what is inside it."""
    waiting = [Place("$", "", manifest, 0)]
    while waiting:
        place = waiting.pop()
        yield place
        waiting += reversed(list(_inside(place)))


def _inside(place: Place) -> Iterator[Place]:
    for number, item in enumerate(place.bundle.contains):
        if isinstance(item, Enclosed):
            path = at_place(at_key(place.path, "contains"), number)
            name = f"{place.name}/{item.name or ''}".strip("/")
            yield Place(path, name, item, place.level + 1, place)


def paths_of(item: Content) -> tuple[str, ...]:
    """Give the files that an entry names itself; those of a bundle are named by its own entries."""
    if isinstance(item, str):
        return (item,)
    if isinstance(item, TableFile | RecordedRun | OtherFiles):
        return item.files
    return (item.file,) if isinstance(item, ParamsFile | PlainFile | ArrayFile) else ()


def shared_paths_of(item: Content) -> tuple[str, ...]:
    """Give the files of an entry that others may name as well: the coordinates of an array, each once."""
    axes = item.axes if isinstance(item, ArrayFile) else ()
    return tuple(dict.fromkeys(axis.coordinate for axis in axes if axis.coordinate is not None))


def is_run(item: Content) -> bool:
    """Tell whether an entry is a run that says its own name: what logger2 or a tracker recorded."""
    return isinstance(item, RecordedRun) or (
        isinstance(item, OtherFiles) and item.format in ("mlflow", "wandb")
    )


def kept_path(item: Content) -> str | None:
    """Give what a file is called in its bundle that is kept as it is; None for what is read, and for bundles."""
    if isinstance(item, PlainFile):
        return item.path or item.file
    return item if isinstance(item, str) and format_of(item) is None else None


def table_name(item: str | TableFile) -> str:
    """Give what a table is called: as it says, else after its file."""
    if isinstance(item, TableFile):
        return item.name
    return item.rpartition("/")[2].rpartition(".")[0].lower()


def format_of(item: str | TableFile) -> TableFormat | None:
    """Give how a table is read: as it says, else after the ending of its file; None when neither tells."""
    if isinstance(item, TableFile) and item.format is not None:
        return item.format
    first = next(iter(paths_of(item)), "").lower()
    return next((form for end, form in _BY_ENDING.items() if first.endswith(end)), None)
