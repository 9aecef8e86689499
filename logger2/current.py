"""Which run and group are current, for `logger2.log` and for nested blocks; ends forgotten runs with the process."""

from __future__ import annotations

import atexit
import sys
from contextvars import ContextVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from logger2.recorder import Group, Run


class NoRun(LookupError):
    """`logger2.log` was called while no run, or no single run, is open."""


group: ContextVar[Group | None] = ContextVar("logger2-group", default=None)
"""The innermost open group of this context, of whatever run."""

_run: ContextVar[Run | None] = ContextVar("logger2-run", default=None)
_open: list[Run] = []


def run() -> Run:
    """Give the current run: this context's, else the only open one (threads start without context).

    Raises NoRun when there is none or more than one.
    """
    found = _run.get()
    if found is not None and found in _open:
        return found
    if len(_open) == 1:
        return _open[0]
    how_many = (
        f"{len(_open)} runs are open, none of them in this context" if _open else "no run is open"
    )
    raise NoRun(f'{how_many}; start one with `with logger2.run("name", params={{...}}) as run:`')


def entered(started: Run) -> Run | None:
    """Make a run current and give the one that was."""
    outer = _run.get()
    _run.set(started)
    _open.append(started)
    return outer


def left(ended: Run, outer: Run | None) -> None:
    """Take an ended run away; the one outside of it is current again."""
    if ended in _open:
        _open.remove(ended)
    if _run.get() is ended:
        _run.set(outer)


@atexit.register
def _finish_forgotten() -> None:
    error = getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)
    for forgotten in reversed(_open):
        forgotten.finish(error)
