"""`inbox`: output that others drop into a folder, taken in as it comes."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType

import click

from plotter2.cli.answer import Answer
from plotter2.cli.command import command, family, opened_host
from plotter2.config.settings import settings
from plotter2.datter import room
from plotter2.datter.codes import DISK_FULL, STORE_BUSY
from plotter2.datter.layout import present
from plotter2.errors import ExitCode, Plotter2Error
from plotter2.printable import printable, table
from plotter2.staging.arriving import SCAN_S
from plotter2.staging.grounds import Grounds, shown
from plotter2.staging.hints import moments
from plotter2.staging.inbox import Inbox, Step, Told, status
from plotter2.wire.codes import MEMORY_NOT_MADE

_SHOWN = 20
_PASSING = frozenset({DISK_FULL, STORE_BUSY, MEMORY_NOT_MADE})
"""Troubles that end without us: everything stays where it is, and the next look tries again."""


@family()
def inbox() -> None:
    """Take in what others drop into the folder `inbox` of the root.

    Anything that `plotter2 add` understands may be dropped: a file, or a folder. It is taken when nobody writes it and
    it has not changed for two seconds; it is safest to copy it to another name first (`.part`) and rename it. What has
    left the folder is safe: it survives a crash and a power cut.
    """


@command(inbox, "watch")
@click.option("--once", is_flag=True, help="Take what lies there now, then end.")
def watch(root: str | None, once: bool) -> Answer:
    """Empty the inbox until Ctrl-C."""
    teller = _Teller(quiet=bool(click.get_current_context().params.get("as_json")))
    stop = threading.Event()
    with opened_host(root) as host, _stopped_by_signals(stop):
        box = host.inbox(teller.tell)
        with box.held():
            teller.warn(room.warnings(host.settings.root, host.settings.disk))
            teller.say(f"watching {box.grounds.inbox}" + ("" if once else "; Ctrl-C ends it"))
            disk = partial(room.warnings, host.settings.root, host.settings.disk)
            last = _once(box, stop) if once else _watched(box, stop, teller, disk)
    counts = {word: teller.counts[word] for word in ("staged", "stored", "quarantined")}
    waiting = [{"name": shown(one.name), "why": one.why} for one in last.waiting]
    lines = [f"not taken: {shown(one.name)}: {one.why}" for one in last.waiting[:_SHOWN]]
    if len(waiting) > _SHOWN:
        lines.append(f"and {len(waiting) - _SHOWN} more")
    lines.append(", ".join(f"{number} {word}" for word, number in counts.items()))
    failed = once and counts["quarantined"] > 0
    data = {"ok": not failed, **counts, "waiting": waiting}
    return Answer(data, "\n".join(lines), ExitCode.WORK_FAILED if failed else ExitCode.OK)


@command(inbox, "status")
def inbox_status(root: str | None) -> Answer:
    """Tell what lies in the inbox, what is staged, and what is in quarantine and why."""
    folder = settings(root).root
    is_made = Grounds(folder).inbox.is_dir()
    if not is_made:
        present(folder)
    found = status(folder)
    lines = [
        f"inbox: {found.inbox}"
        + ("" if is_made else " (not there yet; plotter2 inbox watch --once makes it)"),
        f"watched by {found.holder}"
        if found.holder
        else "nobody watches it; start with: plotter2 inbox watch",
        *_names("arriving", found.arriving),
        *_names("staged", found.staged),
    ]
    if found.quarantined:
        rows = [[reason.id, reason.name, reason.message] for reason in found.quarantined]
        lines += ["in quarantine:", table(["id", "name", "why"], rows)]
        lines.append(
            "more: plotter2 quarantine show ID; then quarantine retry ID, or quarantine drop ID"
        )
    else:
        lines.append("in quarantine: nothing")
    return Answer({"ok": True, **found.as_json()}, "\n".join(lines))


class _Teller:
    """Counts what is told, and prints it line by line unless one JSON value is wanted at the end."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self.counts: Counter[str] = Counter()
        self._warned = False
        self._late: set[tuple[str, str]] = set()

    def tell(self, told: Told) -> None:
        """Take one piece of news."""
        self.counts[told.what] += 1
        self.say(f"{told.what} {told.name}" + (f": {told.detail}" if told.detail else ""))

    def warn(self, warnings: tuple[str, ...]) -> None:
        """Print warnings, once as long as they last."""
        if warnings and not self._warned:
            for warning in warnings:
                self.say(f"warning: {warning}", loud=True)
        self._warned = bool(warnings)

    def late(self, step: Step) -> None:
        """Tell what waits for long, each with each reason once."""
        late = {(one.name, one.why) for one in step.waiting if one.is_late}
        for name, why in sorted(late - self._late):
            self.say(f"waiting for {shown(name)}: {why}")
        self._late = late

    def say(self, line: str, *, loud: bool = False) -> None:
        """Print a line; a loud one goes to standard error in any case."""
        if loud or not self._quiet:
            click.echo(printable(line), err=loud)


def _watched(
    box: Inbox, stop: threading.Event, teller: _Teller, disk: Callable[[], tuple[str, ...]]
) -> Step:
    last = Step()
    trouble = ""
    for _ in moments(box.grounds.inbox, stop):
        try:
            last = box.step(lambda: not stop.is_set())
            trouble = ""
            teller.late(last)
            if last.stored:
                teller.warn(disk())
        except Plotter2Error as error:
            if error.code not in _PASSING:
                raise
            if error.code != trouble:
                teller.say(error.problem().as_text(), loud=True)
            trouble = error.code
            stop.wait(SCAN_S)
        if stop.is_set():
            break
    return last


def _once(box: Inbox, stop: threading.Event) -> Step:
    """Look twice, as an item must be the same for a while; then again as long as there is something to take."""
    box.step(lambda: not stop.is_set())
    while True:
        stop.wait(SCAN_S)
        last = box.step(lambda: not stop.is_set())
        if stop.is_set() or not last.staged:
            return last


@contextmanager
def _stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    """Let the first Ctrl-C or SIGTERM end the work after the batch under way; a second Ctrl-C ends it at once."""

    def ask(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _names(what: str, names: tuple[str, ...]) -> list[str]:
    more = f", and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return [f"{what}: " + (", ".join(names[:_SHOWN]) + more if names else "nothing")]
