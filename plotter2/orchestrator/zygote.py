"""The zygote as the orchestrator sees it: started, asked for children, ended. Knows no job."""

from __future__ import annotations

import os
import select
import socket
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from plotter2.errors import HostError
from plotter2.orchestrator.cancellation import cancelled
from plotter2.orchestrator.child import Newborn, lost
from plotter2.orchestrator.settings import OrchestratorSettings, default_cache
from plotter2.orchestrator.verdict import failed
from plotter2.wire import codes
from plotter2.wire.messages import MESSAGE_LIMIT, Failed
from plotter2.wire.zygote import Equipment, MakeChild, Ready, decode_from_zygote, encode

_LAST_LINES: Final = 5
_STEP_SECONDS: Final = 0.05


class ZygoteProcess:
    """A running zygote. Starting it does not wait; `ready` does."""

    def __init__(self, settings: OrchestratorSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._ready: Ready | None = None
        self._latest = time.monotonic() + settings.start_seconds
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

    def ready(self, is_wanted: Callable[[], bool] = lambda: True) -> Ready:
        """Wait until children can be made.

        Raises HostError (P2-H0919) when that fails, (P2-H0942) as soon as it is no longer wanted.
        """
        while self._ready is None:
            if not is_wanted():
                raise cancelled()
            if self._lock.acquire(timeout=_STEP_SECONDS):
                try:
                    self._come()
                finally:
                    self._lock.release()
        return self._ready

    def _come(self) -> None:
        """Take its word that it is ready, if it says it now."""
        if self._ready is not None:  # another thread has heard it
            return
        if not _is_readable(self._control, _STEP_SECONDS):
            if time.monotonic() > self._latest:
                raise self._not_started("it did not become ready in time")
            return
        try:
            data = self._control.recv(MESSAGE_LIMIT + 1)
        except ConnectionResetError:  # it ended before it read what was ordered
            data = b""
        if not data:
            raise self._not_started("it ended while it started")
        said = decode_from_zygote(data)
        if isinstance(said, Failed):
            raise failed(said)
        if not isinstance(said, Ready):
            raise self._not_started("it did not say that it is ready")
        self._ready = said

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

    def order_child(self, needs: frozenset[Equipment] = frozenset()) -> Newborn:
        """Have a child forked by a ready zygote, without waiting for it. Raises HostError (P2-H0902)."""
        with ExitStack() as on_failure:
            channel, child_end = _pair(on_failure)
            status, zygote_end = _pair(on_failure)
            try:
                ends = [child_end.fileno(), zygote_end.fileno()]
                socket.send_fds(
                    self._control, [encode(MakeChild(needs=tuple(sorted(needs))))], ends
                )
            except OSError:
                self.kill()
                raise lost() from None
            child_end.close()
            zygote_end.close()
            on_failure.pop_all()
        return Newborn(channel, status, needs)

    def kill(self) -> None:
        """End it at once: it is gone, or so stuck that nobody would be reaped any more; the next is a new one."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """End the zygote and with it every child; wait until it is gone."""
        self._control.close()
        self.kill()
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


def _is_readable(connection: socket.socket, seconds: float) -> bool:
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(seconds * 1000))
