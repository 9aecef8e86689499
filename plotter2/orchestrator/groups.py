"""Control groups of version 2, one for each child, where this process was given a group of its own to divide.

The kernel then counts the memory of a child exactly, with all its threads, and ends it at its budget. Elsewhere nothing
happens here, and the watch over each child does it alone. A group is made before the child has a job, because to move
a process takes longer than to hand a job over.
"""

from __future__ import annotations

import itertools
import os
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final, Self

from plotter2.sandbox.membership import MEMBERSHIP, MOUNT, own_group

WANTED: Final = frozenset({"memory", "pids"})
_MOST_THREADS: Final = 1024


class Group:
    """The group of one child."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def limit(self, memory_bytes: int) -> None:
        """Let the kernel end all processes of the group when they need more memory than this."""
        _write(self._folder / "memory.oom.group", "1")
        _write(self._folder / "memory.swap.max", "0")
        _write(self._folder / "pids.max", str(_MOST_THREADS))
        _write(self._folder / "memory.max", str(memory_bytes))

    def kill(self) -> None:
        """End whatever is in the group."""
        _write(self._folder / "cgroup.kill", "1")

    def close(self) -> bool:
        """Take the group away; tell whether it is gone."""
        try:
            self._folder.rmdir()
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return True


class Groups:
    """The groups that one orchestrator makes below its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)
        self._left: list[Group] = []

    @classmethod
    def found(
        cls,
        mount: Path = MOUNT,
        membership: Path = MEMBERSHIP,
        wanted: frozenset[str] = WANTED,
    ) -> Self | None:
        """Give the groups where this process may make some; None where it may not.

        A process that is alone in its group moves down into one below it: only then may a group be divided.
        """
        own = own_group(mount, membership)
        if own is None or not os.access(own / "cgroup.procs", os.W_OK):
            return None
        if not wanted <= _words(own / "cgroup.controllers"):
            return None
        groups = cls(own)
        return (
            groups
            if wanted <= _words(own / "cgroup.subtree_control") or groups._divide(wanted)
            else None
        )

    def of(self, pid: int) -> Group | None:
        """Put a process into a group of its own; None when the kernel refuses."""
        self._left = [group for group in self._left if not group.close()]
        folder = self._folder / f"plotter2-{os.getpid()}-{next(self._numbers)}"
        try:
            folder.mkdir()
            (folder / "cgroup.procs").write_text(str(pid), encoding="ascii")
        except OSError:
            with suppress(OSError):
                folder.rmdir()
            return None
        return Group(folder)

    def give_back(self, group: Group) -> None:
        """Take a group away, now or when the kernel lets it go."""
        if not group.close():
            self._left.append(group)

    def _divide(self, wanted: frozenset[str]) -> bool:
        members = _words(self._folder / "cgroup.procs")
        if members - {str(os.getpid())}:
            return False
        below = self._folder / f"plotter2-{os.getpid()}"
        enable = " ".join(f"+{name}" for name in sorted(wanted))
        try:
            below.mkdir(exist_ok=True)
            (below / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")
            (self._folder / "cgroup.subtree_control").write_text(enable, encoding="ascii")
        except OSError:
            return False
        return True


@cache
def groups_of_this_process() -> Groups | None:
    """Give the groups of this process, found once: to find them may move it."""
    return Groups.found()


def _words(path: Path) -> frozenset[str]:
    try:
        return frozenset(path.read_text(encoding="ascii").split())
    except OSError:
        return frozenset()


def _write(path: Path, text: str) -> None:
    # A kernel without swap accounting, or older than 5.14 (cgroup.kill), lacks the file; the watch remains.
    with suppress(OSError):
        path.write_text(text, encoding="ascii")
