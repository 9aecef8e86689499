"""One attempt: a deed that outside the sandbox works, and what a sandbox may answer to it. Only values."""

from __future__ import annotations

import ctypes
import errno
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from plotter2.config.levels import Level

Kind: TypeAlias = Literal[
    "files",
    "metadata",
    "network",
    "processes",
    "signals",
    "privileges",
    "memory",
    "new code",
    "devices",
    "/proc",
    "needed",
]

REFUSALS: Final = frozenset(
    (errno.EPERM, errno.EACCES, errno.ENOENT, errno.ESRCH, errno.EROFS, errno.ENOSYS)
)
"""What is said when a deed is not allowed, or when what it is for cannot be seen from inside."""

_LIBC: Final = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Place:
    """What there is to attack: made by the self-test, open to everybody, so that only the sandbox is in the way."""

    folder: str
    secret: str
    """A file in the folder."""
    given: str
    """A folder that a confined process may read; it holds a file."""
    process: int
    """A process that does nothing."""
    process_shown: int
    """The number under which /proc shows it."""
    parent_shown: int
    """The number under which /proc shows who makes the attempts."""
    tcp: int
    udp: int
    local: str
    """The path of a socket that listens."""

    def new(self, name: str = "new") -> str:
        """Give a path in the folder at which nothing is."""
        return f"{self.folder}/{name}-{os.getpid()}"


Deed: TypeAlias = Callable[[Place], object]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A deed with its name; raises OSError when it is refused.

    `promised` is the least level that must stop it; `also` are errors that mean a refusal for this
    deed alone. With `lent` whoever tries it outside does so as the root of namespaces of his own,
    where it works for everybody and does no harm.
    """

    kind: Kind
    name: str
    deed: Deed
    promised: Level = "C"
    also: tuple[int, ...] = ()
    lent: bool = False


def c(name: str, *arguments: int | bytes | ctypes.Array[ctypes.c_char] | None) -> int:
    """Call a function of the C library whose -1 is an error; integers are words of 64 bits."""
    words = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    function = getattr(_LIBC, name)
    function.restype = ctypes.c_long
    result = int(function(*words))
    if ctypes.c_int(result).value == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def opened(path: str, flags: int, mode: int = 0o600) -> None:
    """Open a path and close it again."""
    os.close(os.open(path, flags | os.O_CLOEXEC, mode))


def socket_of(family: int, kind: int, protocol: int = 0) -> None:
    """Make a socket and close it again."""
    socket.socket(family, kind, protocol).close()
