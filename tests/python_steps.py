"""Runs the text of a step in Python in this process, without a program around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from p2lang.semantics.promises import columns_of
from plotter2.child.python.borders import handed_in
from plotter2.child.python.running import Printed, StepError, printing, ran

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
    printed = Printed()
    columns = columns_of(["shape", [[n, TAKES.get(n, "number?")] for n in rows.columns]])
    given: Mapping[str, Any] = {"runs": handed_in(rows, columns), **values}
    return ran("step", text, given, {"print": printing(printed)}), printed.lines


def refused(text: str, **values: Any) -> StepError:
    """Give the error of a text that fails."""
    try:
        made = returned(text, **values)
    except StepError as error:
        return error
    raise AssertionError(f"it gave {made}")
