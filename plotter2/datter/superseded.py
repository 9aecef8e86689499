"""Which runs of tasks count no more: the same task ran again on the same bundle, and nothing of the older run is kept.

Only the newest run of a task on a bundle is read. What it handed on stays for who owns it, be it the bundle or a task.
"""

from __future__ import annotations

from collections.abc import Sequence

from plotter2.datter.ownership import Ownership, holder_of
from plotter2.datter.task_runs import TaskRun
from plotter2.datter.transfers import Holder


def superseded(runs: Sequence[TaskRun], until: int | None = None) -> frozenset[str]:
    """Give the events of runs whose tables nobody can read any more; `runs` are all there are, oldest first.

    With `until` only what was superseded by then (ms since 1970).
    """
    owned = Ownership.after(ran.done for ran in runs)
    newest: dict[Holder, str] = {}
    for ran in runs:
        if until is None or ran.at <= until:
            newest[holder_of(ran.done)] = ran.event
    return frozenset(
        ran.event
        for ran in runs
        if ran.event < newest.get(holder_of(ran.done), "") and not _is_handed_on(owned, ran)
    )


def _is_handed_on(owned: Ownership, ran: TaskRun) -> bool:
    exposer = holder_of(ran.done)
    held = [owned.of(ran.done.run, name, exposer) for name in ran.done.tables]
    return any(one.handed_off or one.owner not in (exposer, None) for one in held)
