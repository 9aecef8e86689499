"""What goes into a child and what comes out of it, as values."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, Self, TypeAlias

from plotter2.config.levels import Level
from plotter2.errors import HostError
from plotter2.orchestrator.cancellation import Cancellation
from plotter2.wire import codes
from plotter2.wire.memory import copy_out
from plotter2.wire.messages import JOB_FDS_LIMIT, Confined, FromChild, Job, ReadJob, RunJob
from plotter2.wire.zygote import Equipment

Priority: TypeAlias = Literal["low", "normal", "high"]
"""Of a task: in the time in which one of low priority begins, 4 of normal and 16 of high priority do."""

_OF_KIND: Final[Mapping[type[Job], frozenset[Equipment]]] = {
    ReadJob: frozenset({"files"}), RunJob: frozenset({"python"}),
}  # fmt: skip
_MOST_SECONDS = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class TaskLimits:
    """What a task may use: wall clock and processor time, memory of its own, output."""

    wall_ms: int = 60_000
    cpu_ms: int = 120_000
    mem_mib: int = 2048
    out_mib: int = 256


@dataclass(frozen=True, slots=True)
class SoFar:
    """What a child that is still at work has said so far, and how to read what it wrote into its output.

    It may write there again: what counts is the copy that is taken now.
    """

    messages: tuple[FromChild, ...]
    read: Callable[[int, int], bytes]


@dataclass(frozen=True, slots=True)
class Task:
    """One job for one child: its descriptors (without the output), limits, least sandbox level.

    `requester` is who asks: requesters take turns. `name` says what is to be done, the same for the same work: work
    under which three children died is set aside. "" is nobody and nothing of note. `on_release` is told when the work
    lets others go on; without one it may not. What it raises ends the child. `needs` are what its child must have
    beyond what all have; unsaid, all that a job of its kind may need.
    """

    job: Job
    fds: tuple[int, ...] = ()
    limits: TaskLimits = TaskLimits()
    minimum: Level = "B"
    debug: bool = False
    requester: str = ""
    priority: Priority = "normal"
    cancellation: Cancellation | None = None
    name: str = ""
    on_release: Callable[[SoFar], None] | None = None
    needs: frozenset[Equipment] | None = None

    @property
    def is_wanted(self) -> bool:
        """Tell whether nobody has cancelled it."""
        return self.cancellation is None or not self.cancellation.is_said

    @property
    def equipment(self) -> frozenset[Equipment]:
        """Give what its child must have beyond what all have."""
        return _OF_KIND.get(type(self.job), frozenset()) if self.needs is None else self.needs

    def check(self) -> None:
        """Raise HostError (P2-H0914) when the task cannot be given to a child."""
        if len(self.fds) >= JOB_FDS_LIMIT:
            raise HostError(
                codes.TASK_REFUSED,
                f"a task has {len(self.fds)} inputs; a child takes at most {JOB_FDS_LIMIT - 1}",
                help="put several files into one memory (wire.memory.sealed_from_files)",
            )
        limits = self.limits
        times = max(limits.wall_ms, limits.cpu_ms) / 1000
        if min(limits.wall_ms, limits.cpu_ms, limits.mem_mib, limits.out_mib) < 1:
            raise HostError(codes.TASK_REFUSED, f"a limit of a task is below 1: {limits}")
        if times > _MOST_SECONDS or max(limits.mem_mib, limits.out_mib) > 1 << 24:
            raise HostError(codes.TASK_REFUSED, f"a limit of a task is too large: {limits}")


@dataclass(frozen=True, slots=True)
class OutBlob:
    """An artefact that a child made: a private copy of its bytes, and their SHA-256 in hex."""

    name: str
    kind: str
    data: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What a child used: processor milliseconds, and the most memory that it had resident."""

    cpu_ms: float
    peak_rss_mib: float

    def with_more(self, cpu_ms: float) -> Usage:
        """Give what was used together with what other children of the same run used before."""
        return Usage(self.cpu_ms + cpu_ms, self.peak_rss_mib)


class Output:
    """The output memory of a child. Once the child is dead, nobody writes to it any more."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.close = weakref.finalize(self, os.close, fd)

    def read(self, offset: int, length: int) -> bytes:
        """Give a copy of a piece. Raises HostError (P2-H0908) when it lies outside the memory."""
        if not self.close.alive:
            raise HostError(codes.CLOSED, "the output of the run is closed already")
        return copy_out(self.fd, offset, length)


@dataclass(frozen=True)
class Outcome:
    """What a finished task gave.

    `messages` are all but progress and notes, in order. `blobs` are copied. The bytes of a
    ColumnFound are read with `read`, until the outcome is closed (at the latest when it is dropped).
    """

    messages: tuple[FromChild, ...]
    blobs: tuple[OutBlob, ...]
    confined: Confined
    timings_ms: dict[str, float]
    usage: Usage
    output: Output
    memory_by_kernel: bool = False
    """Whether the kernel held the memory budget too (a control group), and not the watch alone."""

    def read(self, offset: int, length: int) -> bytes:
        """Give a copy of a piece of the output. Raises HostError (P2-H0908, P2-H0916)."""
        return self.output.read(offset, length)

    def close(self) -> None:
        """Give the output memory back."""
        self.output.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
