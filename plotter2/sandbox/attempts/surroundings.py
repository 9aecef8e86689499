"""What the attempts are made on: a folder, a process, ports and sockets, all open to everybody."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final, Self

from plotter2.sandbox import cradle, native
from plotter2.sandbox.attempts.attempt import Place

_SET_TRACER: Final = 0x59616D61  # prctl(2), PR_SET_PTRACER
_ANYBODY: Final = (1 << 64) - 1
_OPEN_FOLDER: Final = 0o777
_OPEN_FILE: Final = 0o666


class Surroundings:
    """Makes what is attacked; use it as a context. `given` is a folder that may be read inside."""

    def __init__(self, given: str) -> None:
        self._stack = ExitStack()
        self._place = Place(
            folder="",
            secret="",
            given=given,
            process=0,
            process_shown=0,
            parent_shown=int(Path("/proc/self").readlink().name),
            tcp=0,
            udp=0,
            local="",
        )

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="plotter2-attempts-"))
            Path(folder).chmod(_OPEN_FOLDER)
            tcp, udp = (stack.enter_context(socket.socket(type=kind)) for kind in _KINDS)
            for one in (tcp, udp):
                one.bind(("127.0.0.1", 0))
            local = f"{folder}/socket"
            with_path, without = (
                stack.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(2)
            )
            with_path.bind(local)
            without.bind(f"\0{local}")
            Path(local).chmod(_OPEN_FILE)
            for one in (tcp, with_path, without):
                one.listen(1024)
            pid, shown = _idle()
            stack.callback(_end, pid)
            self._place = replace(
                self._place,
                folder=folder,
                process=pid,
                process_shown=shown,
                tcp=tcp.getsockname()[1],
                udp=udp.getsockname()[1],
                local=local,
            )
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @contextmanager
    def place(self) -> Iterator[Place]:
        """Give a place whose folder and secret are new, because an attempt may spoil them."""
        with tempfile.TemporaryDirectory(dir=self._place.folder) as folder:
            Path(folder).chmod(_OPEN_FOLDER)
            secret = Path(folder, "secret")
            secret.write_bytes(b"secret")
            secret.chmod(_OPEN_FILE)
            yield replace(self._place, folder=folder, secret=str(secret))


_KINDS: Final = (socket.SOCK_STREAM, socket.SOCK_DGRAM)


def _idle() -> tuple[int, int]:
    """Fork a process that does nothing, and that anybody of the same user may look into."""
    pid = os.fork()
    if pid == 0:
        with suppress(OSError):
            native.prctl(_SET_TRACER, _ANYBODY)
        while True:
            signal.pause()
    handle = os.pidfd_open(pid)
    shown = cradle.number_outside(handle)
    os.close(handle)
    return pid, shown


def _end(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
