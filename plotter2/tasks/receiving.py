"""Who a task is as an owner of tables, and to whom it hands them."""

from __future__ import annotations

from collections.abc import Sequence

from p2lang import ir
from plotter2.datter.transfers import Holder
from plotter2.errors import RunError
from plotter2.tasks import codes
from plotter2.tasks.instance import Instance


def holder(instance: Instance) -> Holder:
    """Give the task instance as an owner."""
    attachment = instance.declared.attachment
    return Holder(
        bundle=instance.bundle.id,
        home=attachment.bundle,
        script=attachment.name,
        task=instance.name,
    )


def receivers(instance: Instance, nodes: Sequence[ir.Node]) -> dict[str, Holder]:
    """Give the tasks that are named as receivers, by the operation that names them. Raises RunError P2-R0676."""
    return {
        node.id: _receiver(instance, str(node.attributes["to"][1]))
        for node in nodes
        if node.op.startswith(("share@", "handin@")) and "to" in node.attributes
    }


def _receiver(instance: Instance, written: str) -> Holder:
    script, _, task = written.rpartition(":")
    for declared in (instance.declared, *instance.others):
        attachment = declared.attachment
        named = (
            attachment.name in (script, f"{script}.p2") if script else declared is instance.declared
        )
        if named and task in {each.name for each in declared.tasks}:
            return Holder(
                bundle=instance.bundle.id,
                home=attachment.bundle,
                script=attachment.name,
                task=task,
            )
    raise RunError(
        codes.NO_SUCH_RECEIVER,
        f"{instance} hands a table to {written}, and there is no such task on {instance.bundle.name} or above",
        str(instance),
        f"plotter2 tasks {instance.bundle.name} lists the tasks there are",
    )
