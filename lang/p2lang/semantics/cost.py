"""The work bound: units per row from cost texts such as `2*C*C`, times the rows that can arrive. One unit ~ 10 ns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from p2lang.ir import Value, walk
from p2lang.semantics.bounds import Bounds, upper
from p2lang.signatures import Registry, Signature
from p2lang.types import TableSchema

DEFAULT_LIMIT = 5_000_000_000
"""Work units that a run may need unless its signer is allowed more."""

_UNBOUNDED_WHOLE = 1_000_000_000


def work(
    signature: Signature,
    attributes: Mapping[str, Value],
    rows: int,
    registry: Registry,
    bounds: Bounds,
) -> int:
    """Give the units that an operation needs at most on so many rows: its own and its functions'."""
    each = units_per_row(signature, attributes, bounds)
    each += sum(_function_units(registry, name) for name in called(attributes))
    return each * rows


def rows_of(flow: TableSchema | None, given: TableSchema | None) -> int:
    """Give the rows that an operation works on at most: those that arrive, or those that a source gives."""
    schema = flow or given
    return 1 if schema is None else schema.rows


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


def called(attributes: Mapping[str, Value]) -> Iterator[str]:
    """Give the full names of all functions that attributes call, each as often as it is called."""
    for attribute in attributes.values():
        for value in walk(attribute):
            if value[0] == "call":
                yield value[1]


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


def _function_units(registry: Registry, full_name: str) -> int:
    function = registry.by_full_name.get(full_name)
    return 0 if function is None else units_per_row(function, {}, {})
