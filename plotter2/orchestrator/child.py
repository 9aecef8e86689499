"""One child as the host holds it, from the order for it to its end. Knows no job."""

from __future__ import annotations

import os
import select
import signal
import socket
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from plotter2.errors import HostError
from plotter2.orchestrator.groups import Group
from plotter2.orchestrator.verdict import failed
from plotter2.wire import codes
from plotter2.wire.messages import MESSAGE_LIMIT, Failed
from plotter2.wire.zygote import Ended, Equipment, Made, decode_from_zygote

_DESCRIPTORS: Final = 3
_WORD_SECONDS: Final = 2.0
_WORDS_WHEN_READY: Final = 2
_LOOK_BYTES: Final = 8192
_OWN_MEMORY: Final = ("RssAnon:", "VmSwap:")
_OF_ITS_OWN: Final = ("Private_Dirty:", "Swap:")
_PAGE_TABLES: Final = ("VmPTE:",)
_ASSUMED_BYTES: Final = 8 << 20


@dataclass(slots=True)
class Child:
    """A child that lives or has lived: how to talk to it, to hear of it, to end it."""

    channel: socket.socket
    status: socket.socket
    pid: int
    pidfd: int
    memory: int
    """Its /proc/PID/status, opened."""
    pages: int
    """Its /proc/PID/smaps_rollup, opened."""
    heard: list[bytes] = field(default_factory=list)
    """Packets that it sent and that nobody has read yet."""
    group: Group | None = None
    """Its control group, where there is one."""

    @property
    def is_ready(self) -> bool:
        """Hear what it has said so far; tell whether it is confined, or has said why it is not."""
        while len(self.heard) < _WORDS_WHEN_READY:
            try:
                data = self.channel.recv(MESSAGE_LIMIT + 1, socket.MSG_DONTWAIT)
            except OSError:
                return False
            if not data:  # it has ended; its status says how
                return True
            self.heard.append(data)
        return True

    def kill(self) -> None:
        """Send SIGKILL; nothing happens when it is dead."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
        if self.group is not None:
            self.group.kill()

    @property
    def was_killed(self) -> bool:
        """Tell whether it was ended by a signal, as by a person or a machine without memory."""
        if not self.is_dead(0.0):
            return False
        poll = select.poll()
        poll.register(self.status, select.POLLIN)
        told = poll.poll(_WORD_SECONDS * 1000)
        data = self.status.recv(MESSAGE_LIMIT, socket.MSG_PEEK) if told else b""
        said = decode_from_zygote(data) if data else None
        return not isinstance(said, Ended) or said.code < 0

    def is_dead(self, seconds: float) -> bool:
        """Wait for its death; tell whether it came."""
        poll = select.poll()
        poll.register(self.pidfd, select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def close(self) -> None:
        """Give back what the host holds of it."""
        self.channel.close()
        self.status.close()
        for descriptor in (self.pidfd, self.memory, self.pages):
            os.close(descriptor)


class Newborn:
    """A child that was ordered from a zygote, whether it is there yet or not."""

    def __init__(
        self,
        channel: socket.socket,
        status: socket.socket,
        equipment: frozenset[Equipment] = frozenset(),
    ) -> None:
        self.equipment = equipment
        self._channel = channel
        self._status = status
        self._child: Child | None = None

    def child(self, seconds: float) -> Child:
        """Give the child as soon as it was forked.

        Raises HostError: P2-H0902 when the zygote is gone or too slow, and what kept it from forking.
        """
        if self._child is None:
            self._status.settimeout(seconds)
            try:
                data, fds, _, _ = socket.recv_fds(self._status, MESSAGE_LIMIT, _DESCRIPTORS)
            except OSError:
                raise lost() from None
            said = decode_from_zygote(data) if data else None
            if isinstance(said, Failed):
                raise failed(said)
            if not isinstance(said, Made) or len(fds) != _DESCRIPTORS:
                raise lost()
            self._status.setblocking(False)
            self._child = Child(self._channel, self._status, said.pid, fds[0], fds[1], fds[2])
        return self._child

    def close(self) -> None:
        """Give back what the host holds of it; a child that is forked already ends when it hears that."""
        with suppress(HostError):
            self.child(0.0).close()
        self._channel.close()
        self._status.close()


def lost() -> HostError:
    """Give the error for a zygote that is gone or silent."""
    return HostError(
        codes.ZYGOTE_LOST,
        "the process for children ended or stopped answering while it was needed",
        help="run it again; a new one is started",
    )


def own_memory(status: int) -> int:
    """Give the bytes of anonymous memory of a process, resident or swapped; 0 when it is dead.

    `status` is its opened /proc/PID/status (proc(5)). Shared pages are left out: inputs are the
    host's, and the output has a cap of its own.
    """
    return _sum(status, _OWN_MEMORY)


def resident_memory(status: int) -> int:
    """Give the bytes that a process has resident, its own and shared ones."""
    return _sum(status, ("VmRSS:",))


def idle_memory(child: Child) -> int:
    """Give the bytes that a child takes beyond what it shares with the zygote, its page tables among them.

    Where a child hid before anybody could look, a number that is too large rather than too small stands for it.
    """
    own = _sum(child.pages, _OF_ITS_OWN) or _ASSUMED_BYTES
    return own + _sum(child.memory, _PAGE_TABLES)


def _sum(look: int, names: tuple[str, ...]) -> int:
    try:
        lines = os.pread(look, _LOOK_BYTES, 0).decode("ascii", "replace").splitlines()
    except ProcessLookupError:
        return 0
    fields = (line.split() for line in lines if line.startswith(names))
    return sum(int(field[1]) * 1024 for field in fields)
