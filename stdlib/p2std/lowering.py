"""From tagged expressions to polars expressions: a closed interpreter, no text is ever evaluated.

Windows and aggregates inside a row-wise expression are computed as hidden columns in earlier stages, so that any
nesting works; an aggregate becomes parts (what polars reduces) and a finish (arithmetic on the parts).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import polars as pl

from p2lang.ir import canonical
from p2lang.signatures import Signature
from p2lang.types import TableSchema
from p2std.binding import Kernel, expression_kernels
from p2std.moving import moves
from p2std.operands import (
    COMPARISONS,
    NUMERIC,
    OPERATORS,
    Operand,
    Part,
    Range,
    Reduction,
    common_kind,
    literal,
    stage_of,
)
from p2std.registry import core
from p2std.table import DTYPES, HIDDEN, Outside, Table, Tagged, collected

Arguments: TypeAlias = Mapping[str, Tagged]


class Lowering:
    """Lowers the expressions of one step over one table; keep one object for all expressions of the step."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.stages: list[dict[str, pl.Expr]] = []
        self._known: dict[bytes, Operand] = {}
        self._kept_names: dict[tuple[int, bytes], str] = {}
        self._rules: dict[str, Callable[[Tagged], Operand]] = {
            "col": self._column,
            "cat": self._text,
            "if": self._choice,
            "op": self._operation,
            "not": self._negation,
            "neg": self._negative,
            "call": self._call,
        }

    def operand(self, value: Tagged) -> Operand:
        """Give the expression for a tagged value."""
        rule = self._rules.get(value[0])
        return literal(self.constant(value)) if rule is None else rule(value)

    def cleaned(self, value: Tagged) -> Operand:
        """Give the expression for a tagged value, NaN turned into null."""
        operand = self.operand(value)
        if operand.clean:
            return operand
        # polars writes fill_nan out with its operand three times: only a plain column may stand there.
        name = self._kept(operand.stage, b"clean" + canonical(value), operand.expr)
        return Operand(pl.col(name).fill_nan(None), operand.kind, operand.stage + 1)

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
        parts = [self.cleaned(v) for v in value[1]]
        return Operand(pl.concat_str([p.text() for p in parts]), "string", stage_of(parts))

    def _choice(self, value: Tagged) -> Operand:
        condition, yes, no = (self.operand(v) for v in value[1:])
        kind = common_kind(yes.kind, no.kind)
        first, second = (o.number() if kind == "number" else o.expr for o in (yes, no))
        expr = pl.when(condition.expr).then(first).otherwise(second)
        return Operand(expr, kind, stage_of((condition, yes, no)), yes.clean and no.clean)

    def _negation(self, value: Tagged) -> Operand:
        operand = self.operand(value[1])
        return replace(operand, expr=~operand.expr)

    def _negative(self, value: Tagged) -> Operand:
        operand = self.operand(value[1])
        return replace(operand, expr=-operand.expr)

    def _operation(self, value: Tagged) -> Operand:
        _, sign, left, right = value
        if sign == "in":
            return self._membership(left, right)
        # NaN is the largest number to polars, and equal to itself.
        operand = self.cleaned if sign in COMPARISONS else self.operand
        a, b = operand(left), operand(right)
        expr, kind, clean = OPERATORS[sign](a, b)
        return Operand(expr, kind, stage_of((a, b)), clean)

    def _membership(self, left: Tagged, right: Tagged) -> Operand:
        a = self.cleaned(left)
        if right[0] == "list" and any(_speaks_of_rows(v) for v in right[1]):
            choices = [self.cleaned(v) for v in right[1]]
            found = pl.any_horizontal([a.expr == c.expr for c in choices])
            return Operand(found, "bool", stage_of((a, *choices)))
        wanted = self.constant(right)
        if isinstance(wanted, Range):
            return Operand(a.expr.is_between(wanted.low, wanted.high), "bool", a.stage)
        values = [v for v in wanted if v is not None]
        expr = a.number() if a.kind in NUMERIC else a.expr
        dtype = pl.Float64 if a.kind in NUMERIC else DTYPES.get(a.kind)
        return Operand(expr.is_in(pl.Series(values, dtype=dtype).implode()), "bool", a.stage)

    # ------------------------------------------------------------ calls
    def _call(self, value: Tagged) -> Operand:
        _, name, arguments = value
        found = expression_kernels()[name]
        rule = {"fn": self._function, "win": self._window, "agg": self._aggregate}.get(found.kind)
        if rule is None:
            return literal(self.constant(value))
        key = canonical(value)
        if key not in self._known:
            self._known[key] = rule(found, core().by_full_name[name], arguments)
        return self._known[key]

    def _function(self, found: Kernel, signature: Signature, arguments: Arguments) -> Operand:
        handed, operands = self._handed(found, signature, arguments)
        kind = _given(signature, operands)
        clean = kind not in ("number", "time") or "clean" in found.options
        return Operand(found.run(**handed), kind, stage_of(operands), clean)

    def _window(self, found: Kernel, signature: Signature, arguments: Arguments) -> Operand:
        handed, operands = self._handed(found, signature, arguments)
        kind, stage = _given(signature, operands), stage_of(operands)
        name = self._kept(stage, canonical([found.full_name, arguments]), found.run(**handed))
        return Operand(pl.col(name), kind, stage + 1, kind != "number")

    def _aggregate(self, found: Kernel, signature: Signature, arguments: Arguments) -> Operand:
        handed, operands = self._handed(found, signature, arguments)
        reduction, stage = found.run(**handed), stage_of(operands)
        about = canonical([v for n, v in arguments.items() if _is_expression(found, n)])
        names = {
            part: self._kept(stage, part.encode() + about, expr)
            for part, expr in reduction.parts.items()
        }
        kind = _given(signature, operands)
        return Operand(_finish(reduction, names), kind, stage + 1, kind != "number")

    def _handed(
        self, found: Kernel, signature: Signature, arguments: Arguments
    ) -> tuple[dict[str, Any], list[Operand]]:
        """Give the arguments as the kernel wants them, and the operands among them."""
        operands: list[Operand] = []
        handed: dict[str, Any] = {}
        # Row by row NaN may pass through; what looks at missing values or at many rows must see null.
        operand_of = (
            self.operand if found.kind == "fn" and "nulls" not in found.options else self.cleaned
        )
        for name, wanted in found.takes.items():
            parameter = signature.by_attribute[name]
            value = arguments.get(name) or parameter.default_value
            if value is None or not _is_expression(found, name):
                handed[name] = argument(value, wanted, self.table.outside)
                continue
            operand = operand_of(value)
            if found.kind != "fn" and not operand.expr.meta.root_names():
                operand = self._on_every_row(value, operand)
            operands.append(operand)
            handed[name] = _AS.get(parameter.type, Operand.plain)(operand)
        return handed, operands

    def _on_every_row(self, value: Tagged, operand: Operand) -> Operand:
        # To polars a literal is one value, and the sum of 5 over three rows would be 5.
        name = self._kept(operand.stage, b"rows" + canonical(value), operand.expr)
        return replace(operand, expr=pl.col(name), stage=operand.stage + 1)

    def _kept(self, stage: int, key: bytes, expr: pl.Expr) -> str:
        while len(self.stages) <= stage:
            self.stages.append({})
        if (stage, key) not in self._kept_names:
            name = f"{HIDDEN}{stage}.{len(self.stages[stage])}"
            self._kept_names[stage, key] = name
            self.stages[stage][name] = expr
        return self._kept_names[stage, key]


