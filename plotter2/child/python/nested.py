"""Operations of the language on tables that a script holds: a few nodes, verified and computed as any program is."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import polars as pl

from p2lang.ir import Node, Value
from p2lang.signatures import Parameter, Signature
from p2lang.types import ColumnType, TableSchema
from p2lang.verifier import Program, RefusedProgram
from p2lang.verifier.verifying import assembled
from p2std.registry import core
from p2std.table import HIDDEN
from plotter2.child.python.arrays import Array
from plotter2.child.python.borders import frame_of, handed_in
from plotter2.child.python.facade import unknown, wrong
from plotter2.child.python.plain import called, listed
from plotter2.child.python.tables import Table

_PATH: Final = "table"
_POINTS: Final = 72 / 25.4


class Computed(Protocol):
    """A program on its way, as the interpreter has it."""

    def flow(self, node: str) -> Any:
        """Compute a table of the program."""

    def effects(self) -> Any:
        """Carry out the effects of the program."""


Compute = Callable[[Program, pl.DataFrame], Computed]
"""Makes a program ready to run on the one table that it reads."""


@dataclass(frozen=True)
class Chain:
    """Operations, one after the other, on one table."""

    table: Table
    nodes: tuple[Node, ...]

    def then(self, name: str, given: Mapping[str, Any], positional: Sequence[Any] = ()) -> Chain:
        """Give the chain with an operation more. Raises RunError P2-R0691, P2-R0692."""
        signature = core().flow(name, self.nodes[-1].kind)
        assert signature is not None
        attributes = _attributes(signature, given, positional, self.table)
        node = Node(signature.full_name, (self.nodes[-1].id,), attributes, signature.gives)
        return Chain(self.table, (*self.nodes, node))

    def ended(self, name: str) -> Program:
        """Give the program that ends in an effect. Raises RunError P2-R0691 for what does not go together."""
        signature = core().flow(name, self.nodes[-1].kind)
        assert signature is not None
        end = Node(signature.full_name, (self.nodes[-1].id,), {"@seq": ["int", 0]}, signature.gives)
        try:
            return assembled((*self.nodes, end), {_PATH: schema_of(self.table)}, core())
        except RefusedProgram as refused:
            raise wrong(
                refused.message, f"look at the arguments of {self.nodes[-1].op.partition('@')[0]}()"
            ) from None


def chain(table: Any) -> Chain:
    """Give a chain without operations yet."""
    if type(table) is not Table:
        raise wrong(
            f"a table is wanted first, not {called(table)}", 'write frame(t), order(t, "x")'
        )
    source = Node("access@1", (), {"path": ["str", _PATH]}, "table")
    return Chain(table, (source,))


def changed(
    table: Any, name: str, given: Mapping[str, Any], positional: Sequence[Any], compute: Compute
) -> Table:
    """Give the table after one operation of the language on it."""
    made = chain(table).then(name, given, positional)
    program = made.ended("show")
    rows: pl.DataFrame = compute(program, frame_of(table)).flow(made.nodes[-1].id).collected()
    return handed_in(
        rows,
        [(column, ColumnType("any")) for column in rows.columns if not column.startswith(HIDDEN)],
    )


def schema_of(table: Table) -> TableSchema:
    """Give the types of a script's table."""
    columns = []
    for name, column in table.parts.items():
        kind = column.kind if isinstance(column, Array) else "string"
        nullable = bool(column.is_missing().values.any())
        columns.append((name, ColumnType(kind, nullable)))  # type: ignore[arg-type] # one of the kinds
    return TableSchema(tuple(columns), max(table.size, 1))


# ---- arguments ----------------------------------------------------------------------------------


def _attributes(
    signature: Signature, given: Mapping[str, Any], positional: Sequence[Any], table: Table
) -> dict[str, Value]:
    known = {p.name: p for p in signature.parameters if not p.variadic}
    spread = next((p for p in signature.parameters if p.variadic == "*"), None)
    made: dict[str, Value] = {}
    if spread is not None and positional:
        names = [
            n
            for each in positional
            for n in (listed(each) if type(each) in (list, tuple) else [each])
        ]
        made[spread.attribute] = _columns(names, keys=signature.facts.sort_keys)
    elif positional:
        for parameter, value in zip(known.values(), positional, strict=False):
            made[parameter.name] = _tagged(signature, parameter, value, table)
    for name, value in given.items():
        if name not in known:
            raise unknown(f"{signature.name}()", name, known)
        if value is not None:
            made[name] = _tagged(signature, known[name], value, table)
    return made


def _columns(names: list[Any], *, keys: bool) -> Value:
    for name in names:
        if type(name) is not str:
            raise wrong(f"a column is named by text, not by {called(name)}", 'write "reward"')
    if keys:
        return [
            "by",
            [["desc", ["col", n[1:]]] if n.startswith("-") else ["col", n] for n in names],
        ]
    return ["cols", names]


def _tagged(signature: Signature, parameter: Parameter, value: Any, table: Table) -> Value:
    narrowed = signature.facts.of(parameter.attribute).narrowing
    if type(value) is str:
        column = parameter.type in ("col", "numcol") or (
            parameter.type in ("any", "bool", "num") and value in table.parts
        )
        return (
            ["cols", [value]] if parameter.type == "cols" else ["col" if column else "str", value]
        )
    if type(value) in (list, tuple):
        if parameter.type == "cols":
            return _columns(listed(value), keys=False)
        unit = "mm" if narrowed == "two lengths" else ""
        return ["list", [_constant(each, unit) for each in value]]
    return _constant(value, "pt" if parameter.type == "len" else "")


def _finite(value: Any) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise wrong("a picture is told finite numbers", "test first: num.isfinite(x)")
    return number


def _constant(value: Any, unit: str) -> Value:
    if type(value) is bool:
        return ["bool", value]
    if type(value) is str:
        return ["str", value]
    if type(value) is int and not unit:
        return ["int", value]
    if type(value) in (int, float):
        number = _finite(value) * (_POINTS if unit == "mm" else 1.0)
        return ["num", number.hex(), "pt"] if unit else ["num", number.hex()]
    raise wrong(
        f"{called(value)} is nothing that a picture can be told", "give text, numbers or lists"
    )
