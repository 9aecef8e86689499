"""What functions of expressions accept and give, from their signatures and the facts there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from p2lang.semantics import units
from p2lang.semantics.clash import Clash
from p2lang.semantics.operators import of_if
from p2lang.semantics.values import (
    BOOL,
    INT,
    NUMBER,
    STRING,
    UNKNOWN,
    Typed,
    ValueType,
    made_of,
    marked,
    units_differ,
)
from p2lang.signatures import Signature

_GIVEN = {"number": NUMBER, "int": INT, "bool": BOOL, "string": STRING, "any": UNKNOWN}


def result(signature: Signature, arguments: Mapping[str, Typed]) -> ValueType:
    """Give the type of a call whose arguments were accepted; raises Clash when they do not go together."""
    types = {name: typed.type for name, typed in arguments.items()}
    _not_nested(signature, types)
    given = _given(signature, types)
    unit, nullable = _unit(signature, given, types), _nullable(signature, given, types)
    if (unit, nullable) != (given.unit, given.nullable):
        given = replace(given, unit=unit, nullable=nullable)
    return _shaped(signature, given, types)


def _given(signature: Signature, types: Mapping[str, ValueType]) -> ValueType:
    if signature.gives == "same":
        first = next(iter(types.values()), UNKNOWN)
        if signature.facts.kind_of:
            return of_if(BOOL, *(types[name] for name in signature.facts.kind_of))
        return first
    if signature.gives == "list":
        return ValueType("list", item=UNKNOWN)
    if signature.gives == "cols":
        return ValueType("columns")
    return _GIVEN[signature.gives]


def _unit(signature: Signature, given: ValueType, types: Mapping[str, ValueType]) -> str:
    facts = signature.facts
    first = next(iter(types.values()), UNKNOWN)
    if facts.angle and types[facts.angle].unit not in ("", "rad"):
        raise Clash(
            "P2-E0214",
            f"`{signature.name}` needs an angle, not {units.named(types[facts.angle].unit)}",
            help=_angle_help(types[facts.angle].unit),
            argument=facts.angle,
        )
    _alike(signature, types)
    if signature.gives not in ("number", "same"):
        return ""
    match facts.unit.split():
        case ["none"]:
            return ""
        case ["rad"]:
            return "rad"
        case ["root", name]:
            return units.root(types[name].unit) or ""
        case [left, "/", right]:
            return units.quotient(types[left].unit, types[right].unit)
        case [left, "*", right]:
            return units.product(types[left].unit, types[right].unit)
        case _:
            return first.unit or given.unit


def _alike(signature: Signature, types: Mapping[str, ValueType]) -> None:
    of, *others = signature.facts.same_unit or ("",)
    for name in others:
        if units_differ(types[of], types[name]):
            raise Clash(
                "P2-E0214",
                f"`{name}` of `{signature.name}` is {units.named(types[name].unit)},"
                f" but `{of}` is {units.named(types[of].unit)}",
                help="give both the same unit",
                argument=name,
            )


def _angle_help(unit: str) -> str:
    example = "30deg" if unit not in units.CHECKED else f"x / 1{unit}"
    return f"give an angle such as `30deg`, or a plain number of radians: `{example}`"


def _nullable(signature: Signature, given: ValueType, types: Mapping[str, ValueType]) -> bool:
    match signature.facts.null.split():
        case ["never"]:
            return False
        case ["sometimes"]:
            return True
        case ["as", name]:
            return types[name].nullable
        case _:
            return any(t.nullable for t in types.values())


def _not_nested(signature: Signature, types: Mapping[str, ValueType]) -> None:
    if signature.kind not in ("agg", "win"):
        return
    what = "an aggregate" if signature.kind == "agg" else "a window function"
    for name, argument in types.items():
        if argument.aggregated or argument.windowed:
            inner = "a window function" if argument.windowed else "an aggregate"
            raise Clash(
                "P2-E0211",
                f"`{signature.name}` is {what} and cannot hold {inner}",
                label="this looks at many rows already",
                help="compute the inner one first with `| derive(name = ...)`",
                argument=name,
            )


def _shaped(signature: Signature, given: ValueType, types: Mapping[str, ValueType]) -> ValueType:
    if signature.kind == "agg":
        return marked(given, "group", True, False)
    if signature.kind == "win":
        return marked(given, "each", False, True)
    if signature.kind == "val":
        return marked(given, "one", False, False)
    return made_of(given, *types.values())
