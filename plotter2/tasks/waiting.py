"""A task waits until no other process is at work on what it collects."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from p2lang import ir
from p2lang.semantics.constants import NotConstant, evaluate
from p2lang.semantics.structure import effects_of
from plotter2.datter.store import Store
from plotter2.errors import ExitCode, RunError
from plotter2.tasks import codes
from plotter2.tasks.instance import Instance

_POLL_S = 0.2


def wait_for_collected(
    instance: Instance,
    store: Store,
    pause: Callable[[float], None] = time.sleep,
    own: Collection[tuple[str, str]] = (),
) -> None:
    """Return when nobody else is at work on what a task collects. Raises RunError P2-R0649.

    `own` are the tasks with bundles (ids) that this process is at work on and that have released.
    """
    for node in effects_of(instance.compiled.module.nodes, instance.name):
        if not node.op.startswith("collect@"):
            continue
        task = str(node.attributes["tasks"][2]["name"][1])
        timeout = _seconds(node, instance.variables)
        until = time.monotonic() + timeout
        ours = {bundle for name, bundle in own if name == task}
        while at_work := _at_work(instance, task, store, ours):
            if time.monotonic() > until:
                raise _too_long(instance, task, at_work[0], timeout)
            pause(_POLL_S)


def _at_work(instance: Instance, task: str, store: Store, ours: Collection[str]) -> list[str]:
    bundles = {row.id for row in instance.covered[task]} - set(ours)
    script = instance.declared.attachment
    found = []
    for about in store.tasks_at_work():
        attachment = about["attachment"]
        same = (attachment["bundle"]["id"], attachment["script"]) == (
            instance.applicable.task.bundle.id,
            script.name,
        )
        if same and about["name"] == task and about["bundle"]["id"] in bundles:
            found.append(str(about["bundle"]["name"]))
    return found


def _seconds(node: ir.Node, params: Mapping[str, Any]) -> float:
    try:
        return float(evaluate(node.attributes.get("timeout", ["int", 600]), params))
    except (NotConstant, TypeError):
        return 600.0


def _too_long(instance: Instance, task: str, where: str, timeout: float) -> RunError:
    return RunError(
        codes.WAITED_TOO_LONG,
        f"{instance} waited {timeout:g} s for {task} on {where}, which another process is at work on",
        help="run it again later, or give `collect` a longer timeout",
        exit_code=ExitCode.TIMEOUT,
    )
