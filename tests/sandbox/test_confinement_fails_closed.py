"""A layer that fails, a door left open, a second thread: then there is an error and never a confined child."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from plotter2.errors import HostError
from plotter2.sandbox import landlock
from plotter2.sandbox.confine import confine
from plotter2.sandbox.cradle import Cradle
from plotter2.sandbox.plan import Plan, make_plan
from plotter2.sandbox.policy import CHANNEL_FD
from plotter2.sandbox.process import Budget, Parent
from plotter2.sandbox.seccomp import Filter
from plotter2.wire import codes

pytestmark = pytest.mark.process

LAX = Filter(struct.pack("<HBBI", 0x06, 0, 0, 0x7FFF0000), ())
"""A filter that allows everything."""
BROKEN = Filter(struct.pack("<HBBI", 0xFFFF, 0, 0, 0), ())
"""Bytes that the kernel does not take as a filter."""
BUDGET = Budget(cpu_seconds=10, memory_bytes=1 << 28)


def confined_in_a_fork(
    plan: Plan,
    before: Callable[[], object] = lambda: None,
    parent: Parent | None = None,
    *,
    apart: bool | None = None,
) -> tuple[str, str]:
    """Confine a forked process; give (level, "") or (code, message)."""
    host, child = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    here = Parent.this()
    cradle = Cradle.made(apart=plan.own_processes if apart is None else apart)
    pid = cradle.fork()
    if pid == 0:
        try:
            before()
            answer = confine_and_tell(plan, child.fileno(), parent or here)
            os.write(CHANNEL_FD, answer)
        finally:
            os._exit(0)
    child.close()
    with host:
        said = json.loads(host.recv(10_000))
    os.waitpid(pid, 0)
    cradle.close()
    os.close(here.handle)
    return said[0], said[1]


def confine_and_tell(plan: Plan, channel: int, parent: Parent) -> bytes:
    try:
        done = confine(plan, BUDGET, channel=channel, parent=parent)
    except HostError as error:
        if "one_thread" in error.message or "pid_namespace" in error.message:
            os.dup2(channel, CHANNEL_FD)  # it failed before the descriptors were put in order
        return json.dumps([error.code, error.message]).encode()
    return json.dumps([done.level, ""]).encode()


@pytest.fixture(scope="module")
def plan() -> Plan:
    return make_plan()


def test_a_sound_plan_confines(plan: Plan) -> None:
    assert confined_in_a_fork(plan) == (plan.level, "")


def test_a_door_left_open_is_found_by_the_self_test(plan: Plan) -> None:
    open_plan = replace(
        plan, filter=LAX, rights=landlock.Rights(0), world="not made", user_namespace=False
    )
    code, message = confined_in_a_fork(open_plan)
    assert code == codes.SELF_TEST_FAILED
    assert "open_a_socket" in message
    assert "start_a_process" in message


def test_even_beside_a_lax_filter_the_other_layers_hold_what_they_promise(plan: Plan) -> None:
    if plan.level != "A":
        pytest.skip("needs Landlock and namespaces")
    _, message = confined_in_a_fork(replace(plan, filter=LAX))
    assert "read_a_file" not in message
    assert "write_a_file" not in message
    assert "signal_the_parent" not in message


def test_a_filter_that_the_kernel_refuses_is_a_failed_layer(plan: Plan) -> None:
    code, message = confined_in_a_fork(replace(plan, filter=BROKEN))
    assert code == codes.LAYER_FAILED
    assert "system_call_filter" in message


def test_rights_that_the_kernel_does_not_know_are_a_failed_layer(plan: Plan) -> None:
    if not plan.rights.version:
        pytest.skip("this kernel has no Landlock")
    unknown = replace(plan.rights, files=plan.rights.files | 1 << 60)
    code, message = confined_in_a_fork(replace(plan, rights=unknown))
    assert code == codes.LAYER_FAILED
    assert "landlock" in message


def test_an_empty_root_that_cannot_be_made_is_a_failed_layer(plan: Plan) -> None:
    if not plan.has_world:
        pytest.skip("this machine gives no namespaces")
    code, message = confined_in_a_fork(replace(plan, folders={"/no/such/folder": 99}))
    assert code == codes.LAYER_FAILED
    assert "empty_root" in message


def test_a_parent_that_is_gone_is_a_failed_layer(plan: Plan) -> None:
    gone = os.fork()
    if gone == 0:
        os._exit(0)
    ended = Parent(gone, fcntl.fcntl(os.pidfd_open(gone), fcntl.F_DUPFD_CLOEXEC, 20))
    os.waitpid(gone, 0)
    code, message = confined_in_a_fork(plan, parent=ended)
    os.close(ended.handle)
    assert code == codes.LAYER_FAILED
    assert "parent" in message


def test_a_process_with_a_second_thread_is_not_confined(plan: Plan) -> None:
    def start_thread() -> None:
        threading.Thread(target=time.sleep, args=(5,), daemon=True).start()

    code, message = confined_in_a_fork(plan, before=start_thread)
    assert code == codes.LAYER_FAILED
    assert "2 threads" in message


def test_a_child_that_is_not_alone_in_its_process_ids_is_a_failed_layer(plan: Plan) -> None:
    code, message = confined_in_a_fork(replace(plan, own_processes=True), apart=False)
    assert code == codes.LAYER_FAILED
    assert "pid_namespace" in message


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has ids to give up")
def test_ids_that_cannot_be_given_up_are_a_failed_layer(plan: Plan) -> None:
    """A process that is nobody already, in a plan that was made for root."""
    code, message = confined_in_a_fork(
        replace(plan, world="not made", user_namespace=False), before=lambda: os.setresuid(1, 1, 1)
    )
    assert code == codes.LAYER_FAILED
    assert "ids" in message
