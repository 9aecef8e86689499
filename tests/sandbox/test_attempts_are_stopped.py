"""Every attempt is stopped inside and works outside: as root and as an ordinary user, at each level, and why."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec
import pytest

from confined_children import LEVELS
from ordinary_user import as_nobody, module_command
from plotter2.cli.system import told
from plotter2.config.levels import Level
from plotter2.errors import HostError
from plotter2.sandbox import landlock, seccomp
from plotter2.sandbox.attempts.attempt import Attempt
from plotter2.sandbox.attempts.files import FILES
from plotter2.sandbox.attempts.told import COMMAND, Probe, SelfTest, Verdict, self_test
from plotter2.sandbox.attempts.trying import ATTEMPTS, Tried, Trying
from plotter2.sandbox.plan import Plan, make_plan
from plotter2.sandbox.syscalls import this_machine
from plotter2.wire import codes
from plotter2.wire.zygote import Ready

LEAST_LIVE: Final = 60
MODULE: Final = "plotter2.sandbox.attempts"


def attempted(level: Level, user: str) -> SelfTest:
    if user == "root":
        return self_test(LEVELS[level])
    command = [*module_command(MODULE), *LEVELS[level]]
    done = subprocess.run(command, check=True, capture_output=True, **as_nobody())
    return msgspec.json.decode(done.stdout, type=SelfTest)


@pytest.mark.process
@pytest.mark.attack
@pytest.mark.parametrize("level", ["A", "B", "C"])
@pytest.mark.parametrize("user", ["root", "ordinary user"])
def test_every_attempt_is_stopped_that_the_level_promises_to_stop(level: Level, user: str) -> None:
    if user == "root" and os.geteuid() != 0:
        pytest.skip("the tests do not run as root")
    made = attempted(level, user)
    if made.level != level:
        pytest.skip(f"this machine reaches level {made.level}")
    assert made.open_doors == []
    assert all(made.needed.values()), made.needed
    live = [probe for probe in made.probes if probe.control]
    assert len([probe for probe in live if probe.verdict == "stopped"]) >= LEAST_LIVE
    assert {probe.kind for probe in live} == {attempt.kind for attempt in ATTEMPTS}


def test_names_of_attempts_tell_them_apart() -> None:
    named = [(attempt.kind, attempt.name) for attempt in ATTEMPTS]
    assert len(set(named)) == len(named)


# ------------------------------------------------------------ what counts
READ: Final = FILES[0]


@pytest.mark.parametrize(
    ("inside", "outside", "verdict"),
    [
        (errno.EPERM, 0, "stopped"),
        (-signal.SIGSYS, 0, "stopped"),
        (0, 0, "got through"),
        (0, errno.EPERM, "got through"),
        (errno.EINVAL, 0, "got through"),
        (-signal.SIGSEGV, 0, "got through"),
        (errno.EPERM, errno.EPERM, "not testable"),
        (-signal.SIGSYS, errno.ENOSYS, "not testable"),
    ],
)
def test_an_attempt_counts_only_beside_a_live_control(
    inside: int, outside: int, verdict: str
) -> None:
    assert Tried(READ, inside, outside, promised=True).verdict == verdict


def test_what_a_level_does_not_promise_is_told_and_is_no_open_door() -> None:
    tried = Tried(Attempt("files", "see", lambda _: None, promised="A"), 0, 0, promised=False)
    assert tried.verdict == "not promised"


def made_of(*verdicts: Verdict, needed: bool = True) -> SelfTest:
    probe = Probe(
        name="fork",
        kind="processes",
        stopped=True,
        control=True,
        promised=True,
        verdict="stopped",
        answer="EPERM",
    )
    probes = [msgspec.structs.replace(probe, verdict=verdict) for verdict in verdicts]
    return SelfTest(level="A", layers={}, probes=probes, needed={"read": needed}, seconds=1.0)


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (made_of("stopped", "not testable", "not promised"), 0),
        (made_of("stopped", "got through"), 1),
        (made_of("stopped", needed=False), 1),
    ],
)
def test_doctor_fails_when_something_got_through(made: SelfTest, code: int) -> None:
    ready = Ready(level="A", layers={}, missing={})
    answer = told([], ready, "B", made)
    assert answer.exit_code == code
    assert ("GOT THROUGH: fork" in answer.text) == bool(made.open_doors)
    assert len(answer.data["probes"]) == len(made.probes)
    assert set(answer.data["probes"][0]) >= {"name", "class", "stopped", "control"}


@pytest.mark.parametrize(
    ("verdicts", "said", "is_clean"),
    [
        (("stopped", "stopped"), "2 of 2 attempts stopped", True),
        (("stopped", "not testable"), "1 of 1 attempts stopped", True),
        (("stopped", "not promised"), "1 of 2 attempts stopped", False),
        (("stopped", "got through"), "1 of 2 attempts stopped", False),
    ],
)
def test_an_attempt_that_nobody_can_make_is_not_told_like_one_that_got_through(
    verdicts: tuple[Verdict, ...], said: str, is_clean: bool
) -> None:
    text = told([], Ready(level="A", layers={}, missing={}), "B", made_of(*verdicts)).text
    assert said in text
    assert ("none got through" in text) == is_clean


REFUSED: Final = {"type": "broken", "code": "P2-H0913", "message": "no", "help": ""}


@pytest.mark.process
@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import sys; sys.exit('the moon is full')", "the moon is full"),
        ("print('{}')", "it ended with 0"),
        (
            f"print({json.dumps(REFUSED)!r})",
            "no",
        ),
    ],
)
def test_a_self_test_that_breaks_is_an_error_and_no_success(source: str, said: str) -> None:
    with pytest.raises(HostError) as caught:
        self_test(command=(sys.executable, "-I", "-c", source))
    assert said in caught.value.message
    assert caught.value.code in (codes.SELF_TEST_BROKEN, "P2-H0913")


def test_the_self_test_is_a_process_without_surroundings() -> None:
    assert "-I" in COMMAND


# ------------------------------------------------------------ each layer by itself
STOPPED_BY: Final = {
    "system_call_filter": {
        "TCP over IPv4",
        "UNIX stream",
        "netlink",
        "packets of the network",
        "fork",
        "start a program",
        "trace another process",
        "be traced",
        "signal another process",
        "use the ring of the kernel",
        "open a keyring",
        "make namespaces",
        "memory to run",
        "shared memory without a file",
        "faults of memory",
        "change a mode",
        "change times",
        "make a file",
    },
    "landlock": {
        "read a file",
        "list a folder",
        "make a file",
        "remove a file",
        "read its own memory",
        "become a program",
        "write to /dev/null",
        "connect to a port",
    },
    "empty_root": {
        "learn that a file exists",
        "read a file",
        "make a file",
        "list processes",
        "read /dev/zero",
        "connect to a port",
        "connect to a socket in a folder",
        "change a mode",
    },
    "pid_namespace": {"signal another process", "signal another's thread", "open a process"},
    "no_new_code": {"memory to write and run", "written memory to run"},
    "limits_and_no_privileges": {
        "memory that stays in place",
        "a queue with a name",
        "mount a file system",
        "change the root",
        "rename the machine",
    },
}
"""Layer -> some of what it alone stops, with all others off that can be off. Limits and lost rights are always on."""


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plan]:
    given = tmp_path_factory.mktemp("given")
    Path(given, "file").touch()
    plan = make_plan([str(given)])
    yield plan
    for descriptor in plan.folders.values():
        os.close(descriptor)


def with_only(plan: Plan, layer: str) -> Plan:
    bare = replace(
        plan,
        filter=None,
        rights=landlock.Rights(0),
        world="not made",
        user_namespace=False,
        own_processes=False,
        mdwe=False,
        drops_ids=False,
    )
    match layer:
        case "system_call_filter":
            return replace(bare, filter=seccomp.build(this_machine(), may_open=False))
        case "landlock":
            return replace(bare, rights=plan.rights)
        case "empty_root":
            return replace(bare, world=plan.world)
        case "pid_namespace":
            return replace(bare, own_processes=plan.own_processes)
        case "no_new_code":
            return replace(bare, mdwe=plan.mdwe)
    return bare


def stopped(plan: Plan, names: set[str]) -> set[str]:
    attempts = [attempt for attempt in ATTEMPTS if attempt.name in names]
    with Trying(plan) as trying:
        return {one.attempt.name for one in trying.all(attempts) if one.stopped and one.control}


@pytest.mark.process
@pytest.mark.attack
@pytest.mark.parametrize("layer", STOPPED_BY)
def test_each_layer_alone_stops_what_it_is_for(plan: Plan, layer: str) -> None:
    if plan.level != "A" or (layer == "pid_namespace" and os.geteuid() != 0):
        pytest.skip("this machine does not have every layer, or not for this user")
    names = STOPPED_BY[layer]
    assert stopped(with_only(plan, layer), names) == names
    if layer != "limits_and_no_privileges":
        assert len(stopped(with_only(plan, "none of them"), names)) < len(names) / 2
