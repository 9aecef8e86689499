"""Work ends when nobody wants it any more; work that kills its children is set aside; the host stays as it was."""

from __future__ import annotations

import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest

from confined_children import PRELUDE, ZYGOTE, Attackers, attackers, open_descriptors, spares_of
from plotter2.errors import HostError, Plotter2Error
from plotter2.orchestrator import (
    Cancellation,
    HostBudget,
    Orchestrator,
    OrchestratorSettings,
    Task,
    TaskLimits,
)
from plotter2.wire import codes
from plotter2.wire.messages import RunJob

pytestmark = pytest.mark.process

SPEAK = """
from plotter2.wire.messages import Note
channel.send(Note(level="info", text="here I am"))
"""
HOSTILE = {
    "a crash": "ctypes.string_at(0)",
    "a fork bomb": "while True: tried(os.fork)",
    "garbage": "os.write(3, os.urandom(60_000))",
    "a flood": "while True: os.write(3, b'x' * 60_000)",
    "a hang up": "os.close(3); time.sleep(100)",
    "memory": "kept = []\nwhile True: kept.append(bytearray(8_000_000))",
    "threads": "[threading.Thread(target=time.sleep, args=(100,)).start() for _ in range(50)]",
    "an exec": "os.execv('/bin/sh', ['sh'])",
    "a stop": "os.kill(os.getpid(), signal.SIGSTOP)",
    "a wall": "while True: pass",
    "descriptors": "channel._connection.sendmsg([b'x'])",
    "output": "channel.put('p', 'png', bytes(64 << 20))",
    "an exit": "os._exit(0)",
}


@pytest.fixture(scope="module")
def children() -> Iterator[Attackers]:
    with attackers() as children:
        yield children


def task_of(source: str, **named: object) -> Task:
    job = RunJob(formats=[], params={"source": PRELUDE + source})
    return Task(job, limits=TaskLimits(wall_ms=60_000), **named)  # type: ignore[arg-type]


def cancelled_after(
    orchestrator: Orchestrator, source: str, is_time: Callable[[], bool] = lambda: True
) -> float:
    """Cancel a task when its child has spoken and `is_time`; give the seconds until it had ended."""
    cancellation, spoken, ended = Cancellation(), threading.Event(), list[float]()

    def work() -> None:
        with pytest.raises(HostError) as caught:
            orchestrator.submit(
                task_of(SPEAK + source, cancellation=cancellation), lambda _: spoken.set()
            )
        assert caught.value.code == codes.CANCELLED
        ended.append(time.monotonic())

    thread = threading.Thread(target=work)
    thread.start()
    assert spoken.wait(20)
    while not is_time():
        time.sleep(0.01)
    begun = time.monotonic()
    cancellation.cancel()
    thread.join(20)
    return ended[0] - begun


@pytest.mark.parametrize(
    "source",
    ["time.sleep(100)", "while True: pass", "sum(range(10 ** 12))", "os.kill(os.getpid(), 19)"],
)
def test_work_that_is_cancelled_ends_soon(children: Attackers, source: str) -> None:
    assert cancelled_after(children.orchestrator, source) < 5  # bench/kill.py has the figure
    assert children.answer("answer = 1") == 1


def test_work_is_cancelled_while_the_zygote_still_starts() -> None:
    command = (sys.executable, "-I", "-c", "import time; time.sleep(100)")
    cancellation = Cancellation()
    threading.Timer(0.2, cancellation.cancel).start()
    begun = time.monotonic()
    with (
        Orchestrator(OrchestratorSettings(zygote=command)) as orchestrator,
        pytest.raises(HostError) as caught,
    ):
        orchestrator.submit(task_of("", cancellation=cancellation))
    assert caught.value.code == codes.CANCELLED
    assert time.monotonic() - begun < 10


