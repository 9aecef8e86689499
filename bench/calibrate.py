"""How long one unit of work takes for each operation: the cost texts of the registry held against real kernels.

Prints a table and the outliers; `--write` keeps the figures in bench/calibration.json, beside which a test holds the
registry; `--marks` measures how long marks take to be drawn. Cost texts belong to a version of an operation and change
only before its release; a figure that is far from 10 ns is a reason to give the next version another text.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from p2lang import ir
from p2lang.compiler import Limits, compile_script
from p2lang.semantics.bounds import Bounds
from p2lang.semantics.cost import units_per_row
from p2lang.semantics.structure import operation
from p2lang.source import Source
from p2lang.types import TableSchema, parse_column_type
from p2lang.verifier import ProgramNode, verify
from p2std.registry import core
from p2std.table import collected
from plotter2.child.drawn import Report
from plotter2.child.happenings import Drawing
from plotter2.child.interpreter import Interpreter
from plotter2.child.pictures import Pictures
from plotter2.renderkit.compose import compose
from plotter2.renderkit.mpl import draw

ROWS, ROUNDS = 1_000_000, 5
TABLE = Path(__file__).with_name("calibration.json")
COLUMNS = {"run": "string", "k": "int", "step": "int", "x": "number?", "y": "number", "z": "number"}
SMALL = {"k": "int", "v": "number"}
SCHEMAS = {
    "t": TableSchema(tuple((n, parse_column_type(t)) for n, t in COLUMNS.items()), ROWS),
    "small": TableSchema(tuple((n, parse_column_type(t)) for n, t in SMALL.items()), 100),
}

STEPS = {
    "access": "", "filter": "| filter(x > 0.5)", "order": "| order(desc(x), step)", "head": "| head(1000)",
    "sample": "| sample(rows=1000)", "select": "| select(x, y)", "rename": "| rename(w = x)",
    "cast": '| cast(step = "number")', "drop_nulls": "| drop_nulls", "label": "| label(run)", "scale": "| scale(x, y)",
    "pca": "| pca(x, y, z)", "kmeans": "| kmeans(on=[y, z], k=5, iters=10)", "derive": "| derive(w = y + 1)",
    "summary": "| summary(by=[k], n = count())", "join": "| join($small, on=k)",
}  # fmt: skip
"""A flow for each step; what `access` alone takes is taken off."""

AGGREGATES = (
    "mean", "median", "mode", "stddev", "sum", "product", "min", "max", "first", "last", "l1norm", "l2norm", "ci_low",
    "ci_high", "variance", "iqr",
)  # fmt: skip
FUNCTIONS = (
    "abs(y)", "sqrt(y)", "exp(z)", "log(y)", "log10(y)", "sin(y)", "cos(y)", "tan(y)", "asin(z)", "acos(z)", "atan(y)",
    "atan2(y, z)", "mod(y, z)", "round(y)", "isnull(x)", "fill(x, 0)", 'format(y, ".2f")', "sinh(y)", "cosh(y)",
    "tanh(y)", "asinh(y)", "acosh(y)", "atanh(z)", "log2(y)", "floor(y)", "ceil(y)", "sign(y)",
    "clamp(y, low=0, high=1)", "lower(run)", "upper(run)", "length(run)",
    'contains(run, "7")', 'starts_with(run, "r")', 'ends_with(run, "7")',
    'replace(run, "run", "r")',
)  # fmt: skip
WINDOWS = (
    "rolling_mean(y, window=50, by=run)", "ema(y, half_life=10, by=run)", "derivative(y, wrt=step)", "total(y, by=run)",
    "rank(y, by=run)", "lag(y, by=run)", "lead(y, by=run)", "cumulative_sum(y, by=run)",
)  # fmt: skip


MARKS = {
    "line": "line(x=step, y=y)", "point": "point(x=y, y=z)", "bar": "bar(x=k, y=y)",
    "band": "band(x=step, lo=y, hi=z)", "histogram": "histogram(x=y)",
    "circle": "point(x=y, y=z) | circle(around=k)", "fit": "fit(x=y, y=z)", "boxer": "boxer(y=y, x=run)",
    "shape": 'shape(x=y, y=z, kind="square")',
}  # fmt: skip
"""A picture with each mark; a row costs what a picture of so many rows takes longer than one of a tenth of them."""


MARKED = {"bar": 5_000, "line": ROWS, "point": ROWS, "histogram": ROWS, "boxer": ROWS}
"""How many rows are drawn, where it is not a tenth of all."""


def rows() -> dict[str, pl.DataFrame]:
    """Give the tables: a hundred runs below each other, seeded."""
    random = np.random.default_rng(1)
    number = np.arange(ROWS)
    x = random.normal(size=ROWS)
    x[random.random(ROWS) < 0.02] = np.nan
    return {
        "t": pl.DataFrame(
            {
                "run": pl.Series([f"run{i}" for i in range(100)]).gather(number // (ROWS // 100)),
                "k": random.integers(0, 100, ROWS),
                "step": number % (ROWS // 100),
                "x": pl.Series(x).fill_nan(None),
                "y": random.random(ROWS) + 0.1,
                "z": random.random(ROWS),
            }
        ),
        "small": pl.DataFrame({"k": np.arange(100), "v": np.arange(100.0)}),
    }


STORED = rows()


def seconds(steps: str) -> float:
    """Give the least processor time that a flow takes to be computed: other processes do not count."""
    text = f'p2 1 let small = access("small") let t = access("t") {steps} impose rows($t) > rows($small)'
    text += "".join(f" impose distinct($t.{name}) > 0" for name in _columns(steps))
    program = _program(text)
    small = ["str", "small"]
    tables = [
        n for n in program.nodes if n.kind == "table" and n.node.attributes.get("path") != small
    ]
    target = tables[-1]
    times = []
    for _ in range(ROUNDS):
        interpreter = Interpreter(program, {}, _read)
        started = time.process_time()
        interpreter._evaluate_all({target.id})
        collected(interpreter._values[target.id].frame)
        times.append(time.process_time() - started)
    return min(times)


def seconds_of_picture(mark: str, count: int) -> float:
    """Give the least processor time in which so many rows become a picture."""
    text = f'p2 1 access("t") | head({count}) | frame | {mark} | plot | handoff'
    program = _program(text)
    times = []
    for _ in range(2):
        interpreter = Interpreter(program, {}, _read)
        started = time.process_time()
        for effect in interpreter.effects():
            if not isinstance(effect, Drawing) or isinstance(effect.view, Report):
                continue
            pictures = Pictures(program, {}, interpreter.placed, None)
            draw(compose(pictures.whole(effect.view)), "png")
        times.append(time.process_time() - started)
    return min(times)


_MADE = {
    "derive": "w", "summary": "n", "label": "label", "scale": "x", "pca": "pc1", "kmeans": "cluster", "join": "v",
    "cast": "step", "simulate": "state",
}  # fmt: skip


def _columns(steps: str) -> list[str]:
    """Give a column that a step makes, so that it is not left out."""
    name = steps.removeprefix("| ").partition("(")[0]
    return [_MADE[name]] if name in _MADE else []


def _program(text: str) -> Any:
    compiled = compile_script(Source(text), core(), SCHEMAS, Limits(work=10**15, memory=10**15))
    assert compiled.module is not None, [d.message for d in compiled.diagnostics]
    return verify(compiled.module.encode(), SCHEMAS, core())


def _read(node: ProgramNode) -> pl.DataFrame:
    assert node.schema is not None
    return STORED[str(node.node.attributes["path"][1])].select(node.schema.names)


def units(name: str, attributes: dict[str, ir.Value] | None = None) -> int:
    """Give the units that the registry says for each row."""
    signature = operation(f"{name}@1", core()) or core().by_full_name[f"{name}@1"]
    bounds: Bounds = {}
    return units_per_row(signature, attributes or {}, bounds)


def measured() -> dict[str, tuple[float, int]]:
    """Give nanoseconds for a row and units for a row of each operation."""
    found: dict[str, tuple[float, int]] = {}
    given = {
        "pca": {"cols": ["cols", ["x", "y", "z"]]},
        "kmeans": {"k": ["int", 5], "iters": ["int", 10]},
    }
    for name, steps in STEPS.items():
        found[name] = _ns(seconds(steps)), units(name, given.get(name))
    plain = seconds("| summary(by=[k], n = count())")
    for name in AGGREGATES:
        spent = seconds(f"| summary(by=[k], n = {name}(y))") - plain
        found[name] = _ns(spent), units(name)
    spent = seconds("| summary(by=[k], n = quantile(y, q=25%))") - plain
    found["quantile"] = _ns(spent), units("quantile")
    for call in ("cosine_similarity(y, z)", "integral(y, wrt=step)", "count()"):
        spent = seconds(f"| summary(by=[k], n = {call})") - (plain if call != "count()" else 0)
        name = call.partition("(")[0]
        found[name] = _ns(spent), units(name)
    stacked = seconds("let other = $t let t2 = union($t, $other)") / 2
    found["union"] = _ns(stacked), units("union")
    states = seconds("| head(1000) | simulate(steps=999, y = y + z)")
    found["simulate"] = _ns(states), units("simulate")
    base = seconds("| derive(w = y)")
    for call in (*FUNCTIONS, *WINDOWS):
        name = call.partition("(")[0]
        found[name] = _ns(seconds(f"| derive(w = {call})") - base), units(name)
    return found


def drawn() -> dict[str, tuple[float, int]]:
    """Give the same for marks."""
    found = {}
    for name, mark in MARKS.items():
        count = MARKED.get(name, ROWS // 10)
        spent = seconds_of_picture(mark, count) - seconds_of_picture(mark, count // 10)
        found[name] = _ns(spent / 0.9 * ROWS / count), units(name)
    return found


def _ns(spent: float) -> float:
    return max(spent, 0.0) * 1e9 / ROWS


def main() -> None:
    """Print the table, the slowest unit first; keep it with `--write`. With `--marks` that of the marks alone."""
    marks = "--marks" in sys.argv[1:]
    found = drawn() if marks else measured()
    each = {name: ns / units for name, (ns, units) in found.items() if units}
    for name, (ns, count) in sorted(found.items(), key=lambda item: -each.get(item[0], 0.0)):
        told = f"{each[name]:8.1f} ns a unit" if name in each else "  free"
        print(f"{name:14} {ns:9.1f} ns a row {count:6} units {told}")
    dear = sorted(name for name, ns in each.items() if ns > 30)
    middle = statistics.median(each.values())
    print(f"one unit: {middle:.1f} ns median of {len(each)} operations (goal 10)")
    kinds = ("mark",) if marks else ("source", "step", "fn", "agg", "win")
    others = {s.name for s in core().by_full_name.values() if s.kind in kinds} - set(found)
    print(f"not measured: {', '.join(sorted(others)) or 'none'}")
    print(f"more than 3 times the goal: {', '.join(dear) or 'none'}")
    if "--write" in sys.argv[1:] and not marks:
        kept = {n: {"ns_a_row": round(ns, 1), "units": count} for n, (ns, count) in found.items()}
        TABLE.write_text(json.dumps({"rows": ROWS, "operations": kept}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
