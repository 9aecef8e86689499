"""The zygote as the orchestrator sees it: started, asked for children, ended. Knows no job."""

from __future__ import annotations

import os
import select
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plotter2.errors import HostError
from plotter2.orchestrator.settings import OrchestratorSettings, default_cache
from plotter2.orchestrator.verdict import failed
from plotter2.wire import codes
from plotter2.wire.messages import MESSAGE_LIMIT, Failed
from plotter2.wire.zygote import Made, MakeChild, Ready, decode_from_zygote, encode

_END_SECONDS: Final = 2.0
_LAST_LINES: Final = 5
_MADE_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Child:
    """A child that was just forked: how to talk to it, to hear of it, to end it."""

    channel: socket.socket
    status: socket.socket
    pid: int
    pidfd: int
    memory: int
    """Its /proc/PID/status, opened."""

    def kill(self) -> None:
        """Send SIGKILL; nothing happens when it is dead."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)

    def close(self) -> None:
        """Give back what the host holds of it."""
        self.channel.close()
        self.status.close()
        os.close(self.pidfd)
        os.close(self.memory)


class ZygoteProcess:
    """A running zygote. Starting it does not wait; `ready` does."""

    def __init__(self, settings: OrchestratorSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._ready: Ready | None = None
        self._private: tempfile.TemporaryDirectory[str] | None = None
        self._errors = os.memfd_create("zygote-errors", os.MFD_CLOEXEC)
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = self._start(theirs.fileno())

    def _start(self, control: int) -> subprocess.Popen[bytes]:
        command = (*self._settings.zygote, str(control), *self._settings.switched_off)
        try:
            return subprocess.Popen(  # noqa: S603 - the command is a setting, not input
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                pass_fds=(control,),
                env=self._environment(),
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            self._release()
            raise HostError(
                codes.ZYGOTE_NOT_STARTED,
                f"the process for children could not be started: {error.strerror}",
                where=command[0],
            ) from None

    def _environment(self) -> dict[str, str]:
        return {
            "HOME": "/nonexistent",
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "MPLBACKEND": "agg",
            "MPLCONFIGDIR": str(self._cache()),
            # One thread at the fork; a child makes threads of its own when it computes.
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
            # polars' allocator: a fresh child spends a third of its time on faults of small pages.
            "_RJEM_MALLOC_CONF": "thp:always",
        }

    def _cache(self) -> Path:
        cache = self._settings.cache or default_cache()
        if cache is not None and _is_own(cache):
            return cache
        self._private = tempfile.TemporaryDirectory(prefix="plotter2-")
        return Path(self._private.name)

    @property
    def alive(self) -> bool:
        """Tell whether the process runs."""
        return self._process.poll() is None

    def ready(self) -> Ready:
        """Wait until children can be made. Raises HostError (P2-H0919) when that fails."""
        with self._lock:
            if self._ready is None:
                self._ready = self._wait_ready()
            return self._ready

    def _wait_ready(self) -> Ready:
        data = _received(self._control, self._settings.start_seconds)
        if data is None:
            raise self._not_started("it did not become ready in time")
        if not data:
            raise self._not_started("it ended while it started")
        said = decode_from_zygote(data)
        if isinstance(said, Failed):
            raise failed(said)
        if not isinstance(said, Ready):
            raise self._not_started("it did not say that it is ready")
        return said

    def _not_started(self, why: str) -> HostError:
        said = os.pread(self._errors, MESSAGE_LIMIT, 0).decode(errors="replace").strip()
        last = "\n".join(said.splitlines()[-_LAST_LINES:])
        return HostError(
            codes.ZYGOTE_NOT_STARTED,
            f"the process for children could not be used: {why}",
            where=" ".join(self._settings.zygote),
            help="`plotter2 doctor` checks the installation",
            note=last,
        )

    def make_child(self, order: MakeChild) -> Child:
        """Have a child forked by a ready zygote. Raises HostError (P2-H0902) when it cannot."""
        with ExitStack() as on_failure:
            channel, child_end = _pair(on_failure)
            status, zygote_end = _pair(on_failure)
            try:
                ends = [child_end.fileno(), zygote_end.fileno()]
                socket.send_fds(self._control, [encode(order)], ends)
                child_end.close()
                zygote_end.close()
                pid, pidfd, memory = self._made(status)
            except OSError:
                # It is gone, or so stuck that nobody would be reaped any more: the next is a new one.
                self._process.kill()
                self._process.wait()
                raise self.lost() from None
            on_failure.pop_all()
        return Child(channel, status, pid, pidfd, memory)

    def _made(self, status: socket.socket) -> tuple[int, int, int]:
        status.settimeout(_MADE_SECONDS)
        data, fds, _, _ = socket.recv_fds(status, MESSAGE_LIMIT, 2)
        if not data:
            raise self.lost()
        said = decode_from_zygote(data)
        if isinstance(said, Failed):
            raise failed(said)
        if not isinstance(said, Made) or len(fds) != 2:
            raise self.lost()
        status.setblocking(False)
        pidfd, memory = fds
        return said.pid, pidfd, memory

    def lost(self) -> HostError:
        """Give the error for a zygote that is gone or silent."""
        return HostError(
            codes.ZYGOTE_LOST,
            "the process for children ended or stopped answering while it was needed",
            help="run it again; a new one is started",
        )

    def close(self) -> None:
        """End the zygote and with it every child; wait until it is gone."""
        self._control.close()
        if self._ready is None:  # it still loads and would not hear the end
            self._process.kill()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._release()

    def _release(self) -> None:
        self._control.close()
        os.close(self._errors)
        if self._private is not None:
            self._private.cleanup()


def _is_own(cache: Path) -> bool:
    """Tell whether the cache is there, or can be made, and nobody else can write into it."""
    try:
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = cache.stat()
    except OSError:
        return False
    closed = not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return closed and status.st_uid == os.geteuid() and os.access(cache, os.W_OK | os.X_OK)


def _pair(stack: ExitStack) -> tuple[socket.socket, socket.socket]:
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    stack.enter_context(here)
    stack.enter_context(there)
    return here, there


def _received(connection: socket.socket, seconds: float) -> bytes | None:
    """Give the next packet, b"" at the end, None when nothing came in time."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        if poll.poll(left * 1000):
            return connection.recv(MESSAGE_LIMIT + 1)
    return None
