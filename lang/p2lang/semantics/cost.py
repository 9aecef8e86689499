"""The work bound: units per row from cost texts such as `3*K*I`, times the rows that can arrive. One unit ~ 10 ns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import TypeAlias

from p2lang.ir import Node, Value, parts
from p2lang.semantics.bounds import Bounds, upper
from p2lang.signatures import Registry, Signature

DEFAULT_LIMIT = 5_000_000_000
"""Work units that a run may need unless its signer is allowed more."""

TableRows: TypeAlias = Callable[[str], int]
"""Gives the rows that another node's table can have."""

_UNBOUNDED_WHOLE = 1_000_000_000


def work(
    signature: Signature,
    node: Node,
    rows: int,
    registry: Registry,
    bounds: Bounds,
    rows_of_table: TableRows,
) -> int:
    """Give the units that an operation needs at most on so many rows: its own and its functions'.

    A function that is asked about another table works on the rows of that table.
    """
    total = units_per_row(signature, node.attributes, bounds) * rows
    for call in node.calls:
        function = registry.by_full_name.get(call[1])
        if function is not None:
            each = units_per_row(function, call[2], bounds)
            total += each * max([rows, *(rows_of_table(name) for name in _asked_of(call))])
    return total


def units_per_row(signature: Signature, attributes: Mapping[str, Value], bounds: Bounds) -> int:
    """Give the value of the cost text. A letter is the argument that starts with it: how many columns, or its value."""
    total = 1
    for factor in factors(signature.cost):
        total *= (
            factor if isinstance(factor, int) else _letter(signature, factor, attributes, bounds)
        )
    return total


@lru_cache(maxsize=512)
def factors(text: str) -> tuple[int | str, ...]:
    """Read a cost text: whole numbers and single capital letters joined by `*`; raises ValueError."""
    out: list[int | str] = []
    for factor in text.split("*"):
        word = factor.strip()
        if word.isdigit():
            out.append(int(word))
        elif len(word) == 1 and word.isupper():
            out.append(word)
        else:
            raise ValueError(f"{text!r} is not a cost: numbers and capital letters joined by *")
    return tuple(out)


def _asked_of(call: Value) -> Iterator[str]:
    for argument in parts(call):
        if argument[0] in ("table", "field"):
            yield argument[1]


def _letter(
    signature: Signature, letter: str, attributes: Mapping[str, Value], bounds: Bounds
) -> int:
    for parameter in signature.parameters:
        if parameter.name[:1].upper() != letter:
            continue
        value = attributes.get(parameter.attribute, parameter.default_value)
        if value is None:
            return 1
        if value[0] in ("cols", "by"):
            return max(len(value[1]), 1)
        most = upper(value, bounds)
        return _UNBOUNDED_WHOLE if most is None else max(most, 1)
    return 1
