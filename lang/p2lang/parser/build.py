"""Grammar to tables: `python -m p2lang.parser.build` writes p2.tables.json and its digest. Not used at run time.

Lark reads the grammar, proves that it is LALR(1) without conflicts and computes the states. What is written is Lark's
own serialised form as plain JSON, with the states renumbered in the order in which they are reached, so that the same
grammar gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from lark import Lark
from lark.grammar import Rule
from lark.lexer import TerminalDef
from lark.parsers.lalr_analysis import LALR_Analyzer

from p2lang.parser.tables import DIGEST_PATH, TABLES_PATH

GRAMMAR_PATH = Path(__file__).with_name("p2.lark")
STARTS = ("script", "hole")
_SHIFT = 0


def build(grammar: str) -> bytes:
    """Give the tables of a grammar as JSON bytes; raises lark.exceptions.GrammarError when it has a conflict."""
    lark = Lark(
        grammar,
        parser="lalr",
        lexer="basic",  # none of Lark's lexers is run; this one is loaded fastest
        start=list(STARTS),
        keep_all_tokens=True,
        maybe_placeholders=True,
    )
    LALR_Analyzer(lark.parser.parser_conf, strict=True).compute_lalr()  # type: ignore[no-untyped-call] # Lark's own
    data, memo = lark.memo_serialize([TerminalDef, Rule])
    data["parser"]["parser"] = _renumbered(data["parser"]["parser"])
    content = json.dumps({"data": data, "memo": memo}, separators=(",", ":"), sort_keys=True)
    return content.encode("ascii") + b"\n"


def _renumbered(table: dict[str, Any]) -> dict[str, Any]:
    """Give the table with symbols numbered by name, and states breadth-first from the starts along these numbers."""
    names = sorted(table["tokens"].values())
    place = {name: number for number, name in enumerate(names)}
    rows: dict[int, dict[int, Any]] = {}
    waiting = [table["start_states"][start] for start in STARTS]
    for state in waiting:
        if state not in rows:
            row = table["states"][state]
            rows[state] = dict(sorted((place[table["tokens"][s]], row[s]) for s in row))
            waiting += [target for action, target in rows[state].values() if action == _SHIFT]
    number = {state: i for i, state in enumerate(rows)}
    return {
        "tokens": dict(enumerate(names)),
        "states": {number[state]: _moved(row, number) for state, row in rows.items()},
        "start_states": {start: number[state] for start, state in table["start_states"].items()},
        "end_states": {start: number[state] for start, state in table["end_states"].items()},
    }


def _moved(row: dict[int, Any], number: dict[int, int]) -> dict[int, Any]:
    return {
        symbol: (action, number[target] if action == _SHIFT else target)
        for symbol, (action, target) in row.items()
    }


def main() -> None:
    """Write the tables and their digest beside the grammar."""
    content = build(GRAMMAR_PATH.read_text("ascii"))
    TABLES_PATH.write_bytes(content)
    DIGEST_PATH.write_text(hashlib.sha256(content).hexdigest() + "\n", "ascii")
    sys.stdout.write(f"{TABLES_PATH.name}: {len(content):,} bytes\n")


if __name__ == "__main__":
    main()
