"""Where children are born: each in a process-id namespace of its own, in which it is the only process.

It can then neither see nor name any other process, and whatever it left behind would die with it.
The namespace costs no second fork: who forks sets where its next child is born, forks, and sets it back.
Root may do so as it is. An ordinary user first needs a user namespace and a process-id namespace
below it, because the way back is only open to the owner of the namespace one comes from (setns(2)).
"""

from __future__ import annotations

import fcntl
import os
from typing import Final, Self

from plotter2.sandbox import native
from plotter2.sandbox.namespaces import enter_own_users
from plotter2.sandbox.process import Parent, die_with
from plotter2.sandbox.trial import tried

_LEAST_DESCRIPTOR: Final = 10
_SELF: Final = "/proc/self/ns/pid"
_FAILED: Final = 1


def settle() -> None:
    """Let this process, if it is an ordinary user's, go on where it may make such namespaces.

    It goes on in a fork; what remains waits for that, takes its exit code and dies before it does
    not. Call it early, while the process is small and has one thread. Nothing happens for root, who
    needs none of it, and where the kernel does not allow it: `try_out` then says so.
    """
    if os.geteuid() != 0 and not tried(_try_as_user):
        _move_below()


def try_out() -> None:
    """Have a process born in a namespace of its own. Raises OSError; call it in a trial's fork."""
    try:
        _try_here()
    except PermissionError:
        if os.geteuid() == 0:
            raise
        _try_as_user()


class Cradle:
    """Forks children: each into a namespace of its own, or all beside this process."""

    def __init__(self, own: int | None) -> None:
        self._own = own

    @classmethod
    def made(cls, *, apart: bool) -> Self:
        """Give a cradle; `apart` needs what `try_out` tries, in a process that has settled."""
        return cls(_open_own() if apart else None)

    def fork(self) -> int:
        """Fork as os.fork does. Raises OSError when there is no child, and all is as it was."""
        if self._own is None:
            return os.fork()
        native.unshare(native.CLONE_NEWPID)
        child = -1
        try:
            child = os.fork()
        finally:
            if child != 0:
                native.setns(self._own, native.CLONE_NEWPID)
        return child

    def close(self) -> None:
        """Give back what it holds."""
        if self._own is not None:
            os.close(self._own)


def number_outside(pidfd: int) -> int:
    """Give the number of a process under which /proc shows it, wherever this process was born."""
    look = os.open(f"/proc/self/fdinfo/{pidfd}", os.O_RDONLY | os.O_CLOEXEC)
    lines = os.read(look, 4096).splitlines()
    os.close(look)
    return int(next(line for line in lines if line.startswith(b"Pid:")).split()[1])


def _open_own() -> int:
    low = os.open(_SELF, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, _LEAST_DESCRIPTOR)
    finally:
        os.close(low)


def _move_below() -> None:
    here = Parent.this()
    enter_own_users(native.CLONE_NEWPID)
    child = os.fork()
    if child != 0:
        _stand_for(child)
    die_with(here)
    os.close(here.handle)


def _stand_for(child: int) -> None:
    """Be the process that others know, until the child that does the work ends."""
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else _FAILED)


def _try_here() -> None:
    cradle = Cradle.made(apart=True)
    child = cradle.fork()
    if child == 0:
        os._exit(0 if os.getpid() == 1 else _FAILED)
    cradle.close()
    _require_good_end(child)


def _try_as_user() -> None:
    enter_own_users(native.CLONE_NEWPID)
    child = os.fork()
    if child == 0:
        code = _FAILED
        try:
            _try_here()
            code = 0
        finally:
            os._exit(code)
    _require_good_end(child)


def _require_good_end(child: int) -> None:
    _, status = os.waitpid(child, 0)
    if status:
        raise OSError("a process that was born in a namespace of its own did not end well")
