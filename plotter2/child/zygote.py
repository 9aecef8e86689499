"""The process that children are forked from: it loads everything once, forks on order, reaps.

It is started with a clean environment, holds no keys and sees no data. One thread, one loop.
Run as `python -I -X utf8 -m plotter2.child.zygote CONTROL_FD [SWITCHED_OFF...]`.
"""

from __future__ import annotations

import fcntl
import os
import select
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from plotter2.child import frame, preload
from plotter2.child.channel import ChildChannel
from plotter2.child.compacting import gather_pages
from plotter2.child.frame import Birth, Handler
from plotter2.errors import Plotter2Error
from plotter2.sandbox import cradle
from plotter2.sandbox.cradle import Cradle
from plotter2.sandbox.plan import Plan, make_plan, wants
from plotter2.sandbox.policy import CHANNEL_FD
from plotter2.sandbox.process import Parent, ending
from plotter2.wire.messages import MESSAGE_LIMIT, ReadJob
from plotter2.wire.zygote import Ended, Equipment, Made, Ready, decode_order, encode

_ORDER_FDS: Final = 2
_LOWEST_DESCRIPTOR: Final = 10
_LOOKS: Final = ("status", "smaps_rollup")


@dataclass(frozen=True, slots=True)
class _Child:
    pid: int
    status: socket.socket


class Zygote:
    """Forks children on order until the control socket closes."""

    def __init__(self, control: socket.socket, plan: Plan, jobs: Mapping[str, Handler]) -> None:
        self._control = control
        self._plan = plan
        self._jobs = jobs
        self._here = Parent.this()
        self._cradle = Cradle.made(apart=plan.own_processes)
        self._children: dict[int, _Child] = {}
        self._poll = select.poll()

    def serve(self) -> None:
        """Answer orders and reap, until the orchestrator is gone."""
        self._poll.register(self._control, select.POLLIN)
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor != self._control.fileno():
                    self._reap(descriptor)
                elif not self._obey():
                    return

    def _obey(self) -> bool:
        data, fds, _, _ = socket.recv_fds(self._control, MESSAGE_LIMIT, _ORDER_FDS)
        if not data:
            return False
        channel, status = fds
        order = decode_order(data)
        birth = Birth(self._plan, self._jobs, self._here)
        self._fork(channel, birth, socket.socket(fileno=status), order.needs)
        os.close(channel)
        return True

    def _fork(
        self, channel: int, birth: Birth, status: socket.socket, needs: Sequence[Equipment]
    ) -> None:
        try:
            preload.equip(needs)
            pid = self._cradle.fork()
        except (OSError, ImportError) as error:
            with suppress(OSError), status:
                status.send(encode(frame.failure(error, debug=False)))
            return
        if pid == 0:
            frame.live(channel, birth)
        descriptor = os.pidfd_open(pid)
        self._children[descriptor] = _Child(pid, status)
        self._poll.register(descriptor, select.POLLIN)
        # Opened before the child hides itself, so that the host can read it under any /proc mount.
        number = cradle.number_outside(descriptor)
        looks = [_look(number, name) for name in _LOOKS]
        with suppress(OSError):  # the orchestrator gave up on this child; it still must be reaped
            socket.send_fds(status, [encode(Made(pid=number))], [descriptor, *looks])
        for look in looks:
            os.close(look)

    def _reap(self, descriptor: int) -> None:
        self._poll.unregister(descriptor)
        child = self._children.pop(descriptor)
        _, status, used = os.wait4(child.pid, 0)
        os.close(descriptor)
        ended = Ended(
            code=ending(status, first=self._plan.own_processes),
            cpu_ms=(used.ru_utime + used.ru_stime) * 1000,
            peak_rss_bytes=used.ru_maxrss * 1024,
        )
        with suppress(OSError), child.status as told:
            told.send(encode(ended))


def _look(pid: int, name: str) -> int:
    flags = os.O_RDONLY | os.O_CLOEXEC
    try:
        return os.open(f"/proc/{pid}/{name}", flags)
    except (ProcessLookupError, PermissionError):  # it died already, or has gone into hiding
        return os.open(os.devnull, flags)


def serve(jobs: Callable[[], Mapping[str, Handler]], *, computes: bool = True) -> None:
    """Be a zygote for the jobs that `jobs()` gives, as the command line says; ends with the host.

    `jobs` is called once, after the libraries are loaded, so that its imports come late. Without `computes` nothing is
    loaded to compute and draw with.
    """
    number, *switched_off = sys.argv[1:]
    control = _control(int(number))
    if wants("pid_namespace", switched_off):
        cradle.settle()
    try:
        with preload.frozen():
            if computes:
                preload.preload()
            table = jobs()
            plan = make_plan(preload.readable_folders() if computes else (), switched_off)
            if computes and not plan.reads_folders:
                preload.keep_fonts_in_memory()
            if computes:
                preload.close_fonts()
        gather_pages()
    except Plotter2Error as error:
        control.send(encode(frame.failure(error, debug=False)))
        return
    ready = Ready(
        level=plan.level,
        layers=plan.layers,
        missing=plan.missing,
    )
    control.send(encode(ready))
    Zygote(control, plan, table).serve()


def _control(given: int) -> socket.socket:
    """Give the control socket; CHANNEL_FD is taken by what no Python object will ever close."""
    high = fcntl.fcntl(given, fcntl.F_DUPFD_CLOEXEC, _LOWEST_DESCRIPTOR)
    os.close(given)
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    if null != CHANNEL_FD:
        os.dup2(null, CHANNEL_FD, inheritable=False)
        os.close(null)
    return socket.socket(fileno=high)


def _jobs() -> dict[str, Handler]:
    from plotter2.child.program import run_program
    from plotter2.child.writer import write_tables
    from plotter2.renderkit.mpl import warm

    # Font subsetting and encoders load modules on first use, which a confined child cannot do.
    warm()
    return {"run": run_program, "read": _read_files, "write": write_tables}


def _read_files(job: ReadJob, fds: Sequence[int], channel: ChildChannel) -> None:
    from plotter2.child.reader import read_files  # loaded with what "files" stands for

    read_files(job, fds, channel)


if __name__ == "__main__":
    serve(_jobs)
