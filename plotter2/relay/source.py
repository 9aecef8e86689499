"""A root as the source of a copy: one moment of it, while others go on writing.

The registry is copied first, by SQLite itself. What it names is on the disk and never changes, so that everything
else can be read later without a lock.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from plotter2.datter import arrival, codes, durable, objects
from plotter2.datter.arrival import Item, Kind
from plotter2.datter.layout import Layout
from plotter2.datter.registry import Registry
from plotter2.datter.store import Store
from plotter2.datter.workspace import workspace
from plotter2.errors import DataError
from plotter2.relay.items import item_at, items_below
from plotter2.relay.link import PIECE
from plotter2.relay.log_copies import log_items
from plotter2.relay.places import has_place, item_of, place

_LOG_KEY = "log_ed25519"
_PRIVATE = b"PRIVATE KEY-----"
_HEAD = 4096
_LARGEST_SETTING = 1 << 20
_REGISTRY = "registry.db"
_NO_FILE = "it is no plain file"
"""Nothing is ever read from such a thing."""
_LOCK = ".lock"
"""Held by who empties the inbox; it says nothing."""


@dataclass(frozen=True)
class LocalSource:
    """A moment of a root on this machine; `left_out` are files below it that are not copied, with the reason."""

    layout: Layout
    registry_file: Path
    found: tuple[Item, ...]
    left_out: dict[str, str] = field(default_factory=dict)
    moment: dict[tuple[str, str], Path] = field(default_factory=dict)
    """Where the bytes of those lie that grow meanwhile."""

    def items(self) -> tuple[Item, ...]:
        """Give all items: objects first, then files, then events, settings and the registry."""
        return self.found

    def path_of(self, item: Item) -> Path:
        """Give where the bytes of an item are."""
        if item.kind == "registry":
            return self.registry_file
        return self.moment.get((item.kind, item.name)) or place(self.layout, item)

    def read(self, item: Item, offset: int) -> Iterator[bytes]:
        """Give the bytes of an item from `offset` on. Raises DataError."""
        path = self.path_of(item)
        with durable.reported(path), path.open("rb") as file:
            file.seek(offset)
            while piece := file.read(PIECE):
                yield piece

    def is_sound(self, item: Item) -> bool:
        """Tell whether an item has the bytes here that its digest promises."""
        try:
            return objects.digest_of_file(self.path_of(item), from_disk=True) == item.digest
        except OSError:
            return False


@contextmanager
def moment_of(store: Store, *, private_keys: bool = False) -> Iterator[LocalSource]:
    """Give the present moment of an open store as a source, during the block. Raises DataError."""
    layout = store.layout
    left_out: dict[str, str] = {}
    before = recorded(layout)
    aside = _Aside(layout, left_out, private_keys, before if arrival.is_copy(layout) else None)
    # First, so that what is stored meanwhile is among the bundles of the registry.
    staged = aside.found("staged", layout.staged)
    with _registry_of(store) as file:
        registry = Registry.open(file)
        try:
            contents = registry.contents()
            events = registry.known_events()
            lacking = registry.left_out.all()
        finally:
            registry.close()
        chunks = {digest: size for _, held in contents for digest, size in held.items()}
        found = [Item(kind="object", name=d, digest=d, bytes=size) for d, size in chunks.items()]
        found += [_described(layout, row.id, row.digest) for row, _ in contents]
        found += [_described(layout, each.bundle, each.digest) for each in lacking if each.bundle]
        found += items_below(layout.output, "output", layout.output)
        found += items_below(layout.sessions, "session", layout.sessions)
        of_log, moment = log_items(layout, file.parent)
        found += of_log
        found += aside.found("refused", layout.refused)
        found += staged
        found += [item_at(layout.commits / f"{e}.json", "event", e) for e in events]
        found += _settings(layout, left_out, private_keys=private_keys)
        found.append(item_at(file, "registry", "registry"))
        # A copy's files are what they were when they were copied, or damaged.
        items = tuple(before.get((item.kind, item.name), item) for item in found)
        yield LocalSource(layout, file, items, left_out, moment)


def recorded(layout: Layout) -> dict[tuple[str, str], Item]:
    """Give what a safe copy noted of its files; nothing of another root, or of a copy whose record is damaged.

    What staging kept counts only where it came whole.
    """
    try:
        record = arrival.record_of(layout)
    except DataError:
        record = None
    if record is None:
        return {}
    halves = {item_of(item.name) for item in record.incomplete if item.kind == "staged"}
    gone = {item.name for item in record.incomplete if item.kind == "refused"}
    return {
        (item.kind, item.name): item
        for item in record.files
        if not (item.kind == "staged" and item_of(item.name) in halves)
        and not (item.kind == "refused" and item.name in gone)
    }


@contextmanager
def _registry_of(store: Store) -> Iterator[Path]:
    """Give a copy of the registry for a few moments: below the root, elsewhere where there is no room or no right."""
    with ExitStack() as stack:
        yield _written_below(store, stack) or _written_elsewhere(store, stack)


def _written_below(store: Store, stack: ExitStack) -> Path | None:
    if not store.takes_changes:
        return None
    with ExitStack() as own:
        try:
            file = own.enter_context(workspace(store.layout, store.new_id())) / _REGISTRY
            store.write_registry(file)
        except DataError as error:
            if error.code != codes.DISK_FULL:
                raise
            return None
        stack.push(own.pop_all())
        return file


def _written_elsewhere(store: Store, stack: ExitStack) -> Path:
    file = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="plotter2-"))) / _REGISTRY
    store.write_registry(file)
    return file


def _described(layout: Layout, bundle_id: str, digest: str) -> Item:
    path = layout.bundle_file(bundle_id)
    size = path.stat().st_size if path.exists() else 0
    return Item(kind="bundle", name=bundle_id, digest=digest, bytes=size)


@dataclass(frozen=True, slots=True)
class _Aside:
    """What staging keeps beside the store: what it acknowledged and what it refused. It may go at any moment.

    Of a copy it is what was noted when it was made, there or not: nothing there is ever removed.
    """

    layout: Layout
    left_out: dict[str, str]
    private_keys: bool
    noted: Mapping[tuple[str, str], Item] | None

    def found(self, kind: Literal["refused", "staged"], folder: Path) -> list[Item]:
        """Give the files below one of the folders; of a staged item all of them, or none."""
        found = []
        halves: set[str] = set()
        with durable.reported(folder):
            for path in sorted(self._paths(kind, folder)):
                name = path.relative_to(folder).as_posix()
                with suppress(FileNotFoundError):
                    if why := self._why_not(path, name, kind):
                        self.left_out[f"{folder.name}/{name}"] = why
                        if kind == "staged" and why != _NO_FILE:
                            halves.add(item_of(name))
                    else:
                        digest = objects.digest_of_file(path)
                        size = path.stat().st_size
                        found.append(Item(kind=kind, name=name, digest=digest, bytes=size))
        for half in sorted(halves):
            self.left_out[f"{folder.name}/{half}"] = "not all that is in it can be copied"
        found = [item for item in found if item_of(item.name) not in halves]
        if self.noted is None:
            return found
        there = {item.name for item in found}
        lost = [i for (of, name), i in self.noted.items() if of == kind and name not in there]
        return [*found, *(item for item in lost if not (folder / item.name).exists())]

    def _paths(self, kind: Kind, folder: Path) -> Iterator[Path]:
        for path in _leaves(folder):
            name = path.relative_to(folder).as_posix()
            if name != _LOCK and (self.noted is None or (kind, name) in self.noted):
                yield path

    def _why_not(self, path: Path, name: str, kind: Kind) -> str:
        """Say why something is not copied; empty when it is."""
        if path.is_symlink() or not path.is_file():
            return _NO_FILE
        if not has_place(name, kind):
            return "its name is not one that every disk takes"
        return "it is private" if not self.private_keys and _PRIVATE in _head(path) else ""


def _leaves(folder: Path) -> Iterator[Path]:
    """Give all below a folder that is no folder; one that goes away meanwhile is passed over. Raises OSError."""

    def told(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            raise error

    for above, folders, files in os.walk(folder, onerror=told):
        links = (name for name in folders if Path(above, name).is_symlink())
        yield from (Path(above, name) for name in (*files, *links))


def staged_now(layout: Layout) -> frozenset[str]:
    """Give the files of all items that are staged at this moment. Raises DataError."""
    with durable.reported(layout.staged):
        names = (path.relative_to(layout.staged).as_posix() for path in _leaves(layout.staged))
        return frozenset(name for name in names if has_place(name, "staged") and "/" in name)


def _settings(layout: Layout, left_out: dict[str, str], *, private_keys: bool) -> list[Item]:
    kept = []
    if not layout.config.is_dir():
        return []
    with durable.reported(layout.config):
        for path in sorted(layout.config.rglob("*")):
            name = path.relative_to(layout.config).as_posix()
            why = "" if path.is_dir() and not path.is_symlink() else _why_not(path, name)
            if why == "it is private" and private_keys:
                why = ""
            if name == _LOG_KEY:
                why = "it signs the log of this root only"
            if why:
                left_out[f"config/{name}"] = why
            elif path.is_file():
                content = path.read_bytes()
                digest = hashlib.sha256(content).hexdigest()
                kept.append(Item(kind="config", name=name, digest=digest, bytes=len(content)))
    return kept


def _why_not(path: Path, name: str) -> str:
    """Say why a setting is not copied; empty when it is."""
    if path.is_symlink() or not path.is_file():
        return _NO_FILE
    if path.stat().st_size > _LARGEST_SETTING:
        return "it is larger than settings are"
    in_keys = name.startswith("keys/") and not name.endswith(".pub")
    return "it is private" if in_keys or _PRIVATE in _head(path) else ""


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD)
