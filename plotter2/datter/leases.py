"""Who holds a lease, and whether that is over. The wall clock is never asked.

A holder is a process: boot, process-number space, number, and the moment it was born. A dead one is known at once, and
one of another boot is dead. What cannot be looked at (a process of another container) is alive until its time is over,
which is told by the clock that counts from the boot and never jumps.
"""

from __future__ import annotations

import os
import time
from functools import lru_cache
from pathlib import Path

import msgspec

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_SPACE = Path("/proc/self/ns/pid")
_GONE = frozenset("ZX")
_STATE, _BORN = 0, 19
"""Where they stand in /proc/PID/stat behind the name (proc(5): fields 3 and 22)."""


class Holder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A process that holds leases; `space` is the namespace in which `pid` counts."""

    boot: str
    space: str
    pid: int
    born: int

    def as_text(self) -> str:
        """Give the holder as JSON, for the registry."""
        return msgspec.json.encode(self).decode()


def holder_of(text: str) -> Holder:
    """Read what `as_text` gave."""
    return _DECODER.decode(text)


def own_holder() -> Holder:
    """Give this process."""
    return _holder(os.getpid())  # a forked process is another holder


def moment_ms() -> int:
    """Give the milliseconds since the boot."""
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1_000_000


def is_over(holder: Holder, until: int) -> bool:
    """Tell whether a lease until this moment is over: its time, its boot or its process has ended."""
    here = own_holder()
    if holder.boot != here.boot or moment_ms() >= until:
        return True
    return holder.space == here.space and not _lives(holder)


_DECODER = msgspec.json.Decoder(Holder)


@lru_cache(maxsize=1)
def _holder(pid: int) -> Holder:
    born = _stat(pid)[_BORN]
    return Holder(_BOOT.read_text().strip(), str(_SPACE.readlink()), pid, int(born))


def _lives(holder: Holder) -> bool:
    try:
        fields = _stat(holder.pid)
    except (FileNotFoundError, ProcessLookupError):
        return False
    except PermissionError:  # somebody else's, and hidden: its time will tell
        return True
    return int(fields[_BORN]) == holder.born and fields[_STATE] not in _GONE


def _stat(pid: int) -> list[str]:
    text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    return text.rpartition(")")[2].split()
