"""Renaming bundles: one event, then the index; what a bundle holds and its id stay."""

from __future__ import annotations

from pathlib import Path

from plotter2.datter import codes, durable, events
from plotter2.datter.bundle import check_name
from plotter2.datter.ids import IdSource, now_ms
from plotter2.datter.layout import Layout
from plotter2.datter.registry import BundleRow, Registry, Renamed
from plotter2.errors import DataError


def rename(
    layout: Layout, registry: Registry, ids: IdSource, folder: Path, change: tuple[str, str]
) -> int:
    """Rename a bundle, all its attempts and all below it from `change[0]` to `change[1]`.

    The caller holds the store's lock and gives a work folder. Gives the number of bundles renamed.
    Raises DataError: P2-D0810 (no such name), P2-D0815 (bad name), P2-D0820 (name in use).
    """
    old, new = change
    check_name(new)
    moved = registry.tree(old)
    if not moved:
        raise DataError(
            codes.UNKNOWN_BUNDLE,
            f"there is no bundle {old!r}",
            where=old,
            help="plotter2 show lists the bundles there are",
        )
    _check_free(registry, new, moved)
    at = now_ms()
    changes = tuple(
        events.NameChange(bundle=b.id, old=b.name, new=new + b.name[len(old) :]) for b in moved
    )
    for name in {change.new for change in changes}:
        check_name(name)
    event = events.Moved(id=ids.new(), at=at, changes=changes)
    durable.put(folder / "event", layout.commits / f"{event.id}.json", (events.encode(event),))
    registry.rename(event.id, (Renamed(c.bundle, c.old, c.new, at) for c in changes))
    return len(moved)


def _check_free(registry: Registry, new: str, moved: tuple[BundleRow, ...]) -> None:
    taken = {b.id for b in registry.tree(new)} - {b.id for b in moved}
    if taken:
        raise DataError(
            codes.NAME_TAKEN,
            f"the name {new!r} belongs to another bundle",
            where=new,
            help="choose a name that is not in use; plotter2 show lists the names",
        )
