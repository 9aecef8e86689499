"""Files of a store as items of a copy: their bytes are read once, for size and digest."""

from __future__ import annotations

from pathlib import Path

from plotter2.datter import durable, objects
from plotter2.datter.arrival import Item, Kind


def item_at(path: Path, kind: Kind, name: str) -> Item:
    """Give a file as the item of this name. Raises DataError."""
    with durable.reported(path):
        return Item(
            kind=kind, name=name, digest=objects.digest_of_file(path), bytes=path.stat().st_size
        )


def items_below(folder: Path, kind: Kind, base: Path) -> list[Item]:
    """Give all plain files below a folder, each called by its way from `base`; none without it. Raises DataError."""
    if not folder.is_dir():
        return []
    with durable.reported(folder):
        paths = sorted(p for p in folder.rglob("*") if p.is_file() and not p.is_symlink())
    return [item_at(path, kind, path.relative_to(base).as_posix()) for path in paths]
