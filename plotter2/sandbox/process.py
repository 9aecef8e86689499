"""What a process can give up without any kernel feature: descriptors, session, limits, ids."""

from __future__ import annotations

import fcntl
import os
import resource
import select
import signal
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from plotter2.sandbox import native
from plotter2.sandbox.policy import CHANNEL_FD
from plotter2.wire.messages import JOB_FDS_LIMIT

NOBODY: Final = 65534
DESCRIPTOR_LIMIT: Final = 2 * JOB_FDS_LIMIT + 56
"""What comes with a job may be mapped, and Python keeps a descriptor of its own for each mapping."""
_LEAST_DATA: Final = 2 << 30
_LEAST_DESCRIPTOR: Final = 10


@dataclass(frozen=True, slots=True)
class Budget:
    """What a child may use: processor seconds, and bytes of memory beyond what it starts with."""

    cpu_seconds: int
    memory_bytes: int


WIDEST: Final = Budget(7 * 24 * 3600, 1 << 44)
"""The budget of a child that has no job yet: the largest that any job may have."""


def threads() -> int:
    """Give the number of threads of this process."""
    return len(_listed("/proc/self/task"))


def keep_only(channel: int, others: Iterable[int]) -> None:
    """Close every descriptor but `channel`, which becomes CHANNEL_FD, and `others`.

    Standard input, output and error become /dev/null. `others` must lie above CHANNEL_FD.
    """
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for standard in range(3):
        os.dup2(null, standard)
    if channel != CHANNEL_FD:
        os.dup2(channel, CHANNEL_FD, inheritable=False)
    start = CHANNEL_FD + 1
    for kept in sorted(others):
        os.closerange(start, kept)
        start = kept + 1
    os.closerange(start, _highest_descriptor() + 1)


def limit(budget: Budget) -> None:
    """Set the resource limits.

    Memory has a coarse limit here (the host watches the budget itself): twice the budget on top of
    what is mapped now, and at least 2 GiB, because libraries map far more than they use.
    """
    limits = {
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_FSIZE: (0, 0),
        resource.RLIMIT_NOFILE: (DESCRIPTOR_LIMIT, DESCRIPTOR_LIMIT),
        resource.RLIMIT_MEMLOCK: (0, 0),
        resource.RLIMIT_MSGQUEUE: (0, 0),
        **_limits_of(budget, mapped_now()),
    }
    for kind, values in limits.items():
        resource.setrlimit(kind, _within(kind, values))


def tighten(budget: Budget, mapped: int) -> None:
    """Lower the limits of a process that is confined already to a budget, beyond the `mapped` bytes it began with.

    It cannot raise them again. Raises OSError when the kernel refuses.
    """
    for kind, values in _limits_of(budget, mapped).items():
        native.lower_limit(kind, *_within(kind, values))


def mapped_now() -> int:
    """Give the bytes of data that this process has mapped; /proc must still be there."""
    look = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
    data_pages = int(os.read(look, 256).split()[5])
    os.close(look)
    return data_pages * resource.getpagesize()


def _limits_of(budget: Budget, mapped: int) -> dict[int, tuple[int, int]]:
    return {
        resource.RLIMIT_CPU: (budget.cpu_seconds, budget.cpu_seconds + 1),
        resource.RLIMIT_DATA: (max(_LEAST_DATA, mapped + 2 * budget.memory_bytes),) * 2,
    }


def drop_ids() -> None:
    """Become nobody, for good. Raises OSError when the kernel does not allow it."""
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    if os.getresuid() != (NOBODY,) * 3 or os.getresgid() != (NOBODY,) * 3:
        raise OSError("the ids did not change")
    # A change of ids makes /proc/self unreadable; it is needed until the namespaces are set up.
    native.prctl(native.PR_SET_DUMPABLE, 1)


@dataclass(frozen=True, slots=True)
class Parent:
    """The process that forks children: its number in /proc, and a pidfd of it (10 or above)."""

    number: int
    handle: int

    @classmethod
    def this(cls) -> Self:
        """Give the calling process as the parent of its forks."""
        low = os.pidfd_open(os.getpid())
        try:
            handle = fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, _LEAST_DESCRIPTOR)
        finally:
            os.close(low)
        return cls(int(Path("/proc/self").readlink().name), handle)

    @property
    def lives(self) -> bool:
        """Tell whether the process has not ended."""
        poll = select.poll()
        poll.register(self.handle, select.POLLIN)
        return not poll.poll(0)


def die_with(parent: Parent) -> None:
    """Let the kernel kill this process when its parent ends.

    Comes after every change of ids and namespaces, because the kernel forgets it then (prctl(2)).
    Raises OSError when the parent is gone already.
    """
    native.prctl(native.PR_SET_PDEATHSIG, signal.SIGKILL)
    if not parent.lives:
        raise OSError("the parent process ended meanwhile")


SAID_BY_EXIT: Final = (signal.SIGABRT, signal.SIGBUS, signal.SIGTERM, signal.SIGXCPU)


def be_first() -> None:
    """Make sure that this process is the first of its process-id namespace, and ends as others do.

    The kernel does not deliver to a first process what would merely end it: the abort of a library,
    the end of the processor time. Then its exit code says the signal (`ending`).
    """
    if os.getpid() != 1:
        raise OSError("the process has no process-id namespace of its own")
    for number in SAID_BY_EXIT:
        native.exit_on(number)


def ending(status: int, *, first: bool) -> int:
    """Give how a process ended: its exit code, or minus the signal; `first` as `be_first` made it."""
    code = os.waitstatus_to_exitcode(status)
    return -code if first and code in SAID_BY_EXIT else code


def gain_no_privileges() -> None:
    """Make set-user-id files powerless for this process (no_new_privs); Landlock and filter need it."""
    native.prctl(native.PR_SET_NO_NEW_PRIVS, 1)


def hide_memory() -> None:
    """Keep other processes of the same user out of this one's memory, and leave no core file."""
    native.prctl(native.PR_SET_DUMPABLE, 0)


def refuse_new_code() -> None:
    """Let the kernel refuse memory that becomes executable (Linux 6.3, PR_SET_MDWE)."""
    native.prctl(native.PR_SET_MDWE, native.PR_MDWE_REFUSE_EXEC_GAIN)


def close(descriptors: Iterable[int]) -> None:
    """Close descriptors."""
    for descriptor in descriptors:
        os.close(descriptor)


def _within(kind: int, wanted: tuple[int, int]) -> tuple[int, int]:
    ceiling = resource.getrlimit(kind)[1]
    soft, hard = (
        value if ceiling == resource.RLIM_INFINITY else min(value, ceiling) for value in wanted
    )
    return soft, hard


def _highest_descriptor() -> int:
    return max(map(int, _listed("/proc/self/fd")))


def _listed(folder: str) -> list[str]:
    # Not by pathlib: a fresh fork pays for each page of objects that it is the first to touch.
    return os.listdir(folder)  # noqa: PTH208 - see above
