"""How much room there is: a warning before the disk is full, or before the root takes more than it was given."""

from __future__ import annotations

import shutil
from pathlib import Path

from plotter2.config.settings import Disk
from plotter2.datter import durable
from plotter2.datter.sizes import tree_bytes

_MIB = 1 << 20


def free_bytes(root: Path) -> int:
    """Give how many bytes are free where a root lies. Raises DataError."""
    with durable.reported(root):
        return shutil.disk_usage(root).free


def warnings(root: Path, disk: Disk) -> tuple[str, ...]:
    """Give what a person should be warned of before it is too late. Raises DataError.

    The bytes of the root are counted only where a quota is set: that takes a look at every file.
    """
    found = []
    free = free_bytes(root)
    if free < disk.warn_free_mib * _MIB:
        found.append(
            f"only {_mib(free)} are free on the disk of {root}; less than {disk.warn_free_mib} MiB are told "
            "([disk] warn_free_mib); plotter2 du tells what takes room, plotter2 gc what nobody needs"
        )
    if disk.quota_mib:
        used = tree_bytes(root)
        if used > disk.quota_mib * _MIB * disk.warn_percent / 100:
            found.append(
                f"{root} takes {_mib(used)} of its quota of {disk.quota_mib} MiB ([disk] quota_mib)"
            )
    return tuple(found)


def _mib(number: int) -> str:
    return f"{number / _MIB:,.0f} MiB"


_FAR = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "lustre", "glusterfs", "afs", "gfs2", "ocfs2", "beegfs"}
)  # fmt: skip


def file_system(root: Path, mounts: Path = Path("/proc/self/mountinfo")) -> str:
    """Give the kind of file system that a root lies on, as the kernel calls it; empty when that is not told."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    place, found = root.resolve(), ("", "")
    for line in lines:
        before, _, after = line.partition(" - ")
        point = before.split()[4].encode().decode("unicode_escape")
        kind = after.split()[0]
        if place.is_relative_to(point) and len(point) >= len(found[0]):
            found = (point, kind)
    return found[1]


def is_far(kind: str) -> bool:
    """Tell whether a file system is shared by machines: neither locks nor the registry are safe there."""
    return kind in _FAR or kind.startswith("fuse.")