class GroupLowering(Lowering):
    """Lowers the expressions of `summary`: aggregates over the rows of a group, the rest on the groups' values."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.rows = Lowering(table)
        self.parts: dict[bytes, Part] = {}

    def _aggregate(self, found: Kernel, signature: Signature, arguments: Arguments) -> Operand:
        handed, operands = self.rows._handed(found, signature, arguments)
        reduction = found.run(**handed)
        about = canonical([v for n, v in arguments.items() if _is_expression(found, n)])
        names = {
            part: self._part(part, about, expr, reduction.of)
            for part, expr in reduction.parts.items()
        }
        kind = _given(signature, operands)
        return Operand(_finish(reduction, names), kind, 0, kind != "number")

    def count_of(self, value: Tagged) -> pl.Expr:
        """Give how many values of an expression a group has; shared with the aggregates that need it too."""
        x = self.rows.cleaned(value).number()
        return pl.col(self._part("n", canonical([value]), x.count(), x))

    def _part(self, kind: str, about: bytes, expr: pl.Expr, of: pl.Expr | None) -> str:
        key = kind.encode() + about
        if key not in self.parts:
            self.parts[key] = Part(f"{HIDDEN}g{len(self.parts)}", kind, about, expr, of)
        return self.parts[key].name


def with_rows(table: Table, new: Sequence[Sequence[Any]]) -> pl.LazyFrame:
    """Give the table's frame with named row-wise expressions added or replaced; all see the old columns."""
    lowering = Lowering(table)
    added = {name: lowering.operand(value) for name, value in new}
    frame = with_operands(lowering.applied(table.frame), added)
    return frame.drop(lowering.hidden) if lowering.stages else frame


