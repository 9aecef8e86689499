"""Attempts to get memory that nobody counts, memory shared with others, and memory that can be run."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
from typing import Final

from plotter2.sandbox import native
from plotter2.sandbox.attempts.attempt import Attempt, Place, c

_PRIVATE: Final = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
_SHARED: Final = mmap.MAP_SHARED | mmap.MAP_ANONYMOUS
_RW: Final = mmap.PROT_READ | mmap.PROT_WRITE
_PAGE: Final = mmap.PAGESIZE
_OPEN_MODE: Final = 0o1600  # IPC_CREAT, mode 0600
_REMOVE: Final = 0  # IPC_RMID
_READ_IMPLIES_EXEC: Final = 0x0400000


def _mapped(protection: int, flags: int = _PRIVATE) -> mmap.mmap:
    return mmap.mmap(-1, _PAGE, flags, protection)


def _protected(protection: int) -> None:
    page = _mapped(_RW)
    c("mprotect", ctypes.addressof(ctypes.c_char.from_buffer(page)), _PAGE, protection)


def _lock(_: Place) -> None:
    page = _mapped(_RW)
    c("mlock", ctypes.addressof(ctypes.c_char.from_buffer(page)), _PAGE)


def _shared_segment(_: Place) -> None:
    c("shmctl", c("shmget", 0, _PAGE, _OPEN_MODE), _REMOVE, None)


def _semaphore(_: Place) -> None:
    c("semctl", c("semget", 0, 1, _OPEN_MODE), 0, _REMOVE, None)


def _queue(_: Place) -> None:
    c("msgctl", c("msgget", 0, _OPEN_MODE), _REMOVE, None)


def _named_queue(place: Place) -> None:
    name = f"/plotter2-{place.parent_shown}-{os.getpid()}".encode()
    c("mq_open", name, os.O_CREAT | os.O_RDWR, 0o600, None)
    c("mq_unlink", name)


def _advise_another(place: Place) -> None:
    handle = os.pidfd_open(os.getpid())
    page = _mapped(_RW)
    where = ctypes.addressof(ctypes.c_char.from_buffer(page))
    piece = where.to_bytes(8, "little") + _PAGE.to_bytes(8, "little")
    native.syscall("process_madvise", handle, piece, 1, 20, 0)


def _catch_faults(_: Place) -> None:
    os.close(native.syscall("userfaultfd", 1 | os.O_CLOEXEC))  # of this process only


def _run_a_file(place: Place) -> None:
    file = os.open(place.secret, os.O_RDONLY | os.O_CLOEXEC)
    mmap.mmap(file, 1, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_EXEC).close()


def _run_shared_memory(_: Place) -> None:
    memory = os.memfd_create("attempt")
    os.truncate(memory, _PAGE)
    mmap.mmap(memory, _PAGE, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_EXEC).close()


def _callback(_: Place) -> None:
    try:
        ctypes.CFUNCTYPE(ctypes.c_int)(lambda: 1)()
    except MemoryError:
        raise PermissionError(errno.EPERM, "a callback cannot be made") from None


def _load_a_library(_: Place) -> None:
    try:
        ctypes.CDLL("libutil.so.1")
    except OSError as error:  # the loader has words and no number
        raise PermissionError(errno.EACCES, str(error)) from None


MEMORY: Final = (
    Attempt("memory", "shared memory without a file", lambda _: _mapped(_RW, _SHARED)),
    Attempt("memory", "memory that stays in place", _lock, also=(errno.ENOMEM,)),
    Attempt("memory", "all memory stays in place", lambda _: _lock_all(), also=(errno.ENOMEM,)),
    Attempt("memory", "a shared segment", _shared_segment),
    Attempt("memory", "a semaphore", _semaphore),
    Attempt("memory", "a queue of messages", _queue),
    Attempt("memory", "a queue with a name", _named_queue, also=(errno.EMFILE,)),
    Attempt("memory", "advice on another's memory", _advise_another),
    Attempt("memory", "faults of memory", _catch_faults),
    Attempt("memory", "secret memory", lambda _: os.close(_secret()), also=(errno.ENOSYS,)),
)

NEW_CODE: Final = (
    Attempt("new code", "memory to run", lambda _: _mapped(mmap.PROT_READ | mmap.PROT_EXEC)),
    Attempt("new code", "memory to write and run", lambda _: _mapped(_RW | mmap.PROT_EXEC)),
    Attempt("new code", "written memory to run", lambda _: _protected(5)),
    Attempt("new code", "written memory to run, with a key", lambda _: _with_key()),
    Attempt("new code", "a file to run", _run_a_file),
    Attempt("new code", "shared memory to run", _run_shared_memory),
    Attempt("new code", "a callback", _callback),
    Attempt("new code", "a library", _load_a_library),
    Attempt("new code", "all memory to run", lambda _: c("personality", _READ_IMPLIES_EXEC)),
)


def _lock_all() -> None:
    c("mlockall", 2)  # what comes later


def _secret() -> int:
    return native.syscall("memfd_secret", 0)


def _with_key() -> None:
    page = _mapped(_RW)
    where = ctypes.addressof(ctypes.c_char.from_buffer(page))
    native.syscall("pkey_mprotect", where, _PAGE, 5, -1)
