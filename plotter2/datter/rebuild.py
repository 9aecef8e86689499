"""Making the registry anew from the files under `source/`. No other plotter2 may use the root meanwhile.

Run records and serial numbers live in the registry only: they are taken over from the old one if
it can still be read. A bundle whose description cannot be read is left out, and everything else is entered; once its
file is mended, the next rebuild brings it back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from plotter2.datter import arrival, durable, events, quarantine
from plotter2.datter.ids import IdSource
from plotter2.datter.layout import Layout, prepare
from plotter2.datter.left_out import LeftOut, Renumbered
from plotter2.datter.locks import locked
from plotter2.datter.registry import Registry, check_registry, copy_runs
from plotter2.errors import DataError


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild did: events replayed, and where the unreadable old registry is kept, if it was.

    `left_out` is what could not be read, `renumbered` are bundles that had taken the place of one that is back.
    """

    events: int
    runs_kept: bool
    set_aside: Path | None
    left_out: tuple[LeftOut, ...] = ()
    renumbered: tuple[Renumbered, ...] = ()


def rebuild(root: Path, patience_s: float) -> Rebuilt:
    """Replay all events into a new registry and put it in the old one's place.

    Raises DataError: P2-D0801 when the disk is full, P2-D0808 when another process holds the store; the old registry
    stays then.
    """
    layout = prepare(root.absolute())
    path = layout.registry / "registry.db"
    with locked(layout.lock, patience_s):
        arrival.finish(layout)
        name = IdSource().new()
        fresh = layout.registry / f"{name}.db"
        try:
            found = events.listed(layout)
            filled = _fill(layout, fresh, path, found)
            why = "its run records could not be read when the registry was made anew"
            if not filled.runs_kept:
                aside = quarantine.keep(layout, path, "registry", why).file
                filled = replace(filled, set_aside=aside)
            _take_place(fresh, path)
        except BaseException:
            _discard_database(fresh)
            raise
    return filled


def _fill(layout: Layout, fresh: Path, old: Path, found: tuple[str, ...]) -> Rebuilt:
    new = Registry.open(fresh)
    try:
        events.replay(layout, new, found, leave_out=True)
        runs_kept = _keep_runs(old, new)
        return Rebuilt(len(found), runs_kept, None, new.left_out.all(), new.left_out.renumbered())
    finally:
        new.close()


def _keep_runs(old: Path, new: Registry) -> bool:
    if not old.exists():
        return True
    try:
        registry = Registry.open(old)
    except DataError:
        return False
    try:
        check_registry(registry)
        copy_runs(registry, new)
        _keep_names(registry, new)
    except DataError:
        return False
    finally:
        registry.close()
    return True


def _keep_names(old: Registry, new: Registry) -> None:
    """Tell what is left out by its name, where the old registry knows it."""
    known = {each.bundle: each.name for each in old.left_out.all()}
    for each in new.left_out.all():
        row = old.bundle(each.bundle)
        name = row.name if row is not None else known.get(each.bundle, "")
        if name:
            new.left_out.call(each.bundle, name)


def _take_place(fresh: Path, path: Path) -> None:
    """A write-ahead log belongs to one database: the old one's goes before the new one comes."""
    for ending in ("-wal", "-shm"):
        durable.discard(path.with_name(path.name + ending))
    with durable.reported(path):
        fresh.replace(path)
    durable.sync_dir(path.parent)


def _discard_database(path: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        durable.discard(path.with_name(path.name + ending))
