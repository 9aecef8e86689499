"""The kernel calls that Python does not wrap, by ctypes. Each raises OSError when the kernel refuses."""

from __future__ import annotations

import ctypes
import os
from typing import Final

from plotter2.sandbox.syscalls import this_machine

_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_LIBC.syscall.restype = ctypes.c_long

PR_SET_PDEATHSIG: Final = 1
PR_SET_DUMPABLE: Final = 4
PR_SET_NO_NEW_PRIVS: Final = 38
PR_SET_MDWE: Final = 65
PR_MDWE_REFUSE_EXEC_GAIN: Final = 1

CLONE_NEWNS: Final = 0x00020000
CLONE_NEWUTS: Final = 0x04000000
CLONE_NEWIPC: Final = 0x08000000
CLONE_NEWUSER: Final = 0x10000000
CLONE_NEWPID: Final = 0x20000000
CLONE_NEWNET: Final = 0x40000000

MS_RDONLY: Final = 1
MS_NOSUID: Final = 2
MS_NODEV: Final = 4
MS_NOEXEC: Final = 8
MS_REMOUNT: Final = 32
MS_BIND: Final = 4096
MS_REC: Final = 16384
MS_PRIVATE: Final = 1 << 18
MNT_DETACH: Final = 2
MADV_COLLAPSE: Final = 25

Argument = int | bytes | ctypes.Array[ctypes.c_char] | ctypes.Array[ctypes.c_ulong] | None


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def syscall(name: str, *arguments: Argument) -> int:
    """Make the system call `name` of this processor; integers are passed as 64-bit words."""
    number = this_machine().numbers[name]
    return syscall_number(number, *arguments, what=name)


def syscall_number(number: int, *arguments: Argument, what: str) -> int:
    """Make a system call by its number; `what` names it in the error."""
    words = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    return _checked(_LIBC.syscall(ctypes.c_long(number), *words), what)


def prctl(option: int, value: int = 0) -> int:
    """Call prctl(2) with one value."""
    zero = ctypes.c_ulong(0)
    result = _LIBC.prctl(ctypes.c_int(option), ctypes.c_ulong(value), zero, zero, zero)
    return _checked(result, f"prctl {option}")


def lower_limit(kind: int, soft: int, hard: int) -> None:
    """Call setrlimit(2) itself, which changes only the calling process; Python's goes through prlimit(2)."""
    syscall("setrlimit", kind, (ctypes.c_ulong * 2)(soft, hard))


def unshare(flags: int) -> None:
    """Call unshare(2)."""
    _checked(_LIBC.unshare(ctypes.c_int(flags)), "unshare")


def setns(namespace: int, kind: int) -> None:
    """Call setns(2) with the descriptor of a namespace."""
    _checked(_LIBC.setns(ctypes.c_int(namespace), ctypes.c_int(kind)), "setns")


def exit_on(number: int) -> None:
    """Let a signal end this process with the signal's number as its exit code (signal(2)).

    The handler is the C library's own `_exit`, so that no code is made for it.
    """
    _LIBC.signal.restype = ctypes.c_ssize_t
    handler = ctypes.cast(_LIBC._exit, ctypes.c_void_p)
    _checked(_LIBC.signal(ctypes.c_int(number), handler), f"signal {number}")


def collapse(start: int, length: int) -> None:
    """Have memory gathered in large pages now (madvise(2), MADV_COLLAPSE)."""
    place, size = ctypes.c_void_p(start), ctypes.c_size_t(length)
    _checked(_LIBC.madvise(place, size, ctypes.c_int(MADV_COLLAPSE)), "madvise")


def mount(source: str, target: str, kind: str | None, flags: int, data: str = "") -> None:
    """Call mount(2)."""
    arguments = (
        source.encode(),
        target.encode(),
        kind.encode() if kind else None,
        ctypes.c_ulong(flags),
        data.encode() or None,
    )
    _checked(_LIBC.mount(*arguments), f"mount {target}")


def unmount(target: str, flags: int) -> None:
    """Call umount2(2)."""
    _checked(_LIBC.umount2(target.encode(), ctypes.c_int(flags)), f"umount {target}")


def pivot_root(new: str, old: str) -> None:
    """Call pivot_root(2)."""
    syscall("pivot_root", new.encode(), old.encode())


def drop_capabilities() -> None:
    """Give up every capability of the calling thread (capset(2), version 3)."""
    header = ctypes.create_string_buffer(b"\x22\x05\x08\x20\x00\x00\x00\x00", 8)
    syscall("capset", header, ctypes.create_string_buffer(24))
