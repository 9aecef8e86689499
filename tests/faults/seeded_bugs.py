"""Bugs that are put into the store's protocol on purpose, in the process that the tests watch, never in the product.

Every one is a mistake that a sound-looking change could make. `test_seeded_bugs_are_caught.py` demands that at least
one layer of the tests finds each; `which_layer_finds_what.py` prints which do.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import apsw

from plotter2.datter import (
    adding,
    collecting,
    database,
    durable,
    events,
    living,
    objects,
    output,
    recovering,
    registry,
    store,
)
from plotter2.errors import DataError
from plotter2.staging import accepting, batches, inbox, quarantine
from plotter2.staging.grounds import Grounds

BUGS: dict[str, Callable[[], None]] = {}
"""Name, as a function is called, -> what puts the bug in."""


LOOK_FIRST: dict[str, tuple[str, str]] = {}
"""Bugs that only few disks show -> where the explorer finds them soon: the kind of crashes, the story."""
FAULTS: dict[str, tuple[str, str, str]] = {}
"""Bugs that need a fault to do harm, which no explored disk has -> mode, workload and file system of `fault_points`."""

_Install: TypeAlias = Callable[[], None]


def _bug(install: _Install) -> _Install:
    BUGS[install.__name__] = install
    return install


def _rare(kind: str, story: str) -> Callable[[_Install], _Install]:
    def seeded(install: _Install) -> _Install:
        LOOK_FIRST[install.__name__] = kind, story
        return _bug(install)

    return seeded


def _shown_by(mode: str, workload: str, file_system: str = "") -> Callable[[_Install], _Install]:
    def seeded(install: _Install) -> _Install:
        FAULTS[install.__name__] = mode, workload, file_system
        return _bug(install)

    return seeded


def _is_folder(fd: int) -> bool:
    return stat.S_ISDIR(os.fstat(fd).st_mode)


def _nothing(*_: object, **__: object) -> None:
    return None


# ------------------------------------------------------------ syncs that are not there
@_bug
def no_file_sync() -> None:
    """Files are not synced, folders are."""
    sound = durable.sync
    durable.sync = lambda fd, where: sound(fd, where) if _is_folder(fd) else None


@_bug
def no_folder_sync() -> None:
    """No folder is synced, ever."""
    sound = durable.sync
    durable.sync = lambda fd, where: None if _is_folder(fd) else sound(fd, where)


@_bug
def no_folder_sync_when_published() -> None:
    """An event gets its name, and the folder of events is not synced."""
    durable.publish = _linked_only


def _linked_only(tmp: Path, final: Path) -> bool:
    new = durable.link_new(tmp, final)
    durable.discard(tmp)
    return new


@_bug
def no_folder_sync_of_objects() -> None:
    """Objects get their names, and their folders are not synced."""
    objects.durable = _With(durable, sync_dirs=_nothing)  # type: ignore[assignment]


@_bug
def no_folder_sync_of_descriptions() -> None:
    """Descriptions of bundles get their names, and their folders are not synced."""
    adding.durable = _With(durable, sync_dirs=_nothing)  # type: ignore[assignment]


@_bug
def no_parent_sync_of_new_folders() -> None:
    """New folders are made, and the folder around them is not synced."""

    def made(paths: Sequence[Path], modes: dict[str, int] | None = None) -> None:
        for path in paths:
            path.mkdir(exist_ok=True)

    durable.make_dirs = made  # type: ignore[assignment]


@_bug
def pictures_named_before_their_bytes_are_synced() -> None:
    """The folder of a run's pictures is renamed into place, and no file in it was synced."""

    def unsynced(path: Path, pieces: Iterable[bytes | memoryview], mode: int = 0o444) -> None:
        os.close(durable.begin(path, pieces, mode))

    output.durable = _With(durable, write_new=unsynced)  # type: ignore[assignment]


@_rare("once", "inbox")
def replaced_by_what_is_not_synced() -> None:
    """A file is replaced by one whose bytes were not synced: the reasons and lines of the quarantine."""
    sound = durable.replace

    def unsynced(final: Path, data: bytes) -> None:
        whole = durable.sync
        durable.sync = lambda fd, where: whole(fd, where) if _is_folder(fd) else None
        try:
            sound(final, data)
        finally:
            durable.sync = whole

    durable.replace = unsynced


