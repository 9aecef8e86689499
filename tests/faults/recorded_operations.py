"""A recording as operations on files and folders: what each call changed, and from when on that is surely there.

Names and descriptors are followed through the recording, also from a process that was killed to the one after it.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from faults.recorded_writes import CREATED, EMPTIED, Call

Snapshot: TypeAlias = dict[str, bytes | None]
"""Path below a root -> content, None for a folder."""
NEVER = 1 << 60
NOT_ON_DISK = "-shm"
"""Shared memory of SQLite: made anew by whoever opens the file first, and never synced."""


@dataclass(slots=True)
class Inode:
    """A file or a folder. `content` is what it held before the recording (None for a folder)."""

    number: int
    content: bytes | None


@dataclass(slots=True)
class Operation:
    """One change of the disk, and from which moment on it is surely there."""

    at: int
    kind: Literal["write", "cut", "enter", "leave", "move"]
    inode: int
    folder: int = -1
    name: str = ""
    to_folder: int = -1
    to_name: str = ""
    place: int = 0
    data: bytes = b""
    durable_at: int = NEVER

    @property
    def is_content(self) -> bool:
        return self.kind in ("write", "cut")


@dataclass(slots=True)
class Recorded:
    """A workload as operations on inodes, with the disk before it and what was said when."""

    inodes: list[Inode]
    before: dict[int, dict[str, int]]
    """Folders before the recording: inode -> name -> inode."""
    operations: list[Operation] = field(default_factory=list)
    marks: list[tuple[int, str]] = field(default_factory=list)
    length: int = 0
    telling: list[int] = field(default_factory=list)
    """Moments at which most can be wrong: something was just said, or what was written is about to be synced."""

    def said(self, until: int) -> tuple[str, ...]:
        """Give the marks that were set before a moment."""
        return tuple(text for at, text in self.marks if at < until)


# ------------------------------------------------------------ from calls to operations
class _Reader:
    """Follows names and descriptors through a recording."""

    def __init__(self, root: Path, before: Snapshot) -> None:
        self._prefix = str(root)
        self._inodes = [Inode(0, None)]
        folders: dict[int, dict[str, int]] = {0: {}}
        self._there = {"": 0}
        for path, content in sorted(before.items()):
            number = self._new(content, path)
            if content is None:
                folders[number] = {}
            parent, _, name = path.rpartition("/")
            folders[self._there[parent]][name] = number
        self._open: dict[int, int] = {}
        self.result = Recorded(self._inodes, folders)
        self._waiting: dict[int, list[Operation]] = {}

    def go_on_in(self, root: Path) -> None:
        """Say that the next process works on a copy of the disk in another place."""
        self._prefix = str(root)
        self._open.clear()

    def take(self, call: Call) -> None:
        at, kind = self.result.length, call.kind
        if kind == "K":
            self.result.marks.append((at, call.first.decode()))
            self.result.telling.append(at + 1)
        elif kind == "S":
            self.result.telling.append(at)
            for operation in self._waiting.pop(self._open[call.fd], ()):
                operation.durable_at = at
        elif kind in "WT":
            what: Literal["write", "cut"] = "write" if kind == "W" else "cut"
            data = call.first if kind == "W" else b""
            self._content(Operation(at, what, self._open[call.fd], place=call.number, data=data))
        elif not call.path.endswith(NOT_ON_DISK):
            self._names(call, at)
        elif kind == "O":
            self._open[call.fd] = self._new(b"", None)  # its content goes nowhere
        self.result.length = at + 1

    def _content(self, operation: Operation) -> None:
        self.result.operations.append(operation)
        self._waiting.setdefault(operation.inode, []).append(operation)

    def _names(self, call: Call, at: int) -> None:
        path = self._inner(call.path)
        parent, _, name = path.rpartition("/")
        if call.kind == "O":
            self._opened(call, at, path)
        elif call.kind == "M":
            self._enter(at, self._new(None, path), parent, name)
        elif call.kind == "L":
            other = self._inner(call.second)
            self._there[other] = self._there[path]
            folder, _, other_name = other.rpartition("/")
            self._enter(at, self._there[path], folder, other_name)
        elif call.kind == "R":
            self._move(at, path, self._inner(call.second))
        else:
            operation = Operation(at, "leave", self._there.pop(path), self._there[parent], name)
            self._entry(operation, operation.folder)

    def _opened(self, call: Call, at: int, path: str) -> None:
        if call.number & CREATED:
            parent, _, name = path.rpartition("/")
            self._enter(at, self._new(b"", path), parent, name)
        self._open[call.fd] = self._there[path]
        if call.number & EMPTIED and not call.number & CREATED:
            self._content(Operation(at, "cut", self._there[path]))

    def _move(self, at: int, path: str, other: str) -> None:
        parent, _, name = path.rpartition("/")
        folder, _, other_name = other.rpartition("/")
        inode = self._there[path]
        moved = {p: i for p, i in self._there.items() if p == path or p.startswith(path + "/")}
        for old in moved:
            del self._there[old]
        self._there.update((other + old[len(path) :], i) for old, i in moved.items())
        operation = Operation(
            at, "move", inode, self._there[parent], name, self._there[folder], other_name
        )
        # A rename is there in one step or not at all; it is surely there when the folder of the new name is synced.
        self._entry(operation, operation.to_folder)

    def _enter(self, at: int, inode: int, parent: str, name: str) -> None:
        operation = Operation(at, "enter", inode, self._there[parent], name)
        self._entry(operation, operation.folder)

    def _entry(self, operation: Operation, folder: int) -> None:
        self.result.operations.append(operation)
        self._waiting.setdefault(folder, []).append(operation)

    def _new(self, content: bytes | None, path: str | None) -> int:
        number = len(self._inodes)
        self._inodes.append(Inode(number, content))
        if path is not None:
            self._there[path] = number
        return number

    def _inner(self, path: str) -> str:
        assert path.startswith(self._prefix), path
        return os.path.normpath(path)[len(self._prefix) + 1 :]


@dataclass(frozen=True, slots=True)
class Recording:
    """What a process did below a root, and what was there before."""

    root: Path
    before: Snapshot
    calls: Sequence[Call]


def operations_of(
    first: Recording, killed_at: int = NEVER, second: Recording | None = None
) -> Recorded:
    """Bring a recording into operations.

    With `second`, the first process was killed at a moment and the second one came after it, on a disk that holds all
    that the first one wrote, synced or not: `second.before` must be that disk, and nothing of it is synced by that.
    """
    reader = _Reader(first.root, first.before)
    for call in itertools.islice(first.calls, killed_at):
        reader.take(call)
    if second is not None:
        reader.go_on_in(second.root)
        for call in second.calls:
            reader.take(call)
    return reader.result


def snapshot(root: Path) -> Snapshot:
    """Give all that is below a folder: path -> content, None for folders."""
    found: Snapshot = {}
    for path in sorted(root.rglob("*")):
        if not path.name.endswith(NOT_ON_DISK):
            inner = str(path.relative_to(root))
            found[inner] = None if path.is_dir() else path.read_bytes()
    return found
