"""A new state of a whole store, handed over in one step: `registry/arrival/`, which appears by one rename.

It holds events, settings, staged items and the registry of that state. Objects and descriptions were put into their
places before, where nothing leads to them yet. Once the folder is there the new state counts, and whoever opens the
root next does what is left to do; that may be begun any number of times. `registry/safecopy.json` marks a root that is
a safe copy.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from plotter2.datter import codes, database, durable
from plotter2.datter.bundle import canonical
from plotter2.datter.ids import IdSource
from plotter2.datter.layout import Layout
from plotter2.errors import DataError

Kind: TypeAlias = Literal[
    "object",
    "bundle",
    "event",
    "output",
    "session",
    "log",
    "refused",
    "staged",
    "config",
    "registry",
]


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A file of a store that is copied: what it is, its name among its kind, SHA-256 and size."""

    kind: Kind
    name: str
    digest: str
    bytes: int


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a safe copy says of itself: of what, when (ms since 1970), and every file that is no object.

    `incomplete` is what was damaged where it came from, and is not there.
    """

    source: str
    at: int
    events: int
    objects: int
    bytes: int
    private_keys: bool = False
    files: tuple[Item, ...] = ()
    incomplete: tuple[Item, ...] = ()
    version: Literal[1] = 1


_RECORD = msgspec.json.Decoder(Record)


def record_of(layout: Layout) -> Record | None:
    """Give what a safe copy says of itself; None when the root is none. Raises DataError (P2-D0914)."""
    path = _record_file(layout)
    with durable.reported(path):
        try:
            return _RECORD.decode(path.read_bytes())
        except FileNotFoundError:
            return None
        except msgspec.MsgspecError as error:
            raise DataError(
                codes.COPY_DAMAGED,
                f"the record of this safe copy cannot be read: {error}",
                where=str(path),
                help="make the safe copy again: plotter2 backup; what is there already is used",
            ) from None


def is_copy(layout: Layout) -> bool:
    """Tell whether a root is a safe copy of another one."""
    return _record_file(layout).exists()


def check_not_copy(layout: Layout) -> None:
    """Raise DataError (P2-D0911) when a root is a safe copy: a change would part it from what it copies."""
    if is_copy(layout):
        raise DataError(
            codes.IS_A_COPY,
            f"{layout.root} is a safe copy and is not changed",
            where=str(layout.root),
            help=f"make a root of it: plotter2 restore {layout.root} --root NEW",
        )


def waiting(layout: Layout) -> Path:
    """Give where a new state waits to be taken over, if there is one."""
    return layout.registry / "arrival"


def finish(layout: Layout) -> None:
    """Take over the state that waits, if there is one. The caller holds the store's lock. Raises DataError."""
    arrived = waiting(layout)
    if not arrived.is_dir():
        return
    _link_events(layout, arrived / "commits")
    _put_settings(layout, arrived / "config")
    _put_staged(layout, arrived / "staged")
    if (arrived / "registry.db").exists():
        _take_registry(layout, arrived / "registry.db")
    if (arrived / "safecopy.json").exists():
        with durable.reported(arrived):
            durable.replace(_record_file(layout), (arrived / "safecopy.json").read_bytes())
    gone = layout.temp / IdSource().new()
    durable.rename_dir(arrived, gone)
    durable.sync_dir(layout.registry)
    durable.discard_dir(gone)


def write_record(folder: Path, record: Record) -> None:
    """Put the record of a safe copy into a folder that is about to arrive. Raises DataError."""
    durable.write_new(folder / "safecopy.json", (canonical(record),))


def _record_file(layout: Layout) -> Path:
    return layout.registry / "safecopy.json"


def _link_events(layout: Layout, folder: Path) -> None:
    if not folder.is_dir():
        return
    with durable.reported(folder):
        files = sorted(folder.iterdir())
    for path in files:
        final = layout.commits / path.name
        if not durable.link_new(path, final):
            with durable.reported(final):
                content = path.read_bytes()
                if final.read_bytes() != content:  # an event never changes: this one is damaged
                    durable.replace(final, content)
    durable.sync_dir(layout.commits)


def _put_settings(layout: Layout, folder: Path) -> None:
    with durable.reported(folder):
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        for path in files:
            final = layout.config / path.relative_to(folder)
            for parent in reversed(final.relative_to(layout.config).parents[:-1]):
                durable.make_dir(layout.config / parent, 0o700)
            if not final.exists():  # its rights come with it
                durable.link_new(path, final)
                durable.sync_dir(final.parent)
            elif final.read_bytes() != path.read_bytes():
                durable.replace(final, path.read_bytes())


def _put_staged(layout: Layout, folder: Path) -> None:
    """Put items among the staged ones, each whole in one step, so that whoever stores them never finds half of one."""
    for batch in _entries(folder):
        durable.make_dir(layout.staged)
        final = layout.staged / batch.name
        durable.make_dir(final)
        for item in _entries(batch):
            if os.path.lexists(final / item.name):
                _add_files(item, final / item.name)
            else:
                with durable.reported(item):
                    item.rename(final / item.name)
        durable.sync_dirs([final, batch])


def _add_files(item: Path, final: Path) -> None:
    """Add files of an item that came in part before, which is so in a safe copy only, where nobody stores it."""
    with durable.reported(item):
        paths = [item] if item.is_file() else sorted(p for p in item.rglob("*") if p.is_file())
    for path in paths:
        target = final / path.relative_to(item)
        for parent in reversed(target.relative_to(final.parent).parents[:-1]):
            durable.make_dir(final.parent / parent)
        durable.discard(target)  # it was not what it should be, or it is this one
        durable.link_new(path, target)
        durable.sync_dir(target.parent)


def _entries(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    with durable.reported(folder):
        return sorted(folder.iterdir())


def _take_registry(layout: Layout, new: Path) -> None:
    """Give the registry the content of another one in one transaction; a damaged one is replaced as a file."""
    path = layout.registry / "registry.db"
    try:
        database.copy_database(new, path)
    except DataError as error:
        if error.code != codes.REGISTRY_DAMAGED:
            raise
        for ending in ("-wal", "-shm"):
            durable.discard(path.with_name(path.name + ending))
        durable.replace(path, new.read_bytes())
