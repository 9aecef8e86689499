"""Runs accepted mutants on random rows: nothing but a RunError may come out, and no more than was stated may happen."""

from __future__ import annotations

import random
from typing import Any

import polars as pl

from module_fuzzing import SCHEMAS
from p2lang.semantics.structure import for_a_bundle
from p2lang.types import TableSchema
from p2lang.verifier import BadParam, Program, ProgramNode
from p2std.registry import core
from plotter2.child.happenings import Drawing
from plotter2.child.interpreter import Interpreter
from plotter2.errors import RunError

_MOST_WORK = 20_000_000


def rows(schema: TableSchema, seed: int) -> pl.DataFrame:
    """Give exactly as many random rows as a bundle may have; some values are missing where they may be."""
    dice = random.Random(seed)
    made = {
        "int": lambda: dice.choice((0, 1, 3, -2, 2**40)),
        "number": lambda: dice.choice((0.0, 1.5, -2.25, 1e300, 3.0)),
        "time": lambda: dice.random() * 1e4,
        "bool": lambda: dice.random() < 0.5,
        "string": lambda: dice.choice(("a", "b", "", "c d")),
        "any": lambda: dice.choice(("a", "1")),
    }
    dtypes = {"int": pl.Int64, "number": pl.Float64, "time": pl.Float64, "bool": pl.Boolean}
    columns = []
    for name, column in schema.columns:
        given: list[Any] = [
            None if column.nullable and dice.random() < 0.2 else made[column.kind]()
            for _ in range(schema.rows)
        ]
        columns.append(pl.Series(name, given, dtype=dtypes.get(column.kind, pl.String)))
    return pl.DataFrame(columns)


_ROWS = {path: rows(schema, number) for number, (path, schema) in enumerate(SCHEMAS.items())}


def ran(program: Program) -> str | None:
    """Run a program on all rows of its bundles and give what is wrong with what happened, if anything."""
    if program.work > _MOST_WORK or any(for_a_bundle(n.node, core()) for n in program.nodes):
        return None
    read: set[str] = set()

    def stored(node: ProgramNode) -> pl.DataFrame:
        path = str(node.node.attributes["path"][1])
        read.add(path)
        assert node.schema is not None
        return _ROWS[path].select(node.schema.names)

    try:
        params = program.bind({})
        interpreter = Interpreter(program, params, stored)
        pictures = [e.name for e in interpreter.effects() if isinstance(e, Drawing)]
    except BadParam:
        return None
    except RunError as error:
        return error.message if error.code in ("P2-R0602", "P2-R0615") else None
    except Exception as surprise:  # noqa: BLE001 -- whatever it is, it is what is looked for
        return f"{type(surprise).__name__}: {surprise}"
    allowed = set(program.capabilities)
    beyond = [f"read bundle:{path}" for path in read if f"read bundle:{path}" not in allowed]
    beyond += [f"write output:{name}" for name in pictures if f"write output:{name}" not in allowed]
    if beyond:
        return f"{beyond[0]} is not among {sorted(allowed)}"
    if interpreter.meter.units > program.work:
        return f"took {interpreter.meter.units} units, stated {program.work}"
    return None
