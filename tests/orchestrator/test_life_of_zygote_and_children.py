"""Start, loss, end: the orchestrator leaves nothing behind and starts again what it needs."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest

from confined_children import ZYGOTE, Attackers, attackers, open_descriptors, spares_of, wait_until
from plotter2.errors import HostError, Plotter2Error
from plotter2.orchestrator import (
    Orchestrator,
    OrchestratorSettings,
    Task,
    TaskLimits,
)
from plotter2.orchestrator.conversation import Event
from plotter2.wire import codes
from plotter2.wire.memory import sealed
from plotter2.wire.messages import ReadFile, ReadJob, RunJob

pytestmark = pytest.mark.process

SMALL = RunJob(formats=[], params={"source": "answer = 1"})

SPEAK_AND_SLEEP = """
from plotter2.wire.messages import Note
channel.send(Note(level="info", text="here I am"))
time.sleep(100)
"""


@pytest.fixture(scope="module")
def children() -> Iterator[Attackers]:
    with attackers() as children:
        yield children


def children_of(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):  # the thread ended meanwhile
            found += (int(child) for child in (task / "children").read_text().split())
    return found


def descriptors_of(pid: int) -> int:
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def zygote_of_this_process(before: set[int]) -> int:
    (pid,) = set(children_of(os.getpid())) - before
    return pid


def test_nothing_is_left_after_good_and_bad_runs() -> None:
    # A test that reads in this process may still map its memory.
    of_others = open_descriptors()
    with attackers() as children:
        children.answer("answer = 1")
        before = settled(children)
        for source in ("answer = 1", "os._exit(1)", "1 / 0", "os.abort()", "os.execv('/x', ['x'])"):
            with suppress(Plotter2Error):
                children.outcome(source).close()
        assert settled(children) == before
    left = open_descriptors() - of_others
    assert not [d for d in left if "socket" in d or "p2-" in d or "zygote" in d]
    assert children_of(os.getpid()) == []


def test_a_zygote_has_no_zombies_and_no_more_descriptors_after_many_children() -> None:
    before = set(children_of(os.getpid()))
    with attackers() as children:
        children.answer("answer = 1")
        zygote = zygote_of_this_process(before)
        settled(children)
        first = descriptors_of(zygote)
        for _ in range(20):
            children.answer("answer = 1")
        settled(children)
        spares = children.orchestrator.spares().pids
        wait_until(lambda: sorted(children_of(zygote)) == sorted(spares))
        assert descriptors_of(zygote) <= first


def test_who_asks_once_leaves_no_spare_behind_and_who_asks_again_does() -> None:
    before = set(children_of(os.getpid()))
    with attackers() as children:
        children.answer("answer = 1")
        zygote = zygote_of_this_process(before)
        time.sleep(0.3)
        assert children_of(zygote) == []
        children.answer("answer = 1")
        wait_until(lambda: children_of(zygote))


def settled(children: Attackers) -> list[str]:
    """Give what this process has open as soon as all spares are there."""
    spares_of(children)
    return sorted(re.sub(r"\d+", "", name) for name in open_descriptors())


def test_a_killed_zygote_takes_its_children_along_and_the_next_run_starts_a_new_one() -> None:
    before = set(children_of(os.getpid()))
    with attackers() as children:
        children.answer("answer = 1")
        zygote = zygote_of_this_process(before)
        pids: list[int] = []

        def kill(_: Event) -> None:
            pids.extend(children_of(zygote))
            os.kill(zygote, signal.SIGKILL)

        with pytest.raises(HostError) as caught:
            children.outcome(SPEAK_AND_SLEEP, on_event=kill)
        assert caught.value.code == codes.ZYGOTE_LOST
        assert pids
        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))
        assert children.answer("answer = 2") == 2


def test_a_stopped_zygote_does_not_hang_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plotter2.orchestrator.pool._MADE_SECONDS", 0.5)
    before = set(children_of(os.getpid()))
    with attackers() as children:
        children.answer("answer = 1")
        settled(children)
        os.kill(zygote_of_this_process(before), signal.SIGSTOP)
        with pytest.raises(HostError) as caught:
            children.outcome("answer = 1")
        assert caught.value.code == codes.ZYGOTE_LOST
        assert children.answer("answer = 2") == 2


def test_when_the_host_dies_nothing_goes_on() -> None:
    code = f"""
import os, sys
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from confined_children import attackers
with attackers() as children:
    speak = lambda _: print(os.getpid(), flush=True)
    children.outcome({SPEAK_AND_SLEEP!r}, on_event=speak)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as host:
        assert host.stdout is not None
        pid = int(host.stdout.readline())
        (zygote,) = children_of(pid)
        family = [zygote, *children_of(zygote)]
        assert len(family) >= 2
        host.kill()
    wait_until(lambda: not any(Path(f"/proc/{p}").exists() for p in family))