class _With:
    """A module, with some of its functions replaced."""

    def __init__(self, module: object, **others: object) -> None:
        self._module = module
        self.__dict__.update(others)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


# ------------------------------------------------------------ SQLite
def _opened_with(pragma: str) -> None:
    sound = database.open_database

    def opened(path: Path) -> apsw.Connection:
        connection = sound(path)
        connection.pragma("synchronous", pragma)
        return connection

    registry.open_database = opened


@_bug
def synchronous_normal() -> None:
    """Commits of the registry are not synced; its log is when it is folded in."""
    _opened_with("normal")


@_bug
def synchronous_off() -> None:
    """SQLite never syncs."""
    _opened_with("off")


@_rare("believed", "asking")
def rows_seen_again_are_believed() -> None:
    """A registry that is opened believes what it reads, which its last writer may not have synced."""
    database._fold_in = _nothing


# ------------------------------------------------------------ names
@_bug
def written_in_place() -> None:
    """An event is written under its final name."""

    def in_place(tmp: Path, final: Path, pieces: Iterable[bytes | memoryview]) -> bool:
        durable.write_new(final, pieces)
        durable.sync_dir(final.parent)
        return True

    durable.put = in_place


@_rare("once", "life")
def pictures_before_the_run_has_its_end() -> None:
    """Pictures become visible, and only then, in a transaction of its own, the run is done; a dead run keeps them."""
    living.Journal.end_run = _end_run_only  # type: ignore[method-assign]


def _end_run_only(self: living.Journal, run_id: str, state: str, record: dict[str, Any]) -> None:
    self.registry.runs.finish(run_id, state, 0, record)


# ------------------------------------------------------------ order
@_bug
def index_before_objects() -> None:
    """A bundle's rows are committed before its objects are there."""
    sound = adding.Adding.commit

    def commit(self: Any, *words: Any, **more: Any) -> Any:
        publish = self._incoming.publish
        self._incoming.publish = lambda: objects.Published(())
        entered = sound(self, *words, **more)
        publish()
        return entered

    adding.Adding.commit = commit  # type: ignore[method-assign]


@_bug
def index_before_its_event() -> None:
    """A bundle's rows are committed before the event that the files keep of it."""
    sound, put = adding.Adding.commit, durable.put

    def commit(self: Any, *words: Any, **more: Any) -> Any:
        late: list[tuple[Any, ...]] = []
        with _swapped(durable, put=lambda *given: late.append(given)):
            entered = sound(self, *words, **more)
        for given in late:
            put(*given)
        return entered

    adding.Adding.commit = commit  # type: ignore[method-assign]


@_bug
def event_before_objects() -> None:
    """The event says that a bundle is there before its objects are."""
    sound = adding.Adding._publish

    def published(self: Any, bundles: Any, fresh: objects.Published, within: Any) -> None:
        add = self._registry.add

        def enter(event: str, rows: Iterable[Any]) -> None:
            self._late()
            add(event, rows)

        self._registry.add = enter
        try:
            sound(self, bundles, fresh, within)
        finally:
            del self._registry.add

    commit = adding.Adding.commit

    def late(self: Any, *words: Any, **more: Any) -> Any:
        self._late = self._incoming.publish
        self._incoming.publish = lambda: objects.Published(())
        return commit(self, *words, **more)

    adding.Adding._publish = published  # type: ignore[method-assign]
    adding.Adding.commit = late  # type: ignore[method-assign]


@contextlib.contextmanager
def _swapped(module: Any, **others: Any) -> Any:
    before = {name: getattr(module, name) for name in others}
    for name, other in others.items():
        setattr(module, name, other)
    try:
        yield
    finally:
        for name, sound in before.items():
            setattr(module, name, sound)


@_rare("once", "inbox")
def staged_copy_removed_before_it_is_stored() -> None:
    """What was read is removed from the staged items, and stored afterwards."""
    sound = batches._sorted_out

    def sorted_out(drafted: Any) -> Any:
        found = sound(drafted)
        for one in found[0]:
            item = one.planned.item
            (durable.discard_dir if item.is_dir() else durable.discard)(item)
        return found

    batches._sorted_out = sorted_out
    inbox.look = lambda item: None
    inbox.Inbox._is_done = lambda self, stored: bool(  # type: ignore[method-assign]
        self._tell(inbox.Told("stored", stored.item.name)) or True
    )


