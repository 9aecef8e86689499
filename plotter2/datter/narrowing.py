"""Conditions on bundles that the registry itself looks up: on params, and on when they were added.

A bundle without a param fulfils no comparison with it, and none of its opposite either.
"""

from __future__ import annotations

import json
import operator as python
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from math import isfinite
from typing import Any, TypeAlias

from logger2.identity import Scalar
from plotter2.datter import codes
from plotter2.errors import DataError, ExitCode

_CONDITION = re.compile(r"\s*([^<>=!\s][^<>=!]*?)\s*(<=|>=|!=|==|=|<|>)\s*(.+?)\s*\Z")
_WORDS: dict[str, Scalar] = {"true": True, "false": False}
_HOLDS = " EXISTS(SELECT 1 FROM json_each(params) WHERE key = ? AND {})"
_ORDERED = ("<", "<=", ">", ">=")
_OPPOSITE = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}

Values: TypeAlias = tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """A param compared with a value."""

    param: str
    operator: str
    value: Scalar

    def opposite(self) -> Condition:
        """Give what holds when this does not, for a bundle that has the param."""
        return replace(self, operator=_OPPOSITE[self.operator])

    def sql(self) -> tuple[str, Values]:
        """Give a condition of SQLite on a bundle, and the values of its question marks."""
        types, value = _stored(self.value)
        compared = f"type IN ({types}) AND atom {self.operator} ?"
        if self.operator == "!=":  # what is of another kind differs as well
            compared = f"type <> 'null' AND NOT (type IN ({types}) AND atom = ?)"
        return _HOLDS.format(compared), (self.param, value)

    def fits(self, params: Mapping[str, Scalar]) -> bool:
        """Tell whether params fulfil it."""
        own = params.get(self.param)
        if own is None:
            return False
        if _kind(own) != _kind(self.value):
            return self.operator == "!="
        return bool(_COMPARED[self.operator](own, self.value))