@pytest.mark.parametrize(
    ("code", "seconds", "said"),
    [
        ("import sys; sys.exit('the moon is missing')", 20, "the moon is missing"),
        ("import time; time.sleep(100)", 0.5, ""),
        ("import os, sys; os.write(int(sys.argv[1]), b'garbage')", 20, ""),
    ],
)
def test_a_zygote_that_does_not_start_says_why(code: str, seconds: float, said: str) -> None:
    command = (sys.executable, "-I", "-c", code)
    settings = OrchestratorSettings(zygote=command, start_seconds=seconds)
    with Orchestrator(settings) as orchestrator:
        with pytest.raises(HostError) as caught:
            orchestrator.submit(Task(SMALL))
        assert said in caught.value.note


def test_without_a_writable_cache_a_private_one_is_made_and_removed() -> None:
    code = "import os, sys; sys.exit(os.environ['MPLCONFIGDIR'])"
    settings = OrchestratorSettings(
        zygote=(sys.executable, "-I", "-c", code), cache=Path("/proc/no/cache")
    )
    with Orchestrator(settings) as orchestrator, pytest.raises(HostError) as caught:
        orchestrator.ready()
    folder = Path(caught.value.note)
    assert folder.is_absolute()
    assert not folder.exists()


def test_a_command_that_is_not_there_says_so() -> None:
    settings = OrchestratorSettings(zygote=("/no/such/python",))
    with Orchestrator(settings) as orchestrator, pytest.raises(HostError) as caught:
        orchestrator.warm()
    assert caught.value.code == codes.ZYGOTE_NOT_STARTED


def test_below_the_least_level_nothing_is_run() -> None:
    with attackers("C") as children:
        for minimum in ("A", "B"):
            with pytest.raises(HostError) as caught:
                children.orchestrator.submit(Task(SMALL, minimum=minimum))
            assert caught.value.code == codes.BELOW_MINIMUM
            assert "landlock scope: switched off" in caught.value.message
        assert children.answer("answer = 1") == 1


def test_without_a_filter_nothing_is_run_unless_that_is_asked_for() -> None:
    settings = OrchestratorSettings(
        zygote=(sys.executable, "-I", str(ZYGOTE)), switched_off=("seccomp", "namespaces")
    )
    with Orchestrator(settings) as orchestrator:
        for minimum in ("A", "B", "C"):
            with pytest.raises(HostError):
                orchestrator.submit(Task(SMALL, minimum=minimum))
        outcome = orchestrator.submit(Task(SMALL, minimum="none"))
    assert outcome.confined.level == "none"
    assert "system_call_filter" in outcome.confined.missing


def test_an_exception_of_the_listener_ends_the_child_and_comes_out(children: Attackers) -> None:
    class Enough(Exception):
        pass

    def listen(_: Event) -> None:
        raise Enough

    with pytest.raises(Enough):
        children.outcome(SPEAK_AND_SLEEP, on_event=listen)
    assert children.answer("answer = 1") == 1


def test_tasks_of_several_threads_run_side_by_side(children: Attackers) -> None:
    spans: list[tuple[float, float]] = []

    def work() -> None:
        began, ended = children.answer(
            "began = time.monotonic(); time.sleep(1); answer = [began, time.monotonic()]"
        )
        spans.append((began, ended))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spans.sort()
    assert len(spans) == 8
    assert any(later < ended for (_, ended), (later, _) in pairwise(spans))


def test_closing_ends_work_that_goes_on() -> None:
    caught: list[HostError] = []

    def work() -> None:
        try:
            children.outcome("time.sleep(100)")
        except HostError as error:
            caught.append(error)

    with attackers() as children:
        children.answer("answer = 1")
        thread = threading.Thread(target=work)
        thread.start()
        time.sleep(0.2)
    thread.join(5)
    assert caught[0].code == codes.ZYGOTE_LOST
    with pytest.raises(HostError) as later:
        children.outcome("answer = 1")
    assert later.value.code == codes.CLOSED


@pytest.mark.parametrize(
    "task",
    [
        Task(SMALL, fds=tuple(range(200))),
        Task(SMALL, limits=TaskLimits(wall_ms=0)),
        Task(SMALL, limits=TaskLimits(mem_mib=-1)),
        Task(SMALL, limits=TaskLimits(out_mib=1 << 40)),
    ],
)
def test_a_task_that_no_child_could_take_is_refused(task: Task) -> None:
    with Orchestrator() as orchestrator, pytest.raises(HostError) as caught:
        orchestrator.submit(task)
    assert caught.value.code == codes.TASK_REFUSED


def test_a_read_job_gets_its_files_in_order(children: Attackers) -> None:
    files = [sealed(name.encode()) for name in ("one", "two")]
    job = ReadJob(files=[ReadFile(name=f"{n}.csv", format="csv", fd=n) for n in (1, 2)])
    try:
        with children.orchestrator.submit(Task(job, tuple(files))) as out:
            assert [blob.data for blob in out.blobs] == [b"one", b"two"]
            assert out.read(0, 3) == b"one"
    finally:
        for file in files:
            os.close(file)


def test_an_outcome_that_was_closed_gives_no_more_bytes(children: Attackers) -> None:
    outcome = children.outcome("channel.append(b'moon')")
    assert outcome.read(0, 4) == b"moon"
    outcome.close()
    with pytest.raises(HostError):
        outcome.read(0, 4)
