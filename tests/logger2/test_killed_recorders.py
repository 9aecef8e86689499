"""A recording process that is killed at any moment has every acknowledged record in its segment."""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from logger2_samples import only_run, table_of

RECORDER = Path(__file__).with_name("recorder_to_kill.py")
FLAT_OUT, KILOHERTZ = 0.0, 1000.0


def killed_after(seconds: float, rate: float, base: Path) -> int:
    """Record, kill after the first acknowledgement and some time, and give the last acknowledged step."""
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [sys.executable, RECORDER, base, str(writing), str(rate)], pass_fds=[writing]
    )
    os.close(writing)
    received = os.read(reading, 1 << 16)
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        if select.select([reading], [], [], left)[0]:
            received = (received + os.read(reading, 1 << 16))[-100:]
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=10)
    while more := os.read(reading, 1 << 16):
        received = (received + more)[-100:]
    os.close(reading)
    return int(received.split()[-1])


@pytest.mark.process
@pytest.mark.parametrize("rate", [FLAT_OUT] * 14 + [KILOHERTZ] * 8)
def test_a_killed_process_loses_no_acknowledged_record(rate: float, tmp_path: Path) -> None:
    acknowledged = killed_after(random.uniform(0.0, 0.25), rate, tmp_path)
    table = table_of(only_run(tmp_path))
    assert table["step"] == list(range(table.rows))
    assert acknowledged < table.rows <= acknowledged + 2
    assert table["loss"] == [step * 0.5 for step in range(table.rows)]
    assert table.info.state == "unfinished"
    assert table.skipped == 0
