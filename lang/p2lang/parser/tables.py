"""The parser's tables: read from JSON, digest checked, and nothing else. Never unpickles, never imports Lark."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FORMAT = 1
TABLES_PATH = Path(__file__).with_name("p2.tables.json")
DIGEST_PATH = Path(__file__).with_name("p2.tables.sha256")

Row = dict[str, int]
"""What a state does with a symbol: a state to go to, or -1 - the number of the rule to reduce by."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A production: `size` values become one.

    `mode` "pass" hands a child on, "list" gathers, "make" calls the action with the children that the template names:
    an index, `[index]` for a list to be poured out, None for an optional part that was left out.
    """

    origin: str
    size: int
    mode: str
    action: str
    template: tuple[int | list[int] | None, ...]


@dataclass(frozen=True, slots=True)
class Tables:
    """All that the machine and the lexer need."""

    terminals: tuple[tuple[str, str, str], ...]
    ignored: frozenset[str]
    keywords: dict[str, str]
    keyword_kinds: frozenset[str]
    rules: tuple[Rule, ...]
    states: tuple[Row, ...]
    starts: dict[str, int]
    ends: dict[str, int]


def read_tables(content: bytes, digest: str) -> Tables:
    """Read the JSON tables; raises ValueError when they are not those that the digest names."""
    if hashlib.sha256(content).hexdigest() != digest.strip():
        raise ValueError(
            "the parser's tables do not match their digest; reinstall plotter2, "
            "or run `python -m p2lang.parser.build` after a change of the grammar"
        )
    data: dict[str, Any] = json.loads(content)
    if data["format"] != FORMAT:
        raise ValueError(f"the parser's tables have format {data['format']}, not {FORMAT}")
    symbols: list[str] = data["symbols"]
    terminals = tuple((name, kind, text) for name, kind, text in data["terminals"])
    word = re.compile(r"[a-z][a-z0-9]*\Z")
    keywords = {text: name for name, kind, text in terminals if kind == "str" and word.match(text)}
    return Tables(
        terminals=terminals,
        ignored=frozenset(data["ignore"]),
        keywords=keywords,
        keyword_kinds=frozenset(keywords.values()),
        rules=tuple(Rule(o, size, mode, act, tuple(t)) for o, size, mode, act, t in data["rules"]),
        states=tuple(_row(flat, symbols) for flat in data["states"]),
        starts=data["starts"],
        ends=data["ends"],
    )


def _row(flat: list[int], symbols: list[str]) -> Row:
    return {symbols[flat[i]]: flat[i + 1] for i in range(0, len(flat), 2)}


@cache
def tables() -> Tables:
    """Give the tables that came with this package; read once per process."""
    return read_tables(TABLES_PATH.read_bytes(), DIGEST_PATH.read_text("ascii"))
