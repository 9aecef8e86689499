"""Values that were logged one by one, each with its name and step, as one table with a row per step.

A step that was written again, because the program was started anew or logged it twice, gets a row of its own: its
number of times stands in the column `restart`, and nothing is dropped.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from plotter2.child.reader_columns import ReadColumn, ReadTable, from_values
from plotter2.child.reader_limits import ReadingLimits, checked_names

STEP, TIME, RESTART = "step", "wall_time", "restart"


@dataclass(slots=True)
class Series:
    """The values of one name in the order in which they were written."""

    steps: list[int] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def add(self, step: int, time: float, value: float) -> None:
        """Take one value."""
        self.steps.append(step)
        self.times.append(time)
        self.values.append(value)


def joined(
    name: str,
    logged: dict[str, Series],
    where: str,
    limits: ReadingLimits,
    notes: list[str],
    skipped: int = 0,
) -> ReadTable:
    """Give the table; `skipped` bytes of torn ends are told with it.

    Raises DataError: P2-D0847, P2-D0848, P2-D0854 (limits, names).
    """
    places: dict[tuple[int, int], int] = {}
    kept: dict[str, list[tuple[int, float]]] = {}
    times: list[float] = []
    for what, series in logged.items():
        times_written: Counter[int] = Counter()
        rows = kept[what] = []
        for step, time, value in zip(series.steps, series.times, series.values, strict=True):
            key = times_written[step], step
            times_written[step] += 1
            row = places.setdefault(key, len(places))
            if row == len(times):
                times.append(time)
            times[row] = min(times[row], time)
            rows.append((row, value))
    limits.check_rows(len(places), where)
    order = sorted(places)
    to = np.empty(len(order), dtype=np.int64)
    to[[places[key] for key in order]] = np.arange(len(order))
    columns = _keys(order, [times[places[key]] for key in order])
    taken = {column.name for column in columns}
    columns += [
        _column(f"{what}_logged" if what in taken else what, rows, to)
        for what, rows in kept.items()
    ]
    checked_names([column.name for column in columns], where, limits)
    if any(times for times, _ in order):
        notes.append("some steps were written again; column 'restart' counts from 0 how often")
    return ReadTable(name, len(order), tuple(columns), skipped, tuple(notes), {TIME: "s"})


def _keys(order: list[tuple[int, int]], times: list[float]) -> list[ReadColumn]:
    columns = [
        from_values(STEP, [step for _, step in order]),
        ReadColumn(TIME, "time", pl.Series(TIME, times, dtype=pl.Float64)),
    ]
    if any(again for again, _ in order):
        columns.append(from_values(RESTART, [again for again, _ in order]))
    return columns


def _column(name: str, rows: list[tuple[int, float]], to: np.ndarray) -> ReadColumn:
    values = np.zeros(len(to))
    missing = np.ones(len(to), dtype=bool)
    places = to[[row for row, _ in rows]]
    values[places] = [value for _, value in rows]
    missing[places] = False
    series = pl.Series(name, values)
    return ReadColumn(
        name, "number", series.set(pl.Series(missing), None) if missing.any() else series
    )
