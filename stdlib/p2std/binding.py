"""Binds functions to signatures one to one by kind and full name ("agg", "mean@1"). Computes nothing itself.

A kernel is declared in one place: a line in the registry and a function under the decorator of its kind. How an
argument is handed over follows from the kernel's own annotations:

- `pl.Expr`: an expression over the rows of the table (numbers as Float64, missing values as null, never NaN)
- `Tagged`: the tagged value itself, for steps that lower expressions on their own
- `Moving`: text; the tagged value itself where it follows the animated column
- `str`, `int`, `float`, `bool`, `list[...]`, `object`: the evaluated constant, column name or list of column names
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, TypeVar

from p2lang.signatures import EXPRESSION_KINDS, FLOW_KINDS

FAMILIES = (
    "sources", "steps", "arrays", "marks", "items", "effects", "aggregates", "windows", "functions", "texts", "values",
)  # fmt: skip
"""The modules of `p2std.kernels` that hold kernels."""

_Function = TypeVar("_Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Kernel:
    """A function and what it wants: `takes` gives the annotation of each parameter by name, as text."""

    kind: str
    full_name: str
    run: Callable[..., Any]
    takes: Mapping[str, str]
    options: frozenset[str]


_BOUND: dict[tuple[str, str], Kernel] = {}


def kernel(kind: str, full_name: str, *options: str) -> Callable[[_Function], _Function]:
    """Bind the decorated function to the signature `full_name` of that kind.

    `options` say how missing values are handed over: "nulls" as they are, "clean" that the result has no NaN.
    """

    def bind(function: _Function) -> _Function:
        if (kind, full_name) in _BOUND:
            raise ValueError(f"{kind} {full_name} has two kernels")
        takes = {
            name: str(parameter.annotation)
            for name, parameter in inspect.signature(function).parameters.items()
        }
        _BOUND[kind, full_name] = Kernel(kind, full_name, function, takes, frozenset(options))
        return function

    return bind


@cache
def kernels() -> Mapping[tuple[str, str], Kernel]:
    """Give every kernel by (kind, full name); loads polars and numpy."""
    for family in FAMILIES:
        import_module(f"p2std.kernels.{family}")
    return dict(_BOUND)


@cache
def flow_kernels() -> Mapping[str, Kernel]:
    """Give the kernels of the operations that stand in a flow, by full name."""
    return {name: found for (kind, name), found in kernels().items() if kind in FLOW_KINDS}


@cache
def expression_kernels() -> Mapping[str, Kernel]:
    """Give the kernels of functions, aggregates, windows and values, by full name."""
    return {name: found for (kind, name), found in kernels().items() if kind in EXPRESSION_KINDS}
