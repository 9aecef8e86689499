"""The watch over one child: hear it, measure it, end it at a limit. Every wait has a deadline."""

from __future__ import annotations

import math
import select
import socket
import time
from typing import Final

from plotter2.config.levels import reaches
from plotter2.errors import HostError
from plotter2.orchestrator.cancellation import cancelled
from plotter2.orchestrator.child import Child, own_memory, resident_memory
from plotter2.orchestrator.conversation import Conversation
from plotter2.orchestrator.settings import OrchestratorSettings
from plotter2.orchestrator.task import Task
from plotter2.orchestrator.verdict import Stop, died, stopped
from plotter2.wire import codes
from plotter2.wire.codec import encode
from plotter2.wire.messages import MESSAGE_LIMIT, Confined, Terms
from plotter2.wire.order import State
from plotter2.wire.zygote import Ended, decode_from_zygote

_SILENT_SECONDS: Final = 2.0
_DEATH_SECONDS: Final = 60.0
_WORD_SECONDS: Final = 2.0


class Watch:
    """One child from its birth to its death."""

    def __init__(
        self, child: Child, task: Task, settings: OrchestratorSettings, talk: Conversation
    ) -> None:
        self.child = child
        self._task = task
        self._settings = settings
        self.talk = talk
        self.job_given = 0.0
        """When the child got its job, on the monotonic clock; 0 as long as it has none."""
        self._is_unread = False
        self._baseline = 0
        self.resident_before = 0
        """What the child had resident when it got its job, in bytes."""
        self._measure_at = 0.0
        self._stop = Stop.CONFINE
        self._deadline = time.monotonic() + settings.confine_seconds
        self._poll = select.poll()
        self._poll.register(child.channel, select.POLLIN)
        self._poll.register(child.status, select.POLLIN)
        self._ended: Ended | None = None

    def work(self, output: int) -> None:
        """Give the child its job when it is confined, and hear it until it has said its last word.

        Raises the one error that says why there is no result. The child may still live then.
        """
        for data in self.child.heard:
            self._take(data, output)
        while not self.talk.is_over:
            left = self._deadline - time.monotonic()
            wait = max(0.0, min(left, self._settings.poll_seconds))
            ready = {descriptor for descriptor, _ in self._poll.poll(wait * 1000)}
            if self.child.channel.fileno() in ready:
                self._hear(output)
            elif self.child.status.fileno() in ready:
                self._ended = self._last_word()
                raise died(self._ended, self._task)
            self._measure()

    @property
    def was_killed_unused(self) -> bool:
        """Tell whether the child was ended by a signal before it had a job: another one can do the job."""
        was_unused = self._is_unread or not self.job_given
        return was_unused and self._ended is not None and self._ended.code < 0

    def end(self) -> Ended:
        """Kill the child if it lives, wait until it is dead, and give what it used."""
        self.child.kill()
        if not self.child.is_dead(_DEATH_SECONDS):
            raise HostError(
                codes.CHILD_DIED,
                f"the child {self.child.pid} does not end although it was killed",
                help="the machine has a fault, often of a disk; look at its log",
            )
        return self._ended or self._last_word()

    def _hear(self, output: int) -> None:
        try:
            data = self.child.channel.recv(MESSAGE_LIMIT + 1)
        except ConnectionResetError:  # it ended before it read what it was told (unix(7))
            self._is_unread = True
            data = b""
        if not data:
            # The child ended, and its status comes at once, or it hung up and goes on.
            self._poll.unregister(self.child.channel)
            self._stop = Stop.SILENT
            self._deadline = min(self._deadline, time.monotonic() + _SILENT_SECONDS)
            return
        self._take(data, output)

    def _take(self, data: bytes, output: int) -> None:
        self.talk.hear(data)
        if self.talk.state is State.CONFINED:
            self._give_job(output)

    def _give_job(self, output: int) -> None:
        assert self.talk.confined is not None
        self._require_level(self.talk.confined)
        self._baseline = own_memory(self.child.memory)
        self.resident_before = resident_memory(self.child.memory)
        limits = self._task.limits
        if self.child.group is not None:
            self.child.group.limit((limits.mem_mib + limits.out_mib) * 2**20)
        terms, job = self._terms, self._task.job
        self.talk.say(terms)
        self.talk.say(job)
        words = ((encode(terms), ()), (encode(job), (output, *self._task.fds)))
        try:
            for data, descriptors in words:
                socket.send_fds(self.child.channel, [data], descriptors)
        except (BrokenPipeError, ConnectionResetError):  # it just died: its status says how
            return
        self._stop = Stop.WALL
        self.job_given = time.monotonic()
        self._deadline = self.job_given + self._task.limits.wall_ms / 1000

    @property
    def _terms(self) -> Terms:
        limits = self._task.limits
        return Terms(
            cpu_seconds=math.ceil(limits.cpu_ms / 1000),
            memory_bytes=limits.mem_mib * 2**20,
            minimum=self._task.minimum,
            debug=self._task.debug,
        )

    def _require_level(self, confined: Confined) -> None:
        if not reaches(confined.level, self._task.minimum):
            raise HostError(
                codes.BELOW_MINIMUM,
                f"the child is confined at level {confined.level}, below {self._task.minimum}",
                help="`plotter2 doctor` says what is missing on this machine",
            )

    def _measure(self) -> None:
        if not self._task.is_wanted:
            raise cancelled()
        now = time.monotonic()
        if now >= self._deadline:
            raise stopped(self._stop, self._task)
        if self.talk.is_at_work and now >= self._measure_at:
            self._measure_at = now + self._settings.poll_seconds
            grown = own_memory(self.child.memory) - self._baseline
            if grown > self._task.limits.mem_mib * 2**20:
                raise stopped(Stop.MEMORY, self._task)

    def _last_word(self) -> Ended:
        poll = select.poll()
        poll.register(self.child.status, select.POLLIN)
        if poll.poll(_WORD_SECONDS * 1000):
            data = self.child.status.recv(MESSAGE_LIMIT + 1)
            said = decode_from_zygote(data) if data else None
            if isinstance(said, Ended):
                return said
        raise HostError(
            codes.ZYGOTE_LOST,
            "the process for children ended while a run was at work; the run ended with it",
            help="run it again; a new one is started",
        )
