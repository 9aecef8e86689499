"""Spares wait, confined and unused: each serves one task under that task's own limits, what dies is replaced."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from confined_children import ZYGOTE, Attackers, attackers, spares_of, wait_until
from plotter2.errors import HostError
from plotter2.orchestrator import Orchestrator, OrchestratorSettings, Spares, TaskLimits
from plotter2.wire import codes

pytestmark = pytest.mark.process

LIMITS = """
import resource
answer = [resource.getrlimit(resource.RLIMIT_CPU), resource.getrlimit(resource.RLIMIT_DATA)]
"""


@pytest.fixture(scope="module", params=["A", "B", "C"])
def at_each_level(request: pytest.FixtureRequest) -> Iterator[Attackers]:
    with attackers(request.param) as children:
        yield children


@pytest.fixture
def children() -> Iterator[Attackers]:
    with attackers() as children:
        yield children


def state_of(pid: int) -> str:
    """Give the letter that proc(5) has for what a process does."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]


def test_a_task_is_done_by_a_spare_that_was_there_before_and_each_spare_serves_once(
    children: Attackers,
) -> None:
    first = spares_of(children)
    assert children.outcome("answer = 1").confined.level == "A"
    second = spares_of(children)
    assert len(set(first) & set(second)) == len(first) - 1
    assert not any(Path(f"/proc/{pid}").exists() for pid in set(first) - set(second))


def test_spares_sleep(children: Attackers) -> None:
    wait_until(lambda: all(state_of(pid) == "S" for pid in spares_of(children)))


def test_each_task_has_its_own_limits_whatever_spare_it_gets(at_each_level: Attackers) -> None:
    for seconds, mebibytes in ((2, 1500), (7, 4000), (3, 1600), (600_000, 6000)):
        spares_of(at_each_level)
        limits = TaskLimits(cpu_ms=seconds * 1000, mem_mib=mebibytes)
        cpu, (soft, hard) = at_each_level.answer(LIMITS, limits)
        assert cpu == [seconds, seconds + 1]
        assert soft == hard
        assert 0 < hard - 2 * mebibytes * 2**20 < 2**30


def test_a_child_cannot_raise_the_limits_that_it_got(at_each_level: Attackers) -> None:
    source = """
from plotter2.sandbox import native
raises = {kind: tried(lambda: native.lower_limit(kind, 1 << 40, 1 << 40)) for kind in range(16)}
lowers = tried(lambda: native.lower_limit(0, 1, 1))
answer = [sorted(set(raises.values())), lowers]
"""
    assert at_each_level.answer(source, TaskLimits(cpu_ms=5000)) == [["EPERM"], "done"]


def test_spares_that_were_killed_are_left_out_and_replaced(children: Attackers) -> None:
    for _ in range(5):
        for pid in spares_of(children):
            os.kill(pid, signal.SIGKILL)
        assert children.answer("answer = 1") == 1


def test_the_memory_of_spares_is_counted_and_bounded(children: Attackers) -> None:
    spares_of(children)
    state = children.orchestrator.spares()
    of_one = state.idle_bytes / len(state.pids)
    assert 2**20 < of_one < 32 * 2**20
    command = (sys.executable, "-I", "-X", "utf8", str(ZYGOTE))
    for mebibytes, spares in ((0, 0), (int(of_one * 1.5) // 2**20, 1)):
        settings = OrchestratorSettings(zygote=command, spares=Spares(8, mebibytes))
        with Orchestrator(settings) as orchestrator:
            few = Attackers(orchestrator, "A")
            for _ in range(4):
                assert few.answer("answer = 1") == 1
            assert len(orchestrator.spares().pids) <= max(spares, 1)
            assert len(orchestrator.spares().pids) == spares


def test_without_spares_each_task_gets_a_fresh_child() -> None:
    command = (sys.executable, "-I", "-X", "utf8", str(ZYGOTE))
    settings = OrchestratorSettings(zygote=command, spares=Spares(0, 0))
    with Orchestrator(settings) as orchestrator:
        assert Attackers(orchestrator, "A").answer("answer = 1") == 1
        assert orchestrator.spares().pids == ()


def test_spares_end_with_the_orchestrator(children: Attackers) -> None:
    pids = spares_of(children)
    children.orchestrator.close()
    assert not any(Path(f"/proc/{pid}").exists() and state_of(pid) != "Z" for pid in pids)


def test_spares_end_when_the_host_is_killed() -> None:
    code = f"""
import sys, time
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from confined_children import attackers
with attackers() as children:
    children.answer("answer = 1")
    while not children.orchestrator.spares().pids: time.sleep(0.01)
    print(*children.orchestrator.spares().pids, flush=True)
    time.sleep(100)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as host:
        assert host.stdout is not None
        pids = [int(word) for word in host.stdout.readline().split()]
        host.kill()
    assert pids
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))


def test_a_spare_that_could_not_be_confined_says_so_and_is_not_ordered_without_end() -> None:
    # The sandbox of this zygote is broken: the folder that children may read is gone when they want to.
    code = """
import sys
from plotter2.child import zygote
from plotter2.sandbox import confine
def refuse(*_, **__): raise OSError(5, "the moon is in the way")
confine.process.limit = refuse
zygote.serve(dict)
"""
    settings = OrchestratorSettings(zygote=(sys.executable, "-I", "-X", "utf8", "-c", code))
    with Orchestrator(settings) as orchestrator:
        for _ in range(2):
            with pytest.raises(HostError) as caught:
                Attackers(orchestrator, "A").answer("answer = 1")
            assert caught.value.code == codes.LAYER_FAILED
            assert "the moon is in the way" in caught.value.message
