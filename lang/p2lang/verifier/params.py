"""Values given from outside (`-p name=value`) for a program's params: type, unit, range, or one clear message."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from p2lang.ir import Value
from p2lang.semantics import units
from p2lang.semantics.constants import evaluate
from p2lang.semantics.values import ValueType
from p2lang.types import parse_quantity

Scalar = int | float | str | bool
Given = Scalar | Sequence[Scalar]
"""What may be given: a number, text or truth value, a list of these, or text that is read as one of them."""

CODES = {
    "P2-E0217": "a param's value is outside its own range",
    "P2-E0231": "the script has no such param",
    "P2-E0232": "a param's value has the wrong type",
    "P2-E0233": "a param without a default was not given",
}

_EXAMPLES = {"int": "3", "number": "0.5", "bool": "true", "string": "text"}

_MOST_ITEMS = 10_000
_LONGEST_TEXT = 10_000
_LARGEST_WHOLE = 2**63


class BadParam(Exception):
    """A value given from outside does not fit: `code`, `message`, `help`."""

    def __init__(self, code: str, message: str, help: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.help = code, message, help


@dataclass(frozen=True)
class ProgramParam:
    """A param: its type as text and as a type, the default, the condition over `["var", name]`."""

    name: str
    type: str
    value_type: ValueType
    default: Value | None
    where: Value | None

    @property
    def names_column(self) -> bool:
        """Tell whether it names a column: one that is known since the script was compiled."""
        return self.default is not None and self.default[0] == "col"


def bind(
    params: Mapping[str, ProgramParam], given: Mapping[str, Given]
) -> dict[str, Scalar | tuple[Scalar, ...]]:
    """Give a value for every param, numbers in base units, lists as tuples; raises BadParam.

    Text is read as the param's type wants it: `50`, `10min`, `true`, `0.1, 0.2`; a number for a param with a
    unit is in the base unit.
    """
    for name in given:
        if name not in params:
            raise _unknown(name, params)
    return {name: _bound(param, given) for name, param in params.items()}


def _unknown(name: str, params: Mapping[str, ProgramParam]) -> BadParam:
    close = get_close_matches(name, params, n=1)
    known = ", ".join(params)
    help = (
        f"did you mean `{close[0]}`?"
        if close
        else f"its params: {known}"
        if known
        else "it has no params; declare one in it: param name: int = 1"
    )
    return BadParam("P2-E0231", f"the script has no param {name[:100]!r}", help)


def _bound(param: ProgramParam, given: Mapping[str, Given]) -> Any:
    if param.names_column:
        return _column(param, given)
    if param.name in given:
        value = _read(param, param.value_type, given[param.name])
    elif param.default is None:
        raise BadParam(
            "P2-E0233",
            f"the param {param.name} has no default and was not given",
            f"add -p {param.name}=... ({param.type})",
        )
    else:
        value = evaluate(param.default, {})
    if param.where is not None and evaluate(param.where, {param.name: value}) is not True:
        raise BadParam(
            "P2-E0217",
            f"{param.name}={_shown(value)} is outside the param's range",
            f"the line `param {param.name}` of the script gives the range",
        )
    return float(value) if param.value_type.kind == "number" else value


def _column(param: ProgramParam, given: Mapping[str, Given]) -> str:
    # The column is in the program already: another one is another program.
    assert param.default is not None
    name = str(param.default[1])
    if given.get(param.name, name) != name:
        raise BadParam(
            "P2-E0232",
            f"{param.name}={_shown(given[param.name])} is not the column that the script was compiled for: {name}",
            "compile it again with this column",
        )
    return name


def _read(param: ProgramParam, wanted: ValueType, value: Given) -> Any:
    if wanted.kind != "list":
        return _scalar(param, wanted, value)
    assert wanted.item is not None
    if isinstance(value, str):
        inner = value.strip().removeprefix("[").removesuffix("]")
        value = [part.strip().strip('"') for part in inner.split(",")] if inner.strip() else []
    if not isinstance(value, list | tuple):
        value = [value]  # type: ignore[list-item] # narrowed to one value
    if len(value) > _MOST_ITEMS:
        raise BadParam(
            "P2-E0232",
            f"{param.name} has {len(value):,} items, at most {_MOST_ITEMS:,} are taken",
            "give fewer",
        )
    return tuple(_scalar(param, wanted.item, item) for item in value)


def _scalar(param: ProgramParam, wanted: ValueType, value: Any) -> Scalar:
    rule = {"int": _whole, "number": _number, "bool": _truth, "string": _text}[wanted.kind]
    found = rule(wanted, value)
    if found is None:
        help = f"write for example -p {param.name}={_EXAMPLES[wanted.kind]}"
        if wanted.unit:
            help = (
                f"write it with a unit, for example {units.EXAMPLES.get(wanted.unit, wanted.unit)}"
            )
        raise BadParam("P2-E0232", f"{param.name}={_shown(value)} is not {param.type}", help)
    return found


def _whole(wanted: ValueType, value: Any) -> int | None:
    if isinstance(value, str):
        try:
            value = int(value) if len(value) < 25 else None
        except ValueError:
            return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    fits = isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST_WHOLE
    return value if fits else None


def _number(wanted: ValueType, value: Any) -> float | None:
    if isinstance(value, str):
        try:
            number, unit = parse_quantity(value.strip())
        except (ValueError, OverflowError):
            return None
        return number if unit == wanted.unit and math.isfinite(number) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and abs(value) < _LARGEST_FLOAT else None


_LARGEST_FLOAT = 1.7e308


def _truth(wanted: ValueType, value: Any) -> bool | None:
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip())
    return value if isinstance(value, bool) else None


def _text(wanted: ValueType, value: Any) -> str | None:
    return value if isinstance(value, str) and len(value) <= _LONGEST_TEXT else None


def _shown(value: Any) -> str:
    text = str(list(value) if isinstance(value, tuple) else value)
    return text if len(text) <= 60 else text[:57] + "..."
