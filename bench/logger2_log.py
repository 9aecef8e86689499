"""The cost of logging 4 scalars: logger2 beside csv.DictWriter with flush and tensorboardX, all in one session.

Rounds of the candidates alternate, so that other load on the machine meets them all. p50 over all calls.
"""

from __future__ import annotations

import csv
import math
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tensorboardX import SummaryWriter

import logger2

ROUNDS = 5
CALLS = {"logger2": 20_000, "logger2 (json)": 20_000, "csv+flush": 20_000, "tensorboardX": 2_000}
NAMES = ("loss", "acc", "lr", "norm")
Log = Callable[[int, dict[str, float]], object]


@contextmanager
def with_logger2(folder: Path) -> Iterator[Log]:
    """Record with orjson, which this environment has."""
    with logger2.run("bench", dir=folder) as run:
        yield run.log


@contextmanager
def with_logger2_json(folder: Path) -> Iterator[Log]:
    """Record as where orjson is not installed."""
    orjson = sys.modules.pop("orjson", None)
    sys.modules["orjson"] = None  # type: ignore[assignment] # so that importing it fails
    try:
        with with_logger2(folder) as log:
            yield log
    finally:
        del sys.modules["orjson"]
        if orjson is not None:
            sys.modules["orjson"] = orjson


@contextmanager
def with_csv(folder: Path) -> Iterator[Log]:
    """Write a CSV row and flush it: what many experiments do by hand."""
    with (folder / "rows.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ("step", *NAMES))
        writer.writeheader()

        def log(step: int, values: dict[str, float]) -> None:
            writer.writerow({"step": step, **values})
            file.flush()

        yield log


@contextmanager
def with_tensorboard(folder: Path) -> Iterator[Log]:
    """Add four scalars with tensorboardX."""
    writer = SummaryWriter(str(folder))

    def log(step: int, values: dict[str, float]) -> None:
        for name, value in values.items():
            writer.add_scalar(name, value, step)

    yield log
    writer.close()


CANDIDATES = {
    "logger2": with_logger2,
    "logger2 (json)": with_logger2_json,
    "csv+flush": with_csv,
    "tensorboardX": with_tensorboard,
}


def nanoseconds(log: Log, calls: int) -> list[int]:
    """Give the time of each call."""
    times = []
    for step in range(calls):
        values = dict(zip(NAMES, (math.sin(step), step / 7, 0.1, 1 / (step + 1)), strict=True))
        start = time.perf_counter_ns()
        log(step, values)
        times.append(time.perf_counter_ns() - start)
    return times


def main() -> None:
    """Print the medians and their ratios."""
    times: dict[str, list[int]] = {name: [] for name in CANDIDATES}
    for _ in range(ROUNDS):
        for name, candidate in CANDIDATES.items():
            with tempfile.TemporaryDirectory() as folder, candidate(Path(folder)) as log:
                times[name] += nanoseconds(log, CALLS[name])
    p50 = {name: sorted(all_times)[len(all_times) // 2] / 1000 for name, all_times in times.items()}
    p99 = {
        name: sorted(all_times)[len(all_times) * 99 // 100] / 1000
        for name, all_times in times.items()
    }
    shown = " | ".join(f"{name} {p50[name]:.1f} us (p99 {p99[name]:.0f})" for name in CANDIDATES)
    csv_ratio, tensorboard_ratio = (
        p50[name] / p50["logger2"] for name in ("csv+flush", "tensorboardX")
    )
    print(
        f"log of 4 scalars, p50: {shown} | csv+flush takes {csv_ratio:.1f}x, tensorboardX {tensorboard_ratio:.0f}x"
        f" of logger2; without orjson {p50['csv+flush'] / p50['logger2 (json)']:.1f}x,"
        f" {p50['tensorboardX'] / p50['logger2 (json)']:.0f}x"
    )


if __name__ == "__main__":
    main()
