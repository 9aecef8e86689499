"""Attempts on files, on what is written beside their content, on devices and on /proc."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import sys
from typing import Final

from plotter2.sandbox import native
from plotter2.sandbox.attempts.attempt import Attempt, Deed, Kind, Place, c, opened

_WRITE: Final = os.O_WRONLY | os.O_CREAT
_HERE: Final = -100  # AT_FDCWD
_SOCKET: Final = 0o140600
_WATCH_ALL: Final = 0xFFF


def _all(kind: Kind, deeds: dict[str, Deed], **options: object) -> tuple[Attempt, ...]:
    return tuple(Attempt(kind, name, deed, **options) for name, deed in deeds.items())  # type: ignore[arg-type]


def _append(place: Place) -> None:
    file = os.open(place.secret, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    os.write(file, b"x")


def _move_between_pipes(_: Place) -> None:
    (source, into), (_unread, target) = os.pipe(), os.pipe()
    os.write(into, b"x")
    c("splice", source, None, target, None, 1, 0)


def _watch(place: Place) -> None:
    c("inotify_add_watch", c("inotify_init1", 0), place.folder.encode(), _WATCH_ALL)


def _lock(place: Place) -> None:
    fcntl.flock(os.open(place.secret, os.O_RDONLY | os.O_CLOEXEC), fcntl.LOCK_EX | fcntl.LOCK_NB)


FILES: Final = (
    *_all(
        "files",
        {
            "read a file": lambda p: opened(p.secret, os.O_RDONLY),
            "read the password file": lambda _: opened("/etc/passwd", os.O_RDONLY),
            "read the interpreter": lambda _: opened(sys.executable, os.O_RDONLY),
            "read by the newest call": lambda p: _openat2(p.secret),
            "list a folder": lambda p: os.listdir(p.folder),
            "list the root": lambda _: os.listdir("/"),
            "name a file without opening it": lambda p: opened(p.secret, os.O_PATH),
            "make a handle of a file": lambda p: _handle(p.secret),
            "make a file": lambda p: opened(p.new(), _WRITE),
            "write into a file": lambda p: opened(p.secret, os.O_WRONLY),
            "append to a file": _append,
            "empty a file": lambda p: os.truncate(p.secret, 0),
            "make a file without a name": lambda p: opened(p.folder, os.O_TMPFILE | os.O_WRONLY),
            "make a file in memory": lambda _: os.memfd_create("attempt"),
            "make a folder": lambda p: os.mkdir(p.new()),
            "make a link": lambda p: os.symlink("/etc/passwd", p.new()),
            "make a second name": lambda p: os.link(p.secret, p.new()),
            "rename a file": lambda p: os.rename(p.secret, p.new()),
            "remove a file": lambda p: os.unlink(p.secret),
            "make a pipe with a name": lambda p: os.mkfifo(p.new()),
            "make a socket with a name": lambda p: os.mknod(p.new(), _SOCKET),
            "go to another folder": lambda p: os.chdir(p.folder),
            "watch a folder": _watch,
            "lock a file": _lock,
            "move bytes inside the kernel": _move_between_pipes,
        },
    ),
    Attempt("files", "learn that a file exists", lambda p: os.stat(p.secret), promised="A"),
    Attempt("files", "ask what it may do with a file", lambda p: _access(p.secret), promised="A"),
)

METADATA: Final = _all(
    "metadata",
    {
        "change a mode": lambda p: os.chmod(p.secret, 0o666),
        "change a mode by the newest call": lambda p: native.syscall(
            "fchmodat2", _HERE, p.secret.encode(), 0o666, 0
        ),
        "change an owner": lambda p: os.chown(p.secret, os.getuid(), os.getgid()),
        "change the owner of a link": lambda p: os.lchown(p.secret, os.getuid(), os.getgid()),
        "change times": lambda p: os.utime(p.secret, (0, 0)),
        "set an attribute": lambda p: os.setxattr(p.secret, "user.attempt", b"1"),
        "read an attribute": lambda p: os.listxattr(p.secret),
        "change its umask": lambda _: os.umask(0),
    },
    also=(errno.EOPNOTSUPP,),
)

DEVICES: Final = (
    *_all(
        "devices",
        {
            "write to /dev/null": lambda _: opened("/dev/null", os.O_WRONLY),
            "read /dev/zero": lambda _: opened("/dev/zero", os.O_RDONLY),
            "read /dev/urandom": lambda _: opened("/dev/urandom", os.O_RDONLY),
            "make a terminal": lambda _: opened("/dev/ptmx", os.O_RDWR | os.O_NOCTTY),
            "make a file in /dev/shm": lambda _: _make_and_remove("/dev/shm/plotter2-attempt"),
            "switch a descriptor by ioctl": lambda _: fcntl.ioctl(_pipe(), 0x5421, b"\0" * 4),
        },
    ),
    Attempt("devices", "make a device", lambda p: os.mknod(p.new(), 0o020600, os.makedev(1, 3))),
    Attempt("devices", "read the kernel's log", lambda _: c("klogctl", 10, None, 0)),
)

PROC: Final = _all(
    "/proc",
    {
        "read its own environment": lambda _: opened("/proc/self/environ", os.O_RDONLY),
        "read its own memory": lambda _: opened("/proc/self/mem", os.O_RDONLY),
        "read its own map": lambda _: opened("/proc/self/maps", os.O_RDONLY),
        "list its own descriptors": lambda _: os.listdir("/proc/self/fd"),
        "read the parent's environment": lambda p: opened(
            f"/proc/{p.parent_shown}/environ", os.O_RDONLY
        ),
        "read the parent's command": lambda p: opened(
            f"/proc/{p.parent_shown}/cmdline", os.O_RDONLY
        ),
        "read another's memory": lambda p: opened(f"/proc/{p.process_shown}/mem", os.O_RDONLY),
        "list another's descriptors": lambda p: os.listdir(f"/proc/{p.process_shown}/fd"),
        "list processes": lambda _: os.listdir("/proc"),
        "read settings of the kernel": lambda _: opened("/proc/sys/kernel/osrelease", os.O_RDONLY),
        "be the first to be ended": lambda _: opened("/proc/self/oom_score_adj", os.O_WRONLY),
        "list /sys": lambda _: os.listdir("/sys"),
    },
)


def _openat2(path: str) -> None:
    how = (os.O_RDONLY | os.O_CLOEXEC).to_bytes(8, "little") + bytes(16)
    os.close(native.syscall("openat2", _HERE, path.encode(), how, len(how)))


def _handle(path: str) -> None:
    handle = ctypes.create_string_buffer((128).to_bytes(4, "little"), 136)
    c("name_to_handle_at", _HERE, path.encode(), handle, ctypes.create_string_buffer(4), 0)


def _access(path: str) -> None:
    if not os.access(path, os.R_OK):
        raise PermissionError(errno.EACCES, "it may not")


def _make_and_remove(path: str) -> None:
    opened(path, _WRITE)
    os.unlink(path)


def _pipe() -> int:
    return os.pipe()[0]
