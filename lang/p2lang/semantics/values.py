"""Types of expressions and the rules of operators. Pure functions on types; a broken rule raises Clash."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from p2lang.ir import Value
from p2lang.semantics import units
from p2lang.semantics.clash import Clash
from p2lang.types import ColumnKind, ColumnType, TableSchema

ValueKind = Literal[
    "int", "number", "string", "bool", "time", "any",
    "null", "list", "range", "table", "field", "columns", "unknown",
]  # fmt: skip
"""Kinds of columns, and what only expressions have: `field` is a column of a table other than the one from the left,
`unknown` is what a mistake left behind and fits everywhere."""

Shape = Literal["one", "group", "each"]
"""One value for the whole run, one for each group of rows, or one for each row."""

WRITTEN: Mapping[str, tuple[ColumnKind, str]] = {
    "int": ("int", ""),
    "number": ("number", ""),
    "string": ("string", ""),
    "bool": ("bool", ""),
    "time": ("number", "s"),
    "len": ("number", "pt"),
    "bytes": ("number", "B"),
    "angle": ("number", "rad"),
    "any": ("any", ""),
}
"""Scalar types as they are written, with the kind and the unit they stand for."""

_PARAMETER_TYPE = re.compile(
    r"(?:(list)\[)?(int|number|string|bool|time|len|bytes|angle)(?:\[([A-Za-z_][A-Za-z0-9_]{0,59})\])?(\])?\Z"
)

_SHAPES: tuple[Shape, ...] = ("one", "group", "each")
_NUMBERS = frozenset(("int", "number", "time", "any", "unknown"))
SCALARS = frozenset(("int", "number", "string", "bool", "time", "any", "null", "unknown"))
_COLUMN_KINDS: dict[ValueKind, ColumnKind] = {
    "int": "int",
    "number": "number",
    "string": "string",
    "bool": "bool",
    "time": "time",
}


@dataclass(frozen=True)
class ValueType:
    """The type of an expression. `item` is a list's or range's element, `schema` a table's shape.

    `aggregated` and `windowed` tell that it was made with an aggregate or a window function: these look at many rows
    at once and may not stand inside each other.
    """

    kind: ValueKind
    shape: Shape = "one"
    nullable: bool = False
    unit: str = ""
    item: ValueType | None = None
    schema: TableSchema | None = None
    aggregated: bool = False
    windowed: bool = False

    def __str__(self) -> str:
        if self.kind in ("list", "range"):
            return f"{self.kind}[{self.item}]" if self.item is not None else self.kind
        unit = f"[{self.unit}]" if self.unit else ""
        return f"{self.kind}{'?' if self.nullable else ''}{unit}"

    @property
    def is_numeric(self) -> bool:
        """Tell whether arithmetic works on it."""
        return self.kind in _NUMBERS

    @property
    def is_scalar(self) -> bool:
        """Tell whether it is a single value (in each place) and not a list, range, table or columns."""
        return self.kind in SCALARS

    def in_shape(self, shape: Shape) -> ValueType:
        """Give the same type in another shape."""
        return self if shape == self.shape else replace(self, shape=shape)

    def as_column(self) -> ColumnType:
        """Give the type of a column that holds such values."""
        kind = _COLUMN_KINDS.get(self.kind, "any")
        unit = "" if kind == "time" else self.unit
        return ColumnType(kind, self.nullable or self.kind == "null", unit)


@dataclass(frozen=True)
class Typed:
    """A tagged value of the IR with its type."""

    value: Value
    type: ValueType


INT = ValueType("int")
NUMBER = ValueType("number")
STRING = ValueType("string")
BOOL = ValueType("bool")
NULL = ValueType("null", nullable=True)
UNKNOWN = ValueType("unknown")


def parameter_type(text: str) -> ValueType:
    """Give the type of a parameter from its text, `int`, `time`, `list[number]`; raises ValueError when it is none."""
    match = _PARAMETER_TYPE.match(text)
    if match is None or (match[1] is None) != (match[4] is None):
        raise ValueError(f"{text!r} is not the type of a parameter")
    kind, unit = WRITTEN[match[2]]
    item = ValueType(kind, unit=match[3] or unit)
    return item if match[1] is None else ValueType("list", item=item)


def of_column(column: ColumnType) -> ValueType:
    """Give the type of a column's name where rows are at hand."""
    unit = "s" if column.kind == "time" else column.unit
    return ValueType(column.kind, "each", column.nullable, unit)


def made_of(result: ValueType, *operands: ValueType) -> ValueType:
    """Give the type with the shape and the marks of what it is made of."""
    return replace(
        result,
        shape=_SHAPES[max((_SHAPES.index(t.shape) for t in operands), default=0)],
        aggregated=any(t.aggregated for t in operands),
        windowed=any(t.windowed for t in operands),
    )


