"""What a disk may hold after a crash: a model of files and folders that is as unkind as POSIX allows, but not more so.

A recorded workload is brought into operations on inodes. Of those that no sync covers, each may be on the disk or not,
whatever the order; README.md beside this file states the model. `states` gives such disks, `Disk.write` makes one real.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from faults.recorded_writes import CREATED, EMPTIED, Call

Variant = Literal["whole", "torn", "size"]
"""How a write is there: all of it, its first third, or only the longer file, with zeros where it would lie."""
Snapshot: TypeAlias = dict[str, bytes | None]
"""Path below a root -> content, None for a folder."""
NEVER = 1 << 60
_SECTOR = 512
_FIXED = 7
_RANDOM = 6
"""So many times for each moment one operation is left out, one is alone, and any are chosen."""
_TORN = (1, 3)
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


Choice = dict[int, Variant]
"""Which operations without a covering sync are on the disk all the same: place in `operations` -> how."""


@dataclass(slots=True)
class Disk:
    """One disk after a crash: at which moment, and what is on it."""

    moment: int
    folders: dict[int, dict[str, int]]
    contents: dict[int, bytes]
    signature: bytes

    def write(self, root: Path) -> None:
        """Make the disk real as the folder `root`, which must not exist."""
        root.mkdir()
        self._fill(str(root), 0)

    def _fill(self, path: str, folder: int) -> None:
        for name, inode in self.folders[folder].items():
            inner = f"{path}/{name}"
            if inode in self.folders:
                os.mkdir(inner)  # noqa: PTH102 - it is fast
                self._fill(inner, inode)
            else:
                fd = os.open(inner, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
                os.write(fd, self.contents[inode])
                os.close(fd)


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


# ------------------------------------------------------------ from operations to disks
def disk(of: Recorded, moment: int, choice: Choice) -> Disk:
    """Give the disk after a crash at a moment: what is surely there, and what was chosen."""
    folders = {number: dict(entries) for number, entries in of.before.items()}
    pieces: dict[int, bytearray] = {}
    for place, operation in enumerate(of.operations):
        if operation.at >= moment:
            break
        variant = "whole" if operation.durable_at < moment else choice.get(place)
        if variant is None:
            continue
        if operation.is_content:
            held = pieces.setdefault(
                operation.inode, bytearray(of.inodes[operation.inode].content or b"")
            )
            _change(held, operation, variant)
        else:
            _apply(folders, of.inodes, operation)
    return _reachable(of, moment, folders, pieces)


def _apply(
    folders: dict[int, dict[str, int]], inodes: Sequence[Inode], operation: Operation
) -> None:
    entries = folders.setdefault(operation.folder, {})
    is_named = entries.get(operation.name) == operation.inode
    match operation.kind:
        case "enter":
            entries[operation.name] = operation.inode
            if inodes[operation.inode].content is None:
                folders.setdefault(operation.inode, {})
        case "leave" if is_named:
            del entries[operation.name]
        case "move":
            if is_named:
                del entries[operation.name]
            folders.setdefault(operation.to_folder, {})[operation.to_name] = operation.inode


def _change(held: bytearray, operation: Operation, variant: Variant) -> None:
    if operation.kind == "cut":
        size = operation.place
        del held[size:]
        held.extend(bytes(size - len(held)))
        return
    data, place = operation.data, operation.place
    if variant == "torn":
        data = data[: _torn(len(data))]
    end = place + len(data)
    held.extend(bytes(max(0, end - len(held))))
    if variant != "size":
        held[place:end] = data


def _torn(length: int) -> int:
    """Give how much of a write is there when it is cut: whole sectors, or some bytes of a small one."""
    part = length * _TORN[0] // _TORN[1]
    return part - part % _SECTOR if part > _SECTOR else part


def _reachable(
    of: Recorded, moment: int, folders: dict[int, dict[str, int]], pieces: dict[int, bytearray]
) -> Disk:
    kept: dict[int, dict[str, int]] = {}
    contents: dict[int, bytes] = {}
    mixed = hashlib.blake2b(digest_size=12)
    left = [0]
    while left:
        folder = left.pop()
        kept[folder] = dict(sorted(folders.get(folder, {}).items()))
        for name, inode in kept[folder].items():
            mixed.update(f"{folder}/{name}={inode}\n".encode())
            before = of.inodes[inode].content
            if before is None:
                left.append(inode)
            elif inode not in contents:
                contents[inode] = bytes(pieces[inode]) if inode in pieces else before
                mixed.update(contents[inode])
    return Disk(moment, kept, contents, mixed.digest())


# ------------------------------------------------------------ which disks to look at
def states(of: Recorded, moments: Sequence[int], most: int, seed: int) -> Iterator[Disk]:
    """Give different disks for crashes at these moments, at most `most` for each of them.

    Two disks that hold the same after the same was said are given once.
    """
    generator = random.Random(seed)
    seen: set[tuple[bytes, int]] = set()
    for moment in moments:
        said = len(of.said(moment))
        for choice in itertools.islice(_shuffled(_choices(of, moment, generator), generator), most):
            found = disk(of, moment, choice)
            key = (found.signature, said)
            if key not in seen:
                seen.add(key)
                yield found


def bare_states(of: Recorded, since: int) -> Iterator[Disk]:
    """Give different disks for power cuts at every telling moment on which nothing is that no sync covers."""
    seen: set[tuple[bytes, int]] = set()
    for moment in of.telling:
        if moment >= since:
            found = disk(of, moment, {})
            key = (found.signature, len(of.said(moment)))
            if key not in seen:
                seen.add(key)
                yield found


def _shuffled(choices: Iterator[Choice], generator: random.Random) -> Iterator[Choice]:
    """Give choices in any order, but the fixed ones, which are the most telling, mixed with the others one by one."""
    fixed = list(itertools.islice(choices, _FIXED))
    others = list(choices)
    generator.shuffle(fixed)
    generator.shuffle(others)
    for one, other in itertools.zip_longest(fixed, others):
        yield from (choice for choice in (one, other) if choice is not None)


def all_written(of: Recorded, moment: int) -> Disk:
    """Give the disk that a process sees that comes after one killed at a moment."""
    return disk(of, moment, dict.fromkeys(open_at(of, moment), "whole"))


def open_at(of: Recorded, moment: int) -> list[int]:
    """Give the operations that happened before a moment and that no sync covers yet."""
    return [
        place
        for place, operation in enumerate(of.operations)
        if operation.at < moment <= operation.durable_at
    ]


def _choices(of: Recorded, moment: int, generator: random.Random) -> Iterator[Choice]:
    """Give all there, nothing, names without content, content of other kinds, one missing, one alone, any."""
    places = open_at(of, moment)
    content = [place for place in places if of.operations[place].is_content]
    names: Choice = {place: "whole" for place in places if not of.operations[place].is_content}
    every: Choice = {**names, **dict.fromkeys(content, "whole")}
    yield every  # as a killed process leaves it
    yield {}
    yield names
    if content:
        last = content[-1]
        yield {**every, last: "torn"}
        yield {**names, **dict.fromkeys(content, "size")}
        yield {**names, **dict.fromkeys(content, "torn")}
        yield {place: variant for place, variant in every.items() if place != last}
    for _ in range(_RANDOM if places else 0):
        one = generator.choice(places)
        yield {place: variant for place, variant in every.items() if place != one}
        yield {one: "whole"}
        yield _any(of, places, generator)


def _any(of: Recorded, places: Sequence[int], generator: random.Random) -> Choice:
    odds = generator.choice((0.2, 0.5, 0.8))
    choice: Choice = {}
    for place in places:
        if generator.random() < odds:
            variants: tuple[Variant, ...] = ("whole", "whole", "torn", "size")
            is_write = of.operations[place].kind == "write"
            choice[place] = generator.choice(variants) if is_write else "whole"
    return choice
