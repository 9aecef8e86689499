"""Whether a value fits a parameter: kind, unit, shape, choices. The same rule for checker and verifier."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from p2lang.semantics import units
from p2lang.semantics.clash import Clash
from p2lang.semantics.refinements import refine
from p2lang.semantics.selection import check_condition
from p2lang.semantics.values import Shape, Typed, ValueType, units_differ
from p2lang.signatures import Parameter, Signature

_COLUMN_ARGUMENTS = frozenset(("x", "y"))


def widest(signature: Signature, parameter: Parameter) -> Shape:
    """Give the widest shape an argument may have: one value, one for each group, one for each row.

    In aggregates and window functions `x`, `y` and whatever takes any type are columns, the rest are settings.
    """
    kind = parameter.type
    if kind in ("col", "numcol", "cols", "expr"):
        return "each"
    if kind == "agg":
        return "group"
    if signature.kind == "fn":
        return "one" if kind in ("int", "str") else "each"
    if signature.kind in ("agg", "win"):
        return "each" if kind == "any" or parameter.name in _COLUMN_ARGUMENTS else "one"
    if signature.kind in ("val", "source", "effect"):
        return "one"
    if kind == "bool":
        return "each" if signature.kind == "step" else "one"
    return "each" if kind == "any" else "one"


def accept(signature: Signature, parameter: Parameter, typed: Typed) -> None:
    """Raise Clash unless the value fits the parameter."""
    if typed.type.kind == "unknown":
        return
    _ACCEPT[parameter.type](signature, parameter, typed)
    _accept_shape(signature, parameter, typed.type)
    refine(signature, parameter, typed)


def accept_new(signature: Signature, name: str, kind: str, typed: Typed) -> None:
    """Raise Clash unless the value fits a new column of `**expr` or `**agg`; `**any` takes lists as well."""
    if typed.type.kind == "unknown" or kind == "any":
        return
    if not typed.type.is_scalar:
        raise Clash(
            "P2-E0213",
            f"`{name}` is {_what(typed.type)}, and a column holds single values",
            help=_ONE_VALUE.get(typed.type.kind, "give one value for each row"),
        )
    if kind != "agg":
        return
    if typed.type.windowed or typed.type.shape == "each":
        raise Clash(
            "P2-E0212",
            f"`{name}` is not one value for each group",
            label="this is a whole column"
            if typed.value[0] == "col"
            else "this has a value for each row",
            help="wrap it in `mean(...)`, `sum(...)`, `last(...)`, or add the column to `by=`",
        )


_ONE_VALUE = {
    "list": "a list stands after `in`, or as an argument; make a column for each of its values",
    "range": "a range stands after `in`, or as an argument; make a column for each of its ends",
    "table": "to add another table's columns write `| join($table, on=column)`",
    "field": "to add another table's column write `| join($table, on=column)`",
}


def missing(signature: Signature, given: Mapping[str, object]) -> list[Parameter]:
    """Give the parameters that a call must still be given."""
    return [p for p in signature.needed if p.attribute not in given]


def example(signature: Signature, parameter: Parameter) -> str:
    """Give an argument as it could be written: `` `size=[160mm, 100mm]` ``."""
    like = signature.facts.of(parameter.name).like
    text = like or parameter.default or _EXAMPLES.get(parameter.type, "...")
    return f"`{parameter.name}={text}`"


_EXAMPLES = {
    "num": "0.5",
    "int": "10",
    "str": '"..."',
    "text": "column",
    "bool": "true",
    "len": "1pt",
    "time": "10min",
    "list": "[1, 2]",
    "table": "$name",
    "col": "column",
    "numcol": "column",
    "cols": "[a, b]",
}


def described(signature: Signature, parameter: Parameter) -> str:
    """Give `` `at` of `legend` ``."""
    return f"`{parameter.name or 'a new column'}` of `{signature.name}`"


def _accept_shape(signature: Signature, parameter: Parameter, value: ValueType) -> None:
    limit = widest(signature, parameter)
    if parameter.type in ("col", "numcol", "cols", "table"):
        return
    if limit == "one" and value.shape != "one":
        raise Clash(
            "P2-E0223",
            f"{described(signature, parameter)} is one value, not one for each row",
            label="this has a value for each row"
            if value.shape == "each"
            else "this needs a table",
            help="write a number or text, or a `$binding`; in a film, `current(column)` is the value that is shown"
            if value.shape == "each" and value.kind == "string"
            else "write a number or text, or a `$binding`",
        )
    if signature.kind == "step" and parameter.type == "bool" and value.aggregated:
        raise Clash(
            "P2-E0211",
            f"`{signature.name}` looks at one row at a time, and an aggregate looks at many",
            help="compute it first: `| derive(name = ...)`, which puts it on every row",
        )


def _column(signature: Signature, parameter: Parameter, typed: Typed) -> None:
    if typed.value[0] != "col":
        raise Clash(
            "P2-E0207",
            f"{described(signature, parameter)} is a column, not {_what(typed.type)}",
            help=""
            if signature.kind not in ("mark", "deco", "step")
            else "compute it first: `| derive(name = ...)`, then give `name`",
        )


def _number_column(signature: Signature, parameter: Parameter, typed: Typed) -> None:
    _column(signature, parameter, typed)
    if typed.type.is_numeric:
        return
    name = typed.value[1]
    if typed.type.kind == "bool":
        help = f"write `| derive(number = if {name} then 1 else 0)` before it, and give `number`"
    else:
        help = f'if it holds numbers written as text, write `| cast({name}="number")` before it'
    raise Clash(
        "P2-E0207",
        f"{described(signature, parameter)} is a column of numbers, and this one holds {_what(typed.type)}",
        help=signature.facts.of(parameter.name).with_categories or help,
    )


def _columns(signature: Signature, parameter: Parameter, typed: Typed) -> None:
    wanted = "by" if signature.facts.sort_keys else "cols"
    if typed.value[0] != wanted:
        raise Clash(
            "P2-E0207",
            f"{described(signature, parameter)} is made of columns, not {_what(typed.type)}",
        )


def _number(signature: Signature, parameter: Parameter, typed: Typed) -> None:
    if not typed.type.is_numeric:
        raise _mismatch(signature, parameter, typed, "a number")
    if typed.type.unit and signature.kind not in ("fn", "agg", "win"):
        raise Clash(
            "P2-E0214",
            f"{described(signature, parameter)} is a plain number, not {units.named(typed.type.unit)}",
            help=f"divide it by a unit, for example `/ 1{typed.type.unit}`"
            if typed.type.unit in units.CHECKED
            else "",
        )


def _int(signature: Signature, parameter: Parameter, typed: Typed) -> None:
    if typed.type.kind == "number":
        raise Clash(
            "P2-E0207",
            f"{described(signature, parameter)} is a whole number, and this may have a fraction",
        )
    if typed.type.kind not in ("int", "any"):
        raise _mismatch(signature, parameter, typed, "a whole number")
    if typed.type.unit:
        _number(signature, parameter, typed)


def _text(signature: Signature, parameter: Parameter, typed: Typed) -> None:
    if typed.type.kind not in ("string", "any"):
        help = "write it as text with quotes" if typed.value[0] == "col" else ""
        if parameter.type == "text" and typed.value[0] == "col":
            help = f'make text of it: `f"{{{typed.value[1]}}}"`'
        raise _mismatch(signature, parameter, typed, "text", help)


def _bool(signature: Signature, parameter: Parameter, typed: Typed) -> None:
    if typed.type.kind not in ("bool", "any"):
        condition = signature.kind in ("step", "effect")
        wanted = "a condition" if condition else "`true` or `false`"
        help = "write a comparison such as `step > 10`" if condition else ""
        raise _mismatch(signature, parameter, typed, wanted, help)


def _dimension(unit: str) -> Callable[[Signature, Parameter, Typed], None]:
    word = units.named(unit)

    def accept_unit(signature: Signature, parameter: Parameter, typed: Typed) -> None:
        if not typed.type.is_numeric:
            raise _mismatch(signature, parameter, typed, f"a {word}")
        if units_differ(typed.type, ValueType("number", unit=unit)) or typed.type.unit != unit:
            raise Clash(
                "P2-E0214",
                f"{described(signature, parameter)} is a {word}"
                + (f", not {units.named(typed.type.unit)}" if typed.type.unit else ""),
                help=f"{'write' if typed.type.unit else 'add'} a unit, for example {units.EXAMPLES[unit]}",
            )

    return accept_unit


def _choice(signature: Signature, parameter: Parameter, typed: Typed) -> None:
    possible = ", ".join(f'"{choice}"' for choice in parameter.choices)
    if typed.value[0] != "str":
        raise Clash(
            "P2-E0208",
            f"{described(signature, parameter)} is one of its choices, written as text",
            help=f"Possible: {possible}",
        )
    if typed.value[1] not in parameter.choices:
        raise Clash(
            "P2-E0208",
            f'{described(signature, parameter)} cannot be "{typed.value[1]}"',
            help=f"Possible: {possible}",
        )


def _list(signature: Signature, parameter: Parameter, typed: Typed) -> None:
    if typed.type.kind not in ("list", "range"):
        raise _mismatch(signature, parameter, typed, "a list")


def _anything(signature: Signature, parameter: Parameter, typed: Typed) -> None:
    if typed.type.kind in _NOT_ANYTHING.get(signature.kind, _OF_OTHERS):
        raise _mismatch(signature, parameter, typed, "one value")
    if signature.kind in ("fn", "agg", "win") and not typed.type.is_scalar:
        raise _mismatch(signature, parameter, typed, "a single value")
    looks_at = _OF_WHOLE_COLUMNS.get(signature.full_name)
    if looks_at is not None and typed.value[0] != "field":
        raise Clash(
            "P2-E0211",
            f"`{signature.name}` {looks_at} of a column of a whole table",
            help=f"bind the table with `let` and write `{signature.name}($table.column)`",
        )


_OF_WHOLE_COLUMNS = {
    "distinct@1": "counts the values",
    "extent@1": "gives the least and the greatest value",
}
_OF_OTHERS = frozenset(("columns", "table", "field"))
_NOT_ANYTHING = {
    "val": frozenset(("columns", "table")),
    "source": frozenset(("columns", "field")),
    "step": frozenset(("columns", "field")),
    "effect": frozenset(("columns", "field")),
}


def _table(signature: Signature, parameter: Parameter, typed: Typed) -> None:
    if typed.value[0] != "table":
        raise _mismatch(
            signature, parameter, typed, "a table", "bind the table with `let` and write `$name`"
        )


def _condition(signature: Signature, parameter: Parameter, typed: Typed) -> None:
    check_condition(typed.value, lambda compared: None)


def _mismatch(
    signature: Signature, parameter: Parameter, typed: Typed, wanted: str, help: str = ""
) -> Clash:
    where = described(signature, parameter)
    return Clash("P2-E0207", f"{where} is {wanted}, not {_what(typed.type)}", help=help)


_WORDS = {
    "string": "text",
    "bool": "true or false",
    "int": "a number",
    "number": "a number",
    "field": "a column of another table",
}


def _what(value: ValueType) -> str:
    if value.kind in ("list", "range", "table"):
        return f"a {value.kind}"
    return _WORDS.get(value.kind, value.kind)


_ACCEPT: dict[str, Callable[[Signature, Parameter, Typed], None]] = {
    "col": _column,
    "numcol": _number_column,
    "cols": _columns,
    "num": _number,
    "int": _int,
    "str": _text,
    "text": _text,
    "bool": _bool,
    "len": _dimension("pt"),
    "time": _dimension("s"),
    "enum": _choice,
    "list": _list,
    "any": _anything,
    "expr": _anything,
    "agg": _anything,
    "table": _table,
    "params": _condition,
}
