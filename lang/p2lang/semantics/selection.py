"""Which bundles an `access` reads: a path, a table of them, a condition on their params, when they came in.

A condition is made of comparisons of a param with a value: `["op", ">", ["param", "lr"], value]`, a param that is true
or false by itself, and `isnull@1` of a param, put together with `and`, `or` and `not`. A bundle without the param
fulfils no comparison with it, negated or not. Whoever knows the bundles looks them up by it; no row is read for that.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import NamedTuple

from p2lang.ir import Value, encoded, walk
from p2lang.semantics.clash import Clash

CHOOSING = ("table", "where", "since", "before")
"""The attributes of a source, beside its path, that choose what it reads."""

COMPARISONS = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
"""Operators that compare a param with a value, and what each is when the sides change."""

_IN_VALUES = frozenset(
    ("int", "num", "str", "bool", "var", "list", "len", "range", "op", "not", "neg", "if")
)
"""Tags of values that are known before a run, as soon as its params are."""

IS_NULL = "isnull@1"


class Selection(NamedTuple):
    """What a source reads; `choice` is the canonical text of the attributes that choose (empty: there are none)."""

    path: str
    choice: str = ""

    @property
    def key(self) -> str:
        """Give the name of what is read: the path, if nothing chooses."""
        if not self.choice:
            return self.path
        return f"{self.path}?{hashlib.sha256(self.choice.encode()).hexdigest()[:16]}"

    @property
    def attributes(self) -> Mapping[str, Value]:
        """Give the attributes that choose."""
        chosen: dict[str, Value] = json.loads(self.choice or "{}")
        return chosen

    @property
    def shape(self) -> Selection:
        """Give what is chosen whatever the run: its key names the table's shape in a module.

        What a run decides (a param of the script, how long ago, the end of a task) leaves the shape as it is.
        """
        chosen = self.attributes
        settled = {n: v for n, v in chosen.items() if n in ("since", "before") and v[0] == "str"}
        if "table" in chosen:
            settled["table"] = chosen["table"]
        where = _settled(chosen["where"]) if "where" in chosen else None
        return _selection(self.path, settled if where is None else {**settled, "where": where})

    @property
    def table(self) -> str | None:
        """Give the table that is named beside the path."""
        named = self.attributes.get("table")
        return None if named is None else str(named[1])


def selection(attributes: Mapping[str, Value]) -> Selection:
    """Give what a source with these attributes reads."""
    chosen = {name: attributes[name] for name in CHOOSING if name in attributes}
    return _selection(str(attributes["path"][1]), chosen)


def _selection(path: str, chosen: Mapping[str, Value]) -> Selection:
    return Selection(path, encoded(dict(chosen)).decode() if chosen else "")


def _settled(where: Value) -> Value | None:
    """Give the part of a condition that no run changes; a bundle that fulfils the whole fulfils it too."""
    if where[0] == "op" and where[1] == "and":
        left, right = _settled(where[2]), _settled(where[3])
        return right if left is None else left if right is None else ["op", "and", left, right]
    return None if any(part[0] == "var" for part in walk(where)) else where


def path_of(key: str) -> str:
    """Give the path of the table that a module knows under a key."""
    return key.partition("?")[0]


class Comparison(NamedTuple):
    """One comparison of a condition: a param, an operator, a value; without an operator the param itself is it.

    The operator `isnull` has no value.
    """

    param: str
    operator: str
    value: Value


def comparison(value: Value) -> Comparison:
    """Give the comparison that a value is; raises Clash when it is none."""
    if value[0] == "param":
        return Comparison(value[1], "", ["null"])
    if value[0] == "call" and value[1] == IS_NULL and value[2].get("x", ["null"])[0] == "param":
        return Comparison(value[2]["x"][1], "isnull", ["null"])
    compares = value[0] == "op" and value[2][0] == "param" and value[1] in (*COMPARISONS, "in")
    if compares and value[1] == "in":
        compares = value[3][0] in ("list", "range", "var")
    if compares and all(part[0] in _IN_VALUES for part in walk(value[3])):
        return Comparison(value[2][1], value[1], value[3])
    raise Clash(
        "P2-E0272",
        "`where` compares params with values that are known before the run",
        help='write `lr > 0.1`, `opt in ["adam", "sgd"]` or `isnull(lr)`, put together with `and`, `or`, `not`',
    )


def check_condition(value: Value, each: Callable[[Comparison], None]) -> None:
    """Raise Clash unless a value is a condition on params; `each` sees its comparisons."""
    pending = [value]
    while pending:
        part = pending.pop()
        if part[0] == "op" and part[1] in ("and", "or"):
            pending += [part[3], part[2]]
        elif part[0] == "not":
            pending.append(part[1])
        else:
            each(comparison(part))
