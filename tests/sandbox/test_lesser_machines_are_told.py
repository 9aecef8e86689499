"""On machines that refuse a layer, as containers and older kernels do, the level is lower, told, and still holds."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import pytest

from plotter2.config.levels import Level
from plotter2.errors import HostError
from plotter2.orchestrator import Orchestrator, OrchestratorSettings, Task
from plotter2.orchestrator.settings import ZYGOTE, Spares
from plotter2.sandbox.attempts.told import COMMAND, self_test
from plotter2.wire.messages import ReadJob

pytestmark = pytest.mark.process

REFUSING: Final = str(Path(__file__).with_name("refusing_kernel.py"))
MACHINES: Final[dict[str, tuple[str, str, Level, str]]] = {
    "a container": ("EPERM", "unshare,mount,setns,pivot_root", "B", "Operation not permitted"),
    "a container that lets no process ids be made": ("EPERM", "setns", "B", "not permitted"),
    "no Landlock": ("ENOSYS", "landlock_create_ruleset,landlock_restrict_self", "C", "Landlock"),
    "Landlock switched off": ("EOPNOTSUPP", "landlock_create_ruleset", "C", "Landlock"),
    "no filter": ("EINVAL", "seccomp", "none", "Invalid argument"),
}


def refusing(error: str, calls: str, command: tuple[str, ...]) -> tuple[str, ...]:
    return (sys.executable, "-I", REFUSING, error, calls, *command)


@pytest.mark.parametrize("machine", ["a container", "no Landlock"])
def test_the_level_that_is_left_is_told_and_holds_what_it_promises(machine: str) -> None:
    error, calls, most, _ = MACHINES[machine]
    made = self_test(command=refusing(error, calls, COMMAND))
    assert made.level == most
    assert made.open_doors == []
    assert all(made.needed.values())


@pytest.mark.parametrize("machine", MACHINES)
def test_a_run_is_refused_below_the_level_asked_for_and_says_why(machine: str) -> None:
    error, calls, most, why = MACHINES[machine]
    command = refusing(error, calls, ZYGOTE)
    with Orchestrator(OrchestratorSettings(zygote=command, spares=Spares(most=0))) as children:
        ready = children.ready()
        assert ready.level == most
        assert any(why in reason for reason in ready.missing.values())
        outcome = children.submit(Task(ReadJob(files=[]), minimum=ready.level))
        assert outcome.confined.level == ready.level
        assert outcome.confined.missing == ready.missing
        outcome.close()
        if ready.level != "A":
            with pytest.raises(HostError) as caught:
                children.submit(Task(ReadJob(files=[]), minimum="A"))
            assert caught.value.code == "P2-H0910"
            assert why in caught.value.message
