"""The parser's tables: what Lark made of the grammar, as plain JSON, digest checked. No Lark here, no pickle."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

TABLES_PATH = Path(__file__).with_name("p2.tables.json")
DIGEST_PATH = Path(__file__).with_name("p2.tables.sha256")


@dataclass(frozen=True, slots=True)
class Tables:
    """What Lark needs to parse (`data` and `memo`, as its `memo_serialize` gives them), and what the lexer needs.

    `terminals` are name, "str" or "re", and text, in the order in which they are tried.
    """

    data: dict[str, Any]
    memo: dict[int, Any]
    terminals: tuple[tuple[str, str, str], ...]
    ignored: frozenset[str]
    keywords: dict[str, str]
    keyword_kinds: frozenset[str]


class ForeignTables(ValueError):
    """The tables are not those that came with this package."""


def read_tables(content: bytes, digest: str) -> Tables:
    """Read the JSON tables; raises ForeignTables when they are not those that the digest names."""
    if hashlib.sha256(content).hexdigest() != digest.strip():
        raise ForeignTables("the parser's tables do not match their digest")
    read = json.loads(content)
    data, memo = read["data"], _numbered(read["memo"])
    table = data["parser"]["parser"]
    table["tokens"] = _numbered(table["tokens"])
    table["states"] = {int(state): _numbered(row) for state, row in table["states"].items()}
    terminals = _terminals(memo)
    word = re.compile(r"[a-z][a-z0-9]*\Z")
    keywords = {text: name for name, kind, text in terminals if kind == "str" and word.match(text)}
    return Tables(
        data=data,
        memo=memo,
        terminals=terminals,
        ignored=frozenset(data["parser"]["lexer_conf"]["ignore"]),
        keywords=keywords,
        keyword_kinds=frozenset(keywords.values()),
    )


def _numbered(mapping: Mapping[str, Any]) -> dict[int, Any]:
    """Give a mapping the numbers as keys that JSON made texts of."""
    return {int(key): value for key, value in mapping.items()}


def _terminals(memo: Mapping[int, Any]) -> tuple[tuple[str, str, str], ...]:
    """Give the terminals: those of high priority first, patterns before texts, long texts before short ones."""
    found: list[tuple[int, bool, int, str, str]] = []
    for entry in memo.values():
        if entry["__type__"] == "TerminalDef":
            is_text, text = entry["pattern"]["__type__"] == "PatternStr", entry["pattern"]["value"]
            length = len(text) if is_text else 0
            found.append((-entry["priority"], is_text, -length, entry["name"], text))
    return tuple(
        (name, "str" if is_text else "re", text) for _, is_text, _, name, text in sorted(found)
    )


@cache
def tables() -> Tables:
    """Give the tables that came with this package; read once per process."""
    return read_tables(TABLES_PATH.read_bytes(), DIGEST_PATH.read_text("ascii"))
