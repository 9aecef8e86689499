"""Real children whose work is test code: full Python inside the sandbox, and what the host says of it."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from plotter2.config.levels import Level
from plotter2.errors import Plotter2Error
from plotter2.orchestrator import (
    Orchestrator,
    OrchestratorSettings,
    Outcome,
    Spares,
    Task,
    TaskLimits,
)
from plotter2.orchestrator.conversation import Event
from plotter2.wire.messages import Note, RunJob

ZYGOTE: Final = Path(__file__).parent / "child" / "attack_zygote.py"
LEVELS: Final[dict[Level, tuple[str, ...]]] = {
    "A": (),
    "B": ("namespaces",),
    "C": ("namespaces", "landlock"),
}
PRELUDE: Final = """
import ctypes, errno, mmap, os, signal, socket, sys, threading, time
def tried(deed):
    try:
        deed()
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error.errno))
    except BaseException as error:
        return type(error).__name__
    return "done"
libc = ctypes.CDLL(None, use_errno=True)
def done(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "")
from plotter2.sandbox.native import syscall_number
from plotter2.sandbox.syscalls import this_machine
def call(name, *words):
    number = name if isinstance(name, int) else this_machine().numbers[name]
    syscall_number(number, *words, what="attack")
"""


class Attackers:
    """An orchestrator whose children run Python source; `answer` in it comes back as JSON."""

    def __init__(self, orchestrator: Orchestrator, minimum: Level) -> None:
        self.orchestrator = orchestrator
        self.minimum = minimum

    def outcome(
        self,
        source: str,
        limits: TaskLimits | None = None,
        on_event: Callable[[Event], None] = lambda _: None,
        fds: tuple[int, ...] = (),
    ) -> Outcome:
        """Run the source in a child and give the outcome."""
        job = RunJob(formats=[], params={"source": PRELUDE + source})
        task = Task(job, fds, limits or TaskLimits(wall_ms=20_000), self.minimum, needs=frozenset())
        return self.orchestrator.submit(task, on_event)

    def answer(
        self, source: str, limits: TaskLimits | None = None, fds: tuple[int, ...] = ()
    ) -> Any:
        """Run the source in a child and give what it put into `answer`."""
        heard: list[Event] = []
        self.outcome(source, limits, heard.append, fds).close()
        notes = [event.text for event in heard if isinstance(event, Note)]
        return json.loads(notes[-1])

    def error(self, source: str, limits: TaskLimits | None = None) -> Plotter2Error:
        """Run source that must fail; give the error, after another child has worked as usual."""
        try:
            self.outcome(source, limits).close()
        except Plotter2Error as error:
            assert self.answer("answer = 6 * 7") == 42
            return error
        raise AssertionError("the child was not stopped")


@contextmanager
def attackers(
    level: Level = "A", command: tuple[str, ...] | None = None, cache: Path | None = None
) -> Iterator[Attackers]:
    """Give children at a level of the sandbox; weaker than A by switching layers off."""
    zygote = command or (sys.executable, "-I", "-X", "utf8", str(ZYGOTE))
    settings = OrchestratorSettings(zygote=zygote, switched_off=LEVELS[level], cache=cache)
    with Orchestrator(settings) as orchestrator:
        yield Attackers(orchestrator, level)


def open_descriptors() -> set[str]:
    """Give what the descriptors of this process point to."""
    found = set()
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found.add(f"{entry.name} {entry.readlink()}")
    return found


def wait_until(is_so: Callable[[], object], seconds: float = 20) -> None:
    """Return as soon as something is so."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def spares_of(children: Attackers) -> tuple[int, ...]:
    """Give the process ids of the spares, when all are there."""
    wait_until(lambda: len(children.orchestrator.spares().pids) == Spares().most)
    return children.orchestrator.spares().pids
