"""The preloaded shim from Python: compiled on first use, armed in a child that is to come to harm.

`missing()` says what this machine lacks for it. The process that uses `Shim` was started with `environment()`.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("fault_shim.c")
CREATE, WRITE, SYNC, NAME, REMOVE, SIZE = 1, 2, 4, 8, 16, 32
EVERY = CREATE | WRITE | SYNC | NAME | REMOVE | SIZE
NEEDS_ROOM = CREATE | WRITE | NAME | SIZE


@dataclass(frozen=True, slots=True)
class Mode:
    """What happens at a point: the shim's action, the calls that count, the error that they give."""

    action: int
    calls: int = EVERY
    error: int = 0


MODES = {
    "count": Mode(0),
    "kill before": Mode(1),
    "kill after": Mode(2),
    "torn write": Mode(3, WRITE),
    "short write": Mode(4, WRITE),
    "disk full once": Mode(5, NEEDS_ROOM, errno.ENOSPC),
    "disk full from": Mode(6, NEEDS_ROOM, errno.ENOSPC),
    "i/o error": Mode(5, EVERY, errno.EIO),
    "sync fails": Mode(7, SYNC, errno.EIO),
    "sync fails, believed": Mode(7, SYNC, errno.EIO),
    "sync fails, killed": Mode(10, SYNC, errno.EIO),
    "stop": Mode(8),
    "power cut": Mode(9),
}


def missing() -> str:
    """Say what this machine lacks for the shim; empty when nothing."""
    if not sys.platform.startswith("linux"):
        return "faults are put into system calls by a preloaded library, which needs Linux"
    return "" if shutil.which("cc") else "faults are put into system calls by C code: no cc here"


@functools.cache
def library() -> Path:
    """Give the compiled shim."""
    digest = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    final = Path(tempfile.gettempdir()) / f"plotter2-fault-shim-{os.getuid()}-{digest}.so"
    if not final.exists():
        made = final.with_suffix(f".{os.getpid()}")
        words = ["cc", "-shared", "-fPIC", "-O1", "-o", str(made), str(SOURCE), "-ldl"]
        subprocess.run(words, check=True, capture_output=True)
        made.replace(final)
    return final


def environment() -> dict[str, str]:
    """Give the environment of a process that is to be armed."""
    return {**os.environ, "LD_PRELOAD": str(library())}


class Shim:
    """The shim of this process, and of the children that it forks."""

    def __init__(self) -> None:
        self._c = ctypes.CDLL(None)
        self._c.fault_count.restype = ctypes.c_long
        self._c.fault_what.restype = ctypes.c_char_p
        self._c.fault_arm.argtypes = [
            ctypes.c_int, ctypes.c_int, ctypes.c_long, ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_int,
        ]  # fmt: skip

    def arm(self, mode: Mode, point: int, below: Path, disk: int = -1, trace: int = -1) -> None:
        """Let harm come at the `point`-th call below a folder; `disk` is a descriptor on the disk to cut off."""
        self._c.fault_arm(
            mode.action, mode.calls, point, mode.error, os.fsencode(below), disk, trace
        )

    def hurry(self) -> None:
        """Let SQLite try as often as ever in this process, and sleep no more in between."""
        self._c.fault_hurry()

    def disarm(self) -> None:
        """Let no more harm come, and count no more."""
        self._c.fault_disarm()

    def reset(self) -> None:
        """Count from 0 again, and forget what failed syncs lost."""
        self._c.fault_reset()

    @property
    def count(self) -> int:
        """Give how many calls counted, in this process and its children."""
        return int(self._c.fault_count())

    @property
    def what(self) -> str:
        """Say which call was hit."""
        return os.fsdecode(self._c.fault_what())
