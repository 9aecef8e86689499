"""One door to confined work: give a task, get its outcome or one clear error. It keeps one zygote and its spares."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final, Self

from plotter2.config.levels import reaches
from plotter2.errors import HostError
from plotter2.orchestrator.conversation import Conversation, Event
from plotter2.orchestrator.deaths import Deaths
from plotter2.orchestrator.groups import groups_of_this_process
from plotter2.orchestrator.pool import Pool, PoolState
from plotter2.orchestrator.settings import HostBudget, OrchestratorSettings
from plotter2.orchestrator.task import OutBlob, Outcome, Output, SoFar, Task, Usage
from plotter2.orchestrator.turns import Turns
from plotter2.orchestrator.verdict import below
from plotter2.orchestrator.watch import Watch
from plotter2.orchestrator.zygote import ZygoteProcess
from plotter2.wire import codes
from plotter2.wire.memory import capped_output
from plotter2.wire.messages import Blob, FromChild, Progress
from plotter2.wire.zygote import Ended, Ready

_TRIES: Final = 3


class Orchestrator:
    """Runs tasks in confined children, one child for each; tasks may come from several threads.

    The zygote starts with the first task or with `warm`, and again when it was lost.
    """

    def __init__(self, settings: OrchestratorSettings | None = None) -> None:
        self._settings = settings or OrchestratorSettings()
        self._lock = threading.Lock()
        self._pool: Pool | None = None
        self._closed = False
        self._was_asked = False
        self._turns = Turns(self._settings.budget, self._settings.queue)
        self._deaths = Deaths()

    @property
    def budget(self) -> HostBudget:
        """What all tasks together may use."""
        return self._settings.budget

    def warm(self) -> None:
        """Start the zygote and have it make a child, without waiting. Raises HostError when it cannot be started."""
        pool = self._running_pool()
        self._refill(pool)

    def ready(self) -> Ready:
        """Wait for the zygote; give how its children are confined. Raises HostError (P2-H0919)."""
        pool = self._running_pool()
        ready = pool.zygote.ready()
        pool.fill()
        return ready

    def spares(self) -> PoolState:
        """Give the children that wait for a task. Raises HostError (P2-H0902, P2-H0919)."""
        self.ready()
        return self._running_pool().state()

    def submit(self, task: Task, on_event: Callable[[Event], None] = lambda _: None) -> Outcome:
        """Run a task in a child of its own, when its turn has come, and wait for its end.

        `on_event` gets progress and notes as they come, and how many tasks wait while this one does; an exception that
        it raises ends the child and comes out here. Raises HostError for everything about limits, processes and
        the sandbox (P2-H0904 with exit code 124 when it took too long, P2-H0942 when it was cancelled), and the error
        that the work itself reported. After any of them the next task can be given.
        """
        task.check()
        self._deaths.require_below(task)
        asked = time.monotonic()
        again, self._was_asked = self._was_asked, True
        with self._turns.turn(task, lambda count: on_event(_waiting(count))):
            started = time.monotonic()
            pool = self._running_pool()
            ready = pool.zygote.ready(lambda: task.is_wanted)
            if not reaches(ready.level, task.minimum):
                raise below(ready, task.minimum)
            times = {
                "turn": (started - asked) * 1000,
                "zygote": (time.monotonic() - started) * 1000,
            }
            try:
                outcome = self._worked(pool, task, on_event)
            except HostError as error:
                if error.code == codes.ZYGOTE_LOST:
                    pool.zygote.kill()  # it may only have stopped
                raise
            finally:
                if again:  # after the only task of a command nobody would use a spare
                    self._refill(pool)
        times["total"] = (time.monotonic() - asked) * 1000
        return replace(outcome, timings_ms={**times, **outcome.timings_ms, "total": times["total"]})

    def close(self) -> None:
        """End the zygote and all children. Tasks at work end with P2-H0902, later ones with P2-H0916."""
        with self._lock:
            self._closed = True
            pool, self._pool = self._pool, None
        self._turns.close()
        if pool is not None:
            pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _running_pool(self) -> Pool:
        with self._lock:
            if self._closed:
                raise HostError(codes.CLOSED, "the orchestrator is closed; it takes no work")
            if self._pool is not None and not self._pool.zygote.alive:
                self._pool.close()
                self._pool = None
            if self._pool is None:
                groups = groups_of_this_process()  # before the zygote, which would be in the way
                self._pool = Pool(ZygoteProcess(self._settings), self._settings.spares, groups)
            return self._pool

    def _refill(self, pool: Pool) -> None:
        with suppress(HostError):  # the next task says what is wrong, or starts a new zygote
            pool.fill()

    def _worked(self, pool: Pool, task: Task, on_event: Callable[[Event], None]) -> Outcome:
        output = Output(capped_output(task.limits.out_mib * 2**20))
        try:
            for _ in range(_TRIES - 1):
                outcome = self._tried(pool, task, on_event, output)
                if outcome is not None:
                    return outcome
            outcome = self._tried(pool, task, on_event, output, last=True)
            assert outcome is not None
            return outcome
        except BaseException:
            output.close()
            raise

    def _tried(
        self,
        pool: Pool,
        task: Task,
        on_event: Callable[[Event], None],
        output: Output,
        *,
        last: bool = False,
    ) -> Outcome | None:
        """Give the task to a child; None when that was killed before it had it, and this is not the last try."""
        begun = time.monotonic()
        on_release = _release_heard(task, output)
        talk = Conversation(on_event, task.limits.out_mib * 2**20, on_release)
        watch = Watch(pool.take(task.equipment), task, self._settings, talk)
        try:
            ended = self._watched(watch, task, output)
            by_kernel = watch.child.group is not None
        except HostError:
            if watch.was_killed_unused and not last:
                return None
            raise
        finally:
            pool.give_back(watch.child)
        times = {"start": (watch.job_given - begun) * 1000, **talk.timings_ms}
        return replace(_outcome(talk, output, ended, times), memory_by_kernel=by_kernel)

    def _watched(self, watch: Watch, task: Task, output: Output) -> Ended:
        """See a child through to its death, whatever happens."""
        try:
            watch.work(output.fd)
        except BaseException as error:
            # The error of the work is what counts; how the killed child ended adds nothing.
            with suppress(HostError):
                self._count(watch, watch.end())
            if isinstance(error, HostError) and error.code == codes.CHILD_DIED and watch.job_given:
                self._deaths.count(task)
            raise
        else:
            ended = watch.end()
            self._count(watch, ended)
            self._deaths.forget(task)
            return ended

    def _count(self, watch: Watch, ended: Ended) -> None:
        wall_ms = (time.monotonic() - watch.job_given) * 1000 if watch.job_given else 0.0
        self._turns.spent(ended.cpu_ms, wall_ms)


def _waiting(count: int) -> Progress:
    return Progress(stage="wait for a free child", done=0, total=0, unit=f"of {count} that wait")


def _release_heard(task: Task, output: Output) -> Callable[[tuple[FromChild, ...]], None] | None:
    heard = task.on_release
    return None if heard is None else lambda said: heard(SoFar(said, output.read))


def _outcome(
    talk: Conversation, output: Output, ended: Ended, timings: dict[str, float]
) -> Outcome:
    blobs = tuple(_copied(m, output) for m in talk.messages if isinstance(m, Blob))
    assert talk.confined is not None
    return Outcome(
        messages=tuple(talk.messages),
        blobs=blobs,
        confined=talk.confined,
        timings_ms=timings,
        usage=Usage(ended.cpu_ms, ended.peak_rss_bytes / 2**20),
        output=output,
    )


def _copied(blob: Blob, output: Output) -> OutBlob:
    data = output.read(blob.offset, blob.length)
    return OutBlob(blob.name, blob.kind, data, hashlib.sha256(data).hexdigest())