_COMPARED: dict[str, Callable[[Any, Any], object]] = {
    "=": python.eq, "!=": python.ne, "<": python.lt, "<=": python.le, ">": python.gt, ">=": python.ge,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class OneOf:
    """A param is one of several values, or (not `among`) is there and is none of them."""

    param: str
    values: Values
    among: bool = True

    def opposite(self) -> OneOf:
        """Give what holds when this does not, for a bundle that has the param."""
        return replace(self, among=not self.among)

    def sql(self) -> tuple[str, Values]:
        """Give a condition of SQLite on a bundle, and the values of its question marks."""
        groups: dict[str, list[Scalar]] = {}
        for value in self.values:
            types, stored = _stored(value)
            if not isinstance(stored, float) or isfinite(stored):
                groups.setdefault(types, []).append(stored)
        any_of = [
            f"(type IN ({types}) AND atom IN (SELECT value FROM json_each(?)))"  # noqa: S608 - our words
            for types in groups
        ]
        among = " OR ".join(any_of) or "FALSE"
        text = f"({among})" if self.among else f"type <> 'null' AND NOT ({among})"
        return _HOLDS.format(text), (self.param, *map(json.dumps, groups.values()))

    def fits(self, params: Mapping[str, Scalar]) -> bool:
        """Tell whether params fulfil it."""
        own = params.get(self.param)
        if own is None:
            return False
        return self.among == any(_kind(own) == _kind(v) and own == v for v in self.values)


@dataclass(frozen=True, slots=True)
class Present:
    """A param is there, or (not `there`) is not or has no value."""

    param: str
    there: bool = True

    def opposite(self) -> Present:
        """Give what holds when this does not."""
        return replace(self, there=not self.there)

    def sql(self) -> tuple[str, Values]:
        """Give a condition of SQLite on a bundle, and the values of its question marks."""
        held = _HOLDS.format("type <> 'null'")
        return held if self.there else f" NOT{held}", (self.param,)

    def fits(self, params: Mapping[str, Scalar]) -> bool:
        """Tell whether params fulfil it."""
        return (params.get(self.param) is not None) == self.there


@dataclass(frozen=True, slots=True)
class Combined:
    """All of several tests hold, or (not `every`) at least one."""

    tests: tuple[Test, ...]
    every: bool

    def opposite(self) -> Combined:
        """Give what holds when this does not, test by test."""
        return Combined(tuple(test.opposite() for test in self.tests), not self.every)

    def sql(self) -> tuple[str, Values]:
        """Give a condition of SQLite on a bundle, and the values of its question marks."""
        told = [test.sql() for test in self.tests]
        text = (" AND" if self.every else " OR").join(text for text, _ in told)
        return f" ({text})", tuple(value for _, values in told for value in values)

    def fits(self, params: Mapping[str, Scalar]) -> bool:
        """Tell whether params fulfil it."""
        return (all if self.every else any)(test.fits(params) for test in self.tests)


Test: TypeAlias = Condition | OneOf | Present | Combined


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What bundles must fulfil: all tests, and added in a span of time.

    They came in at `since` (ms since 1970) or later, and earlier than `before`; 0 leaves an end open.
    """

    where: tuple[Test, ...] = ()
    since: int = 0
    before: int = 0

    def __bool__(self) -> bool:
        return bool(self.where or self.since or self.before)

    def sql(self) -> tuple[str, Values]:
        """Give ` AND ...` for a query over bundles, and the values of its question marks."""
        text, found = "", list[Scalar]()
        for bound, moment in ((" AND created >= ?", self.since), (" AND created < ?", self.before)):
            if moment:
                text += bound
                found.append(moment)
        for test in self.where:
            told, values = test.sql()
            text += f" AND{told}"
            found += values
        return text, tuple(found)

    def fits(self, params: Mapping[str, Scalar], created: int) -> bool:
        """Tell whether a bundle with these params, added then, fulfils it; the same as the query would."""
        in_time = created >= self.since and (not self.before or created < self.before)
        return in_time and all(test.fits(params) for test in self.where)


EVERYTHING = Narrowing()


def narrowing(where: Sequence[str], since: str | None, before: str | None = None) -> Narrowing:
    """Read conditions such as `lr > 0.1` or `opt = adam` and dates; raises DataError (P2-D0826).

    A date without a zone is one of this machine's clock.
    """
    ends = [0 if end is None else _moment(end) for end in (since, before)]
    return Narrowing(tuple(_condition(text) for text in where), *ends)


def moment(text: str, zone: tzinfo | None = UTC) -> int | None:
    """Give a date or time in ms since 1970, None when it is none.

    `zone` is that of a text that names none; None stands for this machine's.
    """
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is None:
            found = found.astimezone() if zone is None else found.replace(tzinfo=zone)
        return int(found.timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


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


def _kind(value: Scalar) -> type:
    return type(value) if isinstance(value, bool | str) else float


def _moment(written: str) -> int:
    found = moment(written, None)
    if found is None:
        raise _bad(written, "it is no date", "write 2026-11-01 or 2026-11-01T14:30")
    return found


def _bad(text: str, why: str, remedy: str) -> DataError:
    return DataError(
        codes.BAD_CONDITION,
        f"{text!r} cannot be a condition: {why}",
        where=text,
        help=remedy,
        exit_code=ExitCode.USAGE,
    )


def param_kinds(bundle: str, below: str, *, children: bool) -> tuple[str, Values]:
    """Give the query for the names of params and their kinds: of one bundle, or of active ones below a name."""
    if bundle:
        return _KINDS + "WHERE bundles.id = ?", (bundle,)
    if not below:
        return _KINDS + "WHERE state='active'" + " AND name NOT GLOB '*/*'" * children, ()
    inside = " AND instr(substr(name, ?), '/') = 0" if children else ""
    more: Values = (len(below) + 2,) if children else ()
    return (
        f"{_KINDS}WHERE state='active' AND name > ? AND name < ?{inside}",
        (below + "/", below + "0", *more),
    )


_KINDS = "SELECT DISTINCT key, type FROM bundles, json_each(params) "


def conditions(tests: Iterable[Test]) -> tuple[Test, ...]:
    """Give tests that must all hold as the parts of a narrowing, none of them a conjunction itself."""
    found: list[Test] = []
    for test in tests:
        if isinstance(test, Combined) and test.every:
            found += conditions(test.tests)
        else:
            found.append(test)
    return tuple(found)