def of_list(items: list[ValueType]) -> ValueType:
    """Give the type of a list of these; raises Clash when they do not go together."""
    if not items:
        return ValueType("list", item=UNKNOWN)
    item = items[0]
    for index, other in enumerate(items[1:], start=2):
        if other.kind == "unknown" or item.kind == "unknown":
            return ValueType("list", item=UNKNOWN)
        if not _comparable(item, other):
            raise Clash(
                "P2-E0213",
                f"a list holds values of one type, but item {index} is {_named(other)}",
                label=f"the first is {_named(item)}",
            )
        item = _unified(item, other)
    return made_of(ValueType("list", item=item), *items)


def of_range(low: ValueType, high: ValueType) -> ValueType:
    """Give the type of `low..high`; raises Clash unless both are numbers of one unit."""
    for side, bound in (("left", low), ("right", high)):
        if not bound.is_numeric:
            raise Clash(
                "P2-E0213",
                f"a range runs between numbers, but this end is {_named(bound)}",
                argument=side,
            )
    _same_unit("..", low, high)
    return made_of(ValueType("range", item=_unified(low, high)), low, high)


def of_if(condition: ValueType, then: ValueType, otherwise: ValueType) -> ValueType:
    """Give the type of `if condition then a else b`; raises Clash."""
    _truth("if", condition, "condition")
    if then.kind == "null" or otherwise.kind == "null":
        value = otherwise if then.kind == "null" else then
        return made_of(replace(value, nullable=True), condition, then, otherwise)
    if not _comparable(then, otherwise):
        raise Clash(
            "P2-E0213",
            f"`then` gives {_named(then)}, but `else` gives {_named(otherwise)}",
            help="both branches give the same type",
        )
    _same_unit("if", then, otherwise)
    return made_of(_unified(then, otherwise), condition, then, otherwise)


def of_not(operand: ValueType) -> ValueType:
    """Give the type of `not a`; raises Clash."""
    _truth("not", operand, "operand")
    return made_of(replace(BOOL, nullable=operand.nullable), operand)


def of_negation(operand: ValueType) -> ValueType:
    """Give the type of `-a`; raises Clash."""
    if not operand.is_numeric:
        raise Clash("P2-E0213", f"`-` needs a number, not {_named(operand)}")
    return operand


def of_binary(
    operator: str, left: ValueType, right: ValueType, exponent: int | None = None
) -> ValueType:
    """Give the type of `left operator right`; `exponent` is the right side when it is a whole number as written.

    Raises Clash when the operands do not fit.
    """
    if "unknown" in (left.kind, right.kind):
        result = UNKNOWN if operator in ("+", "-", "*", "/", "**") else BOOL
    elif operator in ("and", "or"):
        _truth(operator, left, "left")
        _truth(operator, right, "right")
        result = BOOL
    elif operator in ("==", "!=", "<", "<=", ">", ">="):
        _compared(operator, left, right)
        result = BOOL
    elif operator == "in":
        _member(left, right)
        result = BOOL
    else:
        result = _arithmetic(operator, left, right, exponent)
    return made_of(replace(result, nullable=left.nullable or right.nullable), left, right)


def _truth(operator: str, operand: ValueType, side: str) -> None:
    if operand.kind not in ("bool", "any", "unknown"):
        raise Clash(
            "P2-E0213",
            f"`{operator}` needs true or false, not {_named(operand)}",
            help="write a comparison such as `step > 10`" if operand.is_scalar else "",
            argument=side,
        )


def _compared(operator: str, left: ValueType, right: ValueType) -> None:
    if "null" in (left.kind, right.kind):
        wanted = "not isnull(...)" if operator == "!=" else "isnull(...)"
        raise Clash("P2-E0224", "comparing with null is always null", help=f"write `{wanted}`")
    for side, operand, other in (("left", left, right), ("right", right, left)):
        if operand.kind in ("list", "range") and other.is_scalar:
            raise Clash(
                "P2-E0213",
                f"cannot compare {_named(other)} with a {operand.kind}",
                help="write `in`",
                argument=side,
            )
    if not _comparable(left, right):
        raise Clash(
            "P2-E0213",
            f"cannot compare {_named(left)} with {_named(right)}",
            help=_quoting(left, right),
        )
    if operator not in ("==", "!=") and "bool" in (left.kind, right.kind):
        raise Clash("P2-E0213", f"`{operator}` needs an order, and true or false has none")
    _same_unit(operator, left, right)


def _quoting(left: ValueType, right: ValueType) -> str:
    if {left.kind, right.kind} == {"string", "int"} or {left.kind, right.kind} == {
        "string",
        "number",
    }:
        return "put the value in quotes" if left.kind == "string" else "remove the quotes"
    return ""


def _member(left: ValueType, right: ValueType) -> None:
    if right.kind not in ("list", "range"):
        raise Clash(
            "P2-E0213",
            f"`in` needs a list or a range on the right, not {_named(right)}",
            help="write `[a, b]` or `low..high`",
            argument="right",
        )
    item = right.item
    if item is None or item.kind == "unknown":
        return
    if left.kind == "null":
        raise Clash("P2-E0224", "comparing with null is always null", help="write `isnull(...)`")
    if not _comparable(left, item):
        raise Clash(
            "P2-E0213",
            f"cannot look for {_named(left)} in a {right.kind} of {_named(item)}",
            help=_quoting(left, item),
        )
    _same_unit("in", left, item)


