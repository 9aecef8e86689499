"""Conditions on bundles that the registry itself looks up: on params, and on when they were added."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from logger2.identity import Scalar
from plotter2.datter import codes
from plotter2.errors import DataError, ExitCode

_CONDITION = re.compile(r"\s*([^<>=!\s][^<>=!]*?)\s*(<=|>=|!=|==|=|<|>)\s*(.+?)\s*\Z")
_WORDS: dict[str, Scalar] = {"true": True, "false": False}
_COMPARISON = """ AND EXISTS(SELECT 1 FROM json_each(params)
  WHERE key = ? AND type IN ({types}) AND atom {operator} ?)"""
_ORDERED = ("<", "<=", ">", ">=")


@dataclass(frozen=True, slots=True)
class Condition:
    """A param compared with a value; a bundle without the param does not fit."""

    param: str
    operator: str
    value: Scalar


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What bundles must fulfil: all conditions, and added at `since` (ms since 1970) or later."""

    where: tuple[Condition, ...] = ()
    since: int = 0

    def __bool__(self) -> bool:
        return bool(self.where or self.since)

    def sql(self) -> tuple[str, tuple[Scalar, ...]]:
        """Give ` AND ...` for a query over bundles, and the values of its question marks."""
        text, values = " AND created >= ?" if self.since else "", [self.since] * bool(self.since)
        found: list[Scalar] = [*values]
        for condition in self.where:
            types, value = _stored(condition.value)
            text += _COMPARISON.format(types=types, operator=condition.operator)
            found += (condition.param, value)
        return text, tuple(found)


EVERYTHING = Narrowing()


def narrowing(where: Sequence[str], since: str | None) -> Narrowing:
    """Read conditions such as `lr > 0.1` or `opt = adam` and a date; raises DataError (P2-D0826)."""
    return Narrowing(tuple(_condition(text) for text in where), _moment(since) if since else 0)


def _condition(text: str) -> Condition:
    found = _CONDITION.match(text)
    if found is None:
        raise _bad(text, "it is not a comparison", "write 'lr > 0.1', 'seed = 3' or 'opt = adam'")
    param, operator, written = found.groups()
    value = _value(written)
    if operator in _ORDERED and isinstance(value, str | bool):
        raise _bad(text, "only numbers are greater or less", f"write '{param} = {written}'")
    return Condition(param, operator.replace("==", "="), value)


def _value(written: str) -> Scalar:
    if len(written) > 1 and written[0] == written[-1] and written[0] in "\"'":
        return written[1:-1]
    if written in _WORDS:
        return _WORDS[written]
    try:
        return float(written)
    except ValueError:
        return written


def _stored(value: Scalar) -> tuple[str, Scalar]:
    """Give how SQLite calls the type of such values in JSON, and the value as it compares them."""
    if isinstance(value, bool):
        return "'true','false'", int(value)
    return ("'text'", value) if isinstance(value, str) else ("'integer','real'", value)


def _moment(since: str) -> int:
    try:
        return int(datetime.fromisoformat(since).astimezone().timestamp() * 1000)
    except (ValueError, OverflowError):
        raise _bad(since, "it is no date", "write 2026-11-01 or 2026-11-01T14:30") from None


def _bad(text: str, why: str, remedy: str) -> DataError:
    return DataError(
        codes.BAD_CONDITION,
        f"{text!r} cannot be a condition: {why}",
        where=text,
        help=remedy,
        exit_code=ExitCode.USAGE,
    )
