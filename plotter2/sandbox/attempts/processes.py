"""Attempts on other processes, on rights, and on what the kernel does for all of them."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import signal
import struct
from typing import Final

from plotter2.sandbox import native
from plotter2.sandbox.attempts.attempt import Attempt, Place, c

_TRUE: Final = "/bin/true"
_NEW_USERS: Final = native.CLONE_NEWUSER
_HERE: Final = -100  # AT_FDCWD
_ALLOW_ALL: Final = struct.pack("<HBBI", 0x06, 0, 0, 0x7FFF0000)
_BATCH: Final = 3  # SCHED_BATCH


def _fork(_: Place) -> None:
    child = native.syscall("clone", signal.SIGCHLD, 0, 0, 0, 0)
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def _clone3(_: Place) -> None:
    arguments = struct.pack("<5Q", 0, 0, 0, 0, signal.SIGCHLD) + bytes(24)
    child = native.syscall("clone3", arguments, len(arguments))
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def _spawn(_: Place) -> None:
    os.waitpid(os.posix_spawn(_TRUE, ["true"], {}), 0)


def _execute(_: Place) -> None:
    os.execv(_TRUE, ["true"])


def _execute_opened(_: Place) -> None:
    program = os.open(_TRUE, os.O_RDONLY | os.O_CLOEXEC)
    os.execve(program, ["true"], {})


def _read_memory_of(process: int) -> None:
    there, here = ctypes.create_string_buffer(8), ctypes.create_string_buffer(8)
    ours, theirs = (struct.pack("<QQ", ctypes.addressof(b), 8) for b in (here, there))
    native.syscall("process_vm_readv", process, ours, 1, theirs, 1, 0)


def _write_memory_of(process: int) -> None:
    there, here = ctypes.create_string_buffer(8), ctypes.create_string_buffer(8)
    ours, theirs = (struct.pack("<QQ", ctypes.addressof(b), 8) for b in (here, there))
    native.syscall("process_vm_writev", process, ours, 1, theirs, 1, 0)


def _signal_by_descriptor(place: Place) -> None:
    signal.pidfd_send_signal(os.pidfd_open(place.process), 0)


def _signal_when_ready(place: Place) -> None:
    fcntl.fcntl(os.pipe()[0], fcntl.F_SETOWN, place.process)


def _queue(place: Place) -> None:
    c("sigqueue", place.process, 0, None)


def _enter_namespace(_: Place) -> None:
    own = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    native.setns(own, native.CLONE_NEWNET)


def _filter_of_its_own(_: Place) -> None:
    native.prctl(native.PR_SET_NO_NEW_PRIVS, 1)
    code = ctypes.create_string_buffer(_ALLOW_ALL, len(_ALLOW_ALL))
    native.syscall("seccomp", 1, 0, struct.pack("<H6xQ", 1, ctypes.addressof(code)))


def _more_descriptors(_: Place) -> None:
    _, hard = struct.unpack("<2Q", _limits(None))
    _limits(struct.pack("<2Q", hard, hard))


def _limits(new: bytes | None) -> bytes:
    old = ctypes.create_string_buffer(16)
    native.syscall("prlimit64", 0, 7, new, old)
    return old.raw


def _listen_to_performance(_: Place) -> None:
    attribute = struct.pack("<IIQ", 1, 112, 1).ljust(112, b"\0")  # software event: processor clock
    exclude = bytearray(attribute)
    exclude[40] = 0b1100000  # not the kernel, not the hypervisor
    native.syscall("perf_event_open", bytes(exclude), 0, -1, -1, 0)


def _mount(place: Place) -> None:
    native.mount("empty", place.folder, "tmpfs", 0)


PROCESSES: Final = (
    Attempt("processes", "fork", _fork),
    Attempt("processes", "fork by the newest call", _clone3),
    Attempt("processes", "start a program", _spawn),
    Attempt("processes", "become a program", _execute),
    Attempt("processes", "become an opened program", _execute_opened),
    Attempt("processes", "be traced", lambda _: native.syscall("ptrace", 0, 0, 0, 0)),
    Attempt(
        "processes",
        "trace another process",
        lambda p: native.syscall("ptrace", 0x4206, p.process, 0, 0),
    ),
    Attempt("processes", "read another's memory", lambda p: _read_memory_of(os.getpid())),
    Attempt("processes", "write another's memory", lambda p: _write_memory_of(os.getpid())),
    Attempt("processes", "open a process", lambda p: os.pidfd_open(p.process)),
    Attempt(
        "processes",
        "compare with another process",
        lambda p: native.syscall("kcmp", p.process, os.getpid(), 1, 0, 0),
    ),
    Attempt("processes", "lead a group", lambda _: os.setpgid(0, 0)),
    Attempt("processes", "be kinder to others", lambda _: os.nice(1)),
    Attempt("processes", "choose a processor", lambda _: _processors()),
    Attempt("processes", "choose a scheduler", lambda _: _scheduler()),
    Attempt("processes", "count cycles", _listen_to_performance),
)

SIGNALS: Final = (
    Attempt("signals", "signal another process", lambda p: os.kill(p.process, 0)),
    Attempt("signals", "signal everybody", lambda _: os.kill(-1, 0)),
    Attempt("signals", "signal its group", lambda _: os.kill(0, 0)),
    Attempt("signals", "signal another's thread", lambda p: _thread(p.process)),
    Attempt("signals", "signal with a value", _queue),
    Attempt("signals", "signal by a descriptor", _signal_by_descriptor),
    Attempt("signals", "let a descriptor signal another", _signal_when_ready),
    Attempt("signals", "set an alarm", lambda _: signal.setitimer(signal.ITIMER_REAL, 100)),
)

PRIVILEGES: Final = (
    Attempt("privileges", "set its user", lambda _: os.setuid(os.getuid())),
    Attempt("privileges", "set its group", lambda _: os.setgid(os.getgid())),
    Attempt("privileges", "set its capabilities", lambda _: native.drop_capabilities()),
    Attempt("privileges", "be readable for others", lambda _: native.prctl(4, 1)),
    Attempt("privileges", "raise its limits", _more_descriptors),
    Attempt("privileges", "make namespaces", lambda _: native.unshare(_NEW_USERS)),
    Attempt("privileges", "enter a namespace", _enter_namespace, lent=True),
    Attempt("privileges", "mount a file system", _mount, lent=True),
    Attempt("privileges", "detach a tree of files", lambda p: _tree(p.folder), lent=True),
    Attempt("privileges", "change the root", lambda p: os.chroot(p.folder), lent=True),
    Attempt("privileges", "rename the machine", lambda _: _rename(), lent=True),
    Attempt("privileges", "read the kernel's clock", lambda _: _adjust()),
    Attempt("privileges", "load a filter of its own", _filter_of_its_own),
    Attempt(
        "privileges", "run a program in the kernel", lambda _: _program(), also=(errno.EINVAL,)
    ),
    Attempt("privileges", "use the ring of the kernel", lambda _: _ring()),
    Attempt("privileges", "open a keyring", lambda _: native.syscall("keyctl", 0, -3, 1)),
    Attempt("privileges", "add a key", lambda _: _key()),
    Attempt("privileges", "be another kind of system", lambda _: c("personality", 0xFFFFFFFF)),
)


def _processors() -> None:
    os.sched_setaffinity(0, os.sched_getaffinity(0))


def _scheduler() -> None:
    os.sched_setscheduler(0, _BATCH, os.sched_param(0))


def _thread(process: int) -> None:
    native.syscall("tgkill", process, process, 0)


def _tree(folder: str) -> None:
    native.syscall("open_tree", _HERE, folder.encode(), 1)


def _rename() -> None:
    name = os.uname().nodename.encode()
    native.syscall("sethostname", name, len(name))


def _adjust() -> None:
    native.syscall("adjtimex", ctypes.create_string_buffer(256))


def _program() -> None:
    attribute = struct.pack("<IIII", 2, 4, 4, 1).ljust(128, b"\0")  # a map of one number
    native.syscall("bpf", 0, attribute, len(attribute))


def _ring() -> None:
    native.syscall("io_uring_setup", 1, ctypes.create_string_buffer(120))


def _key() -> None:
    native.syscall("add_key", b"user", b"plotter2", b"x", 1, -2)
