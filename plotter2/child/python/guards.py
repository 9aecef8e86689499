"""What stands at every attribute, item, operator, loop and unpacking of a script."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from plotter2.child.python import limits
from plotter2.child.python.facade import FACADES, wrong
from plotter2.child.python.plain import (
    INDEXED,
    as_key,
    attribute,
    called,
    iterated,
    joined,
    listed,
    percent,
    shown,
)
from plotter2.child.run_codes import SCRIPT_LIMIT
from plotter2.errors import RunError

_ITEMS: Final[type] = type({}.items())
_REPEATED: Final = (str, list, tuple)


def ticking(most: int = limits.STEPS) -> Callable[[], bool]:
    """Give what counts steps: passes of loops, calls, elements that are made. It raises RunError P2-R0693."""
    left = most

    def tick() -> bool:
        nonlocal left
        left -= 1
        if left < 0:
            raise RunError(
                SCRIPT_LIMIT,
                f"the script takes more than {most:,} steps",
                help="use whole columns at once: num.abs(x), x.mean(), instead of loops over rows",
            )
        return True

    return tick


def item(value: Any, index: Any) -> Any:
    """Give `value[index]`."""
    kind = type(value)
    if type(index) is tuple:
        as_key(index)
    if kind in INDEXED or (kind in FACADES and hasattr(kind, "__getitem__")):
        return value[index]
    raise wrong(f"{called(value)} has no elements", "lists, texts, dicts, arrays and tables have")


def writable(value: Any) -> Any:
    """Give what an item is set in: lists and dicts, nothing else."""
    if type(value) in (list, dict):
        limits.require_items(len(value))
        return value
    raise wrong(
        f"nothing in {called(value)} can be changed", "make a new one, or use a list or a dict"
    )


def unpacked(
    value: Any, spec: Mapping[str, Any], iterate: Callable[[Any], Iterator[Any]]
) -> list[Any]:
    """Give the parts of what is unpacked, those that are unpacked themselves in turn."""
    parts = listed(value)
    if len(parts) < spec["min_len"]:
        raise wrong(
            f"{spec['min_len']} values are wanted here, and there are {len(parts)}",
            "look at what is unpacked",
        )
    for number, child in spec["childs"]:
        parts[number] = unpacked(parts[number], child, iterate)
    return parts


def iterated_unpacked(
    value: Any, spec: Mapping[str, Any], iterate: Callable[[Any], Iterator[Any]]
) -> Iterator[list[Any]]:
    """Give the elements of a loop, each unpacked."""
    for each in iterate(value):
        yield unpacked(each, spec, iterate)


# ---- operators --------------------------------------------------------------------------------


def add(left: Any, right: Any) -> Any:
    """Give `left + right`."""
    kind = type(left)
    if kind is type(right):
        if kind is str:
            limits.require_text(len(left) + len(right))
        elif kind is list or kind is tuple:
            limits.require_items(len(left) + len(right))
    made = left + right
    if type(made) is int:
        limits.require_integer(made.bit_length())
    return made


def subtract(left: Any, right: Any) -> Any:
    """Give `left - right`."""
    made = _without(left, right)
    if type(made) is int:
        limits.require_integer(made.bit_length())
    return made


def multiply(left: Any, right: Any) -> Any:
    """Give `left * right`."""
    for values, times in ((left, right), (right, left)):
        if type(values) in _REPEATED and type(times) in (int, bool):
            length = len(values) * max(times, 0)
            (limits.require_text if type(values) is str else limits.require_items)(length)
    if type(left) is int and type(right) is int:
        limits.require_integer(left.bit_length() + right.bit_length() - 1)
    return left * right


def power(left: Any, right: Any) -> Any:
    """Give `left ** right`; a result that is no real number is refused."""
    if type(left) in (int, bool) and type(right) in (int, bool) and right > 0 and abs(left) > 1:
        limits.require_integer((int(left).bit_length() - 1) * right + 1)
    made = left**right
    if type(made) is complex:
        raise wrong("a root of a negative number is no number here", "test first: `if x >= 0`")
    return made


def shift(left: Any, right: Any) -> Any:
    """Give `left << right`."""
    if type(left) in (int, bool) and type(right) in (int, bool) and right > 0:
        limits.require_integer(int(left).bit_length() + right)
    return left << right


def modulo(left: Any, right: Any) -> Any:
    """Give `left % right`; text is filled in as `%` does."""
    return percent(left, right) if type(left) is str else left % right


def of_sets(operation: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Give `|`, `&` and `^`; the items of a dict are no set here, since what is in them may be no key."""

    def run(left: Any, right: Any) -> Any:
        if _ITEMS in (type(left), type(right)):
            raise wrong(
                "the items of a dict are no set", "make one of what you need: set(d.keys())"
            )
        return operation(left, right)

    return run


def _extended(left: Any, right: Any) -> Any:
    if type(left) is not list:
        return add(left, right)
    attribute(left, "extend")(right)
    return left


_without: Final = of_sets(operator.sub)
_IN_PLACE: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "+=": _extended,
    "-=": subtract,
    "*=": multiply,
    "/=": lambda left, right: left / right,
    "%=": modulo,
    "**=": power,
    "<<=": shift,
    ">>=": lambda left, right: left >> right,
    "|=": of_sets(operator.or_),
    "^=": of_sets(operator.xor),
    "&=": of_sets(operator.and_),
    "//=": lambda left, right: left // right,
    "@=": lambda left, right: left @ right,
}


def in_place(sign: str, left: Any, right: Any) -> Any:
    """Give what a name has after `left += right` and the like."""
    return _IN_PLACE[sign](left, right)


def item_in_place(sign: str, values: Any, index: Any, right: Any) -> None:
    """Do `values[index] += right` and the like."""
    writable(values)[as_key(index)] = in_place(sign, item(values, index), right)


def guards() -> dict[str, Any]:
    """Give the guards under the names by which compiled scripts call them."""
    return {
        "__builtins__": {},
        "_tick_": ticking(),
        "_getattr_": attribute,
        "_getitem_": item,
        "_getiter_": iterated,
        "_iter_unpack_sequence_": iterated_unpacked,
        "_unpack_sequence_": unpacked,
        "_write_": writable,
        "_inplacevar_": in_place,
        "_inplaceitem_": item_in_place,
        "_key_": as_key,
        "_add_": add,
        "_subtract_": subtract,
        "_multiply_": multiply,
        "_power_": power,
        "_shift_": shift,
        "_modulo_": modulo,
        "_or_": of_sets(operator.or_),
        "_and_": of_sets(operator.and_),
        "_xor_": of_sets(operator.xor),
        "_joined_": joined,
        "_shown_": shown,
    }
