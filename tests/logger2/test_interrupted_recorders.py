"""An exception that a signal raises at any point of `log` leaves a run that records on, whole."""

from __future__ import annotations

import random
import signal
from pathlib import Path
from types import FrameType

import pytest

import logger2
from logger2 import journal
from logger2_samples import table_of


class Interrupted(BaseException):
    """What the signal handler raises, as Ctrl-C does."""


class Alarm:
    """Raises once in the time between `armed = True` and `armed = False`, if it goes off then."""

    armed = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.armed:
            self.armed = False
            raise Interrupted


def test_recording_goes_on_after_interrupts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "ROWS_PER_CHECKPOINT", 50)
    alarm = Alarm()
    before = signal.signal(signal.SIGALRM, alarm)
    done: list[int] = [-1]
    interrupts = 0
    with logger2.run("interrupted", dir=tmp_path) as run:
        run.log(-1, loss=0.0)
        for step in range(5_000):
            try:
                alarm.armed = True
                signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-6, 6e-5))
                run.log(
                    step,
                    {"odd": 1.0, "loss": step * 0.5} if step % 7 == 0 else {"loss": step * 0.5},
                )
                alarm.armed = False
                done.append(step)
            except Interrupted:
                interrupts += 1
        alarm.armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    table = table_of(run)
    assert interrupts > 100
    assert table.skipped == 0
    recorded = dict(zip(table["step"], table["loss"], strict=True))
    assert all(recorded[step] == max(0, step) * 0.5 for step in done)
