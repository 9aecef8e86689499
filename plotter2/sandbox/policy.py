"""Which system calls a confined child may make, as data. `seccomp` turns it into a filter.

Whatever is not named is answered with EPERM, so that a library falls back and a script gets a
readable error. Calls that no library falls back from, and that only an attack makes, end the child.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CHANNEL_FD: Final = 3
"""The descriptor of a child's only socket."""


@dataclass(frozen=True, slots=True)
class BitsAre:
    """The low 32 bits of an argument, masked, are `value`."""

    argument: int
    mask: int
    value: int


@dataclass(frozen=True, slots=True)
class BitsAreNot:
    """The low 32 bits of an argument, masked, are anything but `value`."""

    argument: int
    mask: int
    value: int


@dataclass(frozen=True, slots=True)
class OneOf:
    """The low 32 bits of an argument, masked, are one of `values`."""

    argument: int
    values: tuple[int, ...]
    mask: int = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class IsNull:
    """All 64 bits of an argument are zero."""

    argument: int


@dataclass(frozen=True, slots=True)
class IsOwnProcess:
    """The argument is the child's own process id."""

    argument: int


Condition = BitsAre | BitsAreNot | OneOf | IsNull | IsOwnProcess


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_PROT_EXEC = 0x4
_SHARED_ANONYMOUS = 0x1 | 0x20
_MAP_HUGETLB = 0x40000
_WRITING = 0o3 | 0o100 | 0o1000 | 0o2000 | 0o20000000  # access mode, CREAT, TRUNC, APPEND, TMPFILE
_O_PATH = 0o10000000
_CLONE_THREAD = 0x00010000
_CLONE_NEW_ANYTHING = 0x7E020000

ALWAYS: Final = _names(
    """
    read write readv writev pread64 pwrite64 preadv pwritev close fstat newfstatat stat lstat statx
    lseek munmap mremap brk madvise rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack
    restart_syscall access faccessat faccessat2 getcwd poll ppoll select pselect6 epoll_create1
    epoll_ctl epoll_wait epoll_pwait eventfd2 set_robust_list rseq exit exit_group gettid getpid
    getppid getuid geteuid getgid getegid sched_yield sched_getaffinity getcpu nanosleep
    clock_nanosleep clock_gettime clock_getres gettimeofday time times getrusage getrandom getrlimit
    sysinfo uname fadvise64
    """
)
"""Allowed with any argument."""

READING: Final[tuple[str, ...]] = ("readlink", "readlinkat", "getdents64")
"""Allowed only where Landlock says which paths may be read."""

CONDITIONS: Final[dict[str, tuple[Condition, ...]]] = {
    # No new code; no memory that escapes the watch over it: shared anonymous, or huge pages.
    "mmap": (
        BitsAre(2, _PROT_EXEC, 0),
        BitsAreNot(3, _SHARED_ANONYMOUS, _SHARED_ANONYMOUS),
        BitsAre(3, _MAP_HUGETLB, 0),
    ),
    "mprotect": (BitsAre(2, _PROT_EXEC, 0),),
    # Threads, never processes or namespaces.
    "clone": (BitsAre(0, _CLONE_THREAD | _CLONE_NEW_ANYTHING, _CLONE_THREAD),),
    # No priority inheritance (a long history of kernel faults); private and clock bits are free.
    "futex": (OneOf(1, (0, 1, 3, 4, 5, 9, 10), mask=0x7F),),
    "fcntl": (OneOf(1, (1, 2, 3, 1030, 1034)),),  # GETFD SETFD GETFL DUPFD_CLOEXEC GET_SEALS
    "ioctl": (OneOf(1, (0x5401, 0x5450, 0x5451, 0x541B)),),  # TCGETS FIONCLEX FIOCLEX FIONREAD
    "prctl": (OneOf(0, (15, 16, 0x53564D41)),),  # SET_NAME GET_NAME SET_VMA
    "prlimit64": (IsNull(2),),  # reading only
    # Its own processor time and memory, which nobody can raise: a child that waits gets its budget with its job.
    "setrlimit": (OneOf(0, (0, 2)),),  # CPU DATA
    "kill": (IsOwnProcess(0),),
    "tgkill": (IsOwnProcess(0),),
    "sendto": (OneOf(0, (CHANNEL_FD,)), IsNull(4)),
    "recvmsg": (OneOf(0, (CHANNEL_FD,)),),
}

OPENING: Final[dict[str, tuple[Condition, ...]]] = {
    "openat": (BitsAre(2, _WRITING | _O_PATH, 0),),
    "open": (BitsAre(1, _WRITING | _O_PATH, 0),),
}
"""Allowed only where Landlock says which paths may be read."""

NOT_THERE: Final[tuple[str, ...]] = ("clone3", "openat2")
"""Answered with ENOSYS: their arguments lie in memory, and every caller knows the older call."""

DEADLY: Final = _names(
    """
    execve execveat ptrace mount umount2 pivot_root chroot bpf io_uring_setup io_uring_enter
    io_uring_register keyctl add_key request_key process_vm_readv process_vm_writev perf_event_open
    userfaultfd kexec_load kexec_file_load init_module finit_module delete_module open_by_handle_at
    unshare setns swapon swapoff reboot acct mount_setattr open_tree move_mount fsopen fsconfig
    fsmount fspick pidfd_open pidfd_getfd pidfd_send_signal process_madvise kcmp seccomp
    settimeofday clock_settime adjtimex clock_adjtime sethostname setdomainname quotactl syslog
    modify_ldt iopl ioperm vhangup
    """
)
"""End the child at once."""
