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
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from faults.recorded_operations import Inode, Operation, Recorded, Snapshot

Variant = Literal["whole", "torn", "size"]
"""How a write is there: all of it, its first third, or only the longer file, with zeros where it would lie."""
_SECTOR = 512
_FIXED = 7
_RANDOM = 6
"""So many times for each moment one operation is left out, one is alone, and any are chosen."""
_TORN = (1, 3)
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

    def snapshot(self) -> Snapshot:
        """Give all that is on the disk: path -> content, None for folders."""
        found: Snapshot = {}
        left = [("", 0)]
        while left:
            path, folder = left.pop()
            for name, inode in self.folders[folder].items():
                found[path + name] = self.contents.get(inode)
                if inode in self.folders:
                    left.append((f"{path}{name}/", inode))
        return found

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
