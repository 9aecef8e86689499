"""A root as the source of a copy: one moment of it, while others go on writing.

The registry is copied first, by SQLite itself. What it names is on the disk and never changes, so that everything
else can be read later without a lock.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Container, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from plotter2.datter import arrival, durable, objects
from plotter2.datter.arrival import Item, Kind
from plotter2.datter.layout import Layout
from plotter2.datter.registry import Registry
from plotter2.datter.store import Store
from plotter2.datter.workspace import workspace
from plotter2.errors import DataError
from plotter2.relay.link import PIECE
from plotter2.relay.places import has_place, place

_PRIVATE = b"PRIVATE KEY-----"
_HEAD = 4096
_LARGEST_SETTING = 1 << 20


@dataclass(frozen=True)
class LocalSource:
    """A moment of a root on this machine; `left_out` are files below it that are not copied, with the reason."""

    layout: Layout
    registry_file: Path
    found: tuple[Item, ...]
    left_out: dict[str, str] = field(default_factory=dict)

    def items(self) -> tuple[Item, ...]:
        """Give all items: objects first, then files, then events, settings and the registry."""
        return self.found

    def path_of(self, item: Item) -> Path:
        """Give where the bytes of an item are."""
        return self.registry_file if item.kind == "registry" else place(self.layout, item)

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
    with _folder_for(store) as folder:
        file = folder / "registry.db"
        store.write_registry(file)
        registry = Registry.open(file)
        try:
            contents = registry.contents()
            events = registry.known_events()
            lacking = registry.left_out.all()
        finally:
            registry.close()
        chunks = {digest: size for _, held in contents for digest, size in held.items()}
        left_out: dict[str, str] = {}
        before = recorded(layout)
        found = [Item(kind="object", name=d, digest=d, bytes=size) for d, size in chunks.items()]
        found += [_described(layout, row.id, row.digest) for row, _ in contents]
        found += [_described(layout, each.bundle, each.digest) for each in lacking if each.bundle]
        found += _below(layout.output, "output")
        found += _below(layout.sessions, "session")
        copied = arrival.is_copy(layout)
        only = {name for kind, name in before if kind == "refused"} if copied else None
        found += _refused(layout, left_out, only=only, private_keys=private_keys)
        found += [_item("event", layout.commits / f"{e}.json", e) for e in events]
        found += _settings(layout, left_out, private_keys=private_keys)
        found.append(_item("registry", file, "registry"))
        # A copy's files are what they were when they were copied, or damaged.
        items = tuple(before.get((item.kind, item.name), item) for item in found)
        yield LocalSource(layout, file, items, left_out)


def recorded(layout: Layout) -> dict[tuple[str, str], Item]:
    """Give what a safe copy noted of its files; nothing of another root, or of a copy whose record is damaged."""
    try:
        record = arrival.record_of(layout)
    except DataError:
        record = None
    return {(item.kind, item.name): item for item in record.files} if record else {}


@contextmanager
def _folder_for(store: Store) -> Iterator[Path]:
    """Give a folder for a few moments: below the root, or elsewhere where nothing may be written or no room is left."""
    if store.takes_changes:
        with workspace(store.layout, store.new_id()) as folder:
            yield folder
    else:
        with tempfile.TemporaryDirectory(prefix="plotter2-") as name:
            yield Path(name)


def _described(layout: Layout, bundle_id: str, digest: str) -> Item:
    path = layout.bundle_file(bundle_id)
    size = path.stat().st_size if path.exists() else 0
    return Item(kind="bundle", name=bundle_id, digest=digest, bytes=size)


def _item(kind: Kind, path: Path, name: str) -> Item:
    with durable.reported(path):
        return Item(
            kind=kind, name=name, digest=objects.digest_of_file(path), bytes=path.stat().st_size
        )


def _below(folder: Path, kind: Kind) -> list[Item]:
    if not folder.is_dir():
        return []
    with durable.reported(folder):
        paths = sorted(p for p in folder.rglob("*") if p.is_file() and not p.is_symlink())
    return [_item(kind, path, path.relative_to(folder).as_posix()) for path in paths]


def _refused(
    layout: Layout, left_out: dict[str, str], *, only: Container[str] | None, private_keys: bool
) -> list[Item]:
    """Give what staging put aside, of a copy only what it notes; a person may drop of it at any moment."""
    found = []
    with durable.reported(layout.refused):
        for path in sorted(layout.refused.rglob("*")) if layout.refused.is_dir() else ():
            name = path.relative_to(layout.refused).as_posix()
            if (path.is_dir() and not path.is_symlink()) or (only is not None and name not in only):
                continue
            with suppress(FileNotFoundError):
                if why := _why_not_refused(path, name, private_keys=private_keys):
                    left_out[f"quarantine/{name}"] = why
                else:
                    digest = objects.digest_of_file(path)
                    size = path.stat().st_size
                    found.append(Item(kind="refused", name=name, digest=digest, bytes=size))
    return found


def _why_not_refused(path: Path, name: str, *, private_keys: bool) -> str:
    """Say why something that was put aside is not copied; empty when it is."""
    if path.is_symlink() or not path.is_file():
        return "it is no plain file"
    if not has_place(name):
        return "its name is not one that every disk takes"
    return "it is private" if not private_keys and _PRIVATE in _head(path) else ""


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
        return "it is no plain file"
    if path.stat().st_size > _LARGEST_SETTING:
        return "it is larger than settings are"
    in_keys = name.startswith("keys/") and not name.endswith(".pub")
    return "it is private" if in_keys or _PRIVATE in _head(path) else ""


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD)