def with_operands(frame: pl.LazyFrame, added: Mapping[str, Operand]) -> pl.LazyFrame:
    """Give a frame with these columns, NaN turned into null."""
    if not added:
        return frame
    frame = frame.with_columns(**{name: operand.expr for name, operand in added.items()})
    unclean = [name for name, operand in added.items() if not operand.clean]
    return frame.with_columns(pl.col(unclean).fill_nan(None)) if unclean else frame


def constant(value: Tagged | None, outside: Outside) -> Any:
    """Give the value of an expression that speaks of no row: text, number, truth value, None, list or `Range`."""
    if value is None:
        return None
    rule = _CONSTANTS.get(value[0])
    return _computed(value, outside) if rule is None else rule(value, outside)


def _variable(value: Tagged, outside: Outside) -> Any:
    found = outside.parameter(value[1])
    return list(found) if isinstance(found, tuple) else found


def _named_lists(value: Tagged, outside: Outside) -> dict[str, list[Any]]:
    found = {name: constant(inner, outside) for name, inner in value[1]}
    return {
        name: list(range(int(v.low), int(v.high) + 1)) if isinstance(v, Range) else v
        for name, v in found.items()
    }


_CONSTANTS: dict[str, Callable[[Tagged, Outside], Any]] = {
    "int": lambda value, _: value[1],
    "str": lambda value, _: value[1],
    "bool": lambda value, _: value[1],
    "num": lambda value, _: float.fromhex(value[1]),
    "null": lambda value, _: None,
    "var": _variable,
    "len": lambda value, outside: len(constant(value[1], outside)),
    "new": _named_lists,
    "list": lambda value, outside: [constant(v, outside) for v in value[1]],
    "range": lambda value, outside: Range(constant(value[1], outside), constant(value[2], outside)),
}


def columns(value: Tagged | None) -> list[str]:
    """Give the names in a `cols` or `col` value; none for None."""
    if value is None:
        return []
    return list(value[1]) if value[0] == "cols" else [value[1]]


def argument(value: Tagged | None, wanted: str, outside: Outside) -> Any:
    """Give an argument that is no expression as the annotation of the kernel's parameter wants it."""
    if wanted == "list[str]" and (value is None or value[0] in ("cols", "col")):
        return columns(value)
    if wanted.startswith("Tagged") or (wanted.startswith("Moving") and moves(value)):
        return value
    if value is not None and value[0] == "col":
        return value[1]
    found = constant(value, outside)
    return float(found) if wanted.startswith("float") and isinstance(found, int) else found


_AS: dict[str, Callable[[Operand], pl.Expr]] = {"num": Operand.number, "text": Operand.text}
"""How a parameter of a type is handed to a kernel; others get the expression as it is."""


def _finish(reduction: Reduction, names: Mapping[str, str]) -> pl.Expr:
    return reduction.finish(**{part: pl.col(name) for part, name in names.items()})


def _is_expression(found: Kernel, parameter: str) -> bool:
    return found.takes[parameter].startswith("pl.Expr")


def _given(signature: Signature, operands: Sequence[Operand]) -> str:
    if signature.gives != "same":
        return signature.gives
    kind = operands[0].kind
    if signature.facts.kind_of:
        kind = common_kind(kind, operands[1].kind)
    return kind


# ------------------------------------------------------------ values without rows
def _speaks_of_rows(value: Any) -> bool:
    match value:
        case ["col", str()]:
            return True
        case list():
            return any(map(_speaks_of_rows, value))
        case dict():
            return any(map(_speaks_of_rows, value.values()))
        case _:
            return False


def _computed(value: Tagged, outside: Outside) -> Any:
    if value[0] == "call" and (found := expression_kernels()[value[1]]).kind == "val":
        return _of_tables(found, value[2], outside)
    bare = Table(pl.LazyFrame({"": [0]}), TableSchema((), 1), outside)
    return collected(with_rows(bare, [["value", value]]))["value"][0]


def _of_tables(found: Kernel, arguments: Mapping[str, Tagged], outside: Outside) -> Any:
    handed: dict[str, Any] = {"here": outside.around} if "here" in found.takes else {}
    for name, value in arguments.items():
        match value:
            case ["table", node]:
                handed[name] = outside.table(node).frame
            case ["field", node, column]:
                handed[name] = outside.table(node).frame.select(column)
            case _:
                handed[name] = constant(value, outside)
    return found.run(**handed)
