"""The receiving side of a copy: takes bytes in, compares them with their names, and acknowledges what its disk has.

What was not finished stays below `source/partial/` and is gone on with the next time. Nothing that is sound is ever
replaced, and until `commit` nothing leads to what came in.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from plotter2.datter import arrival, codes, durable, events, objects, quarantine
from plotter2.datter.adding import catch_up
from plotter2.datter.arrival import Item, Record
from plotter2.datter.collecting import chunks_of
from plotter2.datter.ids import IdSource
from plotter2.datter.layout import CACHE, FOLDERS, INBOX, REFUSED, STAGED, Layout, prepare
from plotter2.datter.locks import locked
from plotter2.datter.registry import Registry, check_registry
from plotter2.datter.superseded import superseded
from plotter2.datter.task_runs import TaskRun
from plotter2.datter.workspace import sweep, workspace
from plotter2.errors import DataError
from plotter2.relay.link import VERSION, Closing, Synced, Wanted, Welcome
from plotter2.relay.log_copies import KEY, make_way_for_another, require_growth
from plotter2.relay.places import REPLACED, TOGETHER, item_of, place
from plotter2.relay.source import recorded

_OPEN_FILES = 200
_READ_STEP = 1 << 20
_DAMAGED = "its bytes are not those that its name promises"


@dataclass(frozen=True, slots=True)
class _Came:
    """An item that has come whole and is not synced yet."""

    item: Item
    file: Path
    fd: int


class Receiver:
    """Receives into an open root: a safe copy, or (`as_root`) a root that is restored.

    A restored root keeps what it has: settings that are there, a registry that can be read, and later events.
    `deep`: what is there is read from the disk before it counts as sound; else its size is enough.
    """

    def __init__(self, layout: Layout, folder: Path, *, as_root: bool, deep: bool) -> None:
        self._layout = layout
        self._ready = folder / "ready"
        self._loose = folder / "loose"
        self._as_root = as_root
        self._deep = deep
        self._asked: dict[tuple[str, str], Item] = {}
        self._hurt: set[Path] = set()
        self._came: list[_Came] = []
        self._stored: list[Item] = []
        self._refused: list[Item] = []
        self._synced: set[Path] = set()
        self._before = {} if as_root else recorded(layout)
        with durable.reported(folder):
            for path in (self._ready, self._loose, *self._arriving()):
                path.mkdir()

    # ------------------------------------------------------------ the calls of a Link
    def hello(self) -> Welcome:
        """Say how many events the root has and how much room there is."""
        free = os.statvfs(self._layout.root)
        room = free.f_bavail * free.f_frsize
        return Welcome(version=VERSION, events=len(events.listed(self._layout)), room=room)

    def ask(self, items: Sequence[Item]) -> tuple[Wanted, ...]:
        """Give those of the items that are not here, or not sound."""
        wanted = []
        for given in items:
            path = place(self._layout, given)
            if given.kind == "log" and given.name == KEY and not self._as_root:
                make_way_for_another(self._layout, given)
            item = self._as_before(given, path)
            self._asked[item.kind, item.name] = item
            if self._is_there(item, path):
                continue
            wanted.append(Wanted(item=item, offset=self._offset(item)))
        return tuple(wanted)

    def send(self, wanted: Wanted, pieces: Iterable[bytes]) -> None:
        """Take the bytes of an item in; it is acknowledged by the next `sync`, or refused there."""
        item = wanted.item
        place(self._layout, item)
        path = self._on_its_way(item)
        running = _hash_of(path, wanted.offset)
        came = durable.go_on(path, wanted.offset, _hashed(pieces, running))
        if running.hexdigest() != item.digest:
            os.close(came)
            durable.discard(path)
            self._refused.append(item)
            return
        self._came.append(_Came(item, path, came))
        if len(self._came) >= _OPEN_FILES:
            self._flush()

    def sync(self) -> Synced:
        """Bring everything that came to the disk, and give it its names."""
        self._flush()
        said = Synced(stored=tuple(self._stored), refused=tuple(self._refused))
        self._stored, self._refused = [], []
        return said

    def commit(self, closing: Closing) -> None:
        """Have the new state counted in one step. Raises DataError (P2-D0914) when something of it is not here."""
        self._flush()
        self._sync_folders()
        self._check_whole({(item.kind, item.name) for item in closing.incomplete})
        if self._as_root:
            self._drop_halves(closing.incomplete)
        else:
            arrival.write_record(self._ready, self._record(closing))
        durable.sync_dirs([*self._arriving(), self._ready])
        durable.rename_dir(self._ready, arrival.waiting(self._layout))
        arrival.finish(self._layout)
        if self._as_root:
            self._catch_up()

    def prove(self, digest: str, nonce: bytes) -> str:
        """Give the SHA-256 of nonce and object, read from the disk; "" when it is not there."""
        item = Item(kind="object", name=digest, digest=digest, bytes=0)
        try:
            return objects.digest_of_file(place(self._layout, item), from_disk=True, before=nonce)
        except FileNotFoundError:
            return ""

    def close(self) -> None:
        """Close what is open; what came and was not synced is not acknowledged."""
        while self._came:
            os.close(self._came.pop().fd)

    def _arriving(self) -> tuple[Path, ...]:
        return tuple(self._ready / name for name in ("commits", "config", "staged"))

    # ------------------------------------------------------------ asking
    def _as_before(self, item: Item, path: Path) -> Item:
        """Give the item as it was copied before: what never changes and has other bytes now is damaged at its source.

        Raises DataError (P2-D0913) when it is a change of the store.
        """
        before = self._before.get((item.kind, item.name), item)
        if before.digest == item.digest or item.kind in REPLACED or not path.exists():
            return item
        if item.kind == "output":
            return before
        raise DataError(
            codes.NOT_COPIED,
            f"the {item.kind} {item.name} has not the bytes any more that were copied before",
            where=item.name,
            help="it is damaged where it is copied from; mend it there: plotter2 restore COPY",
        )

    def _is_there(self, item: Item, path: Path) -> bool:
        if item.kind == "registry":
            return self._as_root and _is_sound_registry(path)
        if self._as_root and item.kind == "staged":
            # Whoever empties the inbox may be reading it at this moment.
            return os.path.lexists(self._layout.staged / item_of(item.name))
        try:
            size = path.stat().st_size
        except FileNotFoundError:
            return False
        if self._as_root and item.kind in ("config", "refused", "log"):
            return True
        deep = self._deep or item.kind in REPLACED
        if size == item.bytes and (not deep or _has_digest(path, item.digest)):
            return True
        if item.kind == "bundle" and _has_digest(path, item.digest):  # it is damaged at its source
            return True
        self._hurt.add(path)
        return False

    def _offset(self, item: Item) -> int:
        path = self._on_its_way(item)
        size = path.stat().st_size if path.exists() else 0
        return size if size <= item.bytes else 0

    def _on_its_way(self, item: Item) -> Path:
        if item.kind == "object":
            if not self._layout.partial.is_dir():
                durable.make_dir(self._layout.partial)
            return self._layout.partial / item.digest
        key = hashlib.sha256(f"{item.kind}/{item.name}".encode()).hexdigest()
        return self._loose / key

    # ------------------------------------------------------------ storing
    def _flush(self) -> None:
        came, self._came = self._came, []
        try:
            for one in came:
                os.fchmod(one.fd, _mode_of(one.item))
            durable.sync_all([(one.fd, one.file) for one in came])
        finally:
            for one in came:
                os.close(one.fd)
        finals = [(one, self._final(one.item)) for one in came]
        self._make_parents([final for _, final in finals])
        for one, final in finals:
            if one.item.kind == "log":
                require_growth(one.item, final, one.file)
            self._make_way(one.item, final)
            durable.link_new(one.file, final)
        parents = {final.parent for _, final in finals}
        _in_groups(sorted(parents))
        self._synced |= parents
        for one, _ in finals:
            durable.discard(one.file)
            self._stored.append(one.item)

    def _final(self, item: Item) -> Path:
        if item.kind not in TOGETHER:
            return place(self._layout, item)
        commits, config, staged = self._arriving()
        inside = {"event": commits, "config": config, "staged": staged}
        name = f"{item.name}.json" if item.kind == "event" else item.name
        return inside.get(item.kind, self._ready) / (
            "registry.db" if item.kind == "registry" else name
        )

    def _make_parents(self, finals: Sequence[Path]) -> None:
        """Make the folders that are not there, from above downwards, those with one parent together."""
        wanted = {final.parent for final in finals}
        while missing := {path for path in wanted if not path.is_dir()}:
            highest = {
                next(p for p in (path, *path.parents) if p.parent.is_dir()) for path in missing
            }
            for above in {path.parent for path in highest}:
                durable.make_dirs([path for path in highest if path.parent == above])

    def _make_way(self, item: Item, final: Path) -> None:
        """Take what is damaged out of the way: an object is kept aside, with the reason."""
        if final not in self._hurt:
            return
        if item.kind == "object":
            quarantine.keep(self._layout, final, "object", _DAMAGED)
        durable.discard(final)
        self._hurt.discard(final)

    # ------------------------------------------------------------ the end
    def _sync_folders(self) -> None:
        """Sync the folders of what was here already: who linked it may have died before its own sync."""
        folders = {place(self._layout, item).parent for item in self._asked.values()}
        there = {path for path in folders - self._synced if path.is_dir()}
        _in_groups(sorted(there | {self._layout.source, self._layout.output}))

    def _drop_halves(self, lacking: Sequence[Item]) -> None:
        """Leave staged items away that did not come whole: a half of one would be stored as if it were all of it."""
        *_, staged = self._arriving()
        for name in {item_of(item.name) for item in lacking if item.kind == "staged"}:
            durable.discard_dir(staged / name)

    def _check_whole(self, excused: set[tuple[str, str]]) -> None:
        came = [events.decoded(path) for path in sorted((self._ready / "commits").iterdir())]
        runs = [TaskRun(e.done, e.at, e.id) for e in came if isinstance(e, events.TaskDone)]
        gone = superseded(runs)
        for event in (each for each in came if each.id not in gone):
            for digest, size in self._named_by(event, excused).items():
                self._check_object(digest, size, excused)

    def _named_by(self, event: events.Event, excused: set[tuple[str, str]]) -> dict[str, int]:
        named = events.named_objects(event)
        if isinstance(event, events.Added):
            for bundle_id, digest in event.bundles.items():
                if ("bundle", bundle_id) not in excused:
                    named |= chunks_of(events.load_bundle(self._layout, bundle_id, digest))
        return named

    def _check_object(self, digest: str, size: int, excused: set[tuple[str, str]]) -> None:
        path = self._layout.object_file(digest)
        if ("object", digest) in excused or (path.exists() and path.stat().st_size == size):
            return
        raise DataError(
            codes.COPY_DAMAGED,
            f"the copy was to be finished without the object {digest}",
            where=str(path),
            help="copy again; what has come already is used",
        )

    def _record(self, closing: Closing) -> Record:
        asked = self._asked.values()
        held = [item for item in asked if item.kind == "object"]
        files = [item for item in asked if item.kind not in ("object", "registry")]
        return Record(
            source=closing.source,
            at=closing.at,
            events=sum(item.kind == "event" for item in files),
            objects=len(held),
            bytes=sum(item.bytes for item in held),
            private_keys=closing.private_keys,
            files=tuple(files),
            incomplete=closing.incomplete,
        )

    def _catch_up(self) -> None:
        registry = Registry.open(self._layout.registry / "registry.db")
        try:
            catch_up(self._layout, registry, leave_out=True)
        finally:
            registry.close()


@contextmanager
def receiving(root: Path, *, as_root: bool = False, deep: bool = False) -> Iterator[Receiver]:
    """Open a folder to receive a copy, during the block; nobody else may change it meanwhile.

    Raises DataError: P2-D0910 when it holds something else, P2-D0808 when another process holds it.
    """
    layout = Layout(root.absolute())
    check_target(layout, as_root=as_root)
    prepare(layout.root, takes_output=as_root)
    with ExitStack() as stack:
        stack.enter_context(locked(layout.lock))
        sweep(layout)
        arrival.finish(layout)
        folder = stack.enter_context(workspace(layout, IdSource().new()))
        receiver = Receiver(layout, folder, as_root=as_root, deep=deep)
        stack.callback(receiver.close)
        yield receiver


def check_target(layout: Layout, *, as_root: bool) -> None:
    """Raise DataError (P2-D0910) unless a folder is empty, or a root of the kind that is wanted."""
    if not layout.root.is_dir():
        return
    if not layout.commits.is_dir():
        names = sorted(path.name for path in layout.root.iterdir())
        others = [name for name in names if name not in OWN_FOLDERS]
        if others:
            raise _no_target(layout, f"holds {others[0]!r}", "choose an empty folder, or a new one")
        return
    if as_root and arrival.is_copy(layout):
        raise _no_target(layout, "is a safe copy itself", "choose another folder with --root DIR")
    own = bool(events.listed(layout)) or (layout.registry / "registry.db").exists()
    copied = arrival.waiting(layout).is_dir() or arrival.is_copy(layout)
    if not as_root and own and not copied:
        raise _no_target(layout, "is a root of its own", "choose another folder for the safe copy")


OWN_FOLDERS = frozenset({*FOLDERS, INBOX, CACHE, STAGED, REFUSED, "lost+found"})
"""What may lie in a folder that a killed copy began; and what an empty disk has by itself."""


def _no_target(layout: Layout, what: str, remedy: str) -> DataError:
    return DataError(
        codes.NOT_A_TARGET,
        f"{layout.root} {what} and cannot take a copy",
        where=str(layout.root),
        help=remedy,
    )


def _mode_of(item: Item) -> int:
    if item.kind == "config":
        name = item.name
        private = name.endswith("_ed25519") or (
            name.startswith("keys/") and not name.endswith(".pub")
        )
        return 0o600 if private else 0o644
    if item.kind == "log":
        return 0o600
    return 0o644 if item.kind in REPLACED else 0o444


def _is_sound_registry(path: Path) -> bool:
    """Tell whether there is a registry that can be read and says anything."""
    if not path.exists():
        return False
    try:
        registry = Registry.open(path)
    except DataError:
        return False
    try:
        check_registry(registry)
        return bool(registry.known_events() or registry.runs.newest(1))
    except DataError:
        return False
    finally:
        registry.close()


def _has_digest(path: Path, digest: str) -> bool:
    with durable.reported(path):
        return objects.digest_of_file(path, from_disk=True) == digest


def _hash_of(path: Path, length: int) -> hashlib._Hash:
    running = hashlib.sha256()
    if length:
        with durable.reported(path), path.open("rb") as file:
            while length > 0 and (piece := file.read(min(_READ_STEP, length))):
                running.update(piece)
                length -= len(piece)
    return running


def _hashed(pieces: Iterable[bytes], running: hashlib._Hash) -> Iterator[bytes]:
    for piece in pieces:
        running.update(piece)
        yield piece


def _in_groups(folders: Sequence[Path]) -> None:
    for start in range(0, len(folders), _OPEN_FILES):
        durable.sync_dirs(folders[start : start + _OPEN_FILES])
