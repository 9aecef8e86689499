"""The run log under faults: what was acknowledged stays in its place under its root, and appending goes on."""

from __future__ import annotations

import os
import time
from pathlib import Path

from faults.happenings import Ack, Checked, Happened
from p2sign.log.entry import parse_entry
from plotter2.datter import log_files
from plotter2.datter.layout import prepare
from plotter2.errors import Refused
from plotter2.host import run_log
from plotter2.host.codes import NO_LOG
from plotter2.host.log_checking import CheckedLog, logs_of
from plotter2.host.run_log import RunLog

ENTRIES = 6


class Logging:
    """A log is begun and grows over the end of a segment; it never forgets, forks or stands still."""

    name = "logging"

    def prepare(self, root: Path) -> None:
        prepare(root)

    def work(self, root: Path, ack: Ack) -> None:
        self._grow(root, 0, ack)

    def _grow(self, root: Path, start: int, ack: Ack) -> None:
        _use_short_segments()
        log = RunLog(root)
        for number in range(start, ENTRIES):
            logged = log.append("run", n=number)
            ack(f"{number} {logged.index}")

    def recover(self, root: Path) -> None:
        _use_short_segments()
        RunLog(root).append("look")

    def look(self, root: Path, happened: Happened) -> list[str]:
        _use_short_segments()
        try:
            newest = logs_of(root).newest
        except Refused as error:
            is_begun = bool(happened.acks) or error.code != NO_LOG
            return [f"the log cannot be read: {error}"] if is_begun else []
        return _wrong(newest, happened)

    def check(self, root: Path, happened: Happened) -> Checked:
        began = time.monotonic()
        self.recover(root)
        checked = Checked(ready_s=time.monotonic() - began)
        checked.wrong += self.look(root, happened)
        before = logs_of(root)
        self._grow(root, 0, lambda _: None)
        after = logs_of(root)
        try:
            after.require(before.newest.note)
        except Refused as error:
            checked.wrong.append(f"what was appended then rewrote the log: {error}")
        if len(after.all) != 1:
            checked.wrong.append("a log was set aside")
        return checked

    def go_on(self, root: Path, ack: Ack) -> None:
        _use_short_segments()
        self.recover(root)
        numbers = _numbers(logs_of(root).newest)
        for number, index in numbers.items():
            ack(f"{number} {index}")
        self._grow(root, len(numbers), ack)
        os._exit(0)


def _use_short_segments() -> None:
    log_files.SEGMENT = run_log.SEGMENT = 4


def _numbers(log: CheckedLog) -> dict[int, int]:
    entries = [parse_entry(line) for line in log.lines]
    return {entry["n"]: index for index, entry in enumerate(entries) if entry["event"] == "run"}


def _wrong(log: CheckedLog, happened: Happened) -> list[str]:
    found = _numbers(log)
    promised = {int(ack.split()[0]): int(ack.split()[1]) for ack in happened.acks}
    wrong = [
        f"entry {number} is at {found.get(number)}, and was acknowledged at {index}"
        for number, index in promised.items()
        if found.get(number) != index
    ]
    if list(found) != list(range(len(found))) or len(found) > len(promised) + 1:
        wrong.append(f"the log has {found}, acknowledged was {promised}")
    return wrong