def test_one_word_cancels_many_tasks(children: Attackers) -> None:
    cancellation, found = Cancellation(), list[str]()

    def work() -> None:
        with pytest.raises(HostError) as caught:
            children.orchestrator.submit(task_of("time.sleep(100)", cancellation=cancellation))
        found.append(caught.value.code)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    cancellation.cancel()
    for thread in threads:
        thread.join(20)
    assert found == [codes.CANCELLED] * 6
    assert children.answer("answer = 1") == 1


def test_work_under_which_three_children_died_is_set_aside_and_the_others_go_on(
    children: Attackers,
) -> None:
    deadly = task_of("ctypes.string_at(0)", name="deadly")
    for _ in range(3):
        with pytest.raises(HostError) as caught:
            children.orchestrator.submit(deadly)
        assert caught.value.code == codes.CHILD_DIED
        children.orchestrator.submit(task_of("", name="good")).close()
    with pytest.raises(HostError) as caught:
        children.orchestrator.submit(deadly)
    assert caught.value.code == codes.SET_ASIDE
    assert children.answer("answer = 1") == 1


def test_deaths_in_between_are_forgiven_and_failures_are_none(children: Attackers) -> None:
    source = "os._exit(1) if dying else None"
    for dying in (True, True, False, True, True, False):
        with suppress(HostError):
            children.orchestrator.submit(
                task_of(f"dying = {dying}\n{source}", name="sometimes")
            ).close()
    for _ in range(4):
        with pytest.raises(Plotter2Error) as caught:
            children.orchestrator.submit(task_of("1 / 0", name="failing"))
        assert caught.value.code == codes.CHILD_BUG


def test_no_more_children_are_at_work_than_the_host_may_have() -> None:
    command = (sys.executable, "-I", "-X", "utf8", str(ZYGOTE))
    budget = HostBudget(children=1)
    spans: list[tuple[float, float]] = []
    with Orchestrator(OrchestratorSettings(zygote=command, budget=budget)) as orchestrator:
        few = Attackers(orchestrator, "A")

        def work() -> None:
            source = (
                "began = time.monotonic(); time.sleep(0.05); answer = [began, time.monotonic()]"
            )
            began, ended = few.answer(source)
            spans.append((began, ended))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    spans.sort()
    assert all(ended <= later for (_, ended), (later, _) in pairwise(spans))


def state_of_the_host() -> dict[str, object]:
    handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}
    return {
        "descriptors": len(open_descriptors()),
        "threads": sum(1 for _ in Path("/proc/self/task").iterdir()),
        "signals": handlers,
        "blocked": signal.pthread_sigmask(signal.SIG_BLOCK, ()),
        "cwd": Path.cwd(),
        "umask": Path("/proc/self/status")
        .read_text(encoding="ascii")
        .split("Umask:")[1]
        .split()[0],
        "limits": [resource.getrlimit(kind) for kind in range(16)],
        "environment": dict(os.environ),
    }


def resident_mib() -> float:
    words = Path("/proc/self/statm").read_text(encoding="ascii").split()
    return int(words[1]) * resource.getpagesize() / 2**20


def descendants(pid: int) -> set[int]:
    found: set[int] = set()
    for each in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = int((each / "stat").read_text(encoding="ascii").rpartition(")")[2].split()[1])
            if parent == pid:
                found |= {int(each.name), *descendants(int(each.name))}
    return found


def test_after_anything_hostile_the_host_is_as_it_was_and_no_orphan_remains() -> None:
    family = descendants(os.getpid())
    with attackers() as children:
        children.answer("answer = 1")
        spares_of(children)
        before, memory = state_of_the_host(), resident_mib()
        for source in HOSTILE.values():
            with suppress(Plotter2Error):
                limits = TaskLimits(wall_ms=300, mem_mib=200, out_mib=8)
                children.outcome(source, limits).close()
            assert children.answer("answer = 6 * 7") == 42
        spares_of(children)
        assert state_of_the_host() == before
        assert resident_mib() < memory + 8
    assert descendants(os.getpid()) <= family
