"""Which run is current, for `logger2.log` and when runs are nested; ends forgotten runs with the process."""

from __future__ import annotations

import atexit
import sys
from contextvars import ContextVar

from logger2.recorder import Run


class NoRun(LookupError):
    """`logger2.log` was called while no run, or no single run, is open."""


_nested: ContextVar[tuple[Run, ...]] = ContextVar("logger2-run", default=())
"""The runs of this context, the innermost last."""

_open: list[Run] = []


def run() -> Run:
    """Give the current run: this context's, else the only open one (threads start without context).

    Raises NoRun when there is none or more than one.
    """
    nested = _nested.get()
    if nested and nested[-1] in _open:
        return nested[-1]
    if len(_open) == 1:
        return _open[0]
    how_many = (
        f"{len(_open)} runs are open, none of them in this context" if _open else "no run is open"
    )
    raise NoRun(f'{how_many}; start one with `with logger2.run("name", params={{...}}) as run:`')


def opened(
    folder: str, about: dict[str, object], resume: dict[str, object] | None, *, strict: bool
) -> Run:
    """Give a run that is current until it ends; then the one outside of it is again."""
    started = Run(folder, about, resume, strict=strict, ended=_left)
    _nested.set((*_nested.get(), started))
    _open.append(started)
    return started


def _left(ended: Run) -> None:
    if ended in _open:
        _open.remove(ended)
    nested = _nested.get()
    if nested and nested[-1] is ended:
        _nested.set(nested[:-1])


@atexit.register
def _finish_forgotten() -> None:
    error = getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)
    for forgotten in reversed(_open):
        forgotten.finish(error)
