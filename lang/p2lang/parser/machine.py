"""The LALR machine: tokens and tables to whatever the actions build. Knows nothing of .p2, never recurses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from p2lang.parser.lexer import END, Tokens
from p2lang.parser.tables import Row, Rule, Tables

Action = Callable[[list[Any], int, int], Any]
"""Makes a value of the children and the indexes of the first and last token they cover."""

DEEP = frozenset(("binary", "not_in", "unary", "if_", "range", "args", "list", "paren", "block"))
"""Actions whose values make a tree one level deeper."""


@dataclass(frozen=True, slots=True)
class Built:
    """Success: the value of the start symbol."""

    value: Any


@dataclass(frozen=True, slots=True)
class Stuck:
    """Failure: the place in the order of tokens at which no action fits (its length at the end of it)."""

    place: int


@dataclass(frozen=True, slots=True)
class TooDeep:
    """Failure: the token, by its index, with which the tree got deeper than allowed."""

    token: int


@dataclass(frozen=True, slots=True)
class Machine:
    """The tables with the actions for their rules."""

    tables: Tables
    actions: Mapping[str, Action]
    max_depth: int

    def run(self, tokens: Tokens, order: Sequence[int], start: str) -> Built | Stuck | TooDeep:
        """Parse the tokens whose indexes are given, in that order; the last one must be of kind `$END`."""
        rows, rules, end = self.tables.states, self.tables.rules, self.tables.ends[start]
        states, values = [self.tables.starts[start]], list[Any]()
        firsts, depths = list[int](), list[int]()
        last = order[0]
        for place, index in enumerate(order):
            row = rows[states[-1]]
            kind = tokens.kinds[index]
            action = row.get(kind)
            if action is None:
                kind = _as_name(kind, self.tables)
                action = row.get(kind)
            while action is not None and action < 0:
                rule = rules[-1 - action]
                size = rule.size
                if rule.mode == "pass" and size == 1:
                    states.pop()
                else:
                    first = firsts[-size] if size else index
                    depth = max(depths[-size:]) if size else 0
                    children = values[-size:] if size else []
                    if size:
                        del states[-size:], values[-size:], firsts[-size:], depths[-size:]
                    if rule.action in DEEP:
                        depth += 1
                        if depth > self.max_depth:
                            return TooDeep(first)
                    values.append(self._value(rule, children, first, last))
                    firsts.append(first)
                    depths.append(depth)
                states.append(rows[states[-1]][rule.origin])
                if states[-1] == end and kind == END:
                    return Built(values[-1])
                action = rows[states[-1]].get(kind)
            if action is None:
                return Stuck(place)
            states.append(action)
            values.append(index)
            firsts.append(index)
            depths.append(0)
            last = index
        return Stuck(len(order))

    def _value(self, rule: Rule, children: list[Any], first: int, last: int) -> Any:
        if rule.mode == "pass":
            child = rule.template[0]
            assert isinstance(child, int)
            return children[child]
        given: list[Any] = []
        for entry in rule.template:
            if isinstance(entry, int):
                given.append(children[entry])
            elif entry is None:
                given.append(None)
            elif given:
                given += children[entry[0]]
            else:
                given = children[entry[0]]
        return given if rule.mode == "list" else self.actions[rule.action](given, first, last)


def accepted(given: Tables, tokens: Tokens, order: Sequence[int], start: str) -> frozenset[str]:
    """Give the kinds of token that could follow the given ones, which must themselves be fine."""
    states = [given.starts[start]]
    for index in order:
        kind = tokens.kinds[index]
        if kind not in given.states[states[-1]]:
            kind = _as_name(kind, given)
        _shift(given, states, kind)
    row = given.states[states[-1]]
    return frozenset(k for k in row if (k.isupper()) and _shift(given, list(states), k))


def _shift(given: Tables, states: list[int], kind: str) -> bool:
    """Reduce as often as needed and shift; False when the kind does not fit."""
    rows: tuple[Row, ...] = given.states
    while True:
        action = rows[states[-1]].get(kind)
        if action is None:
            return False
        if action >= 0:
            states.append(action)
            return True
        rule = given.rules[-1 - action]
        if rule.size:
            del states[-rule.size :]
        states.append(rows[states[-1]][rule.origin])
        if kind == END and states[-1] in given.ends.values():
            return True


def _as_name(kind: str, given: Tables) -> str:
    return "NAME" if kind in given.keyword_kinds else kind
