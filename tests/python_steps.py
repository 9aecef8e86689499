"""Runs the text of a step in Python in this process, without a program around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from p2lang.semantics.promises import columns_of
from p2std.around import NOWHERE
from plotter2.child.interpreter import within
from plotter2.child.python.borders import handed_in
from plotter2.child.python.running import StepError, ran
from plotter2.child.python.touching import Touching

RUNS = pl.DataFrame(
    {
        "run": ["a", "a", "a", "b", "b"],
        "step": [0, 1, 2, 0, 1],
        "reward": [0.5, None, 1.0, 3.0, 2.0],
    }
)
TAKES = {"run": "string", "step": "int", "reward": "number?"}


def returned(text: str, rows: pl.DataFrame = RUNS, **values: Any) -> Any:
    """Give what a text returns for `runs`, a table of two runs."""
    return told(text, rows, **values)[0]


def told(text: str, rows: pl.DataFrame = RUNS, **values: Any) -> tuple[Any, list[str]]:
    """Give what a text returns, and what it prints."""
    touching = Touching({}, {}.__getitem__, NOWHERE, within)
    columns = columns_of(["shape", [[n, TAKES.get(n, "number?")] for n in rows.columns]])
    given: Mapping[str, Any] = {"runs": handed_in(rows, columns), **values}
    return ran("step", text, given, touching.words()).value, touching.printed.lines


def refused(text: str, **values: Any) -> StepError:
    """Give the error of a text that fails."""
    try:
        made = returned(text, **values)
    except StepError as error:
        return error
    raise AssertionError(f"it gave {made}")
