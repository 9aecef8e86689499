"""What many runs vary: the axes of a sweep, what only repeats, how many runs each combination has. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod

from logger2.identity import Scalar

LOG_SPREAD = 1.1
"""Values are evenly spaced on a log axis when the ratios of neighbours differ by less than this factor."""
LADDER_SPREAD = 1.3
"""The same over a decade or more, where people step 1, 3, 10 or 1, 2, 5, 10."""
WIDE = 10.0
"""A decade; two values are taken for log-spaced from this ratio on."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A parameter with more than one value, in order: numbers by size, text by alphabet."""

    name: str
    values: tuple[Scalar, ...]
    log_spaced: bool = False

    @property
    def is_numeric(self) -> bool:
        """Tell whether all values are numbers."""
        return all(
            isinstance(value, int | float) and not isinstance(value, bool) for value in self.values
        )


@dataclass(frozen=True, slots=True)
class Sweep:
    """The shape of a sweep: a cell is one combination of axis values, filled by runs that differ in `repeats` only.

    `fewest` and `most` are the runs of a cell; `fixed` are the params that never change; `is_grid` tells that every
    combination of the axes' values was run.
    """

    runs: int
    axes: tuple[Axis, ...] = ()
    repeats: tuple[str, ...] = ()
    cells: int = 1
    fewest: int = 1
    most: int = 1
    fixed: tuple[tuple[str, Scalar], ...] = ()
    is_grid: bool = False

    @property
    def has_repeats(self) -> bool:
        """Tell whether some combination was run more than once."""
        return self.most > 1


def sweep(
    runs: Sequence[Mapping[str, Scalar]], repeat: Iterable[str] = (), axes: Iterable[str] = ()
) -> Sweep:
    """Find what runs vary from the values that each was given, repeats included.

    `repeat` names those that only repeat, `axes` those that the experiment varies on purpose (they come first).
    """
    repeats = tuple(dict.fromkeys(repeat))
    names = tuple(dict.fromkeys(name for run in runs for name in run if name not in repeats))
    levels = {name: _levels([run.get(name) for run in runs]) for name in names}
    planned = tuple(dict.fromkeys(name for name in axes if name in levels))
    varied = [
        name for name in (*planned, *sorted(set(names) - set(planned))) if len(levels[name]) > 1
    ]
    found = tuple(Axis(name, levels[name], _is_log_spaced(levels[name])) for name in varied)
    cells = Counter(tuple(_key(run.get(name)) for name in varied) for run in runs)
    return Sweep(
        runs=len(runs),
        axes=found,
        repeats=tuple(name for name in repeats if any(name in run for run in runs)),
        cells=max(1, len(cells)),
        fewest=min(cells.values(), default=0),
        most=max(cells.values(), default=0),
        fixed=tuple((name, levels[name][0]) for name in sorted(names) if len(levels[name]) == 1),
        is_grid=bool(found) and len(cells) == prod(len(axis.values) for axis in found),
    )


def _levels(values: Iterable[Scalar]) -> tuple[Scalar, ...]:
    different = {_key(value): value for value in values}
    return tuple(different[key] for key in sorted(different))


def _key(value: Scalar) -> tuple[int, float, str]:
    """Give a sortable stand-in: nothing first, then truth values, numbers by size (NaN last), text."""
    if value is None:
        return 0, 0.0, ""
    if isinstance(value, bool):
        return 1, float(value), ""
    if isinstance(value, str):
        return 4, 0.0, value
    return (3, 0.0, "") if value != value else (2, float(value), "")


def _is_log_spaced(values: Sequence[Scalar]) -> bool:
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(numbers) != len(values) or not all(0 < number < float("inf") for number in numbers):
        return False
    ratios = [after / before for before, after in pairwise(numbers)]
    if len(numbers) == 2:
        return ratios[0] >= WIDE
    spread = LADDER_SPREAD if numbers[-1] >= WIDE * numbers[0] else LOG_SPREAD
    return len(numbers) > 2 and min(ratios) > 1.2 and max(ratios) / min(ratios) < spread
