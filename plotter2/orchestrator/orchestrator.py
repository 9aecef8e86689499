"""One door to confined work: give a task, get its outcome or one clear error. It keeps one zygote."""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Self

from plotter2.errors import HostError
from plotter2.orchestrator.conversation import Conversation, Event
from plotter2.orchestrator.settings import OrchestratorSettings
from plotter2.orchestrator.task import OutBlob, Outcome, Output, Task, Usage
from plotter2.orchestrator.watch import Watch
from plotter2.orchestrator.zygote import Child, ZygoteProcess
from plotter2.wire import codes
from plotter2.wire.memory import capped_output
from plotter2.wire.messages import Blob
from plotter2.wire.zygote import Ended, MakeChild, Ready


class Orchestrator:
    """Runs tasks in confined children, one child for each; tasks may come from several threads.

    The zygote starts with the first task or with `warm`, and again when it was lost.
    """

    def __init__(self, settings: OrchestratorSettings | None = None) -> None:
        self._settings = settings or OrchestratorSettings()
        self._lock = threading.Lock()
        self._zygote: ZygoteProcess | None = None
        self._closed = False

    def warm(self) -> None:
        """Start the zygote without waiting for it. Raises HostError when there is no such command."""
        self._running_zygote()

    def ready(self) -> Ready:
        """Wait for the zygote; give how its children are confined. Raises HostError (P2-H0919)."""
        return self._running_zygote().ready()

    def submit(self, task: Task, on_event: Callable[[Event], None] = lambda _: None) -> Outcome:
        """Run a task in a child of its own and wait for its end.

        `on_event` gets progress and notes as they come; an exception that it raises ends the child
        and comes out here. Raises HostError for everything about limits, processes and
        the sandbox (P2-H0904 with exit code 124 when it took too long), and the error that the work
        itself reported. After any of them the next task can be given.
        """
        task.check()
        start = time.monotonic()
        zygote = self._running_zygote()
        zygote.ready()
        ready = time.monotonic()
        output_bytes = task.limits.out_mib * 2**20
        output = Output(capped_output(output_bytes))
        try:
            talk = Conversation(on_event, output_bytes)
            watch = Watch(self._child(zygote, task), task, self._settings, talk)
            ended = _watched(watch, output)
            timings = {
                "zygote": (ready - start) * 1000,
                "start": (watch.job_given - ready) * 1000,
                **watch.talk.timings_ms,
                "total": (time.monotonic() - start) * 1000,
            }
            return _outcome(watch.talk, output, ended, timings)
        except BaseException:
            output.close()
            raise

    def close(self) -> None:
        """End the zygote and all children. Tasks at work end with P2-H0902, later ones with P2-H0916."""
        with self._lock:
            self._closed = True
            zygote, self._zygote = self._zygote, None
        if zygote is not None:
            zygote.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _running_zygote(self) -> ZygoteProcess:
        with self._lock:
            if self._closed:
                raise HostError(codes.CLOSED, "the orchestrator is closed; it takes no work")
            if self._zygote is not None and not self._zygote.alive:
                self._zygote.close()
                self._zygote = None
            if self._zygote is None:
                self._zygote = ZygoteProcess(self._settings)
            return self._zygote

    def _child(self, zygote: ZygoteProcess, task: Task) -> Child:
        order = MakeChild(
            cpu_seconds=math.ceil(task.limits.cpu_ms / 1000),
            memory_bytes=task.limits.mem_mib * 2**20,
            minimum=task.minimum,
            debug=task.debug,
        )
        return zygote.make_child(order)


def _watched(watch: Watch, output: Output) -> Ended:
    """See a child through to its death, whatever happens."""
    try:
        watch.work(output.fd)
    except BaseException:
        # The error of the work is what counts; how the killed child ended adds nothing.
        with suppress(HostError):
            watch.end()
        raise
    else:
        return watch.end()
    finally:
        watch.child.close()


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
