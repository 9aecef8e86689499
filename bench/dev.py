"""`plotter2 dev` with the script of the mean and its confidence band on 100,000 rows: from the rename of a saved file
to the durable picture. The person at the terminal is this program; each version computes and draws something else.
"""

from __future__ import annotations

import os
import pty
import re
import select
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

import plotter2

RATES = (0.01, 0.05, 0.1, 0.2, 0.4)
SEEDS = 4
STEPS = 5_000
ROUNDS = 9
SCRIPT = Path(__file__).with_name("warm_run.p2")
ON_A_TERMINAL_OF_ITS_OWN = """
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from plotter2.__main__ import main
sys.exit(main())
"""


def main() -> None:
    """Print the median."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        record(folder / "experiment2")
        with plotter2.open(folder / "root") as library:
            library.add([folder / "experiment2"], name="experiment2")
        script, picture = folder / "mean.p2", folder / "pictures" / "reward_mean_ci.png"
        script.write_text(version(0))
        ours, theirs = pty.openpty()
        words = [
            "dev",
            str(script),
            "-o",
            str(picture.parent),
            "--no-open",
            "--root",
            str(folder / "root"),
        ]
        with subprocess.Popen(
            [sys.executable, "-c", ON_A_TERMINAL_OF_ITS_OWN, *words],
            stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        ) as process:  # fmt: skip
            heard(ours, "allow this?")
            os.write(ours, b"y\n")
            heard(ours, "drawn in")
            seconds = [
                saved(script, version(number), picture, ours) for number in range(1, ROUNDS + 1)
            ]
            os.write(ours, b"\x03")
            heard(ours, "sign ")
            os.write(ours, b"n\n")
            process.wait(20)
    rows = len(RATES) * SEEDS * STEPS
    print(
        f"dev, mean and band of {rows:,} rows: {statistics.median(seconds) * 1000:.0f} ms from a save to its picture,"
        f" {min(seconds) * 1000:.0f} to {max(seconds) * 1000:.0f} of {ROUNDS} (goal 1,000)"
    )


def version(number: int) -> str:
    """Give the script as it is after so many changes; each computes and draws anew."""
    text = SCRIPT.read_text()
    changed = text.replace("window: int = 50", f"window: int = {50 + number}")
    assert number == 0 or changed != text
    return changed


def saved(script: Path, text: str, picture: Path, terminal: int) -> float:
    """Save a version as an editor does; gives the seconds until its picture is another one."""
    before = picture.stat().st_ino
    new = script.with_suffix(".new")
    new.write_text(text)
    began = time.perf_counter()
    new.rename(script)
    while picture.stat().st_ino == before:
        time.sleep(0.001)
    took = time.perf_counter() - began
    heard(terminal, "drawn in")
    time.sleep(0.3)
    return took


def heard(terminal: int, wanted: str) -> None:
    """Read the terminal until a text was shown."""
    shown, end = "", time.monotonic() + 60
    while wanted not in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown):
        if time.monotonic() > end:
            raise TimeoutError(shown)
        if select.select([terminal], [], [], 1)[0]:
            shown += os.read(terminal, 65536).decode(errors="replace")


def record(folder: Path) -> None:
    """Write a CSV file for each run."""
    random = np.random.default_rng(0)
    for rate in RATES:
        for seed in range(SEEDS):
            step = np.arange(STEPS)
            reward = 100 * (1 - np.exp(-step * rate / 500)) + random.normal(0, 10, STEPS)
            run = folder / f"lr={rate}_seed={seed}"
            run.mkdir(parents=True)
            pl.DataFrame({"step": step, "reward": reward}).write_csv(run / "main.csv")


if __name__ == "__main__":
    main()
