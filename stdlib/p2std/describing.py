"""What a signature says, in sentences for the reference: arguments, rights, cost, rows, missing values, units."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from p2lang.facts import Narrowed
from p2lang.signatures import Signature, call_text, default_text, result_text, type_text

_THINGS: Final = {
    "none": "nothing", "table": "a table", "view": "a frame", "plot": "a picture", "item": "an item of a report",
    "any": "a picture or a table", "done": "nothing: the flow ends",
}  # fmt: skip
_RESULTS: Final = {
    "number": "a number", "int": "a whole number", "string": "text", "bool": "true or false",
    "same": "the kind of its first argument", "list": "a list", "cols": "columns", "any": "a value",
}  # fmt: skip
_NARROWED: Final = {
    "two lengths": "width and height", "limits": "lowest and highest value",
    "number": "a number or a column of numbers",
    "place": "a number, a list of numbers or a column", "moment": "a day, a time ago or the end of a task",
    "exact": "the name of one table", "colours": "colours such as `#0072B2`",
}  # fmt: skip


def written(signature: Signature) -> str:
    """Give a signature as a person reads it: `ema(x: number, half_life: number, by?: columns) → number`."""
    arrow = "" if signature.in_flow else f" → {result_text(signature)}"
    return f"{call_text(signature)}{arrow}"


def arguments(signature: Signature) -> Iterator[str]:
    """Give the lines of a table of arguments; none when there are none."""
    if not signature.parameters:
        return
    yield "| argument | is | default | limits |"
    yield "|---|---|---|---|"
    for parameter in signature.parameters:
        name = {"*": "column, …", "**": "name = …"}.get(parameter.variadic, parameter.name)
        kind = {"*": "columns"}.get(parameter.variadic, type_text(parameter))
        default = "" if parameter.default is None else f"`{default_text(parameter)}`"
        default = default or ("may be left out" if not parameter.required else "")
        limits = _limits(signature.facts.of(parameter.attribute))
        yield f"| `{name}` | {kind} | {default} | {limits} |"


def _limits(narrowed: Narrowed) -> str:
    parts = [_NARROWED.get(narrowed.narrowing or "", "")]
    if narrowed.bounds is not None:
        low, high = narrowed.bounds
        parts.append(f"{low:g} or more" if high == float("inf") else f"{low:g} to {high:g}")
    return ", ".join(filter(None, parts))


def sentences(signature: Signature) -> Iterator[str]:
    """Give what else is known about an operation, one sentence each."""
    facts = signature.facts
    if signature.in_flow:
        yield f"Takes {_THINGS[signature.takes]}, gives {_THINGS[signature.gives]}."
    else:
        yield f"Gives {_RESULTS[signature.gives]}."
    if facts.rows:
        yield {
            "kept": "It gives as many rows as it takes.",
            "fewer": "It only leaves rows out.",
        }[facts.rows]
    if facts.row_wise:
        yield "Each row is made of one row, where no aggregate or window function stands in it."
    yield from _missing(signature)
    yield from _units(signature)
    yield _cost(signature)
    yield from _rights(signature)
    if facts.needs_bundle:
        yield (
            "It runs in a task of a script that is attached to a bundle (`plotter2 attach`, then"
            " `plotter2 run BUNDLE:TASK`); elsewhere a run stops before anything is computed (P2-R0641)."
        )


def _missing(signature: Signature) -> Iterator[str]:
    null = signature.facts.null
    if null == "never":
        yield "It is never missing."
    elif null == "sometimes":
        yield "It may be missing even where no argument is."
    elif null:
        yield f"It is missing only where `{null.removeprefix('as ')}` is."
    elif signature.kind == "fn" and signature.parameters:
        yield "It is missing where an argument is."
    elif signature.kind == "agg":
        yield "Missing values do not count; of none it is missing."


def _units(signature: Signature) -> Iterator[str]:
    facts = signature.facts
    if facts.angle:
        yield f"`{facts.angle}` is an angle (`30deg`) or a number of radians."
    if facts.same_unit:
        *others, last = (f"`{name}`" for name in facts.same_unit)
        yield f"{', '.join(others)} and {last} have one unit."
    if signature.in_flow or signature.gives not in ("number", "same") or not signature.parameters:
        return
    first = signature.parameters[0].name
    match facts.unit.split():
        case ["none"]:
            yield "The result has no unit."
        case ["rad"]:
            yield "The result is an angle."
        case ["root", name]:
            yield f"The result has the root of the unit of `{name}`."
        case [left, sign, right]:
            word = "divided by" if sign == "/" else "times"
            yield f"The result has the unit of `{left}` {word} that of `{right}`."
        case _:
            yield f"The result has the unit of `{first}`."


def _cost(signature: Signature) -> str:
    letters = [
        f"{p.name[:1].upper()} is {'the number of columns' if p.type == 'cols' else f'`{p.name}`'}"
        for p in signature.parameters
        if p.name[:1].upper() in signature.cost.split("*")
    ]
    said = f" ({', '.join(letters)})" if letters else ""
    units = "unit" if signature.cost == "1" else "units"
    return f"It costs {signature.cost.replace('*', ' × ')} {units} of work a row{said}."


def _rights(signature: Signature) -> Iterator[str]:
    touched = signature.facts.touched
    if signature.rights:
        rights = " and ".join(f"`{right}`" for right in signature.rights)
        yield f"It needs the right{'s' if len(signature.rights) > 1 else ''} {rights}."
    if touched is not None:
        yield (
            f"A signature must allow `{touched.right} {touched.kind}:…`,"
            f" where … is what `{touched.parameter}` says."
        )