def _arithmetic(
    operator: str, left: ValueType, right: ValueType, exponent: int | None
) -> ValueType:
    for side, operand in (("left", left), ("right", right)):
        if not operand.is_numeric:
            text = operator == "+" and operand.kind == "string"
            raise Clash(
                "P2-E0213",
                f"`{operator}` needs numbers, not {_named(operand)}",
                help='text is put together with f"{a}{b}"' if text else "",
                argument=side,
            )
    if operator in ("+", "-"):
        _same_unit(operator, left, right)
        return _sum(operator, left, right)
    kind: ValueKind = "int" if (left.kind, right.kind) == ("int", "int") else "number"
    if operator == "*":
        return ValueType(kind, unit=units.product(left.unit, right.unit))
    if operator == "/":
        return ValueType("number", unit=units.quotient(left.unit, right.unit))
    return ValueType("number", unit=_power_unit(left, right, exponent))


def _sum(operator: str, left: ValueType, right: ValueType) -> ValueType:
    if "time" in (left.kind, right.kind):
        both = left.kind == right.kind == "time"
        return ValueType("number" if both and operator == "-" else "time", unit=left.unit)
    return _unified(left, right)


def _power_unit(left: ValueType, right: ValueType, exponent: int | None) -> str:
    if right.unit:
        raise Clash(
            "P2-E0214",
            f"an exponent is a plain number, not {units.named(right.unit)}",
            argument="right",
        )
    if not left.unit:
        return ""
    if exponent is None:
        raise Clash(
            "P2-E0214",
            f"{units.named(left.unit)} can only be raised to a whole number as written",
            help="divide by a unit first, for example `wall_time / 1s`",
            argument="left",
        )
    return units.power(left.unit, exponent)


def _comparable(left: ValueType, right: ValueType) -> bool:
    if {"any", "unknown", "null"} & {left.kind, right.kind}:
        return left.is_scalar and right.is_scalar
    if not (left.is_scalar and right.is_scalar):
        return False
    return left.kind == right.kind or (left.is_numeric and right.is_numeric)


def _unified(left: ValueType, right: ValueType) -> ValueType:
    if left.kind == "null" or right.kind == "null":
        return replace(right if left.kind == "null" else left, nullable=True)
    kind = left.kind if left.kind == right.kind else "number"
    if "any" in (left.kind, right.kind):
        kind = "any"
    unit = left.unit or right.unit
    return made_of(ValueType(kind, "one", left.nullable or right.nullable, unit), left, right)


def _same_unit(operator: str, left: ValueType, right: ValueType) -> None:
    if not units_differ(left, right):
        return
    with_unit, plain = (left, right) if left.unit else (right, left)
    if plain.unit:
        words = f"{units.named(left.unit)} with {units.named(right.unit)}"
        raise Clash("P2-E0214", f"`{operator}` {_verb(operator)} {words}")
    example = units.EXAMPLES.get(with_unit.unit, "").partition(" ")[0]
    raise Clash(
        "P2-E0214",
        f"`{operator}` {_verb(operator)} {units.named(with_unit.unit)} with a plain number",
        help=f"give the number a unit, for example {example}" if example else "",
    )


def assignable(wanted: ValueType, actual: ValueType) -> bool:
    """Tell whether a value may stand where a type was written: same kind and unit, or a whole number as a number."""
    if "unknown" in (actual.kind, wanted.kind) or (wanted.kind == "any" and actual.is_scalar):
        return True
    if wanted.kind == "list":
        if actual.kind not in ("list", "range") or actual.item is None or wanted.item is None:
            return actual.kind in ("list", "range")
        return assignable(wanted.item, actual.item)
    if not actual.is_scalar or not wanted.is_scalar:
        return actual.kind == wanted.kind
    if actual.kind == "null":
        return wanted.nullable
    kinds = actual.kind == wanted.kind or (
        actual.kind in ("int", "time") and wanted.kind == "number"
    )
    return kinds and actual.unit == wanted.unit


def units_differ(left: ValueType, right: ValueType) -> bool:
    """Tell whether two units may not meet: different labels, or time, length, bytes, angle with a plain number."""
    if left.unit == right.unit or {"any", "unknown", "null"} & {left.kind, right.kind}:
        return False
    if left.unit and right.unit:
        return True
    return (left.unit or right.unit) in units.CHECKED


def _verb(operator: str) -> str:
    return "compares" if operator in ("==", "!=", "<", "<=", ">", ">=", "in") else "mixes"


def _named(value: ValueType) -> str:
    if value.kind == "range":
        return "a range"
    if value.kind == "list":
        return "a list"
    words = {"table": "a table", "field": "a column of another table"}
    return words.get(value.kind, value.kind)
