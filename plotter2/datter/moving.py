"""Renaming and archiving bundles: one event, then the index; what a bundle holds and its id stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from plotter2.datter import codes, events, select
from plotter2.datter.bundle import State, check_name
from plotter2.datter.ids import IdSource, is_id_prefix, now_ms
from plotter2.datter.layout import Layout
from plotter2.datter.registry import BundleRow, Registry, Renamed
from plotter2.errors import DataError


@dataclass(frozen=True, slots=True)
class Change:
    """What a change works on: the store's files and index, and a work folder; the lock is held."""

    layout: Layout
    registry: Registry
    ids: IdSource
    folder: Path


def rename(on: Change, old: str, new: str) -> tuple[Renamed, ...]:
    """Rename a bundle, all its attempts and all below it; gives each change.

    The old name goes on meaning the bundle until another one gets it. Raises DataError: P2-D0810
    (no such name), P2-D0815 (bad name), P2-D0820 (name in use).
    """
    check_name(new)
    old = _name_of(on.registry, old)
    moved = on.registry.tree(old)
    if not moved:
        select.bundles(on.registry, old)  # says what is near, or what it is called now
        raise _unknown(old)
    if old == new:
        return ()
    _check_free(on.registry, new, moved)
    at = now_ms()
    changes = tuple(
        events.NameChange(bundle=b.id, old=b.name, new=new + b.name[len(old) :]) for b in moved
    )
    for name in {change.new for change in changes}:
        check_name(name)
    event = events.Moved(id=on.ids.new(), at=at, changes=changes)
    events.publish(on.layout, on.folder, event)
    told = tuple(Renamed(c.bundle, c.old, c.new, at) for c in changes)
    on.registry.rename(event.id, told)
    return told


def archive(on: Change, path: str, *, undo: bool) -> tuple[BundleRow, ...]:
    """Archive a bundle and all below it, or bring them back; gives the bundles that changed.

    A name means all its attempts; an id means that attempt and what was added below it. Archiving
    what is archived changes nothing. Raises DataError: P2-D0810 (unknown), P2-D0811 (an id that
    begins several), P2-D0825 (nothing to bring back).
    """
    meant = _meant(on.registry, path)
    state: State = "active" if undo else "archived"
    changed = tuple(bundle for bundle in meant if bundle.state != state)
    if not changed and undo:
        raise DataError(
            codes.NOT_ARCHIVED,
            f"nothing of {path!r} is archived",
            where=path,
            help="plotter2 ls --archived shows what is",
        )
    if changed:
        ids = tuple(bundle.id for bundle in changed)
        event = events.Shelved(id=on.ids.new(), at=now_ms(), bundles=ids, state=state)
        events.publish(on.layout, on.folder, event)
        on.registry.shelve(event.id, ids, state)
    return changed


def _meant(registry: Registry, path: str) -> tuple[BundleRow, ...]:
    by_name = registry.tree(path)
    if by_name:
        return by_name
    found = select.bundles(registry, path)
    if not is_id_prefix(path):
        names = dict.fromkeys(bundle.name for bundle in found)
        every = {bundle.id: bundle for name in names for bundle in registry.tree(name)}
        return tuple(every.values())
    meant: list[BundleRow] = []
    below: Sequence[BundleRow] = found
    while below:
        meant += below
        below = registry.children_of([bundle.id for bundle in below])
    return tuple(meant)


def _name_of(registry: Registry, path: str) -> str:
    """Give the name of the bundle that an id means; a name is given back."""
    if registry.tree(path) or not is_id_prefix(path):
        return path
    return select.bundles(registry, path)[0].name


def _unknown(old: str) -> DataError:
    return DataError(
        codes.UNKNOWN_BUNDLE,
        f"there is no bundle {old!r}",
        where=old,
        help="plotter2 ls lists the bundles there are; a table or a former name cannot be renamed",
    )


def _check_free(registry: Registry, new: str, moved: tuple[BundleRow, ...]) -> None:
    taken = {b.id for b in registry.tree(new)} - {b.id for b in moved}
    if taken:
        raise DataError(
            codes.NAME_TAKEN,
            f"the name {new!r} belongs to another bundle",
            where=new,
            help="choose a name that is not in use; plotter2 ls lists the names, --archived all",
        )
