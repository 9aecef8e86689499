"""Where the columns that marks draw come from: followed back through a program to the summary that made them.

`summary` keeps beside each of its rows how many values are behind it, under hidden names, for the views that need them:
which ones follows from the program alone. Reads no rows and loads no polars.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

from p2lang.ir import Value, canonical, parts_of
from p2lang.verifier import Program
from p2std.registry import core

HIDDEN: Final = "\x1f"
"""Names that begin so are columns beside the schema: intermediate values, and the counts behind a row."""


class Marked(Protocol):
    """A mark: its kind, and what its channels draw."""

    @property
    def kind(self) -> str:
        """Give the name of the mark."""

    @property
    def channels(self) -> Mapping[str, Value]:
        """Give what each channel draws, as tagged values."""


class MarkOfColumns(NamedTuple):
    """A mark of a program, as far as it names columns."""

    kind: str
    channels: Mapping[str, Value]


@dataclass(frozen=True)
class Origin:
    """How a column was made: an expression over the table that `summary` took, or None for stored values."""

    value: Value
    summary: str | None = None


def origin(program: Program, table: str, column: str) -> Origin:
    """Follow a column of a node's table back to the summary, or the source, that made its values."""
    node = program[table]
    name, attributes = node.signature.name, node.node.attributes
    if name in ("summary", "derive") and column in (
        made := dict(attributes.get("new", ["new", []])[1])
    ):
        if name == "summary":
            return Origin(made[column], table)
        return _substituted(program, str(node.flow), made[column])
    if node.flow is None or name == "summary":
        return Origin(["col", column])
    if name == "rename":
        return origin(program, node.flow, dict(attributes["new"][1]).get(column, column))
    facts = node.signature.facts
    if facts.values_kept and column not in _listed(attributes.get(facts.values_changed)):
        return origin(program, node.flow, column)
    return Origin(["col", column])


def counted(
    program: Program, views: Iterable[tuple[str, Sequence[Marked]]]
) -> dict[str, dict[str, Value]]:
    """Give what each summary is to count: by node, hidden name and value; for views as (table's node, marks)."""
    wanted: dict[str, dict[str, Value]] = {}
    for table, marks in views:
        for mark in marks:
            for column in of_statistics(mark):
                found = origin(program, table, column)
                if found.summary is not None:
                    for value in counted_values(found.value):
                        wanted.setdefault(found.summary, {})[hidden_name(value)] = value
    return wanted


def views_drawn(program: Program) -> list[tuple[str, list[MarkOfColumns]]]:
    """Give for each view that is drawn the node whose rows it draws and its marks as far as they name columns."""
    views = []
    for last in _last_of_views(program):
        marks, at = [], program[last]
        while at.kind == "view" and at.flow is not None and at.signature.name != "frame":
            if at.signature.kind == "mark":
                channels = {n: v for n, v in at.node.attributes.items() if v[0] == "col"}
                marks.append(MarkOfColumns(at.signature.name, channels))
            at = program[str(at.flow)]
        if at.flow is not None:
            views.append((at.flow, marks))
    return views


def _last_of_views(program: Program) -> Iterator[str]:
    """Give the last nodes of all flows that are drawn: before a `plot`, or a part of a box."""
    for node in program.nodes:
        named = [node.flow] if node.kind == "plot" and node.flow is not None else []
        named += [name for _, name in parts_of(node.node.attributes)]
        yield from (name for name in named if program[name].kind == "view")


def hidden_name(value: Value) -> str:
    """Give the hidden column that counts the values of an expression."""
    return f"{HIDDEN}n.{hashlib.sha256(canonical(value)).hexdigest()[:16]}"


def estimator(full_name: str) -> str | None:
    """Give how captions name an estimator; None when a function is none."""
    found = core().by_full_name.get(full_name)
    return None if found is None else found.facts.estimate


def of_statistics(mark: Marked) -> list[str]:
    """Give the columns of a mark that may be statistics."""
    wanted = (
        ("lo", "hi")
        if mark.kind == "band"
        else ("y",)
        if mark.kind in ("line", "bar", "point")
        else ()
    )
    return [
        mark.channels[c][1] for c in wanted if c in mark.channels and mark.channels[c][0] == "col"
    ]


def _substituted(program: Program, table: str, value: Value) -> Origin:
    summaries: set[str | None] = set()

    def replaced(part: Any) -> Any:
        match part:
            case ["col", name]:
                found = origin(program, table, name)
                summaries.add(found.summary)
                return found.value
            case list():
                return [replaced(p) for p in part]
            case dict():
                return {key: replaced(p) for key, p in part.items()}
            case _:
                return part

    whole = replaced(value)
    if len(summaries) == 1:
        return Origin(whole, summaries.pop())
    return Origin(value)


def counted_values(value: Any) -> list[Value]:
    """Give what is to be counted for an expression: the arguments of its estimators."""
    match value:
        case ["call", name, {"x": x, **_others}] if estimator(name) is not None:
            return [x]
        case ["call", _, arguments]:
            return [v for a in arguments.values() for v in counted_values(a)]
        case list():
            return [v for part in value for v in counted_values(part)]
        case _:
            return []


def _listed(value: Value | None) -> list[str]:
    """Give the columns that an attribute lists, with or without what they are made of."""
    listed = [] if value is None else value[1]
    return [item if isinstance(item, str) else item[0] for item in listed]
