"""What parsing gives: a tree of the rules that were recognised, or the place where it stopped. Knows no grammar."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

HOLE = "p2_hole"
"""The name that stands for what is not written yet (see p2lang.parser.unfinished)."""
MAX_DEPTH = 128
"""Levels of a tree; those who walk it may then recurse."""
DEEP = frozenset(("binary", "not_in", "unary", "if_", "range", "args", "list", "paren", "block"))
"""Rules that make a tree one level deeper."""

Action = Callable[[list[Any], int, int], Any]
"""Makes a value of a rule's children (a token is its index, a part that was left out None) and of the indexes of the
first and last token they cover."""


class TooDeep(Exception):
    """The tree got deeper than allowed with the part that starts at this token, given by its index."""

    def __init__(self, token: int) -> None:
        super().__init__(token)
        self.token = token


@dataclass(frozen=True, slots=True)
class Stuck:
    """The place in the order of tokens at which no rule fits, and what gives the kinds that would have fitted."""

    place: int
    accepts: Callable[[], frozenset[str]]


class Part:
    """A rule that was recognised; raises TooDeep when the tree gets too deep with it.

    `children` are parts, tokens (see p2lang.parser.parsing.Leaf) and None for what was left out. A repetition (its
    name starts with two underscores) hands its children on to the rule it stands in, and is nothing by itself.
    """

    __slots__ = ("children", "depth", "first", "last", "rule", "value")

    first: int
    last: int
    depth: int
    value: Any

    def __init__(self, rule: str, children: list[Any]) -> None:
        self.rule, self.children = rule, children
        if rule.startswith("__"):
            return
        given = [child for child in children if child is not None]
        self.first = given[0].first if given else 0
        self.last = given[-1].last if given else 0
        self.depth = max([child.depth for child in given], default=0) + (rule in DEEP)
        if self.depth > MAX_DEPTH:
            raise TooDeep(self.first)

    def built(self, actions: Mapping[str, Action]) -> Any:
        """Apply the actions by the names of the rules, children before parents, left before right; never recurses."""
        waiting, parts = [self], list[Part]()
        while waiting:
            part = waiting.pop()
            parts.append(part)
            waiting += [child for child in part.children if isinstance(child, Part)]
        for part in reversed(parts):
            values = [None if child is None else child.value for child in part.children]
            part.value = actions[part.rule](values, part.first, part.last)
        return self.value
