"""The rules of operators, lists, ranges and conditions: types in, type out; a broken rule raises Clash."""

from __future__ import annotations

from dataclasses import replace

from p2lang.semantics import units
from p2lang.semantics.clash import Clash
from p2lang.semantics.values import BOOL, UNKNOWN, ValueKind, ValueType, made_of, units_differ


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
                help="write all of them as text, or all as numbers",
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
                help="list the values: `[a, b, c]`",
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
        help = {
            "string": "to sort downwards write `desc(column)`",
            "bool": "to deny write `not`",
            "null": "leave it out",
        }.get(operand.kind, "it takes one value")
        raise Clash("P2-E0213", f"`-` needs a number, not {_named(operand)}", help=help)
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
    nullable = left.nullable or right.nullable
    if result.nullable != nullable:
        result = replace(result, nullable=nullable)
    return made_of(result, left, right)


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
            help=_quoting(left, right) or _of_other_table(left, right),
        )
    if operator not in ("==", "!=") and "bool" in (left.kind, right.kind):
        help = "write `==`, or the condition by itself"
        raise Clash(
            "P2-E0213", f"`{operator}` needs an order, and true or false has none", help=help
        )
    _same_unit(operator, left, right)


def _of_other_table(left: ValueType, right: ValueType) -> str:
    if "field" in (left.kind, right.kind):
        return "rows of two tables meet in `| join($table, on=column)`; a single value is made with `summary`"
    return "" if "list" in (left.kind, right.kind) else "compare values of one type"


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
        raise Clash(
            "P2-E0214", f"`{operator}` {_verb(operator)} {words}", help=_one_unit(left, right)
        )
    raise Clash(
        "P2-E0214",
        f"`{operator}` {_verb(operator)} {units.named(with_unit.unit)} with a plain number",
        help=_unit_on_both(with_unit, plain, "left" if plain is left else "right"),
    )


def _one_unit(left: ValueType, right: ValueType) -> str:
    wanted = right if left.shape == "one" and right.shape != "one" else left
    example = units.EXAMPLES.get(wanted.unit)
    return f"write both with one unit, for example {example}" if example else ""


def _unit_on_both(with_unit: ValueType, plain: ValueType, side: str) -> str:
    if plain.shape == "one":
        example = units.EXAMPLES[with_unit.unit].partition(" ")[0]
        return f"give the number a unit, for example {example}"
    return f"the {side} side has no unit: divide the other by one, as in `/ 1{with_unit.unit}`"


def _verb(operator: str) -> str:
    return "compares" if operator in ("==", "!=", "<", "<=", ">", ">=", "in") else "mixes"


def _named(value: ValueType) -> str:
    if value.kind == "range":
        return "a range"
    if value.kind == "list":
        return "a list"
    words = {"table": "a table", "field": "a column of another table"}
    return words.get(value.kind, value.kind)