@_rare("once", "inbox")
def staged_folders_leave_file_by_file() -> None:
    """A staged folder that is stored is removed where it lies, one file after the other."""

    def removed(_: Grounds, item: Path) -> None:
        (durable.discard_dir if item.is_dir() else durable.discard)(item)

    quarantine.remove = removed


@_rare("once", "inbox")
def acknowledged_before_it_is_staged() -> None:
    """Items are renamed into the staged ones and acknowledged, and no folder is synced."""
    accepting.durable = _With(durable, sync_dirs=_nothing)  # type: ignore[assignment]


@_rare("once", "dropped")
def acknowledged_before_its_bytes_are_synced() -> None:
    """Items are renamed into the staged ones, but their bytes are never synced."""
    accepting._sync_and_close = lambda opened: [os.close(opened.pop()[0]) for _ in list(opened)]


# ------------------------------------------------------------ coming back
@_rare("believed", "life")
def events_seen_again_are_believed() -> None:
    """Coming back, events are entered that their dead writer may not have synced."""
    events.durable = _With(durable, sync_dir=_nothing)  # type: ignore[assignment]


@_rare("believed", "life")
def objects_seen_again_are_believed() -> None:
    """An object that is there already is not synced, though its dead writer may not have."""
    sound = objects.Incoming.publish

    def publish(self: Any) -> objects.Published:
        known = {d for d, written in self._written.items() if not written}
        with _swapped(
            durable,
            sync_dirs=lambda paths: _SYNC_DIRS(
                [p for p in paths if not any(d.startswith(p.name) for d in known)]
            ),
        ):
            return sound(self)

    objects.Incoming.publish = publish  # type: ignore[method-assign]


_SYNC_DIRS = durable.sync_dirs


@_rare("believed", "inbox")
def folders_seen_again_are_believed() -> None:
    """The folders of staging that a dead process made are used, and the folder around them is not synced."""

    def make(self: Grounds) -> None:
        wanted = [self.inbox, self.staged, self.quarantine]
        if not all(path.is_dir() for path in wanted):
            durable.make_dirs(wanted)

    Grounds.make = make  # type: ignore[method-assign]


@_bug
def events_are_not_replayed() -> None:
    """Coming back, nobody looks for events that the index does not know."""
    for module in (adding, recovering, store):
        module.catch_up = lambda layout, registry: 0  # type: ignore[attr-defined]


# ------------------------------------------------------------ errors
@_shown_by("disk full once", "changing")
def full_disk_ignored() -> None:
    """A write that finds no room is taken for done."""
    sound = durable.write_all

    def write(fd: int, data: bytes | memoryview) -> None:
        with contextlib.suppress(OSError):
            sound(fd, data)

    durable.write_all = write


@_shown_by("short write", "changing")
def short_writes_are_not_continued() -> None:
    """What one call to write takes is taken for all of it."""
    durable.write_all = lambda fd, data: os.write(fd, data) and None


@_shown_by("sync fails", "changing", "ext4")
def failed_syncs_are_tried_again() -> None:
    """A sync that failed is tried again, and then it says that all is well."""
    sound = durable.sync

    def patient(fd: int, where: Path) -> None:
        try:
            sound(fd, where)
        except DataError:
            sound(fd, where)

    durable.sync = patient


@_shown_by("sync fails", "changing", "ext4")
def failed_syncs_are_ignored() -> None:
    """A sync that failed is taken for done."""

    def careless(fd: int, where: Path) -> None:
        with contextlib.suppress(OSError):
            os.fsync(fd)

    durable.sync = careless


# ------------------------------------------------------------ files that bundles keep
@_bug
def kept_files_get_names_unsynced() -> None:
    """A file that comes in pieces is closed at once, and its bytes are not synced before it gets its name."""
    sound = objects.Incoming.put_pieces

    def unsynced(self: objects.Incoming, pieces: Iterable[bytes]) -> tuple[str, int]:
        found = sound(self, pieces)
        if self._open:
            os.close(self._open.pop()[0])
        return found

    objects.Incoming.put_pieces = unsynced  # type: ignore[method-assign]


@_bug
def collecting_forgets_kept_files() -> None:
    """Only the columns of bundles are needed; the files that they keep are garbage."""
    collecting.objects_of = lambda files, arrays: {}
