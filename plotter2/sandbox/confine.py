"""Confines the process it is called in, layer by layer, tests that, and says what holds. Fails closed.

The order matters: descriptors of folders before ids, ids before the user namespace, mounts before
Landlock (which forbids them), /proc before it vanishes, the filter last because it forbids the rest.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator

from plotter2.errors import HostError
from plotter2.sandbox import landlock, namespaces, native, probes, process, seccomp
from plotter2.sandbox.plan import Plan
from plotter2.sandbox.process import Budget, Parent
from plotter2.wire import codes
from plotter2.wire.messages import Confined

Step = tuple[str, Callable[[], None]]


def confine(plan: Plan, budget: Budget, *, channel: int, parent: Parent) -> Confined:
    """Put every layer of the plan on this process, for good, and give what holds.

    The process must be a fresh fork with one thread; afterwards it has no descriptor but CHANNEL_FD
    and three that lead nowhere. `parent` is who forked it. Raises HostError: a
    layer failed (P2-H0911), or the self-test could do a forbidden thing (P2-H0912). The caller must
    then end the process.
    """
    start = time.perf_counter()
    for layer, put_on in _steps(plan, budget, channel, parent):
        try:
            put_on()
        except OSError as error:
            raise HostError(
                codes.LAYER_FAILED,
                f"the sandbox could not put on its layer {layer}: {error.strerror or error}",
                help="`plotter2 doctor` shows what this machine offers; nothing was run",
            ) from None
    refused = probes.try_all(plan.canary, parent.number)
    if plan.level != "none" and not all(refused.values()):
        open_doors = ", ".join(name for name, was in refused.items() if not was)
        raise HostError(
            codes.SELF_TEST_FAILED, f"the sandbox tested itself and could still: {open_doors}"
        )
    return Confined(
        level=plan.level,
        layers=plan.layers,
        missing=plan.missing,
        probes=refused,
        confine_ms=(time.perf_counter() - start) * 1000,
    )


def _steps(plan: Plan, budget: Budget, channel: int, parent: Parent) -> Iterator[Step]:
    folders, paths = plan.folders.values(), tuple(plan.folders)
    yield "one_thread", _assert_one_thread
    if plan.own_processes:
        yield "pid_namespace", process.be_first
    yield "descriptors", lambda: process.keep_only(channel, (*folders, parent.handle))
    yield "session", os.setsid
    yield "resource_limits", lambda: process.limit(budget)
    if plan.world == "made as root":
        yield "empty_root", lambda: namespaces.enter_as_root(paths)
    if plan.drops_ids:
        yield "ids", process.drop_ids
    if plan.world == "made as root" and plan.user_namespace:
        yield "user_namespace", namespaces.leave_users
    if plan.world == "made as user":
        yield "empty_root", lambda: namespaces.enter_as_user(paths)
    yield "ids", native.drop_capabilities
    yield "dies_with_its_parent", lambda: process.die_with(parent)
    yield "no_new_privileges", process.gain_no_privileges
    yield "not_dumpable", process.hide_memory
    if plan.rights.version:
        yield "landlock", lambda: landlock.restrict(plan.rights, tuple(folders))
    yield "descriptors", lambda: process.close((*folders, parent.handle))
    if plan.mdwe:
        yield "no_new_code", process.refuse_new_code
    if plan.filter is not None:
        code = plan.filter.for_process(os.getpid())
        yield "system_call_filter", lambda: seccomp.load(code)


def _assert_one_thread() -> None:
    # Landlock, namespaces and ids bind only the calling thread: another one would stay free.
    count = process.threads()
    if count != 1:
        raise OSError(f"the process has {count} threads")
