"""What confinement costs while work is done: the same work in a confined and in unconfined children, in turn.

The children are forks of one process that has loaded everything. Each measures the processor time of its thread for
sorting, multiplying matrices and drawing (the time of a process that has a limit of it is kept by the tick only). One
confined and two free ones take turns; the fastest of nine counts, because load only slows; the median of eight such
trios, because where memory happens to lie makes some per cent.
"""

from __future__ import annotations

import io
import json
import os
import socket
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from plotter2.child import preload
from plotter2.sandbox.confine import confine
from plotter2.sandbox.cradle import Cradle
from plotter2.sandbox.plan import Plan, make_plan
from plotter2.sandbox.policy import CHANNEL_FD
from plotter2.sandbox.process import Budget, Parent

PAIRS = 8
ROUNDS = 9


def sort(generator: np.random.Generator) -> Callable[[], Any]:
    """Give the sorting of two million numbers."""
    numbers = generator.random(2_000_000)
    return lambda: np.sort(numbers)


def matmul(generator: np.random.Generator) -> Callable[[], Any]:
    """Give the product of two matrices."""
    one, two = generator.random((700, 700)), generator.random((700, 700))
    return lambda: one @ two


def savefig(generator: np.random.Generator) -> Callable[[], Any]:
    """Give the drawing of a picture with 20,000 points."""
    from matplotlib.figure import Figure

    x, y = generator.random((2, 20_000))

    def draw() -> None:
        figure = Figure(figsize=(6, 4), dpi=150)
        figure.add_subplot().plot(x, y, ".", markersize=2)
        figure.savefig(io.BytesIO(), format="png")

    return draw


WORK = {"sort": sort, "matmul": matmul, "savefig": savefig}


class Worker:
    """A child that does a piece of work when it is told its name, and answers with seconds."""

    def __init__(self, plan: Plan | None, cradle: Cradle, here: Parent) -> None:
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._child = cradle.fork()
        if self._child == 0:
            try:
                _serve(plan, theirs.fileno(), here)
            finally:
                os._exit(0)
        theirs.close()
        self._channel.recv(100)  # it is ready

    def seconds(self, name: str) -> float:
        """Have a piece of work done once; give the processor time that it took."""
        self._channel.send(name.encode())
        return float(json.loads(self._channel.recv(100)))

    def close(self) -> None:
        """End the child and wait for it."""
        self._channel.send(b"end")
        self._channel.close()
        os.waitpid(self._child, 0)


def _serve(plan: Plan | None, channel: int, here: Parent) -> None:
    if plan is not None:
        confine(plan, Budget(cpu_seconds=600, memory_bytes=1 << 31), channel=channel, parent=here)
    else:
        os.setsid()
        os.dup2(channel, CHANNEL_FD)
    generator = np.random.default_rng(1)
    work = {name: make(generator) for name, make in WORK.items()}
    for each in work.values():
        each()
    os.write(CHANNEL_FD, b"ready")
    while (name := os.read(CHANNEL_FD, 100).decode()) != "end":
        start = time.thread_time()
        work[name]()
        os.write(CHANNEL_FD, json.dumps(time.thread_time() - start).encode())


def main() -> None:
    """Print the overhead of each kind of work, and how far two unconfined children differ, measured alike."""
    preload.preload()
    plan = make_plan(preload.readable_folders())
    here = Parent.this()
    apart, beside = Cradle.made(apart=plan.own_processes), Cradle.made(apart=False)
    over: dict[str, list[float]] = {name: [] for name in WORK}
    noise: dict[str, list[float]] = {name: [] for name in WORK}
    for turn in range(PAIRS):
        trio = [Worker(None, beside, here), Worker(plan, apart, here), Worker(None, beside, here)]
        if turn % 2:
            trio = [trio[2], trio[1], trio[0]]
        for name in WORK:
            free, confined, other = _fastest(trio, name)
            over[name].append(confined / min(free, other))
            noise[name].append(free / other)
        for worker in trio:
            worker.close()
    told = [
        f"{name} {_percent(over[name])} (free beside free {_percent(noise[name])})" for name in WORK
    ]
    print(f"confinement at level {plan.level}, goal 3 %: {', '.join(told)}")


def _fastest(workers: list[Worker], name: str) -> list[float]:
    """Have each do the work in turn, again and again; give the fastest time of each, which load disturbs least."""
    times: list[list[float]] = [[] for _ in workers]
    for turn in range(ROUNDS):
        for at in range(len(workers)):
            place = (at + turn) % len(workers)
            times[place].append(workers[place].seconds(name))
    return [min(each) for each in times]


def _percent(quotients: list[float]) -> str:
    return f"{(statistics.median(quotients) - 1) * 100:+.1f} %"


if __name__ == "__main__":
    main()
