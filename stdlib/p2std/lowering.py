"""From tagged expressions to polars expressions: a closed interpreter, no text is ever evaluated.

Windows and aggregates inside a row-wise expression are computed as hidden columns in earlier stages, so that any
nesting works; an aggregate becomes parts (what polars reduces) and a finish (arithmetic on the parts).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import polars as pl

from p2lang.ir import canonical
from p2lang.signatures import Signature
from p2std.binding import Kernel, expression_kernels
from p2std.registry import core
from p2std.table import DTYPES, HIDDEN, Nothing, Outside, Table, Tagged, collected, schema_of

Arguments: TypeAlias = Mapping[str, Tagged]

_NUMERIC = ("int", "number", "time")


@dataclass(frozen=True, slots=True)
class Operand:
    """An expression, the kind of value it gives, from which stage on it can be evaluated, and whether NaN can occur."""

    expr: pl.Expr
    kind: str
    stage: int = 0
    clean: bool = True

    def plain(self) -> pl.Expr:
        """Give the expression with missing values as null only."""
        return self.expr if self.clean else self.expr.fill_nan(None)

    def number(self) -> pl.Expr:
        """Give the expression as Float64 with missing values as null."""
        return self.expr.cast(pl.Float64) if self.kind in ("int", "bool", "any") else self.plain()

    def text(self) -> pl.Expr:
        """Give the expression as text: the shortest digits that read back as the same number; 5.0 is "5"."""
        text = self.plain().cast(pl.String)
        return text.str.strip_suffix(".0") if self.kind in ("number", "time", "any") else text


@dataclass(frozen=True, slots=True)
class Reduction:
    """An aggregate: what polars reduces over the rows of a group, by name, and arithmetic on the results."""

    parts: Mapping[str, pl.Expr]
    finish: Callable[..., pl.Expr]


@dataclass(frozen=True, slots=True)
class Range:
    """The values from `low` to `high`, both included."""

    low: float
    high: float


class Lowering:
    """Lowers the expressions of one step over one table; keep one object for all expressions of the step."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.stages: list[dict[str, pl.Expr]] = []
        self._known: dict[bytes, Operand] = {}
        self._parts: dict[tuple[int, bytes], str] = {}
        self._rules: dict[str, Callable[[Tagged], Operand]] = {
            "col": self._column,
            "cat": self._text,
            "if": self._choice,
            "op": self._operation,
            "not": lambda v: _mapped(self.operand(v[1]), lambda e: ~e, "bool"),
            "neg": self._negative,
            "call": self._call,
        }

    def operand(self, value: Tagged) -> Operand:
        """Give the expression for a tagged value."""
        rule = self._rules.get(value[0])
        return _literal(self.constant(value)) if rule is None else rule(value)

    def constant(self, value: Tagged | None) -> Any:
        """Give the value of an expression that speaks of no column of this table."""
        return constant(value, self.table.outside)

    def applied(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Give the frame with the hidden columns of all stages."""
        for stage in self.stages:
            frame = frame.with_columns(**stage)
        return frame

    @property
    def hidden(self) -> list[str]:
        """Give the names of all hidden columns made so far."""
        return [name for stage in self.stages for name in stage]

    # ------------------------------------------------------------ rules
    def _column(self, value: Tagged) -> Operand:
        return Operand(pl.col(value[1]), self.table.schema[value[1]].kind)

    def _text(self, value: Tagged) -> Operand:
        parts = [self.operand(v) for v in value[1]]
        return Operand(pl.concat_str([p.text() for p in parts]), "string", _stage(parts))

    def _choice(self, value: Tagged) -> Operand:
        condition, yes, no = (self.operand(v) for v in value[1:])
        kind = _common(yes.kind, no.kind)
        first, second = (o.number() if kind == "number" else o.plain() for o in (yes, no))
        expr = pl.when(condition.expr).then(first).otherwise(second)
        return Operand(expr, kind, _stage((condition, yes, no)))

    def _negative(self, value: Tagged) -> Operand:
        operand = self.operand(value[1])
        return replace(operand, expr=-operand.expr)

    def _operation(self, value: Tagged) -> Operand:
        _, sign, left, right = value
        if sign == "in":
            return self._membership(left, right)
        a, b = self.operand(left), self.operand(right)
        expr, kind, clean = _RULES[sign](a, b)
        return Operand(expr, kind, _stage((a, b)), clean)

    def _membership(self, left: Tagged, right: Tagged) -> Operand:
        a = self.operand(left)
        if right[0] == "list" and any(_speaks_of_rows(v) for v in right[1]):
            choices = [self.operand(v) for v in right[1]]
            found = pl.any_horizontal([a.plain() == c.plain() for c in choices])
            return Operand(found, "bool", _stage((a, *choices)))
        wanted = self.constant(right)
        if isinstance(wanted, Range):
            return Operand(a.plain().is_between(wanted.low, wanted.high), "bool", a.stage)
        values = [v for v in wanted if v is not None]
        expr = a.number() if a.kind in _NUMERIC else a.plain()
        dtype = pl.Float64 if a.kind in _NUMERIC else DTYPES.get(a.kind)  # type: ignore[call-overload]
        return Operand(expr.is_in(pl.Series(values, dtype=dtype).implode()), "bool", a.stage)

    # ------------------------------------------------------------ calls
    def _call(self, value: Tagged) -> Operand:
        _, name, arguments = value
        found = expression_kernels()[name]
        rule = {"fn": self._function, "win": self._window, "agg": self._aggregate}.get(found.kind)
        if rule is None:
            return _literal(self.constant(value))
        key = canonical(value)
        if key not in self._known:
            self._known[key] = rule(found, core().by_full_name[name], arguments)
        return self._known[key]

    def _function(self, found: Kernel, signature: Signature, arguments: Arguments) -> Operand:
        handed, operands = self.handed(found, signature, arguments)
        kind = _given(signature, operands)
        return Operand(found.run(**handed), kind, _stage(operands), kind not in ("number", "time"))

    def _window(self, found: Kernel, signature: Signature, arguments: Arguments) -> Operand:
        handed, operands = self.handed(found, signature, arguments)
        kind, stage = _given(signature, operands), _stage(operands)
        expr = found.run(**handed)
        name = self._kept(stage, expr.fill_nan(None) if kind == "number" else expr)
        return Operand(pl.col(name), kind, stage + 1)

    def _aggregate(self, found: Kernel, signature: Signature, arguments: Arguments) -> Operand:
        handed, operands = self.handed(found, signature, arguments)
        return self.reduced(found.run(**handed), _given(signature, operands), _stage(operands))

    def reduced(self, reduction: Reduction, kind: str, stage: int) -> Operand:
        """Give one value for the whole table, on every row."""
        names = {part: self._kept(stage, expr) for part, expr in reduction.parts.items()}
        expr = reduction.finish(**{part: pl.col(name) for part, name in names.items()})
        return Operand(expr, kind, stage + 1, kind != "number")

    def handed(
        self, found: Kernel, signature: Signature, arguments: Arguments
    ) -> tuple[dict[str, Any], list[Operand]]:
        """Give the arguments as the kernel wants them, and the operands among them."""
        operands: list[Operand] = []
        handed: dict[str, Any] = {}
        for name, wanted in found.takes.items():
            parameter = signature.by_attribute[name]
            value = arguments.get(name) or parameter.default_value
            if value is None or not wanted.startswith("pl.Expr"):
                handed[name] = argument(value, wanted, self.table.outside)
                continue
            operand = self.operand(value)
            operands.append(operand)
            handed[name] = operand.number() if parameter.type == "num" else operand.plain()
        return handed, operands

    def _kept(self, stage: int, expr: pl.Expr) -> str:
        while len(self.stages) <= stage:
            self.stages.append({})
        key = (stage, expr.meta.serialize())
        if key not in self._parts:
            self._parts[key] = f"{HIDDEN}{stage}.{len(self.stages[stage])}"
            self.stages[stage][self._parts[key]] = expr
        return self._parts[key]


class GroupLowering(Lowering):
    """Lowers the expressions of `summary`: aggregates over the rows of a group, the rest on the groups' values."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.rows = Lowering(table)
        self.parts: dict[str, pl.Expr] = {}

    def handed(
        self, found: Kernel, signature: Signature, arguments: Arguments
    ) -> tuple[dict[str, Any], list[Operand]]:
        """Give the arguments of an aggregate over the rows, those of a function over the groups."""
        if found.kind == "agg":
            return self.rows.handed(found, signature, arguments)
        return super().handed(found, signature, arguments)

    def reduced(self, reduction: Reduction, kind: str, stage: int) -> Operand:
        """Give one value for each group."""
        names = {part: self.part(expr) for part, expr in reduction.parts.items()}
        expr = reduction.finish(**{part: pl.col(name) for part, name in names.items()})
        return Operand(expr, kind, 0, kind != "number")

    def part(self, expr: pl.Expr) -> str:
        """Give the hidden name under which an expression over a group's rows is reduced; equal ones once."""
        key = (-1, expr.meta.serialize())
        if key not in self._parts:
            self._parts[key] = f"{HIDDEN}g{len(self.parts)}"
            self.parts[self._parts[key]] = expr
        return self._parts[key]


def with_rows(table: Table, new: Sequence[Sequence[Any]]) -> pl.LazyFrame:
    """Give the table's frame with named row-wise expressions added or replaced; all see the old columns."""
    lowering = Lowering(table)
    added = {name: lowering.operand(value).plain() for name, value in new}
    if not added:
        return table.frame
    frame = lowering.applied(table.frame).with_columns(**added)
    return frame.drop(lowering.hidden) if lowering.stages else frame


def constant(value: Tagged | None, outside: Outside) -> Any:
    """Give the value of an expression that speaks of no row: text, number, truth value, None, list or `Range`."""
    if value is None:
        return None
    tag = value[0]
    if tag in ("int", "str", "bool"):
        return value[1]
    if tag == "num":
        return float.fromhex(value[1])
    if tag == "null":
        return None
    if tag == "var":
        found = outside.parameter(value[1])
        return list(found) if isinstance(found, tuple) else found
    if tag == "list":
        return [constant(v, outside) for v in value[1]]
    if tag == "range":
        return Range(constant(value[1], outside), constant(value[2], outside))
    return _computed(value, outside)


def columns(value: Tagged | None, table: Table | None = None) -> list[str]:
    """Give the names in a `cols`, `col` or `by` value; none for None."""
    if value is None:
        return []
    match value:
        case ["col", name]:
            return [name]
        case ["cols", names]:
            return list(names)
        case ["by", keys]:
            return [name for key in keys for name in columns(key)]
        case ["desc", key]:
            return columns(key)
        case ["call", full_name, {"glob": glob}] if table is not None:
            run = expression_kernels()[full_name].run
            return list(run(constant(glob, table.outside), table.schema.names))
    raise TypeError(f"{value!r} names no columns")


def argument(value: Tagged | None, wanted: str, outside: Outside) -> Any:
    """Give an argument that is no expression as the annotation of the kernel's parameter wants it."""
    if wanted == "list[str]":
        return columns(value)
    if wanted.startswith("Tagged"):
        return value
    if value is not None and value[0] == "col":
        return value[1]
    found = constant(value, outside)
    return float(found) if wanted.startswith("float") and isinstance(found, int) else found


# ------------------------------------------------------------ rules of operators
def _arithmetic(sign: str) -> Callable[[Operand, Operand], tuple[pl.Expr, str, bool]]:
    apply = {"+": pl.Expr.__add__, "-": pl.Expr.__sub__, "*": pl.Expr.__mul__}[sign]

    def rule(a: Operand, b: Operand) -> tuple[pl.Expr, str, bool]:
        if sign == "+" and a.kind == b.kind == "string":
            return pl.concat_str([a.expr, b.expr]), "string", True
        if a.kind == b.kind == "int":
            # 64 bits wrap round in silence: compute in 128 and let the way back fail.
            wide = apply(a.expr.cast(pl.Int128), b.expr.cast(pl.Int128))
            return wide.cast(pl.Int64), "int", True
        return apply(a.number(), b.number()), _common(a.kind, b.kind), False

    return rule


def _comparison(sign: str) -> Callable[[Operand, Operand], tuple[pl.Expr, str, bool]]:
    apply = {
        "==": pl.Expr.__eq__, "!=": pl.Expr.__ne__, "<": pl.Expr.__lt__,
        "<=": pl.Expr.__le__, ">": pl.Expr.__gt__, ">=": pl.Expr.__ge__,
    }[sign]  # fmt: skip
    return lambda a, b: (apply(a.plain(), b.plain()), "bool", True)


_RULES: dict[str, Callable[[Operand, Operand], tuple[pl.Expr, str, bool]]] = {
    **{sign: _arithmetic(sign) for sign in "+-*"},
    **{sign: _comparison(sign) for sign in ("==", "!=", "<", "<=", ">", ">=")},
    "/": lambda a, b: (a.number() / b.number(), "number", False),
    "**": lambda a, b: (a.number().pow(b.number()), "number", False),
    "and": lambda a, b: (a.expr & b.expr, "bool", True),
    "or": lambda a, b: (a.expr | b.expr, "bool", True),
}


def _literal(value: Any) -> Operand:
    if value is None:
        return Operand(pl.lit(None), "any")
    kind = {bool: "bool", int: "int", float: "number", str: "string"}[type(value)]
    return Operand(pl.lit(value, dtype=DTYPES[kind]), kind)  # type: ignore[index]


def _mapped(operand: Operand, change: Callable[[pl.Expr], pl.Expr], kind: str) -> Operand:
    return Operand(change(operand.plain()), kind, operand.stage)


def _stage(operands: Sequence[Operand]) -> int:
    return max((o.stage for o in operands), default=0)


def _common(a: str, b: str) -> str:
    if a == b or b == "any":
        return a
    if a == "any":
        return b
    return "number" if a in _NUMERIC and b in _NUMERIC else a


def _given(signature: Signature, operands: Sequence[Operand]) -> str:
    if signature.gives != "same":
        return signature.gives
    kind = operands[0].kind
    if signature.name == "fill":
        kind = _common(kind, operands[1].kind)
    return kind


# ------------------------------------------------------------ values without rows
def _speaks_of_rows(value: Any) -> bool:
    if not isinstance(value, list) or not value:
        return isinstance(value, dict) and any(_speaks_of_rows(v) for v in value.values())
    if value[0] == "col":
        return True
    return any(_speaks_of_rows(v) for v in value[1:] if isinstance(v, list | dict)) or (
        isinstance(value[0], list) and any(_speaks_of_rows(v) for v in value)
    )


def _computed(value: Tagged, outside: Outside) -> Any:
    if value[0] == "call":
        found = expression_kernels()[value[1]]
        if found.kind == "val":
            return _of_tables(found, value[2], outside)
        if found.kind == "agg":
            return _over_field(value, outside)
    bare = Table(pl.LazyFrame(), schema_of(pl.LazyFrame()), outside)
    frame = collected(pl.LazyFrame().select(Lowering(bare).operand(value).plain().alias("value")))
    return frame["value"][0]


def _of_tables(found: Kernel, arguments: Mapping[str, Tagged], outside: Outside) -> Any:
    handed: dict[str, Any] = {}
    for name, value in arguments.items():
        match value:
            case ["table", node]:
                handed[name] = outside.table(node).frame
            case ["field", node, column]:
                handed[name] = outside.table(node).frame.select(column)
            case _:
                handed[name] = constant(value, outside)
    return found.run(**handed)


def _over_field(value: Tagged, outside: Outside) -> Any:
    nodes: set[str] = set()
    over = _as_columns(value, nodes)
    (node,) = nodes
    table = outside.table(node)
    lowering = GroupLowering(table)
    final = lowering.operand(over).plain()
    frame = lowering.rows.applied(table.frame).select(
        **lowering.parts or {HIDDEN: pl.len()},
    )
    return collected(frame.select(final.alias("value")))["value"][0]


def _as_columns(value: Any, nodes: set[str]) -> Any:
    match value:
        case ["field", node, column]:
            nodes.add(node)
            return ["col", column]
        case list():
            return [_as_columns(v, nodes) for v in value]
        case dict():
            return {k: _as_columns(v, nodes) for k, v in value.items()}
        case _:
            return value


__all__ = [
    "GroupLowering", "Lowering", "Nothing", "Operand", "Range", "Reduction",
    "argument", "columns", "constant", "with_rows",
]  # fmt: skip
