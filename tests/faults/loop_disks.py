"""A disk of its own in a file: mounted through a loop device, cut off as when the power goes, and mounted again.

What was not synced is gone then, as on a real disk: the kernel's shutdown call drops the file system's log too.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

FILE_SYSTEMS = {"ext4": ("mkfs.ext4", "-q", "-F"), "xfs": ("mkfs.xfs", "-q", "-f")}
_SIZE = 400 << 20
_SHUTDOWN, _WITHOUT_LOG = 0x8004587D, (2).to_bytes(4, "little")


def no_disk(file_system: str) -> str:
    """Say why no disk of this kind can be cut off here; empty when it can."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "cutting the power of a disk needs root, to mount one in a file"
    make = FILE_SYSTEMS[file_system][0]
    for program in (make, "mount", "umount", "unshare"):
        if shutil.which(program) is None:
            return f"cutting the power of a disk needs the program {program}"
    if not Path("/dev/loop-control").exists():
        return "cutting the power of a disk needs loop devices, and there is no /dev/loop-control"
    tried = subprocess.run(["losetup", "-f"], capture_output=True, text=True, check=False)
    return f"there are no loop devices: {tried.stderr.strip()}" if tried.returncode else ""


class Disk:
    """A mounted disk; `mounted` makes one."""

    def __init__(self, image: Path, folder: Path) -> None:
        self._image = image
        self.folder = folder

    def sync(self) -> None:
        """Have the disk take everything."""
        fd = self.opened()
        try:
            if ctypes.CDLL(None, use_errno=True).syncfs(fd):
                raise OSError(ctypes.get_errno(), "syncfs")
        finally:
            os.close(fd)

    def opened(self) -> int:
        """Give a descriptor on the disk, to cut it off with."""
        return os.open(self.folder, os.O_RDONLY)

    def cut(self) -> None:
        """Let the power go, if it has not gone yet, and come back."""
        with suppress(OSError):  # it has gone already
            fd = self.opened()
            try:
                fcntl.ioctl(fd, _SHUTDOWN, _WITHOUT_LOG)
            finally:
                os.close(fd)
        _call("umount", str(self.folder))
        self.mount()

    def mount(self) -> None:
        """Mount it; the loop device goes with the mount."""
        _call("mount", "-o", "loop", str(self._image), str(self.folder))


@contextmanager
def mounted(file_system: str, beside: Path) -> Iterator[Disk]:
    """Give a new disk, whose file and folder lie in `beside`; it is unmounted after the block."""
    image, folder = beside / "image", beside / "disk"
    with image.open("wb") as file:
        file.truncate(_SIZE)
    folder.mkdir()
    _call(*FILE_SYSTEMS[file_system], str(image))
    disk = Disk(image, folder)
    disk.mount()
    try:
        yield disk
    finally:
        _call("umount", str(folder))


def _call(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()}")
