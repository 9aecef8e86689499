"""The tasks of a bundle: its own, those that it inherits from every bundle above, and those that cannot run on it.

A task of the same name nearer to the bundle stands for one further up. A task can run when each head that it imposes
is answered by the bundle or by the nearest one above that has such a link. What an archived bundle declares is listed
and does not run.
"""

from __future__ import annotations

from plotter2.datter.codes import ARCHIVED, DECLARED_TWICE
from plotter2.datter.registry import BundleRow
from plotter2.datter.transfers import Holder
from plotter2.tasks.answering import answer
from plotter2.tasks.attached import Declarations
from plotter2.tasks.codes import OTHER_TYPE
from plotter2.tasks.exposures import lent
from plotter2.tasks.model import (
    Answer,
    Answered,
    Applicable,
    Declared,
    NotApplicable,
    Reason,
    Task,
    Tasks,
    Unanswered,
)
from plotter2.tasks.parts import STEP


def tasks_of(declarations: Declarations, bundle: BundleRow) -> Tasks:
    """Give the tasks of a bundle, own and inherited, each with its answers or its reasons. Raises DataError."""
    own: list[Applicable] = []
    inherited: list[Applicable] = []
    not_applicable: list[NotApplicable] = []
    nearer: dict[str, Task] = {}
    for holder in (bundle, *declarations.above(bundle)):
        for declared in declarations.of(holder):
            for task in declared.tasks:
                if task.name in nearer:
                    not_applicable.append(_hidden(task, bundle, nearer[task.name]))
                    continue
                nearer[task.name] = task
                found = applied(declarations, declared, task, bundle)
                if isinstance(found, NotApplicable):
                    not_applicable.append(found)
                else:
                    (own if holder is bundle else inherited).append(found)
    return Tasks(bundle, tuple(own), tuple(inherited), tuple(not_applicable))


def applied(
    declarations: Declarations, declared: Declared, task: Task, bundle: BundleRow
) -> Applicable | NotApplicable:
    """Tell whether a task can run on its own bundle or one below. Raises DataError."""
    archived = next((each for each in (task.bundle, bundle) if each.state == "archived"), None)
    if archived is not None:
        return NotApplicable(task, bundle, (_archived(task, archived),))
    if declared.broken is not None:
        return NotApplicable(task, bundle, (declared.broken,))
    answers: dict[str, Answer] = {
        head.name: answer(declarations, bundle, head) for head in task.imposed
    }
    given = {name: each for name, each in answers.items() if isinstance(each, Answered)}
    reasons = [
        each.reason
        for each in answers.values()
        if isinstance(each, Unanswered) and not _is_lent(declarations, declared, task, bundle, each)
    ]
    reasons += [
        _without_steps(task, name, given[name])
        for name in task.stepped
        if name in given and STEP not in declarations.store.schema_of(given[name].selector)
    ]
    if reasons:
        return NotApplicable(task, bundle, tuple(reasons))
    return Applicable(task, bundle, given)


def _is_lent(
    declarations: Declarations, declared: Declared, task: Task, bundle: BundleRow, asked: Unanswered
) -> bool:
    """Tell whether a task of some script shared a table of that name with this one."""
    if asked.link is not None or not declarations.owned.held:
        return False
    attachment, store = declared.attachment, declarations.store
    reader = Holder(
        bundle=bundle.id, home=attachment.bundle, script=attachment.name, task=task.name
    )
    bundles = (bundle, *declarations.above(bundle))
    return lent(store, declarations.owned, asked.head.name, reader, bundles) is not None


def _archived(task: Task, archived: BundleRow) -> Reason:
    return Reason(
        ARCHIVED,
        f"{archived.name} is archived, and its tasks do not run"
        if archived.id == task.bundle.id
        else f"{archived.name} is archived, and nothing runs on it",
        f"bring it back with: plotter2 archive --undo {archived.name}",
        archived.name,
    )


def _without_steps(task: Task, name: str, given: Answered) -> Reason:
    source = f"{given.link.source!r} of {given.bundle.name}"
    return Reason(
        OTHER_TYPE,
        f"{task.name} chooses one step of {name}, and {source} has no column {STEP}",
        f"record the table with its steps, or leave `{STEP}=` out in {task.attachment}",
        given.bundle.name,
    )


def _hidden(task: Task, bundle: BundleRow, nearer: Task) -> NotApplicable:
    reason = Reason(
        DECLARED_TWICE,
        f"{nearer.bundle.name} has a task {task.name} too, which is nearer and stands for it",
        f"run it where it is declared: plotter2 run {task.bundle.name}:{task.name}",
        task.bundle.name,
    )
    return NotApplicable(task, bundle, (reason,))
