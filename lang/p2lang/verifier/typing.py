"""Types of tagged values against schemas and signatures: what the checker did on the script, done again on the IR."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from p2lang.ir import Value
from p2lang.semantics import operators
from p2lang.semantics.arguments import accept, missing
from p2lang.semantics.clash import Clash
from p2lang.semantics.functions import result
from p2lang.semantics.values import (
    BOOL,
    INT,
    NULL,
    NUMBER,
    STRING,
    Typed,
    ValueType,
    made_of,
    of_column,
)
from p2lang.signatures import Registry
from p2lang.types import TableSchema
from p2lang.verifier.refusal import RefusedProgram


class Surroundings(NamedTuple):
    """What a value may name: functions, parameters, columns of the flow, tables among the node's inputs."""

    registry: Registry
    params: Mapping[str, ValueType]
    columns: TableSchema | None = None
    tables: Mapping[str, TableSchema] | None = None
    grouped: frozenset[str] = frozenset()


def typed(value: Value, around: Surroundings) -> Typed:
    """Give a value with its type; raises RefusedProgram or Clash."""
    rule = _TYPES.get(value[0])
    if rule is None:
        raise RefusedProgram("P2-V0509", f"a {value[0]!r} cannot stand here")
    return Typed(value, rule(value, around))


def column_type(name: str, around: Surroundings) -> ValueType:
    """Give the type of a column of the flow; raises RefusedProgram when there is none."""
    known = None if around.columns is None else around.columns.get(name)
    if known is None:
        raise RefusedProgram("P2-V0511", f"there is no column {name!r} here")
    type_ = of_column(known)
    return type_.in_shape("group") if name in around.grouped else type_


def _of(value: Value, around: Surroundings) -> ValueType:
    return typed(value, around).type


def _columns(value: Value, around: Surroundings) -> ValueType:
    for name in value[1]:
        column_type(name, around)
    return ValueType("columns", "each")


def _sort_keys(value: Value, around: Surroundings) -> ValueType:
    for key in value[1]:
        column_type(key[1][1] if key[0] == "desc" else key[1], around)
    return ValueType("columns", "each")


def _variable(value: Value, around: Surroundings) -> ValueType:
    known = around.params.get(value[1])
    if known is None:
        raise RefusedProgram("P2-V0509", f"there is no parameter {value[1]!r}")
    return known


def _list(value: Value, around: Surroundings) -> ValueType:
    return operators.of_list([_of(item, around) for item in value[1]])


def _text(value: Value, around: Surroundings) -> ValueType:
    types = [_of(item, around) for item in value[1]]
    if not all(type_.is_scalar for type_ in types):
        raise Clash("P2-E0213", "text cannot hold a list, a table or columns")
    return made_of(STRING, *types)


def _operator(value: Value, around: Surroundings) -> ValueType:
    exponent = value[3][1] if value[3][0] == "int" else None
    return operators.of_binary(value[1], _of(value[2], around), _of(value[3], around), exponent)


def _if(value: Value, around: Surroundings) -> ValueType:
    condition, then, otherwise = (_of(part, around) for part in value[1:])
    return operators.of_if(condition, then, otherwise)


def _length(value: Value, around: Surroundings) -> ValueType:
    if _of(value[1], around).kind != "list":
        raise Clash("P2-E0213", "only a list has a length")
    return INT


def _call(value: Value, around: Surroundings) -> ValueType:
    function = around.registry.by_full_name.get(value[1])
    if function is None or function.in_flow or function.facts.stands_among:
        raise RefusedProgram("P2-V0508", f"there is no function {value[1]}")
    given = {}
    for name in value[2]:
        if name not in function.by_name:
            raise RefusedProgram("P2-V0509", f"{value[1]} has no argument {name!r}")
    for parameter in function.parameters:
        if parameter.name in value[2]:
            argument = typed(value[2][parameter.name], around)
            accept(function, parameter, argument)
            given[parameter.name] = argument
    if missing(function, given):
        raise RefusedProgram("P2-V0509", f"{value[1]} lacks an argument")
    return result(function, given)


def _table(value: Value, around: Surroundings) -> ValueType:
    return ValueType("table", schema=table_named(value[1], around))


def _field(value: Value, around: Surroundings) -> ValueType:
    if value[2] not in table_named(value[1], around):
        raise RefusedProgram("P2-V0511", f"there is no column {value[2]!r} in that table")
    return ValueType("field")


def table_named(node_id: str, around: Surroundings) -> TableSchema:
    """Give the shape of a table among the inputs; raises RefusedProgram when it is none."""
    known = (around.tables or {}).get(node_id)
    if known is None:
        raise RefusedProgram("P2-V0507", f"{node_id[:7]} is not a table among the inputs")
    return known


_TYPES: dict[str, Callable[[Value, Surroundings], ValueType]] = {
    "int": lambda value, around: INT,
    "num": lambda value, around: ValueType("number", unit=value[2]) if value[2:] else NUMBER,
    "str": lambda value, around: STRING,
    "bool": lambda value, around: BOOL,
    "null": lambda value, around: NULL,
    "col": lambda value, around: column_type(value[1], around),
    "cols": _columns,
    "by": _sort_keys,
    "var": _variable,
    "list": _list,
    "range": lambda value, around: operators.of_range(_of(value[1], around), _of(value[2], around)),
    "cat": _text,
    "if": _if,
    "len": _length,
    "op": _operator,
    "not": lambda value, around: operators.of_not(_of(value[1], around)),
    "neg": lambda value, around: operators.of_negation(_of(value[1], around)),
    "call": _call,
    "table": _table,
    "field": _field,
}
