"""An empty world: own mount, network, IPC, UTS and user namespaces, and a root with nothing in it.

The root is a read-only tmpfs that holds only the given folders, read-only, under their own paths.
There is no /proc, no /dev and no /tmp. The process-id namespace is not made here: a process cannot
enter one, it is born there (`cradle`).

Root makes the world with its own rights and then gives them up; another user makes it with the
rights that a user namespace lends, and they end with `native.drop_capabilities`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from plotter2.sandbox import native

WORLD: Final[dict[str, int]] = {
    "mount_namespace": native.CLONE_NEWNS,
    "network_namespace": native.CLONE_NEWNET,
    "ipc_namespace": native.CLONE_NEWIPC,
    "uts_namespace": native.CLONE_NEWUTS,
}
_LOCKED: Final = native.MS_NOSUID | native.MS_NODEV | native.MS_NOEXEC
_PLACES: Final = ("/tmp", "/mnt", "/usr", "/etc")  # noqa: S108 - only covered, nothing is put there
_ROOT_OPTIONS: Final = "size=64k,nr_inodes=256,mode=0755"


def enter_as_root(folders: Sequence[str]) -> None:
    """Move this process into the empty world; it must be root with all rights.

    `folders` are absolute paths. Raises OSError at the first thing that the kernel refuses.
    """
    native.unshare(sum(WORLD.values()))
    _empty_root(_opened(folders))


def enter_as_user(folders: Sequence[str]) -> None:
    """Move this process into the empty world and an own user namespace, in which it keeps its ids.

    The process must have one thread and be able to write below /proc/self. Raises OSError.
    """
    enter_own_users(sum(WORLD.values()))
    _empty_root(_opened(folders))


def enter_own_users(others: int) -> None:
    """Move this process into a user namespace that knows its own user and group only, and `others`.

    The process must have one thread and be able to write below /proc/self. Raises OSError.
    """
    user, group = os.geteuid(), os.getegid()
    native.unshare(native.CLONE_NEWUSER | others)
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{user} {user} 1")
    _write("/proc/self/gid_map", f"{group} {group} 1")


def leave_users() -> None:
    """Move this process, which is nobody already, into a user namespace without any user."""
    native.unshare(native.CLONE_NEWUSER)


def _opened(folders: Sequence[str]) -> dict[str, int]:
    # Only now: a descriptor from before names a mount of the old namespace and cannot be bound.
    return {path: os.open(path, os.O_PATH | os.O_CLOEXEC | os.O_DIRECTORY) for path in folders}


def _write(path: str, text: str) -> None:
    target = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(target, text.encode())
    finally:
        os.close(target)


def _empty_root(folders: Mapping[str, int]) -> None:
    place = next(path for path in _PLACES if Path(path).is_dir())
    native.mount("none", "/", None, native.MS_REC | native.MS_PRIVATE)
    native.mount("empty", place, "tmpfs", _LOCKED, _ROOT_OPTIONS)
    for path, folder in folders.items():
        target = place + path
        Path(target).mkdir(parents=True)
        native.mount(f"/proc/self/fd/{folder}", target, None, native.MS_BIND)
        flags = native.MS_BIND | native.MS_REMOUNT | native.MS_RDONLY | _LOCKED
        native.mount("none", target, None, flags)
        os.close(folder)
    os.chdir(place)
    # The new root over the old one, which is then taken away (pivot_root(2), "NOTES").
    native.pivot_root(".", ".")
    native.unmount(".", native.MNT_DETACH)
    os.chdir("/")
    native.mount("none", "/", None, native.MS_REMOUNT | native.MS_RDONLY | _LOCKED, _ROOT_OPTIONS)
