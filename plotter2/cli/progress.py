"""What runs say while they work: notes as lines, progress as a bar at the terminal that comes when it takes a while."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import click

from plotter2.printable import printable
from plotter2.runs.model import Event
from plotter2.runs.showing import table_text
from plotter2.wire.messages import Note, Progress, TableShown

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

APPEARS_AFTER_S: Final = 0.3
_BEFORE: Final = "\n"
"""Names the bar that stands there before a run has said something."""


class Shown:
    """Shows the runs of one command on standard error, as a context manager; `tell` shows what one of them says.

    Without a terminal there are no bars. Several runs have one bar each, and may speak from threads of their own.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._bars: Bars | None = None
        self._rows: dict[str, TaskID] = {}
        self._latest: dict[str, Event] = {}
        self._timer = threading.Timer(APPEARS_AFTER_S, self._appear)
        self._timer.daemon = True
        self._over = False

    def __enter__(self) -> Self:
        if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
            self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._lock:
            self._over = True
            bars, self._bars = self._bars, None
        if bars is not None:
            bars.stop()

    def of(self, name: str) -> Callable[[Event], None]:
        """Give what shows the events of one run of several; its name stands before its words."""
        return lambda event: self.tell(event, name)

    def tell(self, event: Event, name: str = "") -> None:
        """Show what a run says."""
        before = f"{name}: " if name else ""
        if isinstance(event, Note):
            self.line(printable(f"{before}{event.level}: {event.text}"))
        elif isinstance(event, TableShown):
            self.line(table_text(event))
        else:
            with self._lock:
                self._latest[name] = event
                self._show(name)

    def line(self, text: str) -> None:
        """Show a line, above the bars if there are any."""
        with self._lock:
            if self._bars is None:
                click.echo(text, err=True)
            else:
                self._bars.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def ended(self, name: str = "") -> None:
        """Take the bar of a run away."""
        with self._lock:
            self._latest.pop(name, None)
            if self._bars is not None and name in self._rows:
                self._bars.remove_task(self._rows.pop(name))

    def _appear(self) -> None:
        bars = _bars()  # rich takes a while to load
        with self._lock:
            if self._over:
                return
            self._bars = bars
            bars.start()
            if not self._latest:
                self._rows[_BEFORE] = bars.add_task("start", total=None, name="", counts="")
            for name in self._latest:
                self._show(name)

    def _show(self, name: str) -> None:
        event = self._latest[name]
        if self._bars is None or not isinstance(event, Progress):
            return
        self.ended(_BEFORE)
        if name not in self._rows:
            self._rows[name] = self._bars.add_task("", total=None, name=name, counts="")
        total = f" of {event.total:,}" if event.total else ""
        self._bars.update(
            self._rows[name],
            description=printable(event.stage),
            completed=event.done,
            total=event.total or None,
            counts=printable(f"{event.done:,}{total} {event.unit}"),
        )


def _bars() -> Bars:
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    return Bars(
        TextColumn("{task.fields[name]}", style="bold", markup=False),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TextColumn("{task.fields[counts]}", markup=False),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
