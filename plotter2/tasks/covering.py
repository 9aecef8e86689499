"""Where a task runs when it is asked for: on its own bundle, and on each bundle below that links what it imposes.

A bundle below is linked when it answers for at least one of the heads itself; the others may be answered from above.
One whose answers all come from above is left out, with that reason: the task would compute there once more what it
computes above, and what is collected would be counted twice. A task that imposes nothing runs on its own bundle only.
"""

from __future__ import annotations

from plotter2.datter.codes import DECLARED_TWICE
from plotter2.datter.registry import BundleRow
from plotter2.tasks import codes
from plotter2.tasks.attached import Declarations
from plotter2.tasks.listing import applied
from plotter2.tasks.model import (
    Applicable,
    Coverage,
    Declared,
    NotApplicable,
    Reason,
    Task,
)


def covered(declarations: Declarations, task: Task, top: BundleRow | None = None) -> Coverage:
    """Give where a task runs, its own bundle first, then those below in natural order, and where not, and why.

    With `top`, a bundle below the task's own that was asked for: it and those below it. Raises DataError.
    """
    start = task.bundle if top is None else top
    declared = declarations.declaring(task)
    found = [applied(declarations, declared, task, start)]
    if task.imposed:
        found += [
            _below(declarations, declared, task, line.bundle)
            for line in declarations.store.list(start.name)
        ]
    return Coverage(
        task,
        tuple(each for each in found if isinstance(each, Applicable)),
        tuple(each for each in found if isinstance(each, NotApplicable)),
    )


def _below(
    declarations: Declarations, declared: Declared, task: Task, bundle: BundleRow
) -> Applicable | NotApplicable:
    nearer = _nearer(declarations, task, bundle)
    if nearer is not None:
        return NotApplicable(task, bundle, (_another(nearer),))
    found = applied(declarations, declared, task, bundle)
    if isinstance(found, NotApplicable):
        return found
    linked = any(each.bundle.id == bundle.id for each in found.answers.values())
    return found if linked else NotApplicable(task, bundle, (_only_above(found),))


def _nearer(declarations: Declarations, task: Task, bundle: BundleRow) -> Task | None:
    """Give the task of this name that stands for the one above at a bundle, if there is one."""
    for holder in (bundle, *declarations.above(bundle)):
        if holder.id == task.bundle.id:
            return None
        for declared in declarations.of(holder):
            for each in declared.tasks:
                if each.name == task.name:
                    return each
    return None


def _another(nearer: Task) -> Reason:
    return Reason(
        DECLARED_TWICE,
        f"{nearer.bundle.name} has a task {nearer.name} of its own, which stands for it",
        f"run that one: plotter2 run {nearer.bundle.name}:{nearer.name}",
        nearer.bundle.name,
    )


def _only_above(found: Applicable) -> Reason:
    above = sorted({each.bundle.name for each in found.answers.values()})
    return Reason(
        codes.NO_LINK,
        f"{found.bundle.name} has no link of its own; {' and '.join(above)} answers for it",
        f"link its own table, or run it there alone: plotter2 run {found.bundle.name}:{found.task.name}",
        found.bundle.name,
    )
